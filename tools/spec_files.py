"""Read specification files strictly: YAML as JSON knows it, and JSON itself.

Knows nothing of what a specification contains.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml


class UnreadableFile(Exception):
    """A file is missing or is not what its name says; the message is a sentence that names it."""


class _Loader(yaml.SafeLoader):
    """YAML 1.1 reads 12:30 as a number, `no` as false and a date as a date; a specification means what JSON means."""


_SCALARS = {
    "bool": (r"true|false", "tf"),
    "null": (r"null", "n"),
    "int": (r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    "float": (r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", "-0123456789"),
}
_Loader.yaml_implicit_resolvers = {}
for _kind, (_pattern, _first) in _SCALARS.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(f"^(?:{_pattern})$"), list(_first))


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} needs quotes", key_node.start_mark)
        if key in found:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read(path: Path) -> Any:
    """Return the contents of a .json, .yaml or .yml file. Raises UnreadableFile."""
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else yaml.load(text, Loader=_Loader)  # noqa: S506 (a SafeLoader)
    except OSError as failure:
        raise UnreadableFile(f"{path} cannot be read: {failure.strerror}.") from failure
    except (UnicodeDecodeError, json.JSONDecodeError, yaml.YAMLError) as failure:
        raise UnreadableFile(f"{path} cannot be understood: {failure}") from failure
