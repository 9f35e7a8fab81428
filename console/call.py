"""`capi call` and `capi call-json`: any function of any IDL file from the terminal, JSON in and out.

`main` makes one call, `main_json` turns Thrift bytes into JSON and back. Must know no service of ours: everything comes
from the IDL files that are named.
"""

import argparse
import json
import re
import sys
import textwrap
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from rpc.calling import origin_of
from rpc.client import BlockingClient
from rpc.codec import Malformed, decode, encode
from rpc.context import BadContext, Context
from rpc.deadlines import Deadline
from rpc.failures import RpcFailure
from rpc.idl.building import load_modules
from rpc.idl.finding import NotFound, find_service, find_struct, services_in
from rpc.idl.lexer import IdlError
from rpc.idl.runtime import Declared, Function, InvalidValue, Service, StructOf
from rpc.json_forms import NotConforming, NotJson, arguments_from_json, from_json, parse_json, to_json
from rpc.services import Row
from rpc.signature import read_secret, secret_of
from settings import SettingsError, load
from settings.clock import system_clock
from telemetry import log

OK, DECLARED, FAILED, BAD_SCHEMA, BAD_INPUT = 0, 1, 2, 64, 128
OUR_SCHEMA = Path(__file__).resolve().parent.parent / "specs" / "thrift"
TARGET = "target"
META_KEYS = tuple(f"user-identity.{part}" for part in ("id", "realm", "username", "email"))
LEADING_ID = "capi:"
UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", re.ASCII)
EXAMPLES = """
examples, against a platform started with `make run`:
  # the newest configuration, through our own IDL
  capi call -s specs/thrift/domain_config.thrift http://127.0.0.1:8022/v1/domain/repository \\
      Repository CheckoutKind '{"head": true}' '"CURRENCY"'

  # an invoice, in the name of its party, for at most three seconds
  capi call -s specs/thrift/payment_processing.thrift -u demo -r external --deadline 3s \\
      http://127.0.0.1:8022/v1/processing/invoicing Invoicing Get '"INVOICE_ID"'

`capi call -s FILE --list [SERVICE]` tells what a file offers.
Exit codes: 0 done, 1 declared exception (as JSON), 2 the call failed, 64 the schema is wrong, 128 the input is wrong.
"""
JSON_EXAMPLES = """
examples:
  echo '{"amount": 100, "currency": "RUB"}' | capi call-json -s specs/thrift/domain.thrift -t Cash -e > cash.bin
  capi call-json -s specs/thrift/domain.thrift -t Cash < cash.bin
"""


class InputError(Exception):
    """What was typed cannot be used; the text is a sentence."""


class Parser(argparse.ArgumentParser):
    """argparse with our exit code for bad usage."""

    def error(self, message: str) -> None:
        raise InputError(f"{message}. Try `{self.prog} --help`.")


# --------------------------------------------------------------------- call


def main(argv: Sequence[str]) -> int:
    """One call. The answer goes to stdout, everything else to stderr. Returns the exit code."""
    return guarded(lambda: run(call_parser().parse_intermixed_args(list(argv))))


def guarded(work: Any) -> int:
    """Runs it; what goes wrong becomes a line on stderr and an exit code."""
    try:
        with log.written_to(lambda _line: None):
            return work()
    except IdlError as error:
        return complain(BAD_SCHEMA, str(error))
    except NotConforming as error:
        return complain(BAD_INPUT, conformity(error))
    except (InputError, NotFound, NotJson, InvalidValue, BadContext, SettingsError) as error:
        return complain(BAD_INPUT, str(error))
    except OSError as error:
        return complain(BAD_INPUT, f"{error.filename}: {error.strerror}")


