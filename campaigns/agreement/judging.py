"""Plays every story through every version, compares what all versions say of it, and keeps the count."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from campaigns.agreement.comparing import EVERYTHING, Lossy, compare, knows, lost_by
from campaigns.agreement.speaking import Facts
from campaigns.agreement.stories import STORIES, Object, Version, read

Say = Callable[[str], object]


@dataclass
class Result:
    """`objects`, `equal`: (writer, reader) -> how many objects and facts; `lost`: (version, resource, fact) seen."""

    objects: Counter = field(default_factory=Counter)
    equal: Counter = field(default_factory=Counter)
    lost: set[tuple[str, str, str]] = field(default_factory=set)
    told: set[tuple[str, str, str]] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)


def play(versions: Sequence[Version], lossy: Lossy, say: Say = lambda text: None) -> Result:
    """Every story through every version that knows its resource, read through all that do."""
    result = Result()
    for (name, story), writer in product(STORIES.items(), versions):
        if knows(lossy, writer.name, name.split()[0]):
            say(f"{name}, made through {writer.name}")
            judge(writer, story(writer), versions, lossy, result)
    result.wrong += untrue(lossy, result, [version.name for version in versions])
    return result


def judge(writer: Version, thing: Object, versions: Sequence[Version], lossy: Lossy, result: Result) -> None:
    """Compares what the writer says of an object with what every reader says of it."""
    readers = [version for version in versions if knows(lossy, version.name, thing.resource)]
    said = {version.name: read(version, thing) for version in readers}
    note(thing.resource, said, result)
    for reader in readers:
        found = compare(lossy, thing.resource, writer.name, said[writer.name], reader.name, said[reader.name])
        result.objects[writer.name, reader.name] += 1
        result.equal[writer.name, reader.name] += found.equal
        result.wrong += [f"{thing.state}, made through {writer.name}: {sentence}" for sentence in found.wrong]


def note(resource: str, said: dict[str, Facts], result: Result) -> None:
    """Which facts each version told of the resource, and which it did not tell though another did."""
    every = set().union(*said.values())
    for name, facts in said.items():
        result.told |= {(name, resource, fact) for fact in facts}
        result.lost |= {(name, resource, fact) for fact in every - facts.keys()}


def untrue(lossy: Lossy, result: Result, names: Sequence[str]) -> Iterator[str]:
    """Sentences about entries of the table that are not so."""
    for name, resource in product(names, sorted({key[1] for key in result.told})):
        for fact in lost_by(lossy, name, resource):
            if fact == EVERYTHING:
                continue
            if (name, resource, fact) in result.told:
                yield f"specs/lossy.toml: {name} does tell {fact} of a {resource}"
            elif (name, resource, fact) not in result.lost and len(names) > 2:
                yield f"specs/lossy.toml: no version tells {fact} of a {resource}, so {name} loses nothing"
