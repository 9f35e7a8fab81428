"""`make environment` says what is missing instead of failing somewhere inside pip."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "deploy" / "environment.sh"
TOOLS = ("bash", "cp", "rm", "env", "cat", "mkdir")


def fake_python(folder, name, version, has_venv=True):
    """A python that knows its version and whether it has venv, and nothing else."""
    script = folder / name
    too_old, no_venv = int(version < (3, 11)), int(not has_venv)
    cases = f"*version_info*) exit {too_old};; *ensurepip*) exit {no_venv};;"
    script.write_text(f'#!/bin/bash\ncase "$*" in {cases} esac\nexit 1\n')
    script.chmod(0o755)


def run(folder, **environment):
    """Runs the script with no tools but those of `folder`."""
    for tool in TOOLS:
        (folder / tool).symlink_to(shutil.which(tool))
    return subprocess.run(
        ["bash", str(SCRIPT), str(folder / "venv"), str(folder / "lock")],
        env={"PATH": str(folder), **environment},
        capture_output=True,
        text=True,
        cwd=folder,
    )


def test_without_a_python_it_says_which_one_is_needed(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("Python 3.11 or newer is needed and none was found")


def test_an_old_python_is_passed_over(tmp_path):
    fake_python(tmp_path, "python3", (3, 9))
    assert "none was found" in run(tmp_path).stderr


def test_a_chosen_python_that_is_too_old_is_named(tmp_path):
    fake_python(tmp_path, "python3.9", (3, 9))
    done = run(tmp_path, PYTHON="python3.9")
    assert done.stderr == "PYTHON=python3.9 is not a Python 3.11 or newer: name another, or leave PYTHON out.\n"


def test_a_missing_venv_module_is_told_with_its_package(tmp_path):
    fake_python(tmp_path, "python3", (3, 11), has_venv=False)
    done = run(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("The venv module of python3 is missing: install it (Debian: apt install python3-venv")


@pytest.mark.parametrize("word", ["://", "index-url", "find-links", "trusted-host"])
def test_the_lock_names_no_index(word):
    assert word not in (ROOT / "requirements.lock").read_text()


def test_the_lock_pins_every_package_with_its_hashes():
    text = (ROOT / "requirements.lock").read_text().replace("\\\n", "")
    rows = [row for row in text.splitlines() if row and not row.startswith("#")]
    assert len(rows) > 50
    assert all("==" in row and "--hash=sha256:" in row for row in rows)


def test_make_explains_itself():
    done = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 0
    assert all(f"  {target} " in done.stdout for target in ("run", "test", "demo", "check"))
