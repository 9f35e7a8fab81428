"""Cursors of lists and feeds: another party's, forged, bent. Who brings one sees what is their own, or is refused.
Accepted: an answer that shows anything of the owner's.
"""

import base64
import json
from collections.abc import Iterator
from random import Random

from campaigns.attacks.foreign import shows
from campaigns.attacks.scene import Scene
from campaigns.attacks.tally import Tally
from campaigns.versions.published import Operation

PARAMETERS = ("after", "continuationToken", "eventID", "offset")
"""How documents call what tells a list where to go on."""
GIVEN = ("nextCursor", "continuationToken")
NUMBERS = ("0", "1", "-1", "00", "1e9", "9" * 18, "9" * 19, "9" * 400, "0x10", "1.5", "١٢", "NaN")
BENT = ("", " ", "*", "%", "'", '"', "' OR 1=1 --", "\u0000", "../..", "{}", "[]", "null", "true", "=", "a" * 1001, "é")


def run(scene: Scene, dice: Random, scale: float) -> Tally | None:
    """None where no list of the version goes on."""
    lists = [(one, name) for one in scene.operations for name in PARAMETERS if name in names(one)]
    if not lists:
        return None
    tally = Tally("cursors, other people's and forged", scene.version.name)
    known = {cursor for operation, _ in lists for cursor in cursors_of(scene, operation)}
    for operation, parameter in lists:
        for cursor in dict.fromkeys((*sorted(known), *forged(scene, known, dice, scale))):
            for token, ids in ((scene.other.api.token, scene.other.ids(scene.version)),):
                query = {**fixed(scene, operation), parameter: cursor}
                answer = scene.asker.ask(operation, token, ids, query=query)
                shown = 200 <= answer.status < 300 and shows(scene, answer.body.decode(), set())
                tally.count((operation.id, parameter, cursor[:200]), answer.status, shown)
    return tally


def names(operation: Operation) -> set[str]:
    """What the query may say."""
    return {one.name for one in operation.in_query}


def fixed(scene: Scene, operation: Operation) -> dict[str, str | None]:
    """What the query must say beside the cursor."""
    return {one.name: scene.version.row.fixed.get(one.name) for one in operation.in_query}


def cursors_of(scene: Scene, operation: Operation) -> Iterator[str]:
    """The owner's own: where its list goes on after one element, and what its answers call so."""
    query = {**fixed(scene, operation), "limit": 1}
    answer = scene.asker.ask(operation, scene.owner.api.token, scene.owner.ids(scene.version), query=query)
    shown = answer.json() if answer.status == 200 else {}
    for name in GIVEN:
        if isinstance(shown, dict) and shown.get(name):
            yield str(shown[name])


def forged(scene: Scene, known: set[str], dice: Random, scale: float) -> Iterator[str]:
    """Ids of the owner's, numbers, texts that are none, and the owner's cursors with something changed."""
    plain = list(scene.owner.plain.values())
    ids = [value for version in scene.every_version for value in version.ids(scene.owner.plain).values()]
    yield from (*plain, *ids, *NUMBERS, *BENT, *(f"evt_{number}" for number in NUMBERS), "evt_", "EVT_1", "evt_+1")
    for id in plain:
        for text in (id, json.dumps({"id": id}), json.dumps([id]), f"{scene.owner.plain['party']}:{id}"):
            yield base64.urlsafe_b64encode(text.encode()).decode()
    for cursor in sorted(known):
        for _ in range(max(int(40 * scale), 4)):
            spot = dice.randrange(len(cursor))
            yield cursor[:spot] + dice.choice("0aZ_-.~=") + cursor[spot + 1 :]
        yield from (cursor[:-1], cursor + cursor, cursor.swapcase(), cursor + "=", cursor[::-1])
