"""Text of an IDL file -> tokens. A `/** ... */` comment travels with the token that follows it; others are dropped."""

import re
from collections.abc import Iterator
from typing import NamedTuple

PATTERN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>\#[^\n]*|//[^\n]*|/\*.*?\*/)
  | (?P<float>[+-]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d+)?)
  | (?P<int>[+-]?(?:0[xX][0-9a-fA-F]+|\d+))
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
  | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<symbol>[{}()<>\[\],;:=*&])
    """,
    re.VERBOSE | re.DOTALL,
)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class IdlError(Exception):
    """An IDL file cannot be used; the text is one sentence that begins with file and line."""


class Token(NamedTuple):
    """`kind` is a group of PATTERN, or "end" behind the last token; `doc` is the comment before it, unframed."""

    kind: str
    text: str
    line: int
    doc: str


def tokenize(text: str, origin: str) -> Iterator[Token]:
    """All tokens, closed by one of kind "end". Raises IdlError at the first character that fits nowhere."""
    position, line, doc = 0, 1, ""
    while position < len(text):
        match = PATTERN.match(text, position)
        if match is None:
            raise IdlError(f"{origin}:{line}: unexpected character {text[position]!r}.")
        kind, piece = str(match.lastgroup), match.group()
        if kind == "comment":
            doc = doc_of(piece) if piece.startswith("/**") else doc
        elif kind != "space":
            yield Token(kind, unquoted(piece) if kind == "string" else piece, line, doc)
            doc = ""
        line += piece.count("\n")
        position = match.end()
    yield Token("end", "end of file", line, doc)


def doc_of(comment: str) -> str:
    """`/** words */`, also over several lines with leading stars, as plain lines."""
    lines = (re.sub(r"^\s*\*? ?", "", line).rstrip() for line in comment[3:-2].split("\n"))
    return "\n".join(lines).strip()


def unquoted(literal: str) -> str:
    """The text that a string literal stands for."""
    return re.sub(r"\\(.)", lambda match: ESCAPES.get(match.group(1), match.group(1)), literal[1:-1], flags=re.DOTALL)
