"""A payer's token on every operation that is the merchant's, on the payer's own invoice: the token names it, and yet it
is for paying only. The same with a customer's token of a payment link. Accepted: an answer of success.
"""

from collections.abc import Iterator
from random import Random

from campaigns.agreement.stories import wish
from campaigns.attacks.scene import Scene
from campaigns.attacks.tally import Tally, require_honest
from campaigns.versions.asking import client_of

BODIES = 2


def run(scene: Scene, dice: Random, scale: float) -> Tally:
    """Every operation that such a token is not for, with the ids of what it is for."""
    tally = Tally("payers as merchants", scene.version.name)
    row, asker = scene.version.row, scene.asker
    for who, token, ids, allowed in callers(scene):
        for operation in scene.operations:
            if operation.id in allowed | row.for_everybody:
                continue
            query = {one.name: row.fixed.get(one.name) for one in operation.in_query}
            query |= {one.name: ids[one.name] for one in operation.in_query if one.is_required and one.name in ids}
            for turn in range(BODIES if operation.body is not None else 1):
                answer = asker.ask(operation, token, ids, scene.body(operation, ids, turn), query)
                tally.count((who, operation.id, turn, answer.body[:150]), answer.status)
    return tally


def callers(scene: Scene) -> Iterator[tuple[str, str, dict[str, str], frozenset[str]]]:
    """(who, token, ids of what it is for, what it may do). Each token is shown to be good."""
    row, asker, own = scene.version.row, scene.asker, scene.owner.ids(scene.version)
    client = client_of(scene.version, scene.place.port, scene.owner.api.token, scene.owner.api.shop_id)
    made = scene.version.words.make_invoice(client, wish())
    unpaid = scene.version.ids({**scene.owner.plain, "invoice": made.id})
    for who, token, ids in (
        ("a payer, paid", scene.owner.invoice_token, own),
        ("a payer, unpaid", made.payer_token, unpaid),
    ):
        require_honest(who, asker.ask(row.read_invoice, token, ids).status)
        yield who, token, ids, row.for_payers
    reading = next(one for one in scene.operations if one.id in row.for_link_holders and one.method == "GET")
    require_honest("a customer", asker.ask(reading, scene.owner.link_token, own).status)
    yield "a customer", scene.owner.link_token, own, row.for_link_holders
