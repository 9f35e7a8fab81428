"""Whether two versions told the same of one object, given what each of them cannot say."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from campaigns.agreement.speaking import Facts
from settings.versions import VERSIONS_FILE

LOSSY_FILE = VERSIONS_FILE.with_name("lossy.toml")
EVERYTHING = "*"
"""In place of a fact: the version does not have the resource."""

Lossy = Mapping[str, Mapping[str, Mapping[str, str]]]
"""version -> resource -> fact -> why it is lost."""


class Comparison(NamedTuple):
    """`equal` facts told alike; `lost`: those that one of the two cannot say; `wrong`: sentences."""

    equal: int
    lost: tuple[str, ...]
    wrong: tuple[str, ...]


def read_lossy(file: Path = LOSSY_FILE) -> Lossy:
    """The table of what is lost."""
    return tomllib.loads(file.read_text(encoding="utf-8"))


def lost_by(lossy: Lossy, version: str, resource: str) -> Mapping[str, str]:
    """fact -> reason."""
    return lossy.get(version, {}).get(resource, {})


def knows(lossy: Lossy, version: str, resource: str) -> bool:
    """Whether the version has the resource at all."""
    return EVERYTHING not in lost_by(lossy, version, resource)


def compare(lossy: Lossy, resource: str, one: str, of_one: Facts, other: str, of_other: Facts) -> Comparison:
    """What `one` told of an object beside what `other` told of it."""
    both = of_one.keys() & of_other.keys()
    wrong = [
        f"{resource} {fact}: {one} says {of_one[fact]!r}, {other} says {of_other[fact]!r}"
        for fact in sorted(both)
        if of_one[fact] != of_other[fact]
    ]
    lost = sorted(
        {*missing(lossy, resource, one, of_one, of_other), *missing(lossy, resource, other, of_other, of_one)}
    )
    unlisted = [fact for fact in of_one.keys() ^ of_other.keys() if fact not in lost]
    wrong += [f"{resource} {fact}: told by one of {one} and {other} only" for fact in sorted(unlisted)]
    return Comparison(
        len(both) - len([1 for fact in both if of_one[fact] != of_other[fact]]), tuple(lost), tuple(wrong)
    )


def missing(lossy: Lossy, resource: str, version: str, told: Facts, by_other: Facts) -> Iterator[str]:
    """Facts that the version does not tell, as the table says."""
    return (fact for fact in lost_by(lossy, version, resource) if fact in by_other and fact not in told)
