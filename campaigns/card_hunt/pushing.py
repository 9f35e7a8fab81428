"""Requests with cards in them, generated from the published spec: every operation, every place that takes text.

Each card goes to one place only, so that wherever it is found again tells how it came there. Cards that a merchant
writes into a free-text field of a valid request are stored by contract; `Pushed.kept` names those places.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from campaigns import wire
from campaigns.card_hunt.tricks import ASCII, SHORT, TRICKS
from tests.contract.sample_requests import resolved, sample_scalar
from translator.schemas import Schemas

SPEC = json.loads((Path(__file__).parents[2] / "specs" / "v2" / "bundled.json").read_text())
SAFE_HEADER = [name for name in SHORT if name != "in XML"]
# They would take the ground from under the others.
ENDING = ("suspend", "delete", "rescind", "fulfill")
TEXTS_IN_BROKEN, TEXTS_IN_OVERSIZED, TEXTS_IN_METADATA = 60, 400, 20
OVERSIZED_BYTES = 9 * 1024 * 1024
NESTING_MAX = 9


@dataclass
class Pushed:
    """What was sent: the place of each card. `kept`: places whose text v2 stores as it was written."""

    place_of: dict[str, str] = field(default_factory=dict)
    requests: Counter = field(default_factory=Counter)
    statuses: Counter = field(default_factory=Counter)
    kept: set[str] = field(default_factory=set)


class Cards:
    """Hands out cards in spellings, each once, and remembers where each went."""

    def __init__(self, numbers: Iterator[str], count: int, pushed: Pushed) -> None:
        self.numbers, self.count, self.pushed, self.given = numbers, count, pushed, 0

    def left(self) -> int:
        """How many are still to be sent."""
        return max(self.count - self.given, 0)

    def number(self, place: str) -> str:
        """The next card, for this place."""
        number = next(self.numbers)
        self.given += 1
        self.pushed.place_of[number] = place
        return number

    def text(self, place: str, tricks: Any = tuple(TRICKS)) -> str:
        """The next card in the next spelling."""
        return TRICKS[tricks[self.given % len(tricks)]](self.number(place))


@dataclass(frozen=True)
class Operation:
    """One operation of the spec: what it takes, by the spec's names."""

    id: str
    method: str
    path: str
    in_path: tuple[str, ...]
    in_query: tuple[dict, ...]
    body: dict | None

    @property
    def is_of_tokens(self) -> bool:
        """Whether the process of payment resources serves it."""
        return self.path.endswith("/payment-resources")


def operations() -> list[Operation]:
    """All of the spec."""
    found = []
    for path, item in SPEC["paths"].items():
        for method, node in item.items():
            if method == "parameters":
                continue
            nodes = [resolved(SPEC, one) for one in [*item.get("parameters", []), *node.get("parameters", [])]]
            found.append(
                Operation(
                    node["operationId"], method.upper(), SPEC["basePath"] + path,
                    tuple(one["name"] for one in nodes if one["in"] == "path"),
                    tuple(one for one in nodes if one["in"] == "query"),
                    next((one["schema"] for one in nodes if one["in"] == "body"), None),
                )
            )  # fmt: skip
    return found


