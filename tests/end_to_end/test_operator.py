"""The operator's terminal: the platform through its IDL alone, keys, one search for a whole chain."""

import secrets
import socket
from json import dumps, loads

from tests.end_to_end.merchant import Api
from tests.end_to_end.running import environment_for


def test_capi_call_starts_a_payment_through_the_idl_alone(api: Api, operator, books):
    invoice_id, context = f"by-hand-{secrets.token_hex(4)}", {"type": "application/json", "data": "{}"}
    params = {
        "id": invoice_id, "party_id": "demo", "shop_id": "TESTSHOP", "details": {"product": "A thing"}, "amount": 700,
        "currency": "RUB", "due": "2030-01-01T00:00:00Z", "context": context,
    }  # fmt: skip
    invoice = operator.call("Invoicing", "Create", params)
    assert invoice["status"] == "UNPAID"
    vault = ["-s", "specs/thrift/vault.thrift", operator.system.url("VAULT") + "/v1/vault", "Vault", "Tokenize"]
    card = {"card": {"number": "4242424242424242", "exp_date": {"month": 12, "year": 2030}, "cvv": "123"}}
    session = secrets.token_hex(8)
    said = operator.run(
        "call", "-u", "operator", "-r", "internal", *vault, f'{{"source": {dumps(card)}, "session_id": "{session}"}}'
    )
    assert said.returncode == 0, said.stderr
    payer = {"payment_tool": {"bank_card": loads(said.stdout)}, "payment_session_id": session, "contact_info": {}}
    payment = {"id": "1", "payer": {"payment_resource": payer}, "flow": {"instant": {}}, "make_recurrent": False}
    started = operator.call("Invoicing", "StartPayment", invoice_id, payment)
    assert started["status"] == "PENDING"
    made = {"invoice": {"id": invoice_id}}
    assert api.payment(made, "1")["status"] == "captured"
    assert books.captured(made) == [700]


def test_capi_call_shows_declared_exceptions_and_failures_by_its_exit_status(operator):
    options = ["-u", "operator", "-r", "internal", "-s", "specs/thrift/payment_processing.thrift"]
    url = operator.system.url("PROCESSING") + "/v1/processing/invoicing"
    missing = operator.run("call", *options, url, "Invoicing", "Get", '"nothing"')
    assert (missing.returncode, loads(missing.stdout)["exception"]) == (1, "InvoiceNotFound")
    assert operator.run("call", *options, url, "Invoicing", "NoSuchFunction").returncode == 128
    assert operator.run("call", *options, "http://127.0.0.1:1/", "Invoicing", "Get", '"x"').returncode == 2


def test_a_revoked_key_stops_working_at_once_and_a_new_one_works(api: Api, operator):
    issued = operator.run("keys", "issue", "--party", "demo", "--days", "1", "--name", "short-lived")
    token = next(word for word in issued.stdout.split() if word.count(".") == 2 and len(word) > 200)
    assert api.call("GET", "/processing/me", token=token).status_code == 200
    listed = operator.run("keys", "list").stdout
    row = next(line for line in listed.splitlines() if "short-lived" in line)
    revoked = operator.run("keys", "revoke", row.split()[0])
    assert revoked.returncode == 0, revoked.stderr
    answer = api.call("GET", "/processing/me", token=token)
    assert (answer.status_code, answer.content) == (401, b"")


def test_one_search_shows_a_payments_way_from_http_to_the_bank(api: Api, operator):
    made = api.invoice()
    answer = api.start(made)
    api.payment(made, answer.json()["id"])
    shown = operator.run("trace", answer.request.headers["X-Request-ID"])
    assert shown.returncode == 0
    for service in ("capi_v2", "processing", "workers", "vault", "mock_bank"):
        assert service in shown.stdout
    assert "createPayment" in shown.stdout
    assert "4242424242424242" not in shown.stdout


def test_a_taken_port_is_named_with_what_to_do(tmp_path, operator):
    environment = environment_for(tmp_path / "other")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environment["CAPI_PROCESSING_PORT"] = str(taken.getsockname()[1])
        run = type(operator)(type(operator.system)(None, environment, [])).run("run")
    assert run.returncode == 1
    assert environment["CAPI_PROCESSING_PORT"] in run.stderr
    assert "CAPI_PROCESSING_PORT" in run.stderr or "processing.port" in run.stderr
    assert "Traceback" not in run.stderr
