"""Requests with cards in them, generated from a published document: every operation, every place that takes text.

Cards that a merchant writes into a free-text field of a valid request are stored by contract; `Pushed.kept` names those
places.
"""

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import NamedTuple
from urllib.parse import quote, urlencode

from campaigns import wire
from campaigns.card_hunt.cards import Cards, Place
from campaigns.card_hunt.tricks import ASCII, SHORT, TRICKS
from campaigns.versions.bodies import Bodies
from campaigns.versions.bodies import Place as Members
from campaigns.versions.published import Node, Operation
from campaigns.versions.table import Version

SAFE_HEADER = [name for name in SHORT if name != "in XML"]
TEXTS_IN_BROKEN, TEXTS_OF_NO_SHAPE, TEXTS_IN_OVERSIZED, TEXTS_IN_METADATA = 12, 4, 200, 6
OVERSIZED_BYTES = 9 * 1024 * 1024
LONG = ("description", "product")
LONG_CHARS_MAX = 100
# Headers of the documents in which a card may stand while the request stays one that is listened to.
CARRIERS = ("X-Request-ID", "Idempotency-Key", "If-None-Match")
# What a header says that is not to be a card.
SENSIBLE = {"If-Match": "*"}


class Request(NamedTuple):
    """`port`: name of the process that it is for."""

    version: str
    way: str
    port: str
    data: bytes


