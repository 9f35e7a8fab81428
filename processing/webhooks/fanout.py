"""A committed record -> deliveries for the hooks that asked for what happened.

`spread` runs in the transaction that completes the record's row of the outbox, and rows of one invoice come in order,
so each delivery is made once and numbered in order. Asked twice, it makes nothing new.
"""

from processing import party_events
from processing.machine import decode
from processing.storage import events
from processing.storage.port import Tx
from processing.webhooks import hooks, lines
from processing.webhooks.formats import FORMATS


def spread(tx: Tx, record: events.Record) -> None:
    """What has to be delivered because of the record: `Spread` of processing.workers.outbox."""
    told = party_events.of_record(tx, record.id)
    party_id, shop_id = (told[0].party_id, told[0].shop_id) if told else _whose(tx, record)
    subscribed = hooks.of_shop(tx, party_id, shop_id, hooks.INVOICES)
    places: list[lines.Place] = []
    for name, format in FORMATS.items():
        mine = [hook for hook in subscribed if hook.format == name]
        if mine:
            places += format.spread(tx, record, told, mine)
    lines.look_at(tx, places, record.created_at)


def _whose(tx: Tx, record: events.Record) -> tuple[str, str]:
    """Party and shop of a record that was written before there was a feed."""
    created = decode(events.records(tx, record.machine_id)[0].body)[0].invoice
    return created.owner_id, created.shop_id
