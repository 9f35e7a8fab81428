"""A version as a process: `python -m capi_vN [--only TAG ...] [--without TAG ...]` reads the settings, serves one
version, drains on TERM and Ctrl-C.

Operations that are sent card numbers run as a process of their own (`--only Tokens`), on a port of their own, so that
card numbers pass through nothing else; the other process (`--without Tokens`) then answers 501 for them.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from serving.probes import ErrorAnswer, Headers, with_probes
from serving.server import serve
from settings import Settings, SettingsError, load
from settings.versions import served_versions
from translator.conventions import Conventions
from translator.oops import Cats
from translator.response_headers import ResponseHeaders

CARD_TAG = "Tokens"
CreateApp = Callable[..., Any]
"""`create_app(settings, only=..., without=..., process=...) -> Gateway` of a version."""

Answers = Callable[[Settings], ErrorAnswer]
"""settings -> what the version answers where no operation does: status -> (headers, body)."""


def run(version_name: str, create_app: CreateApp, answers: Answers, arguments: Sequence[str] | None = None) -> None:
    """Serves until told to stop; what stops the start is one sentence on standard error."""
    package = f"capi_{version_name}"
    asked = parser(version_name).parse_args(arguments)
    try:
        settings = load()
        version = next(each for each in served_versions(settings) if each.name == version_name)
    except SettingsError as refusal:
        sys.exit(f"{package}: {refusal}")
    is_card_process = asked.only == [CARD_TAG]
    name = f"{package}_tokens" if is_card_process else package
    serve(
        partial(probed_app, create_app, answers, settings, name, asked.only, asked.without),
        settings.gateway.host,
        version.tokens_port if is_card_process else version.port,
        settings.gateway.workers,
        name=name,
        port_setting=f"gateway.{version_name}_{'tokens_port' if is_card_process else 'port'}",
        error_answer=answers(settings),
        settings=settings,
    )


def parser(version_name: str) -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(
        prog=f"python -m capi_{version_name}", description=f"Serves {version_name} of the public API."
    )
    command.add_argument("--only", nargs="+", default=[], metavar="TAG", help="serve operations of these tags alone")
    command.add_argument("--without", nargs="+", default=[], metavar="TAG", help="serve no operations of these tags")
    return command


def probed_app(
    create_app: CreateApp, answers: Answers, settings: Settings, name: str, only: list[str], without: list[str]
) -> Any:
    """The application of one worker, with /health, /ready and /metrics before it."""
    gateway = create_app(settings, only=only, without=without, process=name)
    return with_probes(gateway, name, gateway.ready, answers(settings))


def cats_alone(conventions: Conventions) -> Answers:
    """The cat for a crash and for "not ready", nothing for a request that is broken."""

    def answers(settings: Settings) -> ErrorAnswer:
        cats = Cats(settings.gateway.cats_directory)
        always = ResponseHeaders(settings.gateway.cors_origin, conventions).always

        def answer(status: int) -> tuple[Headers, bytes]:
            return (cats.headers(status, always), cats.body(status)) if status >= 500 else (always, b"")

        return answer

    return answers
