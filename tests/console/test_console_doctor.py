"""`capi migrate` and `capi doctor` without a running platform; the judgement of its traffic from samples."""

import socket

import pytest

from console import doctor, main, traffic
from console.traffic import Sample, Traffic
from tests.end_to_end.running import PORTS, free_ports


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    """A state directory and ports of this test's own."""
    monkeypatch.setenv("CAPI_STATE_DIRECTORY", str(tmp_path))
    for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True):
        monkeypatch.setenv(f"CAPI_{name}_PORT", str(port))


def test_before_the_first_start_nothing_is_wrong_and_nothing_is_made(tmp_path, capsys):
    assert main.main(["doctor", "--seconds", "0"]) == 0
    said = capsys.readouterr().out
    assert "Not running, their ports are free" in said
    assert "the first start makes it" in said
    assert list(tmp_path.iterdir()) == []
    assert main.main(["migrate", "--show"]) == 1
    assert list(tmp_path.iterdir()) == []


def test_migrating_brings_the_tables_and_shows_their_versions(capsys):
    assert main.main(["migrate"]) == 0
    said = capsys.readouterr().out
    assert "001_events_and_jobs.sql" in said
    assert "missing" not in said
    assert main.main(["migrate", "--show"]) == 0
    assert main.main(["doctor", "--seconds", "0"]) == 0
    assert "has every table" in capsys.readouterr().out


def test_a_key_that_others_may_read_is_wrong(tmp_path, capsys):
    key = tmp_path / "secrets" / "rpc.key"
    key.parent.mkdir(mode=0o700)
    key.write_text("secret")
    key.chmod(0o644)
    assert main.main(["doctor", "--seconds", "0"]) == 1
    assert f"run `chmod 600 {key}`" in capsys.readouterr().out


def test_a_port_that_somebody_else_holds_is_wrong(monkeypatch, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("CAPI_WORKERS_PORT", str(other.getsockname()[1]))
        assert main.main(["doctor", "--seconds", "0"]) == 1
    assert "workers cannot start" in capsys.readouterr().out


def test_a_database_that_cannot_be_reached_is_wrong(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CAPI_PROCESSING_DATABASE_URL", f"postgresql://capi:pw1234@/capi?host={tmp_path}")
    assert main.main(["doctor", "--seconds", "0"]) == 1
    said = capsys.readouterr().out
    assert "WRONG  database" in said
    assert "pw1234" not in said


# ------------------------------------------------------------------------------------------------------- traffic

TEXT = """\
# TYPE capi_http_request_seconds histogram
capi_http_request_seconds_bucket{{operation="a",status="200",le="0.01"}} {quick}
capi_http_request_seconds_bucket{{operation="a",status="200",le="0.1"}} {all}
capi_http_request_seconds_bucket{{operation="a",status="200",le="+Inf"}} {all}
capi_http_request_seconds_count{{operation="a",status="200"}} {all}
capi_http_request_seconds_sum{{operation="a",status="200"}} 1
# TYPE capi_queue_lag_seconds gauge
capi_queue_lag_seconds{{queue="machine"}} {lag}
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total {cpu}
# TYPE process_start_time_seconds gauge
process_start_time_seconds 100
"""


def seen(quick: float, total: float, cpu: float, lag: float = 0) -> Traffic:
    before = traffic.sample(TEXT.format(quick=0, all=0, lag=0, cpu=0), at=1000)
    after = traffic.sample(TEXT.format(quick=quick, all=total, lag=lag, cpu=cpu), at=1010)
    return traffic.between("gateway", before, after)


def test_rate_percentile_and_room_are_read_from_two_samples():
    found = seen(quick=995, total=1000, cpu=2)
    assert (found.requests_per_s, found.p99_s, found.cpu_share) == (100, 0.01, 0.2)
    assert found.requests_per_s_max == pytest.approx(400)
    assert seen(quick=900, total=1000, cpu=2).p99_s == 0.1
    assert traffic.line(found) == (
        "20% of a core, 100.0 requests/s, p99 within 10 ms, at this cost one process serves about 400/s,"
        " queue machine waits 0.0 s"
    )


def test_a_profile_with_room_suffices_in_numbers():
    said = traffic.verdict([seen(quick=995, total=1000, cpu=2)], is_sqlite=True)
    assert said.startswith("The present profile suffices: at 100.0 requests/s")
    assert "about 4.0 times" in said


@pytest.mark.parametrize(
    ("found", "advice"),
    [
        (seen(quick=1000, total=1000, cpu=9), "gateway uses 90% of a core: raise gateway.workers."),
        (seen(quick=1000, total=1000, cpu=1, lag=7), "machine waits 7.0 s"),
    ],
)
def test_a_profile_that_is_strained_does_not_suffice(found, advice):
    said = traffic.verdict([found], is_sqlite=True)
    assert said.startswith("The present profile does not suffice")
    assert advice in said


def test_without_traffic_no_promise_is_made():
    assert "ask again under load" in traffic.verdict([seen(quick=0, total=0, cpu=0)], is_sqlite=True)
    assert "no traffic to judge" in traffic.verdict([], is_sqlite=True)


def test_a_sample_without_requests_has_no_percentile():
    assert traffic.percentile({}, 0.99) is None
    assert isinstance(traffic.sample("", at=1), Sample)


@pytest.mark.parametrize(("skew_ms", "kind"), [(0, doctor.GOOD), (500, doctor.REMARK), (-5000, doctor.WRONG)])
def test_clocks_that_differ_are_told_by_how_much(skew_ms, kind):
    assert doctor.of_skew(skew_ms).kind == kind
    assert f"{skew_ms} ms" in doctor.of_skew(skew_ms).said
