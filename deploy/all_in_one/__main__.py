"""`python -m deploy.all_in_one [--only-check]`: runs the platform until Ctrl-C.

Exit status: 0 stopped on request, 1 something stood in the way or a service ended by itself (a sentence says which).
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.all_in_one import preflight, summary
from deploy.all_in_one.first_start import UnsafeState, prepare
from deploy.all_in_one.forking import forked, warm_up
from deploy.all_in_one.processes import stages
from deploy.all_in_one.supervisor import Failed, Supervisor
from settings import Settings, SettingsError, load
from settings.clock import system_clock
from settings.loading import CHECKOUT, FILE_VARIABLE

SANDBOX = Path(__file__).with_name("sandbox.toml")
SEED_S_MAX = 60
OWNER_ONLY = 0o077
"""Every process inherits it: databases and logs are nobody else's to read, also outside the state directory."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.all_in_one", description="Run the whole platform.")
    parser.add_argument("--only-check", action="store_true", help="say what stands in the way, start nothing")
    asked = parser.parse_args(arguments)
    os.umask(OWNER_ONLY)
    environment = {**os.environ, FILE_VARIABLE: os.environ.get(FILE_VARIABLE) or str(SANDBOX)}
    try:
        settings = load(environment)
        return check(settings) if asked.only_check else start(settings, environment)
    except (SettingsError, UnsafeState, Failed, preflight.AlreadyRunning) as refusal:
        return refuse([str(refusal)])


def check(settings: Settings) -> int:
    """The preflight alone."""
    found = preflight.findings(settings.state.directory, every_process(settings))
    if found:
        return refuse(found)
    say("Nothing stands in the way of a start.")
    return 0


def start(settings: Settings, environment: dict[str, str]) -> int:
    """From nothing to a running platform, and back."""
    state = settings.state.directory
    found = preflight.python_findings() + preflight.state_findings(state)
    if found:
        return refuse(found)
    made = prepare(settings)
    with preflight.hold_state(state):
        taken = preflight.port_findings(every_process(settings))
        if taken:
            return refuse(taken)
        if made:
            say(f"First start: keys and databases are made in {summary.shown(state)}.")
        warm_up()
        return supervise(settings, Supervisor(environment, state / "logs", forked))


def supervise(settings: Settings, supervisor: Supervisor) -> int:
    """Starts everything, tells how to use it, waits, stops everything."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: supervisor.stopping.set())
    try:
        for stage in stages(settings):
            supervisor.start(stage)
            say("".join(f"  {process.name:<16} {process.url}  ready\n" for process in stage).rstrip("\n"))
        demo = seeded(supervisor)
        say(summary.text(settings, demo["api_key"], demo["shop"], system_clock()))
        supervisor.watch()
        say("\nStopping.")
        return 0
    except Failed as failure:
        return 0 if supervisor.stopping.is_set() else refuse([str(failure)])
    finally:
        killed = supervisor.stop()
        say(f"Stopped; had to be killed: {', '.join(killed)}." if killed else "Stopped.")


def seeded(supervisor: Supervisor) -> dict[str, str]:
    """The demo party with its shop and key: {"party", "shop", "api_key"}. Raises Failed."""
    command = [sys.executable, "-m", "console.main", "seed", "--json"]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, cwd=CHECKOUT, env=supervisor.environment, capture_output=True, text=True, timeout=SEED_S_MAX
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"The demo party was not made within {SEED_S_MAX} s; see the log of processing.") from None
    if done.returncode:
        raise Failed(f"The demo party could not be made: {done.stderr.strip() or done.stdout.strip()}")
    return json.loads(done.stdout.splitlines()[-1])


def every_process(settings: Settings) -> list:
    """All stages in one list."""
    return [process for stage in stages(settings) for process in stage]


def refuse(sentences: list[str]) -> int:
    """Prints what stands in the way."""
    for sentence in sentences:
        print(sentence, file=sys.stderr, flush=True)
    return 1


def say(text: str) -> None:
    """Prints for the person at the terminal, at once; a terminal that has gone away is no reason to fail."""
    try:
        print(text, flush=True)
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for the rest of the process's life


if __name__ == "__main__":
    sys.exit(main())
