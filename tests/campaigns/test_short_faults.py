"""The fault campaign in its short form: the same command, few payments, few faults."""

import subprocess
import sys
from pathlib import Path

from campaigns.faults import nemesis
from campaigns.faults.checks import Row
from campaigns.faults.report import text
from settings.loading import CHECKOUT

PROCESSES = ["capi_v2", "capi_v2_tokens", "mock_bank", "processing", "vault", "workers", "workers_2"]
COMMAND = ["--payments", "60", "--seconds", "9", "--settle", "100", "--seed", "5426"]


def test_nothing_is_lost_or_charged_twice_while_processes_are_killed(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "campaigns.faults", *COMMAND, "--state", str(tmp_path / "campaign")],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "60 payments" in done.stdout
    assert "20 rows, 0 failed" in done.stdout


def test_the_same_seed_plans_the_same_faults():
    assert nemesis.plan(7, 600, PROCESSES) == nemesis.plan(7, 600, PROCESSES)
    assert nemesis.plan(7, 600, PROCESSES) != nemesis.plan(8, 600, PROCESSES)


def test_a_fault_comes_every_two_seconds_and_every_process_is_hit():
    planned = nemesis.plan(7, 600, PROCESSES)
    assert 250 < len(planned) < 350
    assert {fault.process for fault in planned} == set(PROCESSES)
    assert {fault.kind for fault in planned} == set(nemesis.WEIGHTS)


def test_the_table_says_which_row_failed_and_begins_with_the_seed():
    shown = text({"seed": "7"}, [Row("nothing lost", "3 objects", []), Row("no double charge", "3", ["i1: twice"])])
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines[0] == "seed 7"
    assert "nothing lost OK 3 objects" in lines
    assert lines[lines.index("no double charge FAIL 3") + 1] == "i1: twice"
    assert lines[-1] == "2 rows, 1 failed"