class Bodies:
    """Values of a schema with every member that there may be; texts come from `text(name, schema) -> str`."""

    def __init__(self, text: Any, turn: int) -> None:
        self.schemas, self.text, self.turn = Schemas(SPEC), text, turn

    def value(self, node: Mapping[str, Any], name: str = "", depth: int = 0) -> Any:
        """A value; discriminators take the variant whose turn it is."""
        if "$ref" in node:
            return self.value(self.schemas.definition(node["$ref"]), name, depth)
        member = node.get("discriminator")
        if member and (variants := self.schemas.choices(node)):
            variant = variants[self.turn % len(variants)]
            return {**self.record(self.schemas.definitions[variant], depth), member: variant}
        if "allOf" in node or node.get("type") == "object" or "properties" in node:
            return self.record(node, depth, name)
        if node.get("type") == "array":
            return [self.value(node["items"], name, depth + 1)]
        is_text = node.get("type") == "string" and "enum" not in node
        return self.text(name, node) if is_text else sample_scalar(node)

    def record(self, node: Mapping[str, Any], depth: int, name: str = "") -> dict[str, Any]:
        made: dict[str, Any] = {}
        for part in node.get("allOf", []):
            made |= self.record(self.schemas.definition(part["$ref"]) if "$ref" in part else part, depth)
        for member, one in node.get("properties", {}).items():
            if depth < NESTING_MAX and member not in LEFT_OUT and not self.schemas.is_read_only(one):
                made[member] = self.value(one, member, depth + 1)
        if name and not node.get("properties") and not node.get("allOf"):
            made = {self.text(f"{name} key", node): self.text(f"{name} value", node) for _ in range(TEXTS_IN_METADATA)}
        return made


class Pusher:
    """Makes requests. `ids`: things that exist, by the spec's names; `tokens`: of the merchant and of a payer."""

    def __init__(self, cards: Cards, ids: Mapping[str, str], tokens: Mapping[str, str], dice: Random) -> None:
        self.cards, self.ids, self.tokens, self.dice = cards, ids, tokens, dice
        self.operations = operations()

    def requests(self) -> Iterator[tuple[str, str, bytes]]:
        """Endless (way, port's name, bytes): every way through every operation, then again with other variants."""
        turn = 0
        while True:
            for operation in self.operations:
                for way in WAYS:
                    made = way(self, operation, turn)
                    if made is not None:
                        yield (way.__name__, *made)
            turn += 1

    def send(self, operation: Operation, path: str, headers: list, body: bytes = b"", wrong: bool = False) -> Any:
        """(port's name, bytes). `wrong`: at the process that does not serve the operation."""
        at_tokens = operation.is_of_tokens != wrong
        return ("GATEWAY_V2_TOKENS" if at_tokens else "GATEWAY_V2"), wire.request(operation.method, path, headers, body)

    def headers(self, operation: Operation, **more: str) -> list:
        """What a request needs, and cards in every header that carries text."""
        token = self.tokens["payer" if operation.is_of_tokens else "merchant"]
        found = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json; charset=utf-8",
            "X-Request-ID": self.request_id(),
            "User-Agent": self.cards.text("header User-Agent", list(ASCII)),
            "X-Forwarded-For": self.cards.text("header X-Forwarded-For", SHORT),
            "traceparent": f"00-{self.cards.number('header traceparent').rjust(32, 'a')}-{'b' * 16}-01",
            "Referer": self.cards.text("header Referer", list(ASCII)),
            "Cookie": "pan=" + self.cards.text("header Cookie", list(ASCII)),
            "X-Card": self.cards.text("header of no meaning"),
            **more,
        }
        return list(found.items())

    def request_id(self) -> str:
        """A card as the request's name, in a spelling of at most 32 characters."""
        number = self.cards.number("header X-Request-ID")
        spelled = TRICKS[SAFE_HEADER[self.cards.given % len(SAFE_HEADER)]](number)
        return spelled if len(spelled) <= 32 else number

    def target(self, operation: Operation, **changed: str) -> str:
        """The path with things that exist."""
        path = operation.path
        for name in operation.in_path:
            path = path.replace("{" + name + "}", changed.get(name) or quote(self.ids.get(name, "1"), safe=""))
        wanted = {one["name"]: self.ids.get(one["name"], "1") for one in operation.in_query if one.get("required")}
        return f"{path}?{urlencode(wanted)}" if wanted else path

    def body(self, operation: Operation, turn: int, everywhere: bool) -> bytes:
        """The fullest body; `everywhere`: cards in texts of every kind, else in free ones only, and few enough."""

        def text(name: str, node: Mapping[str, Any]) -> str:
            is_free = name in FREE
            if name in self.ids and not everywhere:
                return self.ids[name]
            if not (everywhere or is_free):
                return FIXED.get(name) or str(sample_scalar(node))
            place = f"body {name}"
            made = self.cards.text(place)
            if not everywhere:
                self.cards.pushed.kept.add(place)
                limit = node.get("maxLength") or 100
                while len(made) + 60 < limit and name in ("description", "product"):
                    made += "; " + self.cards.text(place)
                return made[:limit] if len(made) > limit else made
            return made

        return json.dumps(Bodies(text, turn).value(operation.body), ensure_ascii=bool(turn % 2)).encode()