class Pusher:
    """Makes requests of one version. `ids`: things that exist, by the document's names; `tokens`: of the merchant and
    of a payer.
    """

    def __init__(
        self, version: Version, cards: Cards, ids: Mapping[str, str], tokens: Mapping[str, str], dice: Random
    ) -> None:
        self.version, self.cards, self.ids, self.tokens, self.dice = version, cards, ids, tokens, dice
        self.published, self.row = version.published, version.row

    def requests(self, operation: Operation, turn: int, ways: "Sequence[Way] | None" = None) -> Iterator[Request]:
        """Every way through one operation, or these; turns take different variants and spellings."""
        for way in ways or WAYS:
            made = way(self, operation, turn)
            if made is not None:
                yield Request(self.version.name, way.__name__, *made)

    def number(self, operation: Operation, kind: str, name: str) -> str:
        """A card for a field, in digits."""
        return self.cards.number(Place(self.version.name, kind, name), operation.id)

    def text(self, operation: Operation, kind: str, name: str, tricks: Sequence[str] = tuple(TRICKS)) -> str:
        """A card for a field, in some spelling."""
        return self.cards.text(Place(self.version.name, kind, name), operation.id, tricks)

    def send(
        self, operation: Operation, path: str, headers: list, body: bytes = b"", wrong: bool = False
    ) -> tuple[str, bytes]:
        """(port's name, bytes). `wrong`: at the process that does not serve the operation."""
        at_tokens = operation.is_of_tokens != wrong
        port = self.version.tokens_gateway if at_tokens else self.version.gateway
        return port, wire.request(operation.method, path, headers, body)

    def headers(self, operation: Operation, **more: str) -> list:
        """What a request needs, and cards in every header that carries text."""
        token = self.tokens["payer" if operation.is_of_tokens else "merchant"]
        found = {
            "Authorization": f"Bearer {token}",
            "Content-Type": operation.media_type or "application/json; charset=utf-8",
            **self.carried(operation),
            "User-Agent": self.text(operation, "header", "User-Agent", list(ASCII)),
            "X-Forwarded-For": self.text(operation, "header", "X-Forwarded-For", SHORT),
            "traceparent": f"00-{self.number(operation, 'header', 'traceparent').rjust(32, 'a')}-{'b' * 16}-01",
            "Referer": self.text(operation, "header", "Referer", list(ASCII)),
            "Cookie": "pan=" + self.text(operation, "header", "Cookie", list(ASCII)),
            "X-Card": self.text(operation, "header", "of no meaning"),
            **more,
        }
        return list(found.items())

    def carried(self, operation: Operation) -> dict[str, str]:
        """The headers of the document that may be cards, each in a spelling that it takes."""
        found = {name: value for name, value in SENSIBLE.items() if operation.takes(name)}
        listed = {one.name: one.schema for one in operation.in_header}
        for name in CARRIERS:
            if name in listed or name == "X-Request-ID":
                found[name] = self.fitting(operation, name, listed.get(name, {}))
        return found

    def fitting(self, operation: Operation, name: str, schema: Node) -> str:
        """A card as a header's value."""
        number = self.number(operation, "header", name)
        spelled = TRICKS[SAFE_HEADER[self.cards.given % len(SAFE_HEADER)]](number)
        is_fit = len(spelled) <= schema.get("maxLength", 32) and re.fullmatch(schema.get("pattern", ".*"), spelled)
        return spelled if is_fit else number

    def target(self, operation: Operation, **changed: str) -> str:
        """The path with things that exist. `changed`: parts of it as they shall be sent."""
        path = operation.path
        for name in operation.in_path:
            path = path.replace("{" + name + "}", changed.get(name) or quote(self.ids.get(name, "1"), safe=""))
        wanted = {one.name: self.sensible(one.name, one.schema) for one in operation.in_query if one.is_required}
        return f"{path}?{urlencode(wanted)}" if wanted else path

    def sensible(self, name: str, schema: Node) -> str:
        """What makes sense in a field of that name."""
        return self.ids.get(name) or self.row.fixed.get(name) or str(self.published.scalar(schema))

    def body(self, operation: Operation, turn: int, everywhere: bool) -> bytes:
        """The fullest body; `everywhere`: cards in texts of every kind, else in free ones only, and few enough."""

        def text(members: Members, node: Node) -> str:
            name = ".".join(members)
            is_free = any(name == free or name.endswith("." + free) for free in self.row.free)
            if is_free:
                self.cards.pushed.kept.add(Place(self.version.name, "body", name))
            if everywhere:
                return self.text(operation, "body", name)
            return self.free_text(operation, name, node) if is_free else self.sensible(members[-1], node)

        choices = self.row.left_out.get(operation.id) or self.row.left_out[""]
        left_out = choices[turn % len(choices)] if not everywhere else ()
        made = Bodies(self.published, text, turn, left_out, TEXTS_IN_METADATA).value(operation.body)
        return json.dumps(made, ensure_ascii=bool(turn % 2)).encode()

    def free_text(self, operation: Operation, name: str, node: Node) -> str:
        """A card, or as many as fit, in a text that is stored."""
        limit = node.get("maxLength") or LONG_CHARS_MAX
        made = self.text(operation, "body", name)
        while len(made) + 60 < min(limit, LONG_CHARS_MAX) and name.endswith(LONG):
            made += "; " + self.text(operation, "body", name)
        return made[:limit]


Made = tuple[str, bytes] | None
"""(port's name, bytes) of a request; None where an operation has no such way."""
Way = Callable[[Pusher, Operation, int], Made]


def headers_alone(pusher: Pusher, operation: Operation, turn: int) -> Made:
    """A good request but for its headers."""
    if operation.id.startswith(pusher.row.ending) or operation.body:
        return None
    return pusher.send(operation, pusher.target(operation), pusher.headers(operation))


def path_parts(pusher: Pusher, operation: Operation, turn: int) -> Made:
    """A card as each id of the path."""
    if not operation.in_path:
        return None
    # The log shows a part of a path; a card may stand where it is cut.
    prefixes = {name: pusher.ids.get(name, "").partition("_") for name in operation.in_path}
    texts = {
        name: quote((head + mark if mark and turn % 2 else "") + pusher.text(operation, "path", name),
                    safe="%" if turn % 2 else "")
        for name, (head, mark, _) in prefixes.items()
    }  # fmt: skip
    return pusher.send(operation, pusher.target(operation, **texts), pusher.headers(operation), b"{}")


