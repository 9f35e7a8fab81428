"""Other parties' objects (OWASP API1, API5): every operation of a version, every id of another party in every place.

Another party, payers and customers of other things and nobody at all ask for what the owner has, by every mixture of
own and foreign ids. Accepted: an answer of success, or one that shows anything of the owner. At the end the owner's
objects are as they were.
"""

import itertools
import json
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from campaigns import wire
from campaigns.attacks.scene import PARTY, Scene
from campaigns.attacks.tally import Tally, require_honest
from campaigns.versions.published import Node, Operation

BODIES = 3
# What goes on by itself while others are served.
GROWING = ("search", "listDeliveries")


def run(scene: Scene, dice: Random, scale: float) -> Tally:
    """Everybody else asks for everything of the owner's."""
    tally = Tally("other parties' objects", scene.version.name)
    before, payment, callers = seen(scene), scene.payment(scene.other), scene.strangers()
    for operation in scene.operations:
        understood = [
            attempt(tally, scene, operation, who, token, ids, body) and who == PARTY
            for ids in mixtures(scene, operation)
            for body in bodies(scene, operation, ids, payment)
            for who, token in callers.items()
        ]
        require_honest(f"one request of {operation.id}", 200 if any(understood) or not understood else 400)
    after = seen(scene)
    changed = [(name, before[name], after[name]) for name in before if before[name] != after[name]]
    tally.count(("the owner's objects afterwards", changed), wire.NOTHING, bool(changed))
    return tally


def mixtures(scene: Scene, operation: Operation) -> Iterator[dict[str, str]]:
    """Ids of both parties in every combination that holds one of the owner's."""
    row, owner, other = scene.version.row, scene.owner.ids(scene.version), scene.other.ids(scene.version)
    query = [one.name for one in operation.in_query]
    names = [name for name in row.ids if name in operation.in_path or name in query or in_body(scene, operation, name)]
    if operation.id.endswith("ByExternalID"):
        kind = next(kind for kind in ("invoice", "payment", "refund") if kind in operation.id.lower())
        yield {"externalID": f"{scene.owner.secret}-{kind}"}
        return
    for whose in itertools.product((owner, other), repeat=len(names)):
        # Numbers of payments and refunds are the same in both; they are the owner's through its invoice only.
        if any(one is owner and name not in row.numbers for name, one in zip(names, whose, strict=True)):
            yield {name: one[name] for name, one in zip(names, whose, strict=True)}


def in_body(scene: Scene, operation: Operation, name: str) -> bool:
    """Whether the body may hold such an id."""
    return any(f'"{name}"' in json.dumps(scene.body(operation, {}, turn)) for turn in range(BODIES))


def bodies(scene: Scene, operation: Operation, ids: dict[str, str], payment: dict[str, Any]) -> list[Any]:
    """Bodies with these ids; several where the document knows variants."""
    if operation.body is None:
        return [None]
    made = [scene.body(operation, ids, turn) for turn in range(BODIES)]
    own = [{name: value for name, value in body.items() if name != "partyID"} for body in made[:1]]
    every = [*made, *own, payment if operation.id == "createPayment" else {"reason": "x"}, {}]
    return [body for number, body in enumerate(every) if body not in every[:number]]


def attempt(
    tally: Tally, scene: Scene, operation: Operation, who: str, token: str, ids: Mapping[str, str], body: Any
) -> bool:
    """One request; what needs no object of the owner's cannot be accepted. Whether it was refused for more than what a
    look at the document tells.
    """
    query = {one.name: ids.get(one.name) or query_value(scene, one.name, one.schema) for one in operation.in_query}
    is_owned = any(name in operation.in_path or name in query for name in ids) or body is not None
    answer = scene.asker.ask(operation, token, ids, body, query)
    shown = answer.body.decode()
    is_success = is_owned and 200 <= answer.status < 300 and not is_harmless(scene, operation, ids, body)
    said = {*ids.values()} if answer.status >= 300 or operation.is_of_tokens else set()
    is_accepted = is_success or shows(scene, shown, said)
    tally.count((who, operation.id, dict(ids), body, shown[:150]), answer.status, is_accepted)
    return answer.status != 400 or code_of(answer) not in (None, scene.version.row.invalid)


def code_of(answer: wire.Answer) -> str | None:
    """What the version calls the refusal."""
    return answer.json().get("code") if answer.body.startswith(b"{") else None


def query_value(scene: Scene, name: str, schema: Node) -> str | None:
    """What a parameter says that is no id: everything related to the object, or what must be said."""
    if name == "expand":
        return ",".join(schema["items"]["enum"])
    return scene.version.row.fixed.get(name)


def shows(scene: Scene, shown: str, said: set[str]) -> bool:
    """Whether an answer holds anything of the owner's that the question did not say itself."""
    hidden = [name for name in telling(scene) if name not in said]
    return scene.owner.secret in shown or any(f'"{one}"' in shown for one in hidden)


def is_harmless(scene: Scene, operation: Operation, ids: Mapping[str, str], body: Any) -> bool:
    """Whether a request that succeeded was about nothing of the owner's: it may make a thing of one's own."""
    # A card's token that is narrowed to one invoice gives nothing to whoever may not pay that invoice.
    if operation.is_of_tokens:
        return True
    texts = json.dumps([ids.get(name) for name in operation.in_path] + [body])
    return not any(f'"{one}"' in texts for one in telling(scene))


def telling(scene: Scene) -> list[str]:
    """The owner's ids that mean something by themselves."""
    row, ids = scene.version.row, scene.owner.ids(scene.version)
    return [value for name, value in ids.items() if name not in row.numbers and name != "externalID"]


def seen(scene: Scene) -> dict[str, Any]:
    """The owner's objects as the owner sees them through the version: every read of one that is named."""
    found, ids = {}, scene.owner.ids(scene.version)
    for operation in scene.operations:
        if operation.method == "GET" and set(operation.in_path) & set(ids) and not operation.id.startswith(GROWING):
            query = {one.name: scene.version.row.fixed.get(one.name) for one in operation.in_query}
            answer = scene.asker.ask(operation, scene.owner.api.token, ids, query=query)
            require_honest(operation.id, answer.status)
            found[operation.id] = without_time(answer.json())
    return found


def without_time(shown: Any) -> Any:
    """An answer without what changes by itself: when it was given, and how webhooks fare that nobody takes."""
    if isinstance(shown, dict):
        kept = {name: value for name, value in shown.items() if name not in ("asOf", "health")}
        return {**kept, "status": "enabled"} if kept.get("status") == "failing" else kept
    return shown
