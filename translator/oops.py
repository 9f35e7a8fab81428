"""The cat: what stands in the body of every 5xx answer, instead of anything from inside.

A directory holds `<status>.txt` files; a status without one gets 500.txt, and a directory without any gets the cat
below. The pipeline gives every answer of 500 or more its cat; what breaks outside it, `serving` answers by the
version's `error_answer`, which is a cat too. Answers below 500 never carry one.
"""

from collections.abc import Iterable
from pathlib import Path

from telemetry import log

Headers = list[tuple[bytes, bytes]]

OUR_CATS = Path(__file__).parent / "cats"
CONTENT_TYPE = b"text/plain; charset=utf-8"
REPLACED = {b"content-type", b"content-length", b"content-encoding", b"transfer-encoding"}
LAST_CAT = b"  /\\__/\\\n | x  x |\n (  ''  )\n  \\ -- /\n"
STATUSES = range(500, 600)


class Cats:
    """The drawings, read once."""

    def __init__(self, directory: Path = OUR_CATS) -> None:
        drawings = {status: _drawing(directory / f"{status}.txt") for status in STATUSES}
        default = drawings[500] or LAST_CAT
        self._bodies = {status: drawing or default for status, drawing in drawings.items()}

    def body(self, status: int) -> bytes:
        return self._bodies.get(status, self._bodies[500])

    def headers(self, status: int, others: Iterable[tuple[bytes, bytes]]) -> Headers:
        """`others` without what described another body, and with what describes the cat."""
        kept = [(name, value) for name, value in others if name.lower() not in REPLACED]
        length = b"%d" % len(self.body(status))
        return [*kept, (b"content-type", CONTENT_TYPE), (b"content-length", length)]


def _drawing(file: Path) -> bytes | None:
    """The file's bytes; None, and a warning unless it simply does not exist, when it has none to give."""
    try:
        body = file.read_bytes()
        body.decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as problem:
        log.warning("oops.cat_unreadable", file=str(file), reason=type(problem).__name__)
        return None
    return body or None
