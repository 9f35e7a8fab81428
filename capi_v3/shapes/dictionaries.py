"""Currencies, and what a party still uses that has an end."""

from datetime import UTC, date, datetime

from capi_v3.shapes.absent import Json, if_present, without_absent
from capi_v3.shapes.timestamps import moment_to_thrift
from rpc.protocol import domain_config, usage
from settings.versions import Farewell


def currency_to_json(object: domain_config.DomainObject) -> Json:
    currency = object.data.currency
    return {"object": "currency", "code": currency.code, "name": currency.name, "exponent": currency.exponent}


def deprecation_to_json(row: usage.UsageRow, farewell: Farewell) -> Json:
    return without_absent(
        {
            "object": "deprecation",
            "version": row.version,
            "operation": row.operation,
            "count": row.count,
            "lastUsedAt": row.last_at,
            "deprecatedAt": _day_to_json(farewell.deprecated),
            "sunsetAt": if_present(farewell.sunset, _day_to_json),
            "replacement": farewell.successor,
            "guide": farewell.link,
        }
    )


def _day_to_json(day: date) -> str:
    return moment_to_thrift(datetime(day.year, day.month, day.day, tzinfo=UTC))
