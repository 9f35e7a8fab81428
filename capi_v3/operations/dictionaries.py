"""Tag Dictionaries: currencies, and what the caller still uses that has an end."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache

from capi_v3 import shapes
from rpc.protocol import domain_config, usage
from settings import load
from settings.versions import Farewell, Version, known_versions
from translator.call import Call
from translator.operation import ANY_TOKEN, operation
from translator.reply import Reply, ok

HEAD = domain_config.VersionRef(head=True)
LOOKED_BACK = timedelta(days=90)


@operation(scope=ANY_TOKEN)
async def list_currencies(call: Call) -> Reply:
    objects = await call.rpc.domain_config.CheckoutKind(HEAD, domain_config.ObjectKind.CURRENCY)
    return ok(shapes.list_to_json([shapes.currency_to_json(each) for each in objects], call.now))


@operation(scope="party:read")
async def list_deprecations(call: Call) -> Reply:
    since = shapes.moment_to_thrift(call.now - LOOKED_BACK)
    rows = await call.rpc.usage.Get(usage.UsageQuery(party_id=call.party_id, since=since))
    found = [shapes.deprecation_to_json(row, farewell) for row in rows if (farewell := farewell_of(row))]
    return ok(shapes.list_to_json(found, call.now))


def farewell_of(row: usage.UsageRow) -> Farewell | None:
    """Of what was used; None while it stays, and for a version that nobody remembers."""
    version = versions().get(row.version)
    return version and version.farewell_of(row.operation)


@cache
def versions() -> Mapping[str, Version]:
    """By name; read once a process, as its operations are."""
    return {version.name: version for version in known_versions(load())}
