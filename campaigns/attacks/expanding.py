"""`expand`: what is shown beside an object may be no more than what its reader may read. Strangers ask for everything
around the owner's objects; payers for what is the merchant's around their own. Accepted: an answer of success to a
stranger, and one that holds what a payer may not read.
"""

import itertools
from collections.abc import Iterator
from random import Random
from typing import Any

from campaigns.attacks.scene import Scene
from campaigns.attacks.tally import Tally, require_honest
from campaigns.versions.published import Operation

EXPAND = "expand"
MERCHANTS_ALONE = ("refund",)
"""Kinds of objects that no payer is shown."""
UNKNOWN = (
    "party", "shop", "shop.party", "payments.invoice", "refunds.payment", "payments.invoice.payments", "webhooks", "*",
    "payments.*", "__proto__", "payments[0]", "events", "Payments", " payments", "payments;refunds", "", "links.self",
    "payments.refunds.payment.invoice.payments", "id", "../payments",
)  # fmt: skip


def run(scene: Scene, dice: Random, scale: float) -> Tally | None:
    """None where a version expands nothing."""
    expandable = [one for one in scene.operations if known(one)]
    if not expandable:
        return None
    tally = Tally("expand through others", scene.version.name)
    for operation in expandable:
        everything = ",".join(known(operation))
        honest = scene.asker.ask(operation, scene.owner.api.token, ids(scene), query={EXPAND: everything})
        require_honest(operation.id, honest.status)
        for expand in wishes(operation):
            for who, token in scene.strangers().items():
                answer = scene.asker.ask(operation, token, ids(scene), query={EXPAND: expand})
                tally.count((who, operation.id, expand), answer.status)
            answer = scene.asker.ask(operation, scene.owner.invoice_token, ids(scene), query={EXPAND: expand})
            is_shown = answer.status == 200 and bool(kinds(answer.json()) & set(MERCHANTS_ALONE))
            tally.count(("the invoice's payer", operation.id, expand), answer.status, is_shown)
        for expand in UNKNOWN:
            answer = scene.asker.ask(operation, scene.owner.api.token, ids(scene), query={EXPAND: expand})
            tally.count(("the owner", operation.id, expand), answer.status)
    return tally


def ids(scene: Scene) -> dict[str, str]:
    return scene.owner.ids(scene.version)


def known(operation: Operation) -> list[str]:
    """What the document lets be expanded."""
    found = (one.schema["items"]["enum"] for one in operation.in_query if one.name == EXPAND)
    return next(found, [])


def wishes(operation: Operation) -> Iterator[str]:
    """Every choice of what is known, in every order, and of what is not."""
    every = known(operation)
    for count in range(len(every) + 1):
        yield from (",".join(chosen) for chosen in itertools.permutations(every, count))
    yield from UNKNOWN
    yield from (f"{one},{other}" for one in every for other in UNKNOWN if other)


def kinds(shown: Any) -> set[str]:
    """The kinds of all objects in an answer."""
    if isinstance(shown, list):
        return set().union(*map(kinds, shown))
    if not isinstance(shown, dict):
        return set()
    return {shown.get("object", "")}.union(*map(kinds, shown.values()))
