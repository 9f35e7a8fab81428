"""Histories of machines in the protocol's words.

A merchant's form of an event needs the state after it, so each machine in question is replayed from its beginning once.
"""

from collections.abc import Iterable, Iterator

from processing.domain import errors, invoice
from processing.domain.public_changes import Change, public_changes
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
    told = list(_told(events.records(tx, machine_id)))
    if wanted.after:
        known = [record.id for record, _ in told]
        if wanted.after not in known:
            raise errors.EventNotFound
        told = told[known.index(wanted.after) + 1 :]
    return [event_to_thrift(record, changes) for record, changes in told[:limit]]


def events_to_thrift(tx: Tx, records: list[events.Record]) -> list[payment_processing.Event]:
    """Records of many machines, in their order."""
    wanted = {record.id for record in records}
    told = {}
    for machine_id in {record.machine_id for record in records}:
        for record, changes in _told(events.records(tx, machine_id)):
            if record.id in wanted:
                told[record.id] = event_to_thrift(record, changes)
    return [told[record.id] for record in records]


def _told(records: Iterable[events.Record]) -> Iterator[tuple[events.Record, list[Change]]]:
    """Each record with its changes in a merchant's words."""
    state = None
    for record in records:
        changes: list[Change] = []
        for event in decode(record.body):
            state = invoice.apply(state, event)
            changes += public_changes(event, state)
        yield record, changes
