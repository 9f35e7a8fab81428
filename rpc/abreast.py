"""Requests that came in one turn of an event loop go through their work side by side, stage by stage.

Code that has just run is in the processor's caches; a request that goes all its way alone finds hardly any of it there.
A new invoice costs the gateway 104 to 107 us abreast, 124 to 126 one behind the other (`python -m benches --only ours`,
with TOGETHER_MIN as it is and out of reach).
"""

import types
from collections.abc import Generator

TOGETHER_MIN = 4
"""With fewer on their way there is nothing to gain by waiting for each other."""


class Abreast:
    """`under_way`: how many are on their way, counted by whoever sends them."""

    __slots__ = ("under_way",)

    def __init__(self) -> None:
        self.under_way = 0

    @types.coroutine
    def stage(self) -> Generator[None, None, None]:
        """`await abreast.stage()`: lets the others of this turn come as far."""
        if self.under_way >= TOGETHER_MIN:
            yield
