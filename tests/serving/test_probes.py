"""/health, /ready and /metrics of every service."""

import asyncio
import json

import pytest

from serving.probes import with_probes


async def inner(scope, receive, send):
    """The application below."""
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"inner"})


def get(path, method="GET", **options):
    """Status, headers and body of one request."""
    sent = []

    async def send(message):
        sent.append(message)

    app = with_probes(inner, "sample", **options)
    asyncio.run(app({"type": "http", "path": path, "method": method, "headers": []}, None, send))
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


def test_health_says_that_the_process_lives():
    status, headers, body = get("/health", ready=lambda: {"database": False})
    assert (status, json.loads(body)) == (200, {"service": "sample", "status": "passing"})
    assert headers[b"cache-control"] == b"no-store"


def test_ready_holds_when_every_check_holds():
    status, _, body = get("/ready", ready=lambda: {"database": True})
    assert (status, json.loads(body)) == (200, {"service": "sample", "ready": True, "checks": {"database": True}})


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_ready_names_the_checks_that_do_not_hold(kind):
    outcome = {"vault": False, "database": True, "bank": False}

    async def slowly():
        return outcome

    status, headers, body = get("/ready", ready=slowly if kind == "coroutine" else lambda: outcome)
    assert (status, headers[b"capi-not-ready"], headers[b"cache-control"]) == (503, b"bank, vault", b"no-store")
    assert json.loads(body)["checks"] == outcome


def test_a_check_that_breaks_is_a_check_that_does_not_hold():
    status, headers, _ = get("/ready", ready=lambda: 1 / 0)
    assert (status, headers[b"capi-not-ready"]) == (503, b"check")


def test_where_every_5xx_has_a_form_not_ready_has_it_too():
    status, headers, body = get(
        "/ready", ready=lambda: {"x": False}, error_answer=lambda s: ([(b"content-type", b"cat")], b"=^")
    )
    assert (status, body, headers[b"content-type"], headers[b"capi-not-ready"]) == (503, b"=^", b"cat", b"x")


def test_metrics_are_prometheus_text():
    status, headers, body = get("/metrics")
    assert status == 200
    assert headers[b"content-type"].startswith(b"text/plain; version=")
    assert headers[b"cache-control"] == b"no-store"
    assert b"process_resident_memory_bytes" in body


def test_probes_are_read_only_and_head_has_no_body():
    assert get("/health", "POST")[:2] == (
        405,
        {b"allow": b"GET, HEAD", b"cache-control": b"no-store", b"content-length": b"0"},
    )
    status, headers, body = get("/health", "HEAD")
    assert (status, body) == (200, b"") and headers[b"content-length"] != b"0"


def test_everything_else_is_the_applications():
    assert get("/health/x")[0] == 299
    assert get("/v2/ready")[0] == 299


def test_over_the_wire(start):
    server = start("--not-ready")
    answer = server.ask(b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 503 ") and b"capi-not-ready: switch\r\n" in answer
    assert answer.endswith(b" /\\_/\\ 503")