# The texts that v2 stores as they were written.
FREE = frozenset({"product", "description", "externalID", "reason", "name", "metadata key", "metadata value"})
FIXED = {"dueDate": "2030-01-01T00:00:00Z", "currency": "RUB", "processingDeadline": "30m"}
# With them the fullest body contradicts itself.
LEFT_OUT = {"allocation"}


def headers_alone(pusher: Pusher, operation: Operation, turn: int) -> Any:
    """A good request but for its headers."""
    if operation.id.startswith(ENDING) or operation.body:
        return None
    return pusher.send(operation, pusher.target(operation), pusher.headers(operation))


def path_parts(pusher: Pusher, operation: Operation, turn: int) -> Any:
    """A card as each id of the path."""
    if not operation.in_path:
        return None
    # The log shows a part of a path; a card may stand where it is cut.
    texts = {name: quote(pusher.cards.text(f"path {name}"), safe="%" if turn % 2 else "") for name in operation.in_path}
    return pusher.send(operation, pusher.target(operation, **texts), pusher.headers(operation), b"{}")


def path_unknown(pusher: Pusher, operation: Operation, turn: int) -> Any:
    """A path of no operation, with a card after 60 to 110 characters, where somebody may cut it."""
    path = operation.path.partition("{")[0] + "x" * pusher.dice.randrange(20, 70)
    path += "/" + pusher.cards.number("path of no operation") + "/end"
    return pusher.send(operation, path, pusher.headers(operation))


def query_values(pusher: Pusher, operation: Operation, turn: int) -> Any:
    """A card as each parameter of the query, and as one nobody knows."""
    names = [one["name"] for one in operation.in_query] + ["card"]
    query = urlencode({name: pusher.cards.text(f"query {name}") for name in names})
    path = pusher.target(operation).partition("?")[0]
    return pusher.send(operation, f"{path}?{query}", pusher.headers(operation), b"{}" if operation.body else b"")


def free_texts(pusher: Pusher, operation: Operation, turn: int) -> Any:
    """A body that is valid where that is possible, cards in its free texts."""
    if not operation.body or operation.is_of_tokens:
        return None
    return pusher.send(
        operation, pusher.target(operation), pusher.headers(operation), pusher.body(operation, turn, False)
    )


def every_text(pusher: Pusher, operation: Operation, turn: int) -> Any:
    """A body with a card as every text: ids, tokens, dates, emails."""
    if not operation.body:
        return None
    body = pusher.body(operation, turn, True)
    return pusher.send(operation, pusher.target(operation), pusher.headers(operation), body)


def broken_json(pusher: Pusher, operation: Operation, turn: int) -> Any:
    """A body cut anywhere."""
    if not operation.body:
        return None
    texts = [pusher.cards.text("broken body") + f" cvv {turn % 900 + 100}" for _ in range(TEXTS_IN_BROKEN)]
    body = json.dumps({"product": texts, "cvv": "123"}).encode()
    return pusher.send(
        operation, pusher.target(operation), pusher.headers(operation), body[: -pusher.dice.randrange(1, 40)]
    )


