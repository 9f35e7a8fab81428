"""Templates of invoices, stored. What a template means stands in `domain.template`."""

import msgspec

from processing.domain import errors
from processing.domain.template import InvoiceTemplate
from processing.storage.port import Tx

_decode = msgspec.json.Decoder(InvoiceTemplate).decode


def create(tx: Tx, template: InvoiceTemplate) -> InvoiceTemplate:
    """Idempotent by id: a second one of the same id changes nothing and gets the first."""
    tx.execute(
        "INSERT INTO templates (id, owner_id, shop_id, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        (template.id, template.owner_id, template.shop_id, _encode(template)),
    )
    return get(tx, template.id)


def get(tx: Tx, template_id: str, *, lock: bool = False) -> InvoiceTemplate:
    """Raises TemplateNotFound, TemplateRemoved. `lock` keeps others from changing it until this transaction ends."""
    ending = tx.row_lock if lock else ""
    row = tx.execute(f"SELECT body, is_removed FROM templates WHERE id = ?{ending}", (template_id,)).one()  # noqa: S608
    if row is None:
        raise errors.TemplateNotFound
    if row[1]:
        raise errors.TemplateRemoved
    return _decode(row[0])


def of_party(tx: Tx, party_id: str, shop_id: str | None, after: str | None, limit: int) -> list[InvoiceTemplate]:
    """Those that were not removed, by id, behind `after`; of one shop, or of all."""
    where, params = "owner_id = ? AND id > ? AND is_removed = 0", [party_id, after or ""]
    if shop_id is not None:
        where, params = f"{where} AND shop_id = ?", [*params, shop_id]
    rows = tx.execute(f"SELECT body FROM templates WHERE {where} ORDER BY id LIMIT ?", (*params, limit))  # noqa: S608
    return [_decode(body) for (body,) in rows.all()]


def update(tx: Tx, template: InvoiceTemplate) -> None:
    """Replaces what the template says."""
    tx.execute("UPDATE templates SET body = ? WHERE id = ?", (_encode(template), template.id))


def remove(tx: Tx, template_id: str) -> None:
    """Invoices that were made from it stay as they are."""
    tx.execute("UPDATE templates SET is_removed = 1 WHERE id = ?", (template_id,))


def _encode(template: InvoiceTemplate) -> str:
    return msgspec.json.encode(template).decode()
