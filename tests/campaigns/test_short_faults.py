"""The fault campaign in its short form: the same command, few payments, few faults, each kind of them at least once.

It runs on PostgreSQL, where there are all kinds, and on SQLite where no PostgreSQL is; CAPI_FAULTS=all runs both.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from campaigns.faults import disk, nemesis, syncs
from campaigns.faults.nemesis import KILL, MORE_WEIGHTS, WEIGHTS
from campaigns.faults.report import text
from campaigns.faults.scene import Row
from campaigns.faults.system import GATEWAYS, SYNCING
from settings.loading import CHECKOUT
from tests.postgres.fixtures import NONE_FOUND
from tests.postgres.server import found

PROCESSES = sorted([*GATEWAYS, "mock_bank", "processing", "vault", "workers", "workers_2"])
SHORT = ["--seed", "6718", "--settle", "100", "--jump", "9"]
COMMANDS = {
    "sqlite": ["--payments", "40", "--seconds", "8"],
    "postgresql": ["--payments", "40", "--seconds", "10"],
}  # fmt: skip
EVERYWHERE = (KILL, *WEIGHTS)
ON_OUR_DISK = {"sqlite": ("disk full",), "postgresql": ("disk full", "database's disk full")}
OF_OUR_SERVER = {"sqlite": (), "postgresql": ("database restart",)}
BY_STRACE = {"sqlite": ("syncs fail",), "postgresql": ("syncs fail", "database's syncs fail")}


@pytest.mark.parametrize("database", COMMANDS)
def test_nothing_is_lost_or_charged_twice_whatever_fails(tmp_path: Path, database: str):
    has_postgresql = found() is not None
    if database == "postgresql" and not has_postgresql:
        pytest.skip(NONE_FOUND)
    if database == "sqlite" and has_postgresql and os.environ.get("CAPI_FAULTS") != "all":
        pytest.skip("one short campaign is enough; CAPI_FAULTS=all runs it on SQLite too")
    done = subprocess.run(
        [sys.executable, "-m", "campaigns.faults", "--database", database, *COMMANDS[database], *SHORT,
         "--state", str(tmp_path / "campaign")],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "40 payments" in done.stdout
    assert "34 rows, 0 failed" in done.stdout
    kinds = (*EVERYWHERE, *OF_OUR_SERVER[database], *(ON_OUR_DISK[database] if can_mount() else ()))
    kinds += BY_STRACE[database] if syncs.can_fail() else ()
    assert [kind for kind in kinds if f" {kind}" not in said(done.stdout, "faults")] == []
    versions = said(done.stdout, "versions")
    assert [version for version in ("v1", "v2", "v3") if f"through {version}" not in versions] == []


def said(table: str, name: str) -> str:
    """A fact of the table."""
    [line] = [line for line in table.splitlines() if line.startswith(f"  {name} ")]
    return line


def can_mount() -> bool:
    with disk.small_disk() as made:
        return made is not None


def test_the_same_seed_plans_the_same_faults():
    assert nemesis.plan(7, 600, PROCESSES) == nemesis.plan(7, 600, PROCESSES)
    assert nemesis.plan(7, 600, PROCESSES) != nemesis.plan(8, 600, PROCESSES)


def test_every_two_seconds_a_process_is_killed_and_every_process_is():
    planned = [fault for fault in nemesis.plan(7, 600, PROCESSES) if fault.kind == KILL]
    assert len(planned) == 300
    assert {fault.process for fault in planned} == set(PROCESSES)


def test_every_other_kind_comes_at_least_once_however_short_the_campaign():
    planned = nemesis.plan(7, 8, PROCESSES, more=tuple(MORE_WEIGHTS), syncing=("vault",))
    assert {fault.kind for fault in planned} == {KILL, *WEIGHTS, *MORE_WEIGHTS}


def test_every_process_lives_at_a_wrong_time_sooner_or_later_the_bank_and_the_gateways_too():
    planned = [fault for fault in nemesis.plan(7, 2000, PROCESSES) if fault.kind.startswith("clock")]
    assert {fault.process for fault in planned} == set(PROCESSES)


def test_only_syncs_of_a_process_that_syncs_are_made_to_fail():
    planned = nemesis.plan(7, 600, PROCESSES, more=("syncs fail",), syncing=SYNCING["sqlite"])
    assert {fault.process for fault in planned if fault.kind == "syncs fail"} == set(SYNCING["sqlite"])


def test_a_full_disk_takes_nothing_more_until_it_is_freed():
    with disk.small_disk() as made:
        if made is None:
            pytest.skip("this machine lets us mount nothing")
        made.fill()
        with pytest.raises(OSError, match="No space left"):
            (made.folder / "one more").write_bytes(b"x" * 8192)
        made.free()
        (made.folder / "one more").write_bytes(b"x" * 8192)


def test_the_table_says_which_row_failed_and_begins_with_the_seed():
    shown = text({"seed": "7"}, [Row("nothing lost", "3 objects", []), Row("no double charge", "3", ["i1: twice"])])
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines[0] == "seed 7"
    assert "nothing lost OK 3 objects" in lines
    assert lines[lines.index("no double charge FAIL 3") + 1] == "i1: twice"
    assert lines[-1] == "2 rows, 1 failed"
