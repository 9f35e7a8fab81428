"""`python -m processing`: every Thrift service of the platform but the vault's, as one process."""

from typing import Any

from processing.bootstrap import build, is_ready, services
from rpc.client import limits_of
from rpc.server import rpc_app
from rpc.signature import secret_of
from serving import serve
from serving.probes import with_probes
from settings import Settings, load


def create_app(settings: Settings) -> Any:
    """The ASGI app of the process."""
    platform = build(settings)
    calls = rpc_app(
        services(platform),
        secret=secret_of(settings.rpc),
        threads=settings.processing.threads,
        clock=platform.clock,
        limits=limits_of(settings.rpc),
        signature_age_s_max=settings.rpc.signature_age_s_max,
    )
    return with_probes(calls, "processing", lambda: is_ready(platform))


def app() -> Any:
    """The app of the settings; called once in the serving process."""
    return create_app(load())


if __name__ == "__main__":
    section = load().processing
    serve("processing.__main__:app", host=section.host, port=section.port, name="processing")
