"""Ids that name nothing: of another kind, of another version, in another spelling. The owner's own token asks, so that
nothing but the id is wrong. Accepted: an answer of success.
"""

from collections.abc import Iterator
from random import Random

from campaigns.attacks.scene import Scene
from campaigns.attacks.tally import Tally, require_honest

HOSTILE = (
    "", "0", "-1", "null", "undefined", "*", "%", "_", ".", "..", "%2e%2e", "' OR '1'='1", "${7*7}", "\u0000", "\u202e",
    "a" * 300, "inv_", "inv_.", "pay_.1", "9" * 40, "{}", "[]", "1;2", "a/../b", "\U0001f600",
)  # fmt: skip
REMOVING = ("delete", "suspend", "activate")


def run(scene: Scene, dice: Random, scale: float) -> Tally:
    """Each id of the path in turn is replaced, the others are right."""
    tally, token = Tally("ids of another kind or spelling", scene.version.name), scene.owner.api.token
    good, every = scene.owner.ids(scene.version), all_ids(scene)
    require_honest("the owner's invoice", scene.asker.ask(scene.version.row.read_invoice, token, good).status)
    for operation in scene.operations:
        if operation.id.startswith(REMOVING) or operation.id in scene.version.row.for_everybody:
            continue
        for name in operation.in_path:
            wrong = [one for one in dict.fromkeys((*spellings(good[name]), *every, *HOSTILE)) if one != good[name]]
            for text in wrong if scale >= 1 else dice.sample(wrong, max(int(len(wrong) * scale), 5)):
                ids = {**good, name: text}
                query = {one.name: scene.version.row.fixed.get(one.name) for one in operation.in_query}
                answer = scene.asker.ask(operation, token, ids, scene.body(operation, ids), query)
                is_empty = text == "" or not is_kept(text)
                tally.count((operation.id, name, text), answer.status, False if is_empty else None)
    return tally


def is_kept(text: str) -> bool:
    """Whether the text reaches the operation as it is: points alone are steps of a path."""
    return text not in (".", "..")


def all_ids(scene: Scene) -> list[str]:
    """Every id of the owner's as this version and the others spell it, but numbers, which are many things' ids."""
    found = list(scene.owner.plain.values())
    found += [value for version in scene.every_version for value in version.ids(scene.owner.plain).values()]
    return [one for one in dict.fromkeys(found) if len(one) > 4]


def spellings(id: str) -> Iterator[str]:
    """Almost the id."""
    prefix, mark, rest = id.partition("_")
    if mark:
        yield from (rest, f"{prefix.upper()}_{rest}", f"{prefix}-{rest}", f"{prefix}__{rest}", f"{prefix}_{id}")
        yield from (f"{kind}_{rest}" for kind in ("inv", "pay", "ref", "lnk", "shp", "whe", "evt", "tok", "dlv", "x"))
    if not id.isdigit():
        # Where v1 and v2 call a webhook 2, 02 is the same number.
        yield "0" + id
    yield from (f"{id}{end}" for end in (".1", ".", " ", "\u0000", "%00", "\n", "/", id[-1], "\u0301", "%20"))
    yield from (f"{start}{id}" for start in (".", " ", "+", "-", "\ufeff"))
    yield from (id.swapcase(), id[:-1], id.replace("_", "%5F"))
    yield "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in id)
