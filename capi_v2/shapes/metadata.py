"""A party's own data: a free JSON object here, bytes with a media type in Thrift."""

import orjson

from capi_v2.shapes.absent import Json
from rpc.protocol import base

MEDIA_TYPE = "application/json"


def metadata_to_thrift(metadata: Json) -> base.Content:
    return base.Content(type=MEDIA_TYPE, data=orjson.dumps(metadata))


def metadata_to_json(content: base.Content) -> Json:
    """The object that was given; an empty one for bytes of another origin, which have no form in this version."""
    if content.type != MEDIA_TYPE:
        return {}
    try:
        metadata = orjson.loads(content.data)
    except orjson.JSONDecodeError:
        return {}
    return metadata if isinstance(metadata, dict) else {}
