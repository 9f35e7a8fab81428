"""The ASGI application of v3: one call of the translator with this version's tables."""

import os
import socket
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from capi_v3.conventions import VERSION, conventions_of
from capi_v3.errors import ERRORS
from capi_v3.operations import MODULES
from capi_v3.shapes.ids import scope_id
from rpc.client import AsyncClient, options_of
from settings import Settings
from settings.clock import Clock, system_clock
from settings.versions import served_versions
from translator.access_tokens import AccessTokens
from translator.gateway import Gateway, create_gateway
from translator.payment_tool_tokens import PaymentToolTokens, load_key
from translator.revocations import Revocations
from translator.spec import read_spec
from translator.spec_digest import digest_of

TAGS_WITHOUT_SIGNING = {"Tokens"}
"""Their operations hand out no access tokens."""


def create_app(
    settings: Settings,
    *,
    rpc: Any = None,
    clock: Clock = system_clock,
    only: Iterable[str] = (),
    without: Iterable[str] = (),
    process: str = "capi_v3",
    tokens: AccessTokens | None = None,
    revocations: Revocations | None = None,
    responses: str = "count",
) -> Gateway:
    """v3, or some tags of it. `rpc`: a client of the internal services, made from the settings unless given.

    The other arguments are those of `translator.gateway.create_gateway`, and so is what is raised; also UnsafeKeyFile.
    """
    only = tuple(only)
    version = next(each for each in served_versions(settings) if each.name == VERSION)
    key = load_key(settings.tokens.payment_tool_token_key_file)
    lifetime = timedelta(seconds=settings.tokens.payment_tool_token_lifetime_s)
    client = rpc or AsyncClient(**options_of(settings), caller=process, clock=clock)
    digest = digest_of(read_spec(version.spec))
    return create_gateway(
        spec=version.spec,
        version=version,
        operations=MODULES,
        errors=ERRORS,
        # One key for both ends: what digests are keyed with is derived from it and tells nothing of it.
        conventions=conventions_of(settings, client, key, digest, scope_id),
        rpc=client,
        payment_tool_tokens=PaymentToolTokens(key, lifetime),
        settings=settings,
        clock=clock,
        process=reader_name(process),
        only_tags=only,
        without_tags=without,
        tokens=tokens,
        revocations=revocations,
        responses=responses,
        signs=not only or not TAGS_WITHOUT_SIGNING.issuperset(only),
    )


def reader_name(process: str) -> str:
    """Of this very process among the readers of revocations: each of several workers must have seen one itself."""
    return f"{process}@{socket.gethostname()}:{os.getpid()}"
