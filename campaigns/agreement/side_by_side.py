"""One object in the words of every version, as Markdown: what whoever moves from one to the next wants to see."""

import json
from collections.abc import Sequence
from itertools import product

from campaigns.agreement.comparing import EVERYTHING, Lossy
from campaigns.agreement.judging import Result
from campaigns.agreement.stories import STORIES, Version, read

SHOWN = ("invoice paid", "payment held", "payment failed", "refund succeeded", "template of a range", "shop")
HEAD = """\
# The same object in every version

Each object below was made once, through {maker}, and read through every version. Written from the answers of a running
system by `python -m campaigns.agreement --markdown FILE`; what a version leaves out is listed at the end, from
`specs/lossy.toml`.
"""
PAIRS = """\
## Every pair

Objects made through the version of the row and read through that of the column, and the facts that were equal; none
differed.
"""
LOSSES = """\
## What a version cannot tell
"""
SECRET = ("paymentToolToken", "paymentSession", "publicKey")
"""Long opaque texts, shortened here."""


def page(versions: Sequence[Version], result: Result, lossy: Lossy) -> str:
    """The page. Makes the objects through the middle one of the versions."""
    maker = versions[len(versions) // 2]
    shown = "".join(section(name, maker, versions) for name in SHOWN)
    return f"{HEAD.format(maker=maker.name)}{shown}\n{pairs(versions, result)}\n{losses(lossy)}"


def pairs(versions: Sequence[Version], result: Result) -> str:
    """How many objects were made through one version and read through another, and how many facts were equal."""
    names = [version.name for version in versions]
    cells = {pair: f"{result.objects[pair]} / {result.equal[pair]}" for pair in product(names, names)}
    rows = [f"| {writer} | {' | '.join(cells[writer, reader] for reader in names)} |" for writer in names]
    head = f"| made through | {' | '.join(names)} |\n|{' --- |' * (len(names) + 1)}"
    return "\n".join([PAIRS, head, *rows, ""])


def losses(lossy: Lossy) -> str:
    """What each version cannot tell."""
    rows = [
        f"| {version} | {resource} | {'all of it' if fact == EVERYTHING else f'`{fact}`'} | {reason} |"
        for version, resources in sorted(lossy.items())
        for resource, facts in resources.items()
        for fact, reason in facts.items()
    ]
    return "\n".join([LOSSES, "| version | of a | fact | because |\n| --- | --- | --- | --- |", *rows, ""])


def section(name: str, maker: Version, versions: Sequence[Version]) -> str:
    """One object."""
    thing = STORIES[name](maker)
    parts = [f'\n## {name.capitalize()}\n\n<div class="beside">\n']
    for version in versions:
        read(version, thing)
        path, body = version.client.answers[-1]
        text = json.dumps(shortened(body), indent=2, ensure_ascii=False)
        said = f"**{version.name}** `GET /{version.name}{path}`\n\n```json\n{text}\n```"
        parts.append(f"\n<div>\n\n{said}\n\n</div>\n")
    return "".join([*parts, "\n</div>\n"])


def shortened(value: object) -> object:
    """The value with opaque texts cut."""
    if isinstance(value, dict):
        return {
            name: f"{inner[:12]}..." if name in SECRET and isinstance(inner, str) else shortened(inner)
            for name, inner in value.items()
        }
    return [shortened(inner) for inner in value] if isinstance(value, list) else value
