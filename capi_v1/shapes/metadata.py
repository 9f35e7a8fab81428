"""A party's own data: a free JSON object here, bytes with a media type in Thrift."""

import orjson

from capi_v1.shapes.absent import Json
from rpc.protocol import base
from translator.errors import Problem

MEDIA_TYPE = "application/json"
BYTES_MAX = 65_536
"""Whoever pays an invoice may give metadata, and the merchant's searches and webhooks carry them."""


def metadata_to_thrift(metadata: Json) -> base.Content:
    """Raises Problem for metadata that are too long to be carried about."""
    data = orjson.dumps(metadata)
    if len(data) > BYTES_MAX:
        raise Problem("invalidRequest", f"The metadata are longer than {BYTES_MAX} bytes")
    return base.Content(type=MEDIA_TYPE, data=data)


def metadata_to_json(content: base.Content) -> Json:
    """The object that was given; an empty one for bytes of another origin, which have no form in this version."""
    if content.type != MEDIA_TYPE:
        return {}
    try:
        metadata = orjson.loads(content.data)
    except orjson.JSONDecodeError:
        return {}
    return metadata if isinstance(metadata, dict) else {}