def path_unknown(pusher: Pusher, operation: Operation, turn: int) -> Made:
    """A path of no operation, with a card after 60 to 110 characters, where somebody may cut it."""
    path = operation.path.partition("{")[0] + "x" * pusher.dice.randrange(20, 70)
    path += "/" + pusher.number(operation, "path", "of no operation") + "/end"
    return pusher.send(operation, path, pusher.headers(operation))


def query_values(pusher: Pusher, operation: Operation, turn: int) -> Made:
    """A card as each parameter of the query, and as one nobody knows."""
    if operation.id.startswith(pusher.row.ending):
        return None
    names = [one.name for one in operation.in_query] + ["card"]
    query = urlencode({name: pusher.text(operation, "query", name) for name in names})
    path = pusher.target(operation).partition("?")[0]
    return pusher.send(operation, f"{path}?{query}", pusher.headers(operation), b"{}" if operation.body else b"")


def query_alone(pusher: Pusher, operation: Operation, turn: int) -> Made:
    """A card as one parameter, the others as they should be."""
    if not operation.in_query:
        return None
    spoilt = pusher.dice.choice(operation.in_query).name
    query = {one.name: pusher.sensible(one.name, one.schema) for one in operation.in_query if one.is_required}
    query[spoilt] = pusher.text(operation, "query", spoilt)
    path = pusher.target(operation).partition("?")[0]
    return pusher.send(operation, f"{path}?{urlencode(query)}", pusher.headers(operation))


def free_texts(pusher: Pusher, operation: Operation, turn: int) -> Made:
    """A body that is valid where that is possible, cards in its free texts."""
    if not operation.body or operation.is_of_tokens:
        return None
    path, headers = pusher.target(operation), pusher.headers(operation)
    return pusher.send(operation, path, headers, pusher.body(operation, turn, False))


def every_text(pusher: Pusher, operation: Operation, turn: int) -> Made:
    """A body with a card as every text: ids, tokens, dates, emails."""
    if not operation.body:
        return None
    body = pusher.body(operation, 2 * turn, True)
    return pusher.send(operation, pusher.target(operation), pusher.headers(operation), body)


def every_text_of_the_next_variant(pusher: Pusher, operation: Operation, turn: int) -> Made:
    """As every_text; a payment tool has a dozen variants, and a hunt fewer rounds."""
    if not operation.body:
        return None
    body = pusher.body(operation, 2 * turn + 1, True)
    return pusher.send(operation, pusher.target(operation), pusher.headers(operation), body)


def broken_json(pusher: Pusher, operation: Operation, turn: int) -> Made:
    """A body cut anywhere."""
    if not operation.body:
        return None
    texts = [pusher.text(operation, "broken", "body") + f" cvv {turn % 900 + 100}" for _ in range(TEXTS_IN_BROKEN)]
    body = json.dumps({"product": texts, "cvv": "123"}).encode()
    return pusher.send(
        operation, pusher.target(operation), pusher.headers(operation), body[: -pusher.dice.randrange(1, 40)]
    )


def numbers_for_texts(pusher: Pusher, operation: Operation, turn: int) -> Made:
    """Cards as JSON numbers, names of members and lone texts: wrong types."""
    if not operation.body:
        return None
    cards = [pusher.number(operation, "broken", "body of another shape") for _ in range(TEXTS_IN_BROKEN)]
    body = json.dumps({"amount": cards[0], cards[1]: int(cards[2]), "shopID": [int(one) for one in cards[3:]]}).encode()
    return pusher.send(operation, pusher.target(operation), pusher.headers(operation), body)


def other_content_type(pusher: Pusher, operation: Operation, turn: int) -> Made:
    """Forms and XML."""
    texts = urlencode(
        [("pan", pusher.text(operation, "broken", "body of another type")) for _ in range(TEXTS_OF_NO_SHAPE)]
    )
    kinds = ("application/x-www-form-urlencoded", "text/xml", f"x/{pusher.number(operation, 'header', 'Content-Type')}")
    headers = pusher.headers(operation, **{"Content-Type": kinds[turn % 3]})
    return pusher.send(operation, pusher.target(operation), headers, texts.encode())


