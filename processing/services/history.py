"""Histories of machines in the protocol's words."""

from processing.domain import errors
from processing.domain.public_changes import public_changes
from processing.machine import decode
from processing.services.wire.invoicing import event_to_thrift
from processing.storage import events
from processing.storage.port import Tx
from rpc.protocol import payment_processing

EVENTS_MAX = 1000


def limit_of(wanted: payment_processing.EventRange) -> int:
    """Raises InvalidRequest for one below zero."""
    if wanted.limit < 0:
        raise errors.InvalidRequest(["A limit is not below zero"])
    return wanted.limit


def machine_events(tx: Tx, machine_id: str, wanted: payment_processing.EventRange) -> list[payment_processing.Event]:
    """Events of one machine after `wanted.after`. Raises EventNotFound when that is not one of the machine's."""
    limit = limit_of(wanted)
    passed = events.record(tx, wanted.after) if wanted.after else None
    if wanted.after and (passed is None or passed.machine_id != machine_id):
        raise errors.EventNotFound
    return events_to_thrift(events.records(tx, machine_id, after=passed.sequence if passed else 0)[:limit])


def events_to_thrift(records: list[events.Record]) -> list[payment_processing.Event]:
    """Records of any machines, in their order."""
    return [_told(record) for record in records]


def _told(record: events.Record) -> payment_processing.Event:
    """The record with its changes in a merchant's words."""
    return event_to_thrift(record, [change for event in decode(record.body) for change in public_changes(event)])
