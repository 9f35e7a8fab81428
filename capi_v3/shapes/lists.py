"""Lists: {object: "list", data, hasMore, nextCursor, asOf}."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from capi_v3.shapes.absent import Json, without_absent
from capi_v3.shapes.timestamps import moment_to_thrift

A = TypeVar("A")


def list_to_json(data: list[Any], now: datetime, *, cursor: str | None = None) -> Json:
    """`now`: what is known at this moment stands in `data`. `cursor`: where the next piece begins, if there is one."""
    return without_absent(
        {
            "object": "list",
            "data": data,
            "hasMore": cursor is not None,
            "nextCursor": cursor,
            "asOf": moment_to_thrift(now),
        }
    )


def piece(found: Sequence[A], limit: int, change: Callable[[A], Json], now: datetime) -> Json:
    """Of objects with ids that were asked for with one more than `limit`: that one says whether more follow."""
    shown = found[:limit]
    cursor = str(shown[-1].id) if len(found) > limit else None
    return list_to_json([change(each) for each in shown], now, cursor=cursor)
