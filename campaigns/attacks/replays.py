"""Other people's events for one's own webhooks, and other people's webhooks that one would like to steer.

Accepted: an event of the owner's among the deliveries of a stranger's endpoint; any success at the owner's endpoint.
"""

import itertools
from random import Random

from campaigns.attacks.scene import Scene
from campaigns.attacks.tally import Tally, require_honest
from campaigns.versions.holdings import feed

REPLAY, DELIVERIES, ENDPOINT = "replayWebhookEvents", "listDeliveries", "webhookEndpointId"
TIMES = ({}, {"gte": "1970-01-01T00:00:00Z"}, {"lt": "2100-01-01T00:00:00Z"},
         {"gte": "0001-01-01T00:00:00Z", "lt": "9999-12-31T23:59:59Z"})  # fmt: skip
MATCHES = ("*", '"1"', '"0"', '"2"', 'W/"1"', '"1","2"', "", '"' + "9" * 18 + '"')


def run(scene: Scene, dice: Random, scale: float) -> Tally | None:
    """None where nothing can be sent again."""
    if not scene.knows(REPLAY):
        return None
    tally = Tally("other people's events and webhooks", scene.version.name)
    at_ones_own_endpoint(tally, scene)
    at_the_owners_endpoint(tally, scene)
    return tally


def at_ones_own_endpoint(tally: Tally, scene: Scene) -> None:
    """Replays of everything, from before everything: only what happened to oneself is told."""
    token, asker = scene.other.api.token, scene.asker
    mine = {ENDPOINT: scene.other.plain["endpoint"]}
    foreign = sorted(scene.owner.events, key=lambda id: int(id.partition("_")[2]))
    beginnings = (None, "evt_0", "evt_1", foreign[0], foreign[-1], f"evt_{'9' * 18}")
    for only, after, created in itertools.product(("all", "failed"), beginnings, TIMES):
        body = {"only": only, **({"after": after} if after else {}), **({"createdAt": created} if created else {})}
        answer = asker.ask(REPLAY, token, mine, body)
        told = deliveries(scene, token, mine)
        tally.count((REPLAY, body, answer.body[:100]), answer.status, bool(told & scene.owner.events))
    require_honest("events of one's own", 200 if deliveries(scene, token, mine) & feed(asker, token) else 404)
    for name, shop in itertools.product(("createWebhookEndpoint", "updateWebhookEndpoint"), shops(scene)):
        # An endpoint for the events of somebody else's shop.
        body = {"url": "https://intruder.example.com/", "eventTypes": ["*"], "shopId": shop}
        answer = asker.ask(name, token, mine, body)
        tally.count((name, body), answer.status)


def shops(scene: Scene) -> tuple[str, ...]:
    """The owner's shop, as one may call it."""
    shop = scene.owner.plain["shop"]
    return (f"shp_{shop}", shop, f"shp_{shop.lower()}", "shp_*", "shp_.", f"shp_{shop}.")


def deliveries(scene: Scene, token: str, ids: dict[str, str]) -> set[str]:
    """The events that an endpoint was told of."""
    found: set[str] = set()
    after = None
    while True:
        page = scene.asker.ask(DELIVERIES, token, ids, query={"limit": 200, "after": after}).json()
        found |= {one["eventId"] for one in page["data"]}
        if not page["hasMore"]:
            return found
        after = page["nextCursor"]


def at_the_owners_endpoint(tally: Tally, scene: Scene) -> None:
    """Every operation that names an endpoint, by everybody else, whatever version they say they saw."""
    ids = scene.owner.ids(scene.version)
    people = {**scene.strangers(), "the owner's payer": scene.owner.invoice_token}
    people["the owner's customer"] = scene.owner.link_token
    for operation in scene.operations:
        if ENDPOINT not in operation.in_path:
            continue
        for (who, token), match in itertools.product(people.items(), MATCHES):
            headers = {"If-Match": match} if operation.takes("If-Match") else {"If-None-Match": match}
            body = {"url": "https://intruder.example.com/"} if operation.method == "PATCH" else None
            body = {} if operation.body is not None and body is None else body
            answer = scene.asker.ask(operation, token, ids, body, headers=headers)
            is_told = answer.status < 400 or scene.owner.secret in answer.body.decode()
            tally.count((who, operation.id, match), answer.status, is_told)