def numbers_for_texts(pusher: Pusher, operation: Operation, turn: int) -> Any:
    """Cards as JSON numbers, names of members and lone texts: wrong types."""
    if not operation.body:
        return None
    cards = [pusher.cards.number("body of another shape") for _ in range(TEXTS_IN_BROKEN)]
    body = json.dumps({"amount": cards[0], cards[1]: int(cards[2]), "shopID": [int(one) for one in cards[3:]]}).encode()
    return pusher.send(operation, pusher.target(operation), pusher.headers(operation), body)


def other_content_type(pusher: Pusher, operation: Operation, turn: int) -> Any:
    """Forms and XML."""
    texts = urlencode([("pan", pusher.cards.text("body of another type")) for _ in range(TEXTS_IN_BROKEN)])
    kind = ("application/x-www-form-urlencoded", "text/xml", f"x/{pusher.cards.number('header Content-Type')}")
    headers = pusher.headers(operation, **{"Content-Type": kind[turn % 3]})
    return pusher.send(operation, pusher.target(operation), headers, texts.encode())


def as_access_token(pusher: Pusher, operation: Operation, turn: int) -> Any:
    """A card in Authorization, in the deadline and in the origin."""
    more = {
        "Authorization": ("Bearer ", "Basic ", "")[turn % 3] + pusher.cards.text("header Authorization", list(ASCII)),
        "X-Request-Deadline": pusher.cards.text("header X-Request-Deadline", SHORT),
        "Origin": "https://" + pusher.cards.number("header Origin"),
    }
    return pusher.send(operation, pusher.target(operation), pusher.headers(operation, **more), b"{}")


def split_over_fields(pusher: Pusher, operation: Operation, turn: int) -> Any:
    """Halves of a card in neighbouring members, and in neighbouring elements."""
    if not operation.body:
        return None
    halves = [(number[:8], number[8:]) for number in (pusher.cards.number("body in halves") for _ in range(10))]
    body = json.dumps({"product": halves[0][0], "description": halves[0][1], "metadata": halves}).encode()
    return pusher.send(operation, pusher.target(operation), pusher.headers(operation), body)


def wrong_process(pusher: Pusher, operation: Operation, turn: int) -> Any:
    """An operation at the process that does not serve it."""
    if operation.id.startswith(ENDING):
        return None
    body = json.dumps([pusher.cards.text("body at the wrong process") for _ in range(TEXTS_IN_BROKEN)]).encode()
    return pusher.send(operation, pusher.target(operation), pusher.headers(operation), body, wrong=True)


def broken_http(pusher: Pusher, operation: Operation, turn: int) -> Any:
    """A request that is none: cards in the request line, in a header's name, in a length."""
    number = pusher.cards.number("broken HTTP")
    forms = (
        f"{number} /v2/x HTTP/1.1\r\nHost: a\r\n\r\n",
        f"GET /v2/{number} HTTP/{number}\r\nHost: a\r\n\r\n",
        f"GET /v2/x HTTP/1.1\r\nHost: a\r\n{number} : 1\r\n\r\n",
        f"POST /v2/x HTTP/1.1\r\nHost: a\r\nContent-Length: {number}x\r\n\r\n",
        f"GET /v2/x HTTP/1.1\r\nHost: {number}\r\nHost: {number}\r\n\r\n",
    )
    return "GATEWAY_V2", forms[turn % len(forms)].encode()


def oversized(pusher: Pusher, operation: Operation, turn: int) -> Any:
    """A body beyond the limit, once a round."""
    if operation.id != ("createInvoice", "createPaymentResource")[turn % 2]:
        return None
    texts = json.dumps([pusher.cards.text("oversized body") for _ in range(TEXTS_IN_OVERSIZED)]).encode()
    return pusher.send(
        operation, pusher.target(operation), pusher.headers(operation), texts + b" " * (OVERSIZED_BYTES - len(texts))
    )


WAYS = (
    headers_alone, path_parts, path_unknown, query_values, free_texts, every_text, broken_json, numbers_for_texts,
    other_content_type, as_access_token, split_over_fields, wrong_process, broken_http, oversized,
)  # fmt: skip
