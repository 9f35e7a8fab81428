"""The pages of problems: what each code of a version that answers RFC 9457 problems means, and what to do.

The words are written by hand in pages/problems.toml; a test pairs them with the version's own tables.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

PROBLEMS = Path(__file__).parent / "pages" / "problems.toml"


class Explained(NamedTuple):
    """`status`: of the answers with this code; `when` and `do` are Markdown."""

    status: int
    when: str
    do: str


@cache
def problems() -> Mapping[str, Explained]:
    """Code -> its explanation."""
    return {code: Explained(**said) for code, said in tomllib.loads(PROBLEMS.read_text(encoding="utf-8")).items()}
