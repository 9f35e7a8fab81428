"""How the demo looks on a terminal: numbered steps, what was sent, what came back. Colour only where a person looks."""

import json
import sys
from typing import Any


class Teller:
    """Prints the story. `out` is a text stream."""

    def __init__(self, out: Any = sys.stdout) -> None:
        self._out = out
        self._colour = out.isatty()
        self._step = 0

    def part(self, title: str) -> None:
        """Begins a part of several chapters."""
        self._step = 0
        self._line("")
        self._line(self._paint("1;35", f"=== {title} ==="))

    def step(self, title: str, why: str) -> None:
        """Begins the next chapter."""
        self._step += 1
        self._line("")
        self._line(self._paint("1;36", f"{self._step}. {title}"))
        self._line(f"   {why}")

    def call(self, method: str, path: str, body: dict | None = None) -> None:
        """What the merchant sends."""
        self._line(self._paint("33", f"   -> {method} {path}"))
        if body is not None:
            self._line(self._indented(body))

    def answer(self, what: str, value: Any = None) -> None:
        """What came back, shortened to what matters."""
        self._line(self._paint("32", f"   <- {what}"))
        if value is not None:
            self._line(self._indented(value))

    def note(self, text: str) -> None:
        """A plain sentence."""
        self._line(f"   {text}")

    def table(self, head: tuple[str, ...], rows: list[tuple]) -> None:
        """Aligned columns."""
        texts = [head, *[tuple(str(cell) for cell in row) for row in rows]]
        widths = [max(len(row[column]) for row in texts) for column in range(len(head))]
        for row in texts:
            self._line("   " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

    def _line(self, text: str) -> None:
        print(text, file=self._out, flush=True)

    def _paint(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colour else text

    def _indented(self, value: Any) -> str:
        text = json.dumps(value, indent=2, ensure_ascii=False)
        return "\n".join("      " + line for line in text.splitlines())
