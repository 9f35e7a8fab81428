"""What v3 promises beyond the other versions: what a key says afterwards, what a denial means, its feed."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from campaigns.faults import v3
from campaigns.faults.client import Caller, KeyUse, OutOfTime
from campaigns.faults.feed import ACTION_REQUIRED, MODERN_WORDS
from campaigns.faults.receivers import Receiver, Told, event_of
from campaigns.faults.scene import Row, Scene

PAGE = 200
AT_ONCE = 4


def keys(scene: Scene) -> Row:
    """Repeated once more, a request is answered as it was; then its key, looked up, says the same.

    A refusal before which nothing was done leaves its key free, and is not repeated: it may be no refusal any more.
    """
    caller, uses = scene.callers["v3"], dict(scene.journal.keys)
    wrong = each_of(uses.items(), lambda item: [*contradiction(caller, *item)])
    return Row("a key of v3 tells what became of it", f"{len(uses)} keys repeated and looked up", wrong)


def contradiction(caller: Caller, key: str, use: KeyUse) -> Iterator[str]:
    """How the platform disagrees with itself."""
    if use.made is not None:
        again = v3.send(caller, use.path, use.body, key)
        made = again.json()["id"] if again.status_code < 300 else None
        if (again.status_code, made) != (use.status, use.made):
            yield f"{key} was {use.status} {use.made}, and is {again.status_code} {made} when repeated"
    said = state_of(caller, key)
    told = said.get("response", {}).get("status"), said.get("resource", {}).get("id")
    if use.made is not None and (said["status"], *told) != ("done", use.status, use.made):
        yield f"{key} was {use.status} {use.made}, and looked up it is {said['status']} {told}"
    if use.made is None and said["status"] == "done" and told[0] != use.status:
        yield f"{key} was refused with {use.status}, and looked up it is {told}"


def denials(scene: Scene) -> Row:
    """Keys of requests that were answered 503 and Money-Moved: no, and never sent again, are not done.

    One whose attempt could not be released looks as if it were still at work; so many are counted.
    """
    caller, denied = scene.callers["v3"], list(scene.journal.denied)
    states = dict(zip(denied, each_of(denied, lambda key: [state_of(caller, key)]), strict=True))
    wrong = [f"{key} was denied, and is done: {said}" for key, said in states.items() if said["status"] == "done"]
    running = sum(said["status"] == "running" for said in states.values())
    return Row("what v3 denied was not done", f"{len(denied)} denied and given up, {running} of them look busy", wrong)


def state_of(caller: Caller, key: str) -> dict:
    return caller.insist("GET", f"{v3.KEYS}/{key}").json()


def each_of(items: Iterable[Any], look: Callable[[Any], list[Any]]) -> list[Any]:
    """What is found in all of them, in their order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [each for found in pool.map(look, list(items)) for each in found]


def feed(scene: Scene) -> Iterator[Row]:
    """The feed of the party, and each endpoint that takes everything beside it."""
    try:
        events = entries(scene.callers["v3"])
    except OutOfTime:
        yield Row("the feed of v3 tells everything", "", ["it could not be read in time"])
        return
    said = f"{sum(map(len, events.values()))} events of {len(events)} invoices"
    yield Row("the feed of v3 tells everything, in order", said, [*untrue(scene, events)])
    for receiver in scene.receivers:
        if receiver.is_healthy and not receiver.format.is_by_invoice:
            wrong = [*different(receiver, events)]
            name = f"endpoint {receiver.hook.kind}: the bytes of the feed"
            yield Row(name, f"{sum(map(len, receiver.told.values()))} webhooks", wrong)


def entries(caller: Caller) -> dict[str, list[Told]]:
    """The whole feed by invoice. Raises OutOfTime."""
    found: dict[str, list[Told]] = defaultdict(list)
    after = ""
    while True:
        answer = caller.insist("GET", f"/events?limit={PAGE}{after}")
        for body in bodies_of(answer.text):
            invoice_id, told = event_of(body)
            found[invoice_id].append(told)
        page = answer.json()
        if not page["hasMore"]:
            return found
        after = f"&after={page['nextCursor']}"


def bodies_of(page: str) -> Iterator[bytes]:
    """The very bytes of each event in a page of the feed."""
    decoder, place = json.JSONDecoder(), page.index('"data":[') + len('"data":[')
    while page[place] != "]":
        _, end = decoder.raw_decode(page, place)
        yield page[place:end].encode()
        place = end + (page[end] == ",")


def untrue(scene: Scene, events: dict[str, list[Told]]) -> Iterator[str]:
    """Where the feed differs from what the platform did, or is out of order."""
    for name in {**scene.feed.invoices, **events}:
        told = events.get(name, [])
        words = [each.event_type for each in told if each.event_type != ACTION_REQUIRED]
        wanted = [MODERN_WORDS[word] for word in scene.feed.invoices[name].told] if name in scene.feed.invoices else []
        if words != wanted:
            yield f"{name}: {' '.join(words)} instead of {' '.join(wanted)}"
        if [each.event_id for each in told] != sorted({each.event_id for each in told}):
            yield f"{name}: its events are not in order"
    yield from (f"{name} has gaps: {numbers}" for name, numbers in sequences(events).items() if
                numbers != list(range(1, len(numbers) + 1)))  # fmt: skip


def sequences(events: dict[str, list[Told]]) -> dict[str, list[int]]:
    """The numbers of the events of each object, as they came, repetitions left out."""
    found: dict[str, dict[int, None]] = defaultdict(dict)
    for told in events.values():
        for each in told:
            found[each.object_id][each.sequence] = None
    return {name: list(numbers) for name, numbers in found.items()}


def different(receiver: Receiver, events: dict[str, list[Told]]) -> Iterator[str]:
    """Where what an endpoint was sent is not what the feed holds: events, their bytes, the order of each object's."""
    asked = {name: [each for each in told if receiver.is_asked_for(each.event_type)] for name, told in events.items()}
    came = {name: list(told) for name, told in list(receiver.told.items())}
    for name in {**asked, **came}:
        if set(came.get(name, [])) != set(asked.get(name, [])):
            yield f"{name}: {sorted(set(came.get(name, [])) ^ set(asked.get(name, [])))[:2]}"
    wanted = sequences(asked)
    yield from (f"{name} came as {numbers}" for name, numbers in sequences(came).items() if
                numbers != wanted.get(name))  # fmt: skip