def as_access_token(pusher: Pusher, operation: Operation, turn: int) -> Made:
    """A card in Authorization, in the origin, and in every header of the document that does not take one."""
    more = {
        one.name: pusher.text(operation, "header", one.name, SHORT)
        for one in operation.in_header
        if one.name not in CARRIERS and one.name != "Authorization"
    }
    if turn % 2 == 0 or operation.id.startswith(pusher.row.ending):
        token = pusher.text(operation, "header", "Authorization", list(ASCII))
        more["Authorization"] = ("Bearer ", "Basic ", "")[turn % 3] + token
    more["Origin"] = "https://" + pusher.number(operation, "header", "Origin")
    return pusher.send(operation, pusher.target(operation), pusher.headers(operation, **more), b"{}")


def split_over_fields(pusher: Pusher, operation: Operation, turn: int) -> Made:
    """Halves of a card in neighbouring members, and in neighbouring elements."""
    if not operation.body:
        return None
    numbers = (pusher.number(operation, "broken", "body in halves") for _ in range(10))
    halves = [(number[:8], number[8:]) for number in numbers]
    body = json.dumps({"product": halves[0][0], "description": halves[0][1], "metadata": halves}).encode()
    return pusher.send(operation, pusher.target(operation), pusher.headers(operation), body)


def wrong_process(pusher: Pusher, operation: Operation, turn: int) -> Made:
    """An operation at the process that does not serve it."""
    if operation.id.startswith(pusher.row.ending):
        return None
    body = json.dumps(
        [pusher.text(operation, "broken", "body at the wrong process") for _ in range(TEXTS_OF_NO_SHAPE)]
    ).encode()
    return pusher.send(operation, pusher.target(operation), pusher.headers(operation), body, wrong=True)


def broken_http(pusher: Pusher, operation: Operation, turn: int) -> Made:
    """A request that is none: cards in the request line, in a header's name, in a length."""
    number, path = pusher.number(operation, "broken", "HTTP"), f"{pusher.version.base_path}/x"
    forms = (
        f"{number} {path} HTTP/1.1\r\nHost: a\r\n\r\n",
        f"GET {path}{number} HTTP/{number}\r\nHost: a\r\n\r\n",
        f"GET {path} HTTP/1.1\r\nHost: a\r\n{number} : 1\r\n\r\n",
        f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {number}x\r\n\r\n",
        f"GET {path} HTTP/1.1\r\nHost: {number}\r\nHost: {number}\r\n\r\n",
    )
    return pusher.version.gateway, forms[turn % len(forms)].encode()


def oversized(pusher: Pusher, operation: Operation, turn: int) -> Made:
    """A body beyond the limit, once a round."""
    if operation.id != ("createInvoice", pusher.row.create_card)[turn % 2]:
        return None
    texts = [pusher.text(operation, "broken", "oversized body") for _ in range(TEXTS_IN_OVERSIZED)]
    body = json.dumps(texts).encode()
    return pusher.send(
        operation, pusher.target(operation), pusher.headers(operation), body + b" " * (OVERSIZED_BYTES - len(body))
    )


WAYS = (
    headers_alone, path_parts, path_unknown, query_values, query_alone, free_texts, every_text,
    every_text_of_the_next_variant, broken_json,
    numbers_for_texts, other_content_type, as_access_token, split_over_fields, wrong_process, broken_http, oversized,
)  # fmt: skip


def rounds(pushers: Sequence[Pusher], dice: Random) -> Iterator[Request]:
    """Endless: every way through every operation of every version in any order, then again with other variants."""
    every = [(pusher, one, way) for pusher in pushers for one in pusher.published.operations for way in WAYS]
    for turn in itertools.count():
        dice.shuffle(every)
        for pusher, operation, way in every:
            yield from pusher.requests(operation, turn, [way])
