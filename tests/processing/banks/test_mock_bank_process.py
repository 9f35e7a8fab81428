"""The mock bank as a process: what only a real connection shows."""

import http.server
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import orjson
import pytest
import urllib3

from tests.processing.banks.foreign_bank import MERCHANT, BankProcess, order, until


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankProcess]:
    process = BankProcess(tmp_path_factory.mktemp("bank"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
def receiver() -> Iterator[tuple[str, list]]:
    """A merchant's address on loopback: (url, what it was told)."""
    told: list[tuple[dict, dict]] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            told.append((dict(self.headers), orjson.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/notices", told
    server.shutdown()
    server.server_close()


def authorise(bank: BankProcess, reference: str, pan: str = "4242424242424242", **changes: object) -> dict:
    return bank.call("POST", "/gateway/v1/authorisations", order(reference, pan, **changes)).json()


def look_up(bank: BankProcess, reference: str) -> dict:
    return bank.call("GET", f"/gateway/v1/operations?merchant={MERCHANT}&reference={reference}").json()


@pytest.mark.parametrize(
    ("pan", "error"),
    [
        ("4000010400000056", urllib3.exceptions.ProtocolError),
        ("4000010400000064", urllib3.exceptions.ProtocolError),
    ],
)
def test_a_lost_answer_is_a_connection_closed_by_the_bank_after_it_accepted(
    bank: BankProcess, pan: str, error: type[Exception]
):
    with pytest.raises(error):
        authorise(bank, f"lost-{pan}", pan)
    assert look_up(bank, f"lost-{pan}")["result"] == "APPROVED"


def test_a_request_dropped_before_it_was_accepted_is_unknown_to_the_bank(bank: BankProcess):
    with pytest.raises(urllib3.exceptions.ProtocolError):
        authorise(bank, "dropped", "4000010400000031")
    assert look_up(bank, "dropped")["code"] == "25"


def test_a_slow_answer_holds_up_nobody_else(bank: BankProcess):
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(authorise, bank, "stuck", "4000010300000024")
        end = time.monotonic() + 5
        while look_up(bank, "stuck")["result"] == "REFUSED":
            assert time.monotonic() < end, "the bank never heard of it"
        assert authorise(bank, "quick")["result"] == "APPROVED"
        assert not slow.done()
        assert look_up(bank, "stuck")["result"] == "PENDING"
        assert slow.result(10)["result"] == "APPROVED"


def test_a_caller_who_gave_up_finds_the_slow_payment_approved(bank: BankProcess):
    with pytest.raises(urllib3.exceptions.TimeoutError):
        urllib3.request(
            "POST", f"{bank.url}/gateway/v1/authorisations", json=order("gave-up", "4000010300000024"),
            headers={"x-api-key": bank.key}, timeout=0.3, retries=False,
        )  # fmt: skip
    until(lambda: look_up(bank, "gave-up")["result"] == "APPROVED", "never approved")


def test_notices_go_out_by_themselves(bank: BankProcess, receiver: tuple[str, list]):
    url, told = receiver
    assert authorise(bank, "calls-back", "4000010300000032", notifyUrl=url)["result"] == "PENDING"
    until(lambda: told, "no notice came")
    headers, notice = told[0]
    assert notice["result"] == "APPROVED"
    assert headers["X-Notice-Signature"].startswith("t=")


def test_an_early_notice_arrives_before_the_answer(bank: BankProcess, receiver: tuple[str, list]):
    url, told = receiver
    answer = authorise(bank, "early", "4000010500000030", notifyUrl=url)
    assert [notice["txn"] for _, notice in told] == [answer["txn"]]


def test_a_payer_walks_through_the_page_with_nothing_but_http(bank: BankProcess):
    answer = authorise(bank, "page", "4012888888881881")
    form = answer["challenge"]["fields"]
    page = urllib3.request("POST", answer["challenge"]["url"], body=urlencode(form))
    assert b"Approve" in page.data
    pressed = urlencode({**form, "answer": "approve"})
    sent_on = urllib3.request("POST", f"{bank.url}/acs/answer", body=pressed, redirect=False)
    assert sent_on.status == 303
    assert sent_on.headers["location"].startswith("http://shop.test/return?tag=1&creq=")


def test_probes_answer(bank: BankProcess):
    assert bank.call("GET", "/health").status == 200
    assert bank.call("GET", "/ready").json()["checks"] == {"books": True}
    assert b"mock_bank_requests_total" in bank.call("GET", "/metrics").data


def test_log_lines_carry_the_trace_and_no_card(bank: BankProcess):
    headers = {"x-api-key": bank.key, "x-correlation-id": "abcdefgh"}
    urllib3.request("POST", f"{bank.url}/gateway/v1/authorisations", json=order("logged"), headers=headers)
    log, ends_at = bank.state / "bank.log", time.monotonic() + 5
    while not any(
        '"trace_id":"abcdefgh"' in line and '"operation":"authorise"' in line for line in log.read_text().splitlines()
    ):
        assert time.monotonic() < ends_at, "the line was not written"
        time.sleep(0.02)
    text = log.read_text()
    assert "4242424242424242" not in text


def test_the_books_outlive_a_killed_bank(tmp_path):
    bank = BankProcess(tmp_path)
    bank.start()
    for number in range(5):
        authorise(bank, f"r{number}")
    bank.stop(signal.SIGKILL)
    bank.start()
    try:
        assert bank.call("GET", "/books").json()["totals"]["643"] == {
            "authorisations": 5, "held": 0, "taken": 5000, "returned": 0, "disputed": 0,
        }  # fmt: skip
        assert bank.call("POST", "/gateway/v1/authorisations", order("r0")).status == 409
    finally:
        assert bank.stop() == 0


def test_a_secret_is_made_where_there_is_none(tmp_path):
    bank = BankProcess(tmp_path)
    secret_file = tmp_path / "secrets" / "mock_bank.key"
    secret_file.unlink()
    bank.start()
    assert bank.stop() == 0
    assert len(secret_file.read_bytes()) == 64
    assert secret_file.stat().st_mode & 0o777 == 0o600
