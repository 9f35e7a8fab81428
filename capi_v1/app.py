"""The ASGI application of v1: one call of the translator with this version's tables."""

import os
import socket
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from capi_v1.conventions import CONVENTIONS
from capi_v1.errors import ERRORS
from capi_v1.operations import MODULES
from rpc.client import AsyncClient, options_of
from settings import Settings
from settings.clock import Clock, system_clock
from settings.versions import served_versions
from translator.access_tokens import AccessTokens
from translator.gateway import Gateway, create_gateway
from translator.payment_tool_tokens import PaymentToolTokens, load_key
from translator.revocations import Revocations

VERSION = "v1"
TAGS_WITHOUT_SIGNING = {"Tokens"}
"""Their operations hand out no access tokens."""


def create_app(
    settings: Settings,
    *,
    rpc: Any = None,
    clock: Clock = system_clock,
    only: Iterable[str] = (),
    without: Iterable[str] = (),
    process: str = "capi_v1",
    tokens: AccessTokens | None = None,
    revocations: Revocations | None = None,
    responses: str = "count",
) -> Gateway:
    """v1, or some tags of it. `rpc`: a client of the internal services, made from the settings unless given.

    The other arguments are those of `translator.gateway.create_gateway`, and so is what is raised; also UnsafeKeyFile.
    """
    only = tuple(only)
    version = next(each for each in served_versions(settings) if each.name == VERSION)
    lifetime = timedelta(seconds=settings.tokens.payment_tool_token_lifetime_s)
    payment_tool_tokens = PaymentToolTokens(load_key(settings.tokens.payment_tool_token_key_file), lifetime)
    client = rpc or AsyncClient(**options_of(settings), caller=process, clock=clock)
    return create_gateway(
        spec=version.spec,
        version=version,
        operations=MODULES,
        errors=ERRORS,
        conventions=CONVENTIONS,
        rpc=client,
        payment_tool_tokens=payment_tool_tokens,
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
