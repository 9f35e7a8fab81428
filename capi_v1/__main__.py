"""`python -m capi_v1 [--only TAG ...] [--without TAG ...]`: reads the settings, serves v1, drains on TERM and Ctrl-C.

Payment resources run as a process of their own (`--only Tokens`), on a port of their own, so that card numbers pass
through nothing else; the other process (`--without Tokens`) then answers 501 for them.
"""

import argparse
import sys
from functools import partial
from typing import Any

from capi_v1.app import VERSION, create_app
from capi_v1.conventions import CONVENTIONS
from serving.probes import ErrorAnswer, Headers, with_probes
from serving.server import serve
from settings import Settings, SettingsError, load
from settings.versions import served_versions
from translator.oops import Cats
from translator.response_headers import ResponseHeaders

CARD_TAG = "Tokens"


def main() -> None:
    """Serves until told to stop; what stops the start is one sentence on standard error."""
    arguments = parser().parse_args()
    try:
        settings = load()
        version = next(each for each in served_versions(settings) if each.name == VERSION)
    except SettingsError as refusal:
        sys.exit(f"capi_v1: {refusal}")
    is_card_process = arguments.only == [CARD_TAG]
    name = "capi_v1_tokens" if is_card_process else "capi_v1"
    serve(
        partial(probed_app, settings, name, arguments.only, arguments.without),
        settings.gateway.host,
        version.tokens_port if is_card_process else version.port,
        settings.gateway.workers,
        name=name,
        port_setting="gateway.v1_tokens_port" if is_card_process else "gateway.v1_port",
        error_answer=cat_answer(settings),
        settings=settings,
    )


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(prog="python -m capi_v1", description="Serves v1 of the public API.")
    command.add_argument("--only", nargs="+", default=[], metavar="TAG", help="serve operations of these tags alone")
    command.add_argument("--without", nargs="+", default=[], metavar="TAG", help="serve no operations of these tags")
    return command


def probed_app(settings: Settings, name: str, only: list[str], without: list[str]) -> Any:
    """The application of one worker, with /health, /ready and /metrics before it."""
    gateway = create_app(settings, only=only, without=without, process=name)
    return with_probes(gateway, name, gateway.ready, cat_answer(settings))


def cat_answer(settings: Settings) -> ErrorAnswer:
    """What no operation answers: the cat for a crash and for "not ready", nothing for a request that is broken."""
    cats, always = (
        Cats(settings.gateway.cats_directory),
        ResponseHeaders(settings.gateway.cors_origin, CONVENTIONS).always,
    )

    def answer(status: int) -> tuple[Headers, bytes]:
        return (cats.headers(status, always), cats.body(status)) if status >= 500 else (always, b"")

    return answer


if __name__ == "__main__":
    main()
