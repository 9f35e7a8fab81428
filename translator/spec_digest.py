"""The name of a specification's exact contents: the same document gives the same digest, however it is laid out."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

PREFIX = "sha256:"


def digest_of(raw: Mapping[str, Any]) -> str:
    """`sha256:` and 64 hexadecimal digits, over the document as JSON with sorted keys and no spaces."""
    return PREFIX + hashlib.sha256(orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)).hexdigest()
