"""Every rule of the spec that a request breaks, in one answer: the way of versions that name all violations at once.

The parameters and the body are read and checked as `request_validation` does it, by the same compiled rules; only
when one of them refuses is everything looked at again, slowly, to find out all that is wrong. Unknown query parameters
are refused, as unknown fields are where the spec says so.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from telemetry import log
from translator.exchange import BadBody, BadQuery, parse_query
from translator.json_faults import FAULTS_MAX, pointer_text, shown
from translator.request_validation import Arguments, ReadBody
from translator.spec_rows import Body, Parameter, SpecOperation
from translator.strict_json import JsonRefused, parse
from translator.violations import Fault, Violation, Violations

CARD_TAG = "Tokens"
"""Operations of this tag take card data: no text of theirs is ever shown."""
HIDDEN = "***"


class TooLong(Exception):
    """The body is longer than is taken, or did not arrive in time."""


async def all_validated(
    operation: SpecOperation,
    headers: Mapping[bytes, bytes],
    path: Mapping[str, str],
    query: bytes,
    given: bytes | ReadBody,
    json_depth_max: int,
) -> Arguments:
    """The operation's arguments by name; an optional parameter that is absent has its default, or None.

    `given`: the body where it is at hand, or what waits for it. Raises Violations, TooLong.
    """
    arguments: Arguments = {}
    texts = _Texts(headers, path, query)
    is_sound = not query or texts.knows_all(operation)
    for parameter in operation.before:
        is_sound = _take(parameter, texts.of(parameter), arguments) and is_sound
    body = None
    if operation.body is not None:
        body = await _Given.read(operation.body, given, json_depth_max)
        arguments[operation.body.key] = body.value
        is_sound = body.is_sound and is_sound
    if not is_sound:
        raise Violations(_masked(operation, list(islice(_faults(operation, texts, body), FAULTS_MAX))))
    return arguments


def _faults(operation: SpecOperation, texts: "_Texts", given: "_Given | None") -> Iterator[Fault]:
    """Everything that is wrong with a request that was refused."""
    yield from texts.unknown(operation)
    for parameter in operation.before:
        yield from _faults_of(parameter, texts.of(parameter))
    if given is not None:
        yield from given.faults()


class _Texts:
    """Where the texts of parameters come from."""

    def __init__(self, headers: Mapping[bytes, bytes], path: Mapping[str, str], query: bytes) -> None:
        self.headers = headers
        self.path = path
        self.query: Mapping[str, list[str]] = {}
        self.is_broken = False
        if query:
            try:
                self.query = parse_query(query)
            except BadQuery:
                self.is_broken = True

    def of(self, parameter: Parameter) -> Any:
        """The text, None where it is absent, a list where it stands several times."""
        if parameter.location == "header":
            given = self.headers.get(parameter.header)
            return None if given is None else given.decode("latin-1")
        if parameter.location == "path":
            return self.path[parameter.name]
        texts = self.query.get(parameter.name)
        return texts if texts is None or parameter.several or len(texts) > 1 else texts[0]

    def knows_all(self, operation: SpecOperation) -> bool:
        """Whether the query can be read and holds nothing that the operation does not know."""
        return not self.is_broken and operation.query_names.issuperset(self.query)

    def unknown(self, operation: SpecOperation) -> Iterator[Fault]:
        """What the query holds that the operation does not know."""
        if self.is_broken:
            yield Fault("query", "", "encoding", "UTF-8 with every percent sign encoded")
        known = operation.query_names
        for name, texts in self.query.items():
            if name not in known:
                expected = "one of " + ", ".join(sorted(known)) if known else "no query parameters"
                yield Fault("query", pointer_text((name,)), "unknown", expected, shown(texts[0]))


def _take(parameter: Parameter, text: Any, arguments: Arguments) -> bool:
    """Puts the value among the arguments; False when it breaks a rule."""
    if text is None:
        value = parameter.default
        if parameter.required:
            return False
    elif isinstance(text, list) and not parameter.several:
        return False
    else:
        try:
            value = parameter.parse(text)
        except Violation:
            return False
    if parameter.key is not None:
        arguments[parameter.key] = value
    return True


def _faults_of(parameter: Parameter, text: Any) -> Iterator[Fault]:
    """What is wrong with one parameter: all that its schema says against it."""
    if _take(parameter, text, {}):
        return
    place, pointer = parameter.location, pointer_text((parameter.name,))
    if text is None:
        yield Fault(place, pointer, "required", "a value")
    elif isinstance(text, list) and not parameter.several:
        yield Fault(place, pointer, "repeated", "one value", shown(text))
    else:
        found = list(parameter.faults(parameter.as_json(text)))
        for fault in found:
            yield fault._replace(pointer=pointer + fault.pointer)
        if not found:
            yield Fault(place, pointer, "type", "another form", shown(text))


class _Given:
    """A body as it came. `value`: None where there is none, or none that can be read; `fault`: why not."""

    __slots__ = ("beyond_int64", "body", "fault", "is_sound", "value")

    def __init__(self, body: Body, raw: bytes, json_depth_max: int) -> None:
        self.body = body
        self.value: Any = None
        self.fault: Fault | None = None
        self.beyond_int64 = False
        if raw:
            try:
                self.value, self.beyond_int64 = parse(raw, json_depth_max)
            except JsonRefused as problem:
                self.fault = Fault("body", "", "json", f"strict JSON: {problem}")
            self.is_sound = self.fault is None and not self.beyond_int64 and body.schema.is_valid(self.value)
        else:
            self.fault = Fault("body", "", "required", "a JSON body") if body.required else None
            self.is_sound = not body.required

    @classmethod
    async def read(cls, body: Body, given: bytes | ReadBody, json_depth_max: int) -> "_Given":
        """Raises TooLong."""
        try:
            return cls(body, given if isinstance(given, bytes) else await given(), json_depth_max)
        except BadBody as problem:
            raise TooLong(str(problem)) from None

    def faults(self) -> Iterator[Fault]:
        """Everything that is wrong with it."""
        if self.is_sound:
            return
        if self.fault is not None:
            yield self.fault
            return
        is_explained = False
        for fault in self.body.schema.faults(self.value):
            is_explained = True
            yield fault
        if self.beyond_int64:
            yield Fault("body", "", "format", "whole numbers of at most 64 bits")
        elif not is_explained:
            log.error("validation.unexplained", schema=self.body.schema.name)
            yield Fault("body", "", "schema", self.body.schema.name)


def _masked(operation: SpecOperation, faults: list[Fault]) -> list[Fault]:
    if CARD_TAG not in operation.tags:
        return faults
    return [fault if fault.got is None else fault._replace(got=HIDDEN) for fault in faults]
