"""Entity tags (RFC 9110, 8.8.3 and 13.1): `"<version>-<digest of the answer>"`, compared with what the caller has.

The digest tells whether the answer itself changed, also where it holds more than the object (`expand`, the health of an
endpoint); the version before it says which object a change was meant for. What has no version has the digest alone.
"""

import hashlib
import re
from typing import Any

import orjson

TAG = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')
LIST = re.compile(r'\s*(?:W/)?"[\x21\x23-\x7e]*"\s*(?:,\s*(?:W/)?"[\x21\x23-\x7e]*"\s*)*')
VERSION = re.compile(r"([0-9]{1,18})(?:-[0-9a-f]{16})?")


class NoSuchVersion(Exception):
    """If-Match names no version that the object can have."""


class MissingVersion(Exception):
    """The object may only be changed by whoever says which version they saw (RFC 6585, 3)."""


def etag_of(body: Any) -> str | None:
    """The tag of a single object, also of one that comes as its own text (orjson.Fragment); None for what is none."""
    if isinstance(body, orjson.Fragment):
        return f'"{digest_of(body)}"'
    if not isinstance(body, dict) or not isinstance(body.get("id"), str):
        return None
    digest = digest_of(body)
    revision = body.get("version")
    return f'"{revision}-{digest}"' if isinstance(revision, int) else f'"{digest}"'


def digest_of(body: Any) -> str:
    """Of the answer's bytes."""
    return hashlib.blake2b(orjson.dumps(body), digest_size=8).hexdigest()


def is_known(header: str | None, etag: str) -> bool:
    """Whether If-None-Match names this tag; weak comparison, as it asks for (13.1.2)."""
    if header is None:
        return False
    return header.strip() == "*" or etag.removeprefix("W/") in [f'"{tag}"' for _, tag in TAG.findall(header)]


def revision_of(header: str) -> int | None:
    """The version that If-Match names; None for `*`, which is any. Raises NoSuchVersion.

    Strong comparison (13.1.1): a weak tag matches nothing. Of several tags none is the one to hold the object to.
    """
    if header.strip() == "*":
        return None
    if not LIST.fullmatch(header):
        raise NoSuchVersion
    tags = TAG.findall(header)
    named = VERSION.fullmatch(tags[0][1]) if len(tags) == 1 and not tags[0][0] else None
    if named is None:
        raise NoSuchVersion
    return int(named[1])
