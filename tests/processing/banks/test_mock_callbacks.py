"""What the mock bank's adapter does with payers who come back and with the bank's notices."""

import asyncio
import http.server
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
import pytest

from processing.banks.mock.notices import SIGNATURE_HEADER, sign
from processing.banks.mock_adapter import answers
from processing.banks.mock_adapter.callbacks import create_callbacks
from processing.banks.mock_adapter.connection import Keys
from processing.banks.protocol import PaymentContext, failure_path
from rpc.context import Context
from rpc.failures import Unavailable, Unexpected
from rpc.protocol import bank_adapter, base
from tests.processing.banks.adapter_bench import Bench, Payment
from tests.processing.banks.foreign_bank import (
    MERCHANT,
    Answer,
    BankInMemory,
    BankProcess,
    MovedClock,
    call_app,
    order,
    until,
)
from tests.processing.banks.mock_bench import tool, walk_through

SECRET = b"secret of the tests"


class Platform:
    """The platform's ProviderProxyHost: notes what it is told, answers what the test wants."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.contexts: list[Context] = []
        self.waiting: dict[str, Callable[[bytes], bytes]] = {}
        self.refusal: Exception | None = None

    def bound(self, context: Context) -> "Platform":
        self.contexts.append(context)
        return self

    def ProcessPaymentCallback(self, tag: str, callback: bytes) -> bytes:
        self.calls.append((tag, orjson.loads(callback)))
        if tag not in self.waiting:
            raise self.refusal or bank_adapter.SessionNotFound()
        return self.waiting[tag](callback)

    def NotifyPayment(self, statement: bank_adapter.BankStatement) -> None:
        self._told("statement", statement)

    def OpenChargeback(self, notice: bank_adapter.ChargebackNotice) -> None:
        self._told("chargeback", notice)

    def _told(self, what: str, value: Any) -> None:
        self.calls.append((what, value))
        if self.refusal:
            raise self.refusal


class Desk:
    """The callbacks' ASGI app in memory."""

    def __init__(self, keys: Keys) -> None:
        self.platform = Platform()
        self.clock = MovedClock()
        self.app = create_callbacks(self.platform.bound, keys, self.clock)
        self._key = keys.notice_key()

    def call(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        return asyncio.run(call_app(self.app, method, path, body, headers or {}))

    def notice(self, told: dict[str, Any], age_s: int = 0, key: bytes | None = None, **headers: str) -> Answer:
        """As the bank would send it."""
        body, at = orjson.dumps(told), int(self.clock().timestamp()) - age_s
        signature = f"t={at}, hmac={sign(body, at, key or self._key)}"
        return self.call("POST", "/callbacks/mock/notices", body, {SIGNATURE_HEADER.lower(): signature, **headers})


@pytest.fixture
def desk(tmp_path) -> Desk:
    (tmp_path / "mock_bank.key").write_bytes(SECRET)
    return Desk(Keys(tmp_path / "mock_bank.key"))


@pytest.fixture(scope="module")
def approved() -> dict[str, Any]:
    """What the bank tells of an approved payment."""
    receipt = BankInMemory().authorise("inv1.1").json
    return {"notice": "N1", "event": "AUTHORISATION", "merchant": MERCHANT, **receipt}


# ---------------------------------------------------------------- payers


def returning(query: str = "creq=a&cres=b&trace=abcdefgh") -> str:
    return f"/callbacks/mock/return/mock.return.inv1.1?{query}"


def test_a_payer_is_handed_to_the_waiting_session_and_sent_home(desk: Desk):
    desk.platform.waiting["mock.return.inv1.1"] = lambda _: b'{"redirect":"https://shop.example/done"}'
    answer = desk.call("GET", returning("creq=a&cres=b&sessionData=https%3A%2F%2Fx.example&trace=abcdefgh"))
    assert (answer.status, answer.headers["location"]) == (303, "https://shop.example/done")
    assert desk.platform.calls == [
        ("mock.return.inv1.1", {"kind": "return", "creq": "a", "cres": "b", "sessionData": "https://x.example"})
    ]


def test_the_platform_is_called_as_itself_under_the_payments_trace(desk: Desk):
    desk.call("GET", returning())
    (context,) = desk.platform.contexts
    assert context.trace_id == "abcdefgh"
    assert context.meta["user-identity.realm"] == "internal"


def test_a_trace_that_is_none_is_replaced(desk: Desk):
    desk.call("GET", returning("cres=b&trace=a%0Ab"))
    assert desk.platform.contexts[0].trace_id.isalpha()


def test_a_payer_without_a_way_home_may_close_the_page(desk: Desk):
    desk.platform.waiting["mock.return.inv1.1"] = lambda _: b'{"redirect":null}'
    answer = desk.call("GET", returning())
    assert answer.status == 200
    assert b"Thank you" in answer.body


def test_a_payer_who_comes_back_a_second_time_is_told_so(desk: Desk):
    answer = desk.call("GET", returning())
    assert (answer.status, "location" in answer.headers) == (404, False)


@pytest.mark.parametrize("refusal", [Unavailable("busy"), Unexpected("broken")])
def test_a_payer_waits_while_the_platform_cannot_take_the_return(desk: Desk, refusal: Exception):
    desk.platform.refusal = refusal
    answer = desk.call("GET", returning())
    assert (answer.status, answer.headers["refresh"]) == (503, "3")
    assert b"busy" not in answer.body


# ---------------------------------------------------------------- notices


def test_a_genuine_notice_goes_to_the_session_that_waits_for_it(desk: Desk, approved: dict):
    desk.platform.waiting["mock.notice.inv1.1"] = lambda _: b"{}"
    assert desk.notice(approved).status == 200
    assert desk.platform.calls == [("mock.notice.inv1.1", {"kind": "notice", "result": "APPROVED"})]


def test_a_notice_that_nobody_waits_for_becomes_a_statement(desk: Desk, approved: dict):
    assert desk.notice(approved).status == 200
    what, told = desk.platform.calls[-1]
    assert what == "statement"
    assert (told.reference, told.verdict) == ("inv1.1", bank_adapter.BankVerdict.APPROVED)
    assert (told.cash.amount, told.cash.currency) == (1000, "RUB")
    assert told.transaction.id == approved["txn"]
    assert told.failure is None


def test_a_statement_of_a_decline_says_why(desk: Desk):
    receipt = BankInMemory().authorise("inv1.1", "4000000000000002").json
    assert desk.notice({"event": "AUTHORISATION", **receipt}).status == 200
    _, told = desk.platform.calls[-1]
    assert told.verdict == bank_adapter.BankVerdict.DECLINED
    assert failure_path(told.failure) == "authorization_failed:insufficient_funds"


def test_a_notice_keeps_the_trace_that_the_bank_gives_back(desk: Desk, approved: dict):
    desk.notice(approved, **{"x-correlation-id": "chainabc"})
    assert {context.trace_id for context in desk.platform.contexts} == {"chainabc"}


def test_a_dispute_opens_a_chargeback(desk: Desk):
    dispute = {"event": "DISPUTE", "dispute": "D1", "txn": "T1", "reference": "inv1.1", "amount": "7.00",
               "levy": "1.50", "currency": "643", "reason": "fraud"}  # fmt: skip
    assert desk.notice(dispute).status == 200
    ((what, told),) = desk.platform.calls
    assert what == "chargeback"
    assert (told.reference, told.external_id, told.reason_code) == ("inv1.1", "D1", "fraud")
    assert (told.body.amount, told.levy.amount) == (700, 150)


@pytest.mark.parametrize("age_s", [-301, 301])
def test_a_notice_signed_too_long_ago_or_ahead_is_refused(desk: Desk, approved: dict, age_s: int):
    assert desk.notice(approved, age_s=age_s).status == 403
    assert desk.platform.calls == []


def test_a_forged_notice_is_refused(desk: Desk, approved: dict):
    assert desk.notice(approved, key=b"another key").status == 403
    assert desk.call("POST", "/callbacks/mock/notices", orjson.dumps(approved)).status == 403
    assert desk.platform.calls == []


def test_a_notice_beyond_the_bound_is_refused(desk: Desk, approved: dict):
    assert desk.notice(approved | {"pad": "x" * 70_000}).status == 403


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (Unavailable("down"), 503),
        (Unexpected("stopped"), 503),
        (bank_adapter.SessionNotFound(), 404),
        (base.InvalidRequest(errors=["more than was taken"]), 422),
    ],
)
def test_a_notice_that_the_platform_does_not_take_is_asked_for_again(
    desk: Desk, approved: dict, refusal: Exception, status: int
):
    desk.platform.refusal = refusal
    assert desk.notice(approved | {"event": "DISPUTE", "dispute": "D1", "levy": "0.00"}).status == status


