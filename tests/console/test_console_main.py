"""The command itself."""

import importlib
import os
import subprocess
from pathlib import Path

import pytest

from console import main
from rpc.failures import Unavailable
from settings import SettingsError

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_of_the_list_exists(name):
    module, _, function = main.COMMANDS[name].place.partition(":")
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_every_command_with_its_purpose(words, capsys):
    assert main.main(words) == 0
    printed = capsys.readouterr().out
    assert all(f"  {name} " in printed and command.purpose in printed for name, command in main.COMMANDS.items())


def test_an_unknown_command_is_answered_with_the_known_ones(capsys):
    assert main.main(["frobnicate"]) == 2
    assert capsys.readouterr().err.startswith("capi: there is no command frobnicate; known are run, demo, keys")


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (SettingsError("the port is wrong."), "capi: the port is wrong.\n"),
        (Unavailable("connection refused"), "capi: the platform did not answer (Unavailable: connection refused).\n"),
        (KeyboardInterrupt(), "capi: interrupted.\n"),
    ],
)
def test_what_an_operator_can_mend_is_said_without_a_traceback(failure, sentence, capsys, monkeypatch):
    def fail(arguments):
        raise failure

    monkeypatch.setattr("console.seed.main", fail)
    assert main.main(["seed"]) == 1
    assert capsys.readouterr().err.startswith(sentence)


def test_the_command_works_from_any_directory(tmp_path):
    if not (ROOT / ".venv/bin/python").exists():
        pytest.skip("there is no environment in .venv")
    done = subprocess.run(
        [ROOT / "capi", "--help"], cwd=tmp_path, capture_output=True, text=True, env={"PATH": os.environ["PATH"]}
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "commands:" in done.stdout
