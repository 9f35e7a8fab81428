"""Starting, stopping and starting again."""

import contextlib

import requests

from tests.end_to_end.merchant import Api
from tests.end_to_end.running import environment_for, start


def api_of(system) -> Api:
    return Api(f"{system.url('GATEWAY_V2')}/v2", f"{system.url('GATEWAY_V2_TOKENS')}/v2", system.api_key, "TESTSHOP")


def test_a_second_start_keeps_the_data_the_key_and_the_promises(tmp_path):
    environment = environment_for(tmp_path / "state")
    first = start(environment)
    body = None
    try:
        api, key = api_of(first), first.api_key
        made = api.invoice(externalID="before-the-restart", amount=4321)
        held = api.invoice(amount=999)
        payment = api.pay(held, hold="cancel", until=("processed",))
        body = {**made["invoice"]}
    finally:
        assert first.stop() == 0
    with contextlib.suppress(requests.ConnectionError):
        requests.get(f"{first.url('GATEWAY_V2')}/health", timeout=2)
        raise AssertionError("it still answers")
    second = start(environment)
    try:
        api = api_of(second)
        assert second.api_key == key
        assert api.call("GET", f"/processing/invoices/{body['id']}").json() == body
        assert api.call("GET", "/processing/invoices", externalID="before-the-restart").json()["id"] == body["id"]
        assert api.act(held, payment["id"], "capture", reason="after the restart").status_code == 202
        assert api.payment(held, payment["id"], ("captured",))["amount"] == 999
    finally:
        assert second.stop() == 0
    output = "".join(second.output)
    assert "Traceback" not in output
    assert "had to be killed" not in output


def test_everything_that_was_started_is_gone_after_the_stop_and_secrets_are_private(tmp_path):
    system = start(environment_for(tmp_path / "state"))
    assert system.stop() == 0
    for name in ("GATEWAY_V2", "GATEWAY_V2_TOKENS", "PROCESSING", "VAULT", "WORKERS", "MOCK_BANK"):
        with contextlib.suppress(requests.ConnectionError):
            requests.get(f"{system.url(name)}/health", timeout=2)
            raise AssertionError(f"{name} still answers")
    for path in (tmp_path / "state" / "secrets").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
