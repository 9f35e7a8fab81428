"""The whole platform with PostgreSQL by nothing but settings, two of each process that shares it, and a restart."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from processing.storage.pg_connections import without_password
from tests.end_to_end.running import ROOT, System, environment_for, free_ports, start
from tests.postgres.fixtures import NONE_FOUND
from tests.postgres.server import Server, running


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(is_durable=True) as started:
        if started is None or started.data is None:
            pytest.skip(NONE_FOUND)
        yield started


@pytest.fixture(scope="module")
def system(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The default profile, and one more `processing` and `workers` beside it."""
    environment = environment_for(tmp_path_factory.mktemp("system") / "state")
    environment["CAPI_PROCESSING_DATABASE_URL"] = server.url
    environment["CAPI_WEBHOOKS_LOOPBACK_ALLOWED"] = "true"
    started = start(environment)
    processing_port, workers_port = map(str, free_ports(2))
    second = {**environment, "CAPI_PROCESSING_PORT": processing_port, "CAPI_WORKERS_PORT": workers_port}
    beside = [
        subprocess.Popen([sys.executable, "-m", module], cwd=ROOT, env=second, stdout=subprocess.DEVNULL)
        for module in ("processing", "processing.workers")
    ]
    try:
        yield started
    finally:
        for process in beside:
            process.terminate()
        started.stop()
        for process in beside:
            process.wait(timeout=30)


def capi(system: System, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "console.main", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=system.environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_merchant_s_day_plays_the_same_on_postgresql(system: System):
    told = capi(system, "demo")
    assert told.returncode == 0, told.stdout + told.stderr
    assert not (system.state / "data" / "processing.sqlite").exists()


def test_the_doctor_sees_a_healthy_platform_and_names_its_database(system: System):
    found = capi(system, "doctor", "--seconds", "0.2")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "PostgreSQL" in found.stdout
    assert "has every table" in found.stdout
    assert "The present profile suffices" in found.stdout
    assert "connections in use" in found.stdout


def test_the_tables_versions_are_shown(system: System):
    shown = capi(system, "migrate", "--show")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "000_counters.postgresql.sql" in shown.stdout
    assert "missing" not in shown.stdout


def test_a_restart_of_the_database_in_the_middle_of_the_day_is_survived(system: System, server: Server):
    restarted = threading.Thread(target=lambda: (time.sleep(0.5), server.restart()))
    restarted.start()
    capi(system, "demo")
    restarted.join()
    told = capi(system, "demo")
    assert told.returncode == 0, told.stdout + told.stderr


def test_no_password_is_in_what_is_shown():
    for url in ("postgresql://capi:very-secret@db:5432/capi", "host=db user=capi password=very-secret dbname=capi"):
        assert "very-secret" not in without_password(url)
        assert "host=db" in without_password(url)


def test_settings_of_another_database_reach_every_process_by_environment(tmp_path: Path):
    environment = {**os.environ, "CAPI_STATE_DIRECTORY": str(tmp_path)}
    environment["CAPI_PROCESSING_DATABASE_URL"] = f"postgresql:///nowhere?host={tmp_path}"
    for module in ("processing", "processing.workers"):
        port = {
            f"CAPI_{name}_PORT": str(number)
            for name, number in zip(("PROCESSING", "WORKERS"), free_ports(2), strict=True)
        }
        done = subprocess.run(
            [sys.executable, "-m", module], cwd=ROOT, env={**environment, **port}, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode != 0
        assert "PostgreSQL" in done.stdout + done.stderr
