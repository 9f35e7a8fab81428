"""Other people's idempotency keys: who looks one up must not learn that it was used, less what came of it; who uses one
again must do work of their own. Accepted: anything that tells that the key is known.
"""

import secrets
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from campaigns import wire
from campaigns.attacks.scene import Scene
from campaigns.attacks.tally import Tally, require_honest
from campaigns.versions.asking import target

LOOK_UP = "getIdempotencyKey"
KEY, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
NEVER_USED = "unknown"
KNOWN_CODES = ("idempotency-key-reused", "idempotency-key-in-use")


def run(scene: Scene, dice: Random, scale: float) -> Tally | None:
    """None where a version has no such keys."""
    if not scene.knows(LOOK_UP):
        return None
    tally, used = Tally("other people's idempotency keys", scene.version.name), keys_used(scene)
    for who, token in askers(scene).items():
        for key, made in used.items():
            if made["token"] != token:
                look_up(tally, scene, who, token, key)
                use_again(tally, scene, who, token, key, made)
    return tally


def askers(scene: Scene) -> dict[str, str]:
    """Strangers, and the owner's own payers and customers: the merchant's keys are not theirs."""
    own = {"the owner's payer": scene.owner.invoice_token, "the owner's customer": scene.owner.link_token}
    return {**scene.strangers(), **own}


def keys_used(scene: Scene) -> dict[str, dict[str, Any]]:
    """Key -> the request that the owner, or a payer of the owner's, made under it. Each is shown to be known."""
    owner, row = scene.owner, scene.version.row
    ids = owner.ids(scene.version)
    merchants = [
        ("createInvoice", row.invoice(owner.api.shop_id)),
        (row.create_hook, row.hook(f"https://{owner.secret}.example.com/", owner.api.shop_id)),
        ("createPayerToken", None),
        ("createPaymentLinkToken", None),
    ]
    requests = [(owner.api.token, name, body) for name, body in merchants]
    requests.append((owner.invoice_token, row.create_card, row.card("4242424242424242", "123")))
    used = {}
    for token, name, body in requests:
        key = f"{owner.secret}-{name}-{secrets.token_hex(4)}"
        answer = scene.asker.ask(name, token, ids, body, headers={KEY: key})
        require_honest(name, answer.status, 201)
        state = scene.asker.ask(LOOK_UP, token, {"key": key})
        require_honest(f"the key of {name}", state.status)
        assert state.json()["status"] == "done", state.body
        used[key] = {"token": token, "operation": name, "body": body, "ids": ids}
    return used


def look_up(tally: Tally, scene: Scene, who: str, token: str, key: str) -> None:
    """The key itself and what somebody might take for it."""
    operation = scene.operation(LOOK_UP)
    head = [("Authorization", f"Bearer {token}")] if token else []
    line = scene.asker.lines[scene.version.gateway]
    for spelled in spellings(key, scene):
        data = wire.request("GET", target(operation, {"key": spelled}), [*head, ("X-Request-ID", "key")])
        answer = line.ask(data)
        is_told = answer.status == 200 and answer.json()["status"] != NEVER_USED
        tally.count((who, "looks up", spelled), answer.status, is_told)


def spellings(key: str, scene: Scene) -> Iterator[str]:
    """Under which names a key might lie as well."""
    party = scene.owner.plain["party"]
    yield from (
        key, f"payer:{key}", f"{party}:{key}", f"{party}/{key}", f"../{party}/{key}", f"{party}\u0000{key}",
        f"{key}%", f"{key[:-3]}%", "%", "_" * len(key), f"{key}' OR '1'='1", f"{key}\u0000", f"{key}#", f"{key}?",
    )  # fmt: skip


def use_again(tally: Tally, scene: Scene, who: str, token: str, key: str, made: Mapping[str, Any]) -> None:
    """The same request by somebody else, then one of their own under the same key, until that key is theirs as well."""
    row, shop = scene.version.row, scene.other.api.shop_id
    attempts = [
        (made["operation"], made["body"]),
        ("createInvoice", row.invoice(shop)),
        (row.create_card, row.card("4242424242424242", "123")),
    ]
    for name, body in attempts:
        answer = scene.asker.ask(name, token, made["ids"], body, headers={KEY: key})
        is_told = answer.header(REPLAYED) is not None or scene.owner.secret in answer.body.decode()
        if answer.status >= 400 and answer.body.startswith(b"{"):
            is_told = is_told or answer.json().get("code") in KNOWN_CODES
        tally.count((who, "uses again", name, key, answer.body[:150]), answer.status, is_told)
        if answer.status < 300:
            break