def call_parser() -> Parser:
    """The options of `capi call`."""
    parser = Parser(
        prog="capi call",
        description="Calls one function of a Thrift service over HTTP; parameters and answer are JSON.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_schema(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="tell what is sent, where, and how long it took")
    parser.add_argument("--list", action="store_true", help="print what services offer; call nothing")
    parser.add_argument("--reqid", metavar="ID", help="trace id; made up unless given")
    parser.add_argument("-u", "--user-id", metavar="ID", help="in whose name to call; wants --user-realm too")
    parser.add_argument("-r", "--user-realm", metavar="REALM", help="external for a party, internal for an operator")
    parser.add_argument("--user-name", metavar="NAME")
    parser.add_argument("--user-email", metavar="EMAIL")
    parser.add_argument("--deadline", metavar="WHEN", help="RFC 3339 time in UTC, or a duration: 500ms, 3s, 2m, 1h, 1d")
    parser.add_argument("--secret", metavar="FILE", help="sign with this secret instead of the one in the settings")
    parser.add_argument("--tempdir", metavar="DIR", help="accepted and not used: nothing is compiled")
    parser.add_argument("words", nargs="*", metavar="URL SERVICE FUNCTION [PARAM...]", help="PARAM: JSON, or @file")
    return parser


def add_schema(parser: Parser) -> None:
    """The options that both commands share."""
    parser.add_argument(
        "-s",
        "--schema",
        action="append",
        metavar="FILE",
        help="IDL file, repeatable; our own unless given",
    )


def run(options: argparse.Namespace) -> int:
    """The command, once its words are understood."""
    modules = load_modules(map(Path, options.schema or sorted(OUR_SCHEMA.glob("*.thrift"))))
    if options.list:
        return tell(modules, options.words)
    if len(options.words) < 3:
        raise InputError("URL, SERVICE and FUNCTION are needed. Try `capi call --help`.")
    url, service_name, function_name, *words = options.words
    service = find_service(modules, service_name)
    function = service.functions.get(function_name)
    if function is None:
        raise InputError(f"{service_name} has no function {function_name}; it has {', '.join(service.functions)}.")
    arguments = arguments_from_json(function, [parameter(word, place) for place, word in enumerate(words, 1)])
    return call(options, url, service, function, arguments)


def call(
    options: argparse.Namespace, url: str, service: Service, function: Function, arguments: tuple[Any, ...]
) -> int:
    """Makes the call and prints what came of it."""
    context = context_of(options)
    client = client_of(url, options.secret, service)
    say(options, f"POST {url} {service.name}.{function.name}", context)
    began = system_clock()
    try:
        value = client.call(client.core.target(TARGET), function, context, *arguments)
    except Declared as exception:
        answer = {"exception": type(exception).__name__, "data": to_json(StructOf(type(exception)), exception)}
        show(answer)
        return DECLARED
    except RpcFailure as failure:
        return complain(FAILED, f"{failure.error_class} ({failure.source}): {failure.reason}")
    finally:
        say(options, f"{(system_clock() - began).total_seconds() * 1000:.1f} ms", None)
        client.close()
    if function.returns is not None:
        show(to_json(function.returns, value))
    return OK


def client_of(url: str, secret_file: str | None, service: Service) -> BlockingClient:
    """A client for that one URL. Signs with the secret named, else with the one of the settings when it is there."""
    try:
        origin_of(url)
    except ValueError as error:
        raise InputError(f"{error}; it begins with http:// or https://.") from error
    parts = urlsplit(url)
    row = Row(TARGET, service, parts.path or "/", TARGET)
    return BlockingClient(
        {TARGET: f"{parts.scheme}://{parts.netloc}"}, secret(secret_file), "capi call", services=(row,)
    )


def secret(secret_file: str | None) -> bytes | None:
    """The secret of internal calls, None where there is none."""
    try:
        if secret_file is not None:
            return read_secret(Path(secret_file))
        return secret_of(load().rpc)
    except FileNotFoundError:
        if secret_file is not None:
            raise
        return None
    except ValueError as error:
        raise InputError(str(error)) from error


def context_of(options: argparse.Namespace) -> Context:
    """The root context that the options describe."""
    if options.user_id and not options.user_realm:
        raise InputError("--user-id wants --user-realm.")
    named = {
        "id": options.user_id,
        "realm": options.user_realm,
        "username": options.user_name,
        "email": options.user_email,
    }
    meta = {f"user-identity.{key}": value for key, value in named.items() if value}
    deadline = deadline_of(options.deadline, system_clock()) if options.deadline else None
    root = Context.root(meta=meta, deadline=deadline)
    return Context.root(trace_id=options.reqid or LEADING_ID + root.trace_id, meta=meta, deadline=deadline)


def deadline_of(text: str, now: datetime) -> Deadline:
    """An absolute time or a duration from now."""
    match = DURATION.fullmatch(text)
    if match:
        try:
            return Deadline.after_ms(int(float(match[1]) * UNITS_MS[match[2]]), now)
        except OverflowError as error:
            raise InputError("--deadline is too far away.") from error
    try:
        return Deadline.parse(text)
    except ValueError as error:
        raise InputError("--deadline is an RFC 3339 time in UTC, or a duration: 500ms, 3s, 2m, 1h, 1d.") from error


def parameter(word: str, place: int) -> Any:
    """A parameter: JSON, or the name of a file of JSON behind an @."""
    text = Path(word[1:]).read_text(encoding="utf-8") if word.startswith("@") else word
    return parse_json(text, f"Parameter {place}")


def conformity(error: NotConforming) -> str:
    """The sentence for JSON that does not fit."""
    place, *rest = error.path
    field = f" in field {'.'.join(map(str, rest))}" if rest else ""
    return f"Parameter {place} does not conform to schema{field}: {error.reason}"


# ------------------------------------------------------------------- listing


def tell(modules: dict[str, ModuleType], names: list[str]) -> int:
    """Prints what services offer, with the words of the IDL."""
    chosen = [find_service(modules, name) for name in names] or [
        service for module in modules.values() for service in services_in(module)
    ]
    for service in chosen:
        print(f"{service.module}.{service.name}")
        told(service.doc, "  ")
        for function in service.functions.values():
            print(f"    {function.declared}")
            told(function.doc, "        ")
        print()
    return OK


def told(doc: str, indent: str) -> None:
    """A comment of the IDL, indented."""
    if doc:
        print(textwrap.indent(doc, indent))


# ---------------------------------------------------------------- call-json


def main_json(argv: Sequence[str]) -> int:
    """Thrift bytes on stdin -> JSON on stdout, or with -e the other way. Returns the exit code."""
    return guarded(lambda: run_json(json_parser().parse_args(list(argv))))


def json_parser() -> Parser:
    """The options of `capi call-json`."""
    parser = Parser(
        prog="capi call-json",
        description="Turns a value of an IDL's type from Thrift bytes to JSON and back; reads stdin, writes stdout.",
        epilog=JSON_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_schema(parser)
    parser.add_argument("-t", "--type", required=True, metavar="TYPE", help="struct, union or exception")
    direction = parser.add_mutually_exclusive_group()
    direction.add_argument("-d", "--decode", action="store_true", help="bytes to JSON (default)")
    direction.add_argument("-e", "--encode", action="store_true", help="JSON to bytes")
    return parser


def run_json(options: argparse.Namespace) -> int:
    """One direction."""
    modules = load_modules(map(Path, options.schema or sorted(OUR_SCHEMA.glob("*.thrift"))))
    kind = StructOf(find_struct(modules, options.type))
    if options.encode:
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
        try:
            content = encode(from_json(kind, parse_json(text, "stdin")))
        except NotConforming as error:
            raise InputError(f"stdin does not conform to schema: {error}") from error
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return OK
    show(to_json(kind, decoded(kind, sys.stdin.buffer.read())))
    return OK


def decoded(kind: StructOf, content: bytes) -> Any:
    """A value from bytes; a line feed behind them is forgiven."""
    try:
        return decode(kind.struct, content)
    except Malformed as error:
        if content.endswith(b"\n"):
            return decoded(kind, content[:-1])
        raise InputError(f"stdin is no value of that type: {error}.") from error


# -------------------------------------------------------------------- output


def show(answer: Any) -> None:
    """JSON on stdout."""
    print(json.dumps(answer, indent=2, ensure_ascii=False))


def say(options: argparse.Namespace, words: str, context: Context | None) -> None:
    """A line on stderr for those who asked for it."""
    if options.verbose:
        ids = f" trace {context.trace_id}" if context else ""
        deadline = f" deadline {context.deadline.to_wire()}" if context and context.deadline else ""
        print(f"{words}{ids}{deadline}", file=sys.stderr)


def complain(code: int, words: str) -> int:
    """A line on stderr, and the exit code."""
    print(words, file=sys.stderr)
    return code