@pytest.mark.parametrize("changes", [{"result": "PENDING"}, {"operation": "REFUND"}, {"result": "SURPRISE"}])
def test_a_notice_of_something_that_the_bank_does_not_tell_about_is_not_taken(
    desk: Desk, approved: dict, changes: dict
):
    assert desk.notice(approved | changes).status == 503
    assert desk.platform.calls == []


def test_other_paths_and_methods_do_not_exist(desk: Desk):
    assert desk.call("GET", "/callbacks/mock/other").status == 404
    assert desk.call("GET", "/callbacks/mock/notices").status == 405
    assert desk.call("POST", returning()).status == 405


# ---------------------------------------------------------------- the whole way round


@pytest.fixture
def address(bank_process: BankProcess) -> Iterator[tuple[str, Desk]]:
    """The callbacks behind a real port, with the real bank's key and the machine's clock: (url, desk)."""
    desk = Desk(Keys(bank_process.state / "secrets" / "mock_bank.key"))
    desk.clock.follow()

    class Server(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = desk.call(self.command, self.path, body, headers)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = answer  # noqa: N815 - the names that the standard library looks for

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", desk
    server.shutdown()
    server.server_close()


def pay(bank: BankProcess, url: str, pan: str, reference: str) -> dict[str, Any]:
    wanted = order(
        reference,
        pan,
        notifyUrl=f"{url}/callbacks/mock/notices",
        returnUrl=f"{url}/callbacks/mock/return/{answers.return_tag(reference)}?trace=abcdefgh",
    )
    return bank.call("POST", "/gateway/v1/authorisations", wanted).json()


def test_the_banks_own_notice_is_genuine_and_taken(bank_process: BankProcess, address: tuple[str, Desk]):
    url, desk = address
    pay(bank_process, url, "4000010300000032", "way.1")
    told = until(lambda: [value for what, value in desk.platform.calls if what == "statement"], "no notice came")
    assert told[0].reference == "way.1"
    until(lambda: bank_process.call("GET", "/books").json()["notices"][0]["outcome"] == "DELIVERED", "not taken")


def test_a_notice_before_the_platform_knows_is_delivered_again(bank_process: BankProcess, address: tuple[str, Desk]):
    url, desk = address
    desk.platform.refusal = Unavailable("not yet")
    pay(bank_process, url, "4000010500000030", "way.2")
    assert len(desk.platform.calls) == 1
    desk.platform.refusal = None
    until(lambda: [what for what, _ in desk.platform.calls if what == "statement"], "it did not come again")


def test_a_payer_goes_from_the_banks_page_through_our_address_to_the_shop(
    bank_process: BankProcess, address: tuple[str, Desk], bench: Bench
):
    url, desk = address
    bench.proxy._adapter._callback_url = f"{url}/callbacks/mock"
    bench.tools["4012888888881881"] = tool("4012888888881881")
    payment = Payment(bench, "4012888888881881", redirect_url="https://shop.example/done")
    payment.step()
    desk.platform.waiting[payment.suspension.tag] = lambda callback: payment.call_back(callback).response
    landed = walk_through(payment.suspension.user_interaction, True, "")
    answer = desk.call("GET", landed.removeprefix(url))
    assert (answer.status, answer.headers["location"]) == (303, "https://shop.example/done")
    assert payment.succeeded
    assert isinstance(payment.context(), PaymentContext)
