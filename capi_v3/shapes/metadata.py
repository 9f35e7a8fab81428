"""A party's own data: a free JSON object here, bytes with a media type in Thrift."""

import orjson

from capi_v3.shapes.absent import Json
from rpc.protocol import base
from translator.errors import Problem

MEDIA_TYPE = "application/json"
BYTES_MAX = 65_536
"""Whoever pays an invoice may give metadata, and the merchant's searches carry them."""


def metadata_to_thrift(metadata: Json) -> base.Content:
    """Raises Problem for metadata that are too long to be carried about."""
    data = orjson.dumps(metadata)
    if len(data) > BYTES_MAX:
        raise Problem("metadata-too-long", f"The metadata are longer than {BYTES_MAX} bytes", 422)
    return base.Content(type=MEDIA_TYPE, data=data)


def merged(before: Json, patch: Json) -> Json:
    """JSON Merge Patch (RFC 7396): null takes a member away, an object is merged, anything else takes its place."""
    after = dict(before)
    for name, value in patch.items():
        if isinstance(value, dict):
            known = before.get(name)
            after[name] = merged(known if isinstance(known, dict) else {}, value)
        elif value is None:
            after.pop(name, None)
        else:
            after[name] = value
    return after


def metadata_to_json(content: base.Content | None) -> Json:
    """The object that was given; an empty one where none was, or where the bytes are no JSON object."""
    if content is None or content.type != MEDIA_TYPE:
        return {}
    try:
        metadata = orjson.loads(content.data)
    except orjson.JSONDecodeError:
        return {}
    return metadata if isinstance(metadata, dict) else {}
