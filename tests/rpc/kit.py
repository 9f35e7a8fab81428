"""What the tests of rpc share: an IDL with every kind of type, a clock that stands still, a row and a context."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rpc.context import Context
from rpc.deadlines import Deadline
from rpc.failures import Unavailable, Unknown
from rpc.idl.building import load_modules
from rpc.retries import Retry
from rpc.services import Row

IDL = Path(__file__).parent / "idl"
MODULES = load_modules([IDL / "things.thrift"])
things, words = MODULES["things"], MODULES["words"]
SECRET = b"s" * 32
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROW = Row(
    "things",
    things.Things,
    "/v1/things",
    "things",
    timeout_ms=5000,
    retries={"Get": Retry(3, (Unavailable, Unknown), wait_ms_first=1, wait_ms_max=2)},
)


class StandingClock:
    """Noon until told otherwise."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, ms: float) -> None:
        self.now += timedelta(milliseconds=ms)


def context(clock: Any = None, allowed_ms: int | None = None) -> Context:
    """A root context, with a deadline when `allowed_ms` is given."""
    now = clock() if clock else datetime.now(UTC)
    deadline = Deadline.after_ms(allowed_ms, now) if allowed_ms is not None else None
    return Context.root(deadline=deadline, meta={"user-identity.id": "party", "user-identity.realm": "external"})


EVERYTHING = things.Everything(
    flag=True,
    tiny=-128,
    small=32767,
    medium=-(2**31),
    large=2**63 - 1,
    ratio=0.5,
    text="naïve ☂ \U0001f408",
    secret=b"\x00\xff",
    colour=words.Colour.BLUE,
    names=["a", ""],
    tags={"x"},
    points={"here": things.Point(x=1, y=-1)},
    shades={words.Colour.RED: [1, 2], words.Colour.GREEN: []},
    shape=things.Shape(circle=3),
    children=[things.Everything(text="child"), things.Everything()],
    octet=1,
    numbered={1: "one"},
    numbers={5},
    far="away",
)
