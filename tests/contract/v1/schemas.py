"""Whether a JSON value is what v1's published definition says."""

from functools import cache
from pathlib import Path
from typing import Any

from translator.schemas import Schemas
from translator.spec import read_spec
from translator.validation_compiled import compile_schema
from translator.validation_explained import explain

ROOT = Path(__file__).resolve().parents[3]
SCHEMAS = Schemas(read_spec(ROOT / "specs" / "v1" / "bundled.json"))


@cache
def checker(definition: str, in_request: bool):
    return compile_schema(SCHEMAS, {"$ref": f"#/definitions/{definition}"}, in_request)


def conforming(definition: str, value: Any, in_request: bool = False) -> Any:
    """The value itself; AssertionError names what breaks the definition."""
    if not checker(definition, in_request)(value):
        raise AssertionError(explain(SCHEMAS, {"$ref": f"#/definitions/{definition}"}, value, in_request))
    return value
