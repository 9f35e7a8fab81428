"""`capi <command>`: finds the command's module and runs it. Exit status: the command's own, 2 for an unknown one."""

import importlib
import sys
from collections.abc import Sequence
from typing import NamedTuple

from rpc.failures import RpcFailure
from settings import SettingsError
from telemetry import log


class Command(NamedTuple):
    """`place` is module:function; the function takes the arguments after the command and answers the exit status."""

    place: str
    purpose: str


COMMANDS = {
    "run": Command("deploy.all_in_one.__main__:main", "start every service on this machine; Ctrl-C stops them"),
    "demo": Command("console.demo:main", "play a merchant's day against the running system and tell it step by step"),
    "keys": Command("console.keys:main", "issue, list and revoke API keys"),
    "trace": Command(
        "console.trace:main", "show one request's way through every service, from HTTP to bank and webhook"
    ),
    "versions": Command(
        "console.versions:main", "show the versions of the public API, and who still uses what of them"
    ),
    "call": Command("console.call:main", "call any function of any service by its IDL: curl for Thrift"),
    "call-json": Command("console.call:main_json", "the same, arguments and answer as JSON"),
    "migrate": Command("console.migrate:main", "show the versions of the database's tables and run what is missing"),
    "doctor": Command(
        "console.doctor:main", "check configuration, keys, ports, clock, database, disk; does the profile suffice?"
    ),
    "seed": Command("console.seed:main", "make the demo party with its test shop and key, if they are not there"),
}
FIRST_STEPS = """\
first steps:
  capi run                                    start the platform (what `make run` does)
  capi keys issue --party demo --days 30      an API key for curl; `capi keys list` shows those there are
  capi trace <X-Request-ID or trace id>       what became of a request
  capi <command> --help                       all about one command
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command that `arguments` begin with."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    name, rest = arguments[0], arguments[1:]
    if name not in COMMANDS:
        print(f"capi: there is no command {name}; known are {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    return run(COMMANDS[name], rest)


def run(command: Command, arguments: list[str]) -> int:
    """Runs one command; what an operator can mend is said in a sentence, without a traceback."""
    module, _, function = command.place.partition(":")
    log.configure("console", level="error", descriptor=2)
    try:
        return getattr(importlib.import_module(module), function)(arguments)
    except SettingsError as refusal:
        print(f"capi: {refusal}", file=sys.stderr)
    except RpcFailure as failure:
        print(f"capi: the platform did not answer ({type(failure).__name__}: {failure.reason}).", file=sys.stderr)
        print("Is it running (`make run`), with the same settings as this command?", file=sys.stderr)
    except BrokenPipeError:
        sys.stdout = None  # whoever read has read enough
    except KeyboardInterrupt:
        print("capi: interrupted.", file=sys.stderr)
    return 1


def usage() -> str:
    """The overview that `capi --help` prints."""
    width = max(map(len, COMMANDS))
    rows = "\n".join(f"  {name:<{width}}  {command.purpose}" for name, command in COMMANDS.items())
    return f"usage: capi <command> [...]\n\ncommands:\n{rows}\n\n{FIRST_STEPS}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
