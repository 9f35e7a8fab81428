"""One search shows the chain from HTTP to the bank and to the webhook."""

import json

import pytest

from console import trace

W3C = "0af7651916cd43dd8448eb211c80319c"
CHAIN = [
    (
        "capi_v2",
        "10:00:00.100",
        "http.request",
        {"trace_id": "T1", "span_id": "req-1", "status": 201, "duration_ms": 60.04},
    ),
    (
        "capi_v2",
        "10:00:00.050",
        "rpc.client",
        {"trace_id": "T1", "function": "Create", "traceparent": f"00-{W3C}-01-01"},
    ),
    ("processing", "10:00:00.060", "rpc.server", {"trace_id": "T1", "function": "Create"}),
    ("mock_bank", "10:00:01.000", "bank.authorised", {"traceparent": f"00-{W3C}-aa-01", "amount": 1000}),
    ("workers", "10:00:02.000", "webhook.delivered", {"trace_id": "T1", "invoice": "INV1", "level": "warning"}),
    ("capi_v2", "10:00:03.000", "http.request", {"trace_id": "T2", "span_id": "req-10", "status": 200}),
    ("capi_v2", "10:00:04.000", "http.request", {"trace_id": "T3", "path": "/v2/processing/invoices/INV1"}),
]


@pytest.fixture
def logs(tmp_path):
    """Logs of several services, with lines of others and damaged ones between them."""
    for process, time, event, fields in CHAIN:
        line = {"time": f"2026-03-01T{time}Z", "level": "info", "process": process, "event": event, **fields}
        with (tmp_path / f"{process}.log").open("a") as file:
            file.write(json.dumps(line) + '\nTraceback T1 of a library\n[1, "T1"]\n{"T1": \n')
    return tmp_path


def events(chain):
    """Service and event of each line."""
    return [(line["process"], line["event"]) for line in chain]


def test_a_trace_is_followed_through_every_service_in_order_of_time(logs):
    assert events(trace.find(logs, "T1")) == [
        ("capi_v2", "http.request"),
        ("capi_v2", "rpc.client"),
        ("processing", "rpc.server"),
        ("mock_bank", "bank.authorised"),
        ("workers", "webhook.delivered"),
    ]


def test_a_caller_finds_its_request_by_the_id_it_sent(logs):
    assert events(trace.find(logs, "req-1")) == events(trace.find(logs, "T1"))


def test_an_id_within_a_longer_one_is_not_it(logs):
    assert {line["trace_id"] for line in trace.find(logs, "req-10")} == {"T2"}
    assert {line["trace_id"] for line in trace.find(logs, "req-1") if "trace_id" in line} == {"T1"}
    assert trace.find(logs, "INV") == []


def test_the_trace_of_the_w3c_header_is_a_way_in_as_well(logs):
    assert events(trace.find(logs, W3C)) == events(trace.find(logs, "T1"))


def test_an_object_is_found_in_every_trace_that_mentions_it(logs):
    assert {line.get("trace_id") for line in trace.find(logs, "INV1")} == {"T1", "T3", None}


def test_the_table_tells_time_service_event_and_how_long_it_took(logs):
    table = trace.as_table(trace.find(logs, "T1")).splitlines()
    assert table[0] == "2026-03-01, trace T1"
    assert table[2].split() == ["TIME", "SERVICE", "EVENT", "WHAT", "MS"]
    assert table[3].split() == ["10:00:00.039", "capi_v2", "http.request", "status=201", "60.0"]
    assert "! webhook.delivered" in table[7]


def test_the_reason_of_a_failure_stands_below_the_table():
    line = {
        "time": "2026-03-01T10:00:00.000Z",
        "process": "vault",
        "event": "x",
        "exception": ["Traceback", "KeyError: 1"],
    }
    assert trace.as_table([line]).endswith("\n\n10:00:00.000 vault: KeyError: 1")


def test_an_id_that_nobody_mentions_is_said_to_be_unknown(logs, capsys):
    assert trace.main(["nothing", "--logs", str(logs)]) == 1
    assert f"No log line in {logs} mentions nothing." in capsys.readouterr().err


def test_the_lines_themselves_can_be_had_for_other_tools(logs, capsys):
    assert trace.main(["T2", "--logs", str(logs), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["event"] == "http.request"
