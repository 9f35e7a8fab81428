"""Content-Type, Content-Encoding and Accept: 415 and 406 (contract section 3.1).

What a request body may be is the spec's word (`consumes`): where it says `application/json; charset=utf-8`, as v2 does,
the charset must be there, and no other parameter. Answers are JSON, so `Accept` must let JSON through.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
PARAMETER = re.compile(rf'[ \t]*;[ \t]*({WORD})=(?:({WORD})|"((?:[^"\\]|\\.)*)")')
MEDIA_TYPE = re.compile(rf"({WORD}/{WORD})")
QUALITY = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
JSON_RANGES = {"application/json": 2, "application/*": 1, "*/*": 0}

MediaType = tuple[str, frozenset[tuple[str, str]]]


def parse_media_type(text: str) -> MediaType | None:
    """Lower-cased type and parameters; None for a text that is none."""
    found = MEDIA_TYPE.match(text := text.strip(" \t"))
    if not found:
        return None
    place, parameters = found.end(), {}
    while place < len(text):
        part = PARAMETER.match(text, place)
        if not part:
            return None
        name, value = part[1].lower(), (part[2] or part[3] or "").lower()
        if parameters.setdefault(name, value) != value:
            return None
        place = part.end()
    return found[1].lower(), frozenset(parameters.items())


def compile_consumes(media_types: Iterable[str]) -> Callable[[bytes | None], bool]:
    """Whether a Content-Type header names what the operation consumes. Where the spec asks for no charset, utf-8 may
    be given, for it changes nothing.
    """
    allowed = {parsed for text in media_types if (parsed := parse_media_type(text))}
    utf8 = ("charset", "utf-8")
    allowed |= {(kind, parameters | {utf8}) for kind, parameters in allowed if not parameters}

    @lru_cache(maxsize=64)
    def consumes(header: bytes | None) -> bool:
        return header is not None and parse_media_type(header.decode("latin-1")) in allowed

    return consumes


@lru_cache(maxsize=256)
def accepts_json(header: bytes | None) -> bool:
    """Whether the most specific range of an Accept header that covers JSON lets it through."""
    if header is None or not header.strip():
        return True
    best = (-1, False)
    for text in header.decode("latin-1").split(","):
        parsed = parse_media_type(text)
        if parsed and parsed[0] in JSON_RANGES:
            quality = dict(parsed[1]).get("q", "1")
            allowed = QUALITY.fullmatch(quality) is not None and float(quality) > 0
            best = max(best, (JSON_RANGES[parsed[0]], allowed))
    return best[1]


def is_encoded(header: bytes | None) -> bool:
    """Whether a body is compressed: none is, so that a few bytes cannot become gigabytes."""
    return header is not None and header.strip().lower() not in (b"", b"identity")
