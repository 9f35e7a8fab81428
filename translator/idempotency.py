"""One object per externalID: what a request means, and whether a repeat means the same (contract section 3.4).

A version declares, per operation, which fields of the body count, as a tree with stable numbers:

    INVOICE = {
        1: ("shopID", None),                                    # a value: it is hashed
        2: ("amount", None),
        7: ("cart", {1: ("product", None), 2: ("price", None)}),  # an object or an array of objects: its members count
        9: ("payer", Variants("payerType", {                    # one of several: which one counts, then its members
                "PaymentResourcePayer": (1, {1: ("paymentToolToken", None)}),
                "RecurrentPayer": (2, {1: ("recurrentParentPayment", {1: ("invoiceID", None)})}),
            })),
    }

A number is never given to another field, and a renamed field keeps its own: what was stored under it must stay
readable. Values are stored as hashes, so no card or name is kept here.

Comparison is asymmetric: what the first request did not say, a repeat may say. What it did say must be there and equal.
Arrays are sets: order does not count, size does. Another variant is another meaning.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, Union

import orjson

from translator.chance import LETTERS, random_letters
from translator.errors import Conflict

Tree = Mapping[int, tuple[str, Union["Tree", "Variants", None]]]
FORMAT = 1


class Variants(NamedTuple):
    """`field`: the member that names the variant; `by_name`: variant -> (its stable number, its own tree)."""

    field: str
    by_name: Mapping[str, tuple[int, Tree]]


def features_of(tree: Tree, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the body says, number by number; fields that are absent or null leave no trace."""
    found = {}
    for number, (name, below) in tree.items():
        value = body.get(name)
        if value is not None:
            found[str(number)] = _feature(below, value)
    return found


def _feature(below: Any, value: Any) -> Any:
    if isinstance(value, list):
        return [_feature(below, item) for item in value]
    if below is None or not isinstance(value, Mapping):
        return _hash(value)
    if isinstance(below, Variants):
        known = below.by_name.get(value.get(below.field))
        number, tree = known if known else (0, {})
        return {"is": number, **features_of(tree, value)}
    return features_of(below, value)


def _hash(value: Any) -> str:
    return hashlib.blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()


def means_the_same(first: Any, repeat: Any) -> bool:
    """Whether a repeat says everything the first request said, equally. Not symmetric."""
    if isinstance(first, dict) and isinstance(repeat, dict):
        return all(number in repeat and means_the_same(value, repeat[number]) for number, value in first.items())
    if isinstance(first, list) and isinstance(repeat, list):
        return len(first) == len(repeat) and _pairs_off(first, repeat)
    return first == repeat


def _pairs_off(first: list[Any], repeat: list[Any]) -> bool:
    """Whether each element can be given a partner of its own that means the same (augmenting paths)."""
    partner: dict[int, int] = {}

    def place(mine: int, tried: set[int]) -> bool:
        for theirs in range(len(repeat)):
            if theirs in tried or not means_the_same(first[mine], repeat[theirs]):
                continue
            tried.add(theirs)
            if theirs not in partner or place(partner[theirs], tried):
                partner[theirs] = mine
                return True
        return False

    return all(place(mine, set()) for mine in range(len(first)))


def dump(features: Mapping[str, Any]) -> bytes:
    """As stored beside the binding."""
    return orjson.dumps({"format": FORMAT, "features": features})


def load(stored: bytes) -> dict[str, Any]:
    """The features of a first request. ValueError for a format that this code does not know."""
    record = orjson.loads(stored)
    if record.get("format") != FORMAT:
        raise ValueError(f"features of format {record.get('format')!r}")
    return record["features"]


PAIRS = [first + second for first in LETTERS for second in LETTERS]
ONE_PAIR, TWO_PAIRS, FOUR_PAIRS = (len(PAIRS) ** pairs for pairs in (1, 2, 4))
CHANCE_LETTERS = 9


def fresh_id(now: datetime) -> str:
    """A new id: milliseconds in 8 digits of base 62, so that ids sort by time, then 9 by chance, which are 53 bits."""
    return _eight_digits(int(now.timestamp() * 1000)) + random_letters(CHANCE_LETTERS)


@lru_cache(maxsize=8)
def _eight_digits(number: int) -> str:
    """The lowest; remembered, for many ids are made in one millisecond."""
    number %= FOUR_PAIRS
    left, right = divmod(number, TWO_PAIRS)
    first, second = divmod(left, ONE_PAIR)
    third, fourth = divmod(right, ONE_PAIR)
    return PAIRS[first] + PAIRS[second] + PAIRS[third] + PAIRS[fourth]


def require_same(binding: Any, features: Mapping[str, Any], external_id: str) -> str:
    """The id to use: of a new binding, or of an old one with the same meaning. Raises Conflict for another meaning."""
    if not binding.is_new and not means_the_same(load(binding.features), features):
        raise Conflict(external_id, binding.id)
    return binding.id
