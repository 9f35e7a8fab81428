"""Games with the versions of objects: to learn by a 304 or a 412 that somebody else's object exists, to change one's
own without having seen it, or at once with others. Accepted: a 304 or 412 for a stranger; a change that If-Match should
have stopped; two changes of one version.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random

from campaigns import wire
from campaigns.attacks.scene import Scene
from campaigns.attacks.tally import Tally, require_honest
from campaigns.versions.asking import Asker
from campaigns.versions.published import Operation

MATCH, NONE_MATCH = "If-Match", "If-None-Match"
WRITERS, RACES = 8, 6


def run(scene: Scene, dice: Random, scale: float) -> Tally | None:
    """None where a version has no versions of objects."""
    if not any(one.takes(MATCH) for one in scene.operations):
        return None
    tally = Tally("versions of objects", scene.version.name)
    strangers_learn(tally, scene)
    for operation in scene.operations:
        if operation.takes(MATCH):
            blind_changes(tally, scene, operation)
            if operation.method == "PATCH":
                races(tally, scene, operation, max(int(RACES * scale), 1))
    return tally


def strangers_learn(tally: Tally, scene: Scene) -> None:
    """The owner's own tags, and any, in the hands of strangers."""
    ids = scene.owner.ids(scene.version)
    people = scene.strangers().items()
    for operation in scene.operations:
        if operation.takes(NONE_MATCH):
            tag = scene.asker.ask(operation, scene.owner.api.token, ids).header("ETag")
            same = scene.asker.ask(operation, scene.owner.api.token, ids, headers={NONE_MATCH: tag or ""})
            require_honest(f"the tag of {operation.id}", same.status, 304)
            for who, token in people:
                for given in (tag, "*", f'"x", {tag}', f"W/{tag}"):
                    answer = scene.asker.ask(operation, token, ids, headers={NONE_MATCH: given or ""})
                    tally.count((who, operation.id, given), answer.status, answer.status < 400)
        if operation.takes(MATCH):
            for who, token in people:
                for given in ('"0"', '"999"', '"1"', "*", "x"):
                    body = {} if operation.body is None else {"description": "taken"}
                    answer = scene.asker.ask(operation, token, ids, body or None, headers={MATCH: given})
                    # A tag that can be no object's is refused before anybody looks for the object.
                    is_told = answer.status < 400 or (answer.status == 412 and given != "x")
                    tally.count((who, operation.id, given), answer.status, is_told)


def blind_changes(tally: Tally, scene: Scene, operation: Operation) -> None:
    """The owner's own object, by the owner, with a tag that is not of its present version."""
    ids, token = made(scene, operation), scene.owner.api.token
    reading = reader(scene, operation)
    tag = scene.asker.ask(reading, token, ids).header("ETag") or ""
    body = None if operation.body is None else {"description": "blind"}
    for given in wrong_tags(tag):
        answer = scene.asker.ask(operation, token, ids, body, headers={MATCH: given})
        tally.count((operation.id, MATCH, given), answer.status)
    without = wire.request(
        operation.method,
        operation.path.replace("{" + operation.in_path[0] + "}", ids[operation.in_path[0]]),
        [("Authorization", f"Bearer {token}"), ("X-Request-ID", "etag"), ("Content-Type", operation.media_type)],
        b"" if body is None else b'{"description":"blind"}',
    )
    tally.count((operation.id, "no If-Match"), scene.asker.lines[scene.version.gateway].ask(without).status)
    if operation.method == "PATCH":
        good = scene.asker.ask(operation, token, ids, body, headers={MATCH: tag})
        require_honest(f"{operation.id} with its tag", good.status)
        answer = scene.asker.ask(operation, token, ids, body, headers={MATCH: tag})
        tally.count((operation.id, "the tag of the version before", tag), answer.status)


def wrong_tags(tag: str) -> Iterator[str]:
    """What is not the tag, though some of it looks so."""
    version, _, digest = tag.strip('"').partition("-")
    yield from (
        f"W/{tag}", f"{tag}, {tag}", f'"0", {tag}', f'{tag}, "0"', tag.strip('"'), f"'{version}'", f'"{version}',
        f'"{int(version) + 1}-{digest}"', f'"{int(version) + 1}"', f'"-{version}"', f'"+{version}"', f'"0{digest}"',
        f'"{version}.0"', f'" {version}"', f'"{version}-"', f'"{version}-{digest}0"', f'"{version}-{digest[:-1]}"',
        '""', '"*"', "* *", "*,*", '"\\u0031"', f'"{"9" * 18}"', f'"{"9" * 300}"', f'"{digest}"', "null",
    )  # fmt: skip


def races(tally: Tally, scene: Scene, operation: Operation, count: int) -> None:
    """Many change one version at the same time: one of them may."""
    token, reading = scene.owner.api.token, reader(scene, operation)
    askers = [Asker(scene.version, scene.place.port) for _ in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        for turn in range(count):
            ids = made(scene, operation)
            tag = scene.asker.ask(reading, token, ids).header("ETag") or ""

            def change(number: int, ids: dict = ids, tag: str = tag, turn: int = turn) -> int:
                body = {"description": f"{turn}.{number}"}
                return askers[number].ask(operation, token, ids, body, headers={MATCH: tag}).status

            statuses = list(pool.map(change, range(WRITERS)))
            require_honest("one of many", 200 if 200 in statuses else max(statuses))
            is_first = True
            for status in sorted(statuses):
                if status == 200 and is_first:
                    is_first = False
                    continue
                tally.count((operation.id, "at the same time", statuses), status)


def made(scene: Scene, operation: Operation) -> dict[str, str]:
    """A new object of the owner's, by the name that the path has for it."""
    shop = scene.owner.api.shop_id
    name = operation.in_path[0]
    if name == "webhookEndpointId":
        return {name: scene.owner.plain["endpoint"]}
    link = {"shopId": f"shp_{shop}", "product": "A thing", "price": {"type": "any"}}
    answer = scene.asker.ask("createPaymentLink", scene.owner.api.token, body=link)
    require_honest(f"a new {name}", answer.status, 201)
    return {name: answer.json()["id"]}


def reader(scene: Scene, operation: Operation) -> Operation:
    """The operation that reads what the other changes."""
    return next(one for one in scene.operations if one.path == operation.path and one.method == "GET")
