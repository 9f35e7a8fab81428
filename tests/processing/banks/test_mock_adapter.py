"""What the mock bank's adapter makes of this bank in particular."""

import contextlib
import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator
from datetime import timedelta

import orjson
import pytest

from processing.banks import protocol
from processing.banks.mock import cards, codes, money
from processing.banks.mock_adapter import answers, failures, wire
from processing.banks.mock_adapter.connection import Connection, Keys
from processing.banks.protocol import Proxy, Target
from rpc.breaker import OPEN_REASON, Breaker
from rpc.context import Context
from rpc.deadlines import Deadline
from rpc.failures import Unavailable, Unexpected, Unknown
from rpc.protocol import domain
from tests.processing.banks.conformance import COST, Bench, Payment
from tests.processing.banks.foreign_bank import BankInMemory, BankProcess
from tests.processing.banks.mock_bench import RunningClock, TestCards, adapter_at, answer_challenge, tool, walk_through

DECLINED = [card for card in cards.TABLE if card.group == "Declined"]
WELL_KNOWN = {
    "4000000000000002": "authorization_failed:insufficient_funds",
    "4222222222222220": "authorization_failed:account_not_found",
    "4003830171874018": "authorization_failed:payment_tool_rejected:bank_card_rejected:cvv_invalid",
    "4000000000000069": "authorization_failed:payment_tool_rejected:bank_card_rejected:card_expired",
    "4111110000000112": "authorization_failed:unknown",
    "4987654321098769": "preauthorization_failed:three_ds_failed",
    "4342561111111118": "preauthorization_failed:three_ds_not_finished",
}
THE_PLATFORMS_OWN = {"authorization_failed:processing_deadline_reached"}


def paying(bench: Bench, number: str, **more: object) -> Payment:
    bench.tools[number] = tool(number)
    return Payment(bench, number, **more)


# ---------------------------------------------------------------- failures


def test_every_failure_leads_into_the_tree():
    mapped = {*failures.BY_CODE.values(), *failures.BY_CODE_AND_DETAIL.values()}
    assert mapped <= protocol.FAILURES
    assert protocol.FAILURES - mapped == THE_PLATFORMS_OWN


def test_every_code_that_the_bank_declines_with_is_mapped():
    never_a_decline = {codes.APPROVED, codes.IN_PROGRESS, codes.AUTHENTICATION_ASKED, codes.DUPLICATE_REFERENCE,
                       codes.NOT_FOUND, codes.FORMAT_ERROR}  # fmt: skip
    assert codes.TEXTS.keys() - failures.BY_CODE.keys() == never_a_decline


def test_a_code_that_is_in_no_manual_is_an_unknown_failure():
    assert failures.path_of("ZZ", None) == "authorization_failed:unknown"
    assert failures.path_of("61", "CENTURY") == "authorization_failed:account_limit_exceeded:unknown"


@pytest.mark.parametrize("number", [card.number for card in DECLINED])
def test_each_declining_card_fails_with_its_own_path(bench: Bench, number: str):
    payment = paying(bench, number).drive()
    wanted = WELL_KNOWN.get(number) or failures.path_of(cards.BY_NUMBER[number].code, cards.BY_NUMBER[number].detail)
    assert payment.failure == wanted
    assert wanted != "authorization_failed:unknown" or number == "4111110000000112"


@pytest.mark.parametrize("path", sorted(protocol.FAILURES))
def test_a_failure_path_survives_its_thrift_form(path: str):
    assert protocol.failure_path(protocol.failure(path)) == path


def test_a_failure_outside_the_tree_cannot_be_made():
    with pytest.raises(ValueError, match="no leaf"):
        protocol.failure("authorization_failed:bad_mood")


# ---------------------------------------------------------------- 3-D Secure


def test_a_failing_challenge_card_fails_though_the_payer_approves(bench: Bench):
    payment = paying(bench, "4987654321098769")
    payment.step()
    payment.call_back(answer_challenge(payment.suspension.user_interaction, True))
    assert payment.failure == WELL_KNOWN["4987654321098769"]


def test_a_page_that_never_sends_the_payer_back_ends_as_not_finished(bench: Bench):
    payment = paying(bench, "4342561111111118")
    payment.step()
    bench.pass_seconds(answers.CHALLENGE_S)
    assert payment.drive().failure == WELL_KNOWN["4342561111111118"]


def test_a_challenge_by_get_carries_the_way_home_in_its_link(bench: Bench):
    payment = paying(bench, "4556418324571052")
    payment.step()
    interaction = payment.suspension.user_interaction
    assert "{termination_uri}" in interaction.redirect.get_request.uri_template
    answer = payment.call_back(answer_challenge(interaction, True))
    assert payment.succeeded
    assert orjson.loads(answer.response) == {"redirect": None}


@pytest.mark.parametrize("number", ["4012888888881881", "4556418324571052"])
def test_the_browsers_termination_uri_leads_home_where_the_merchant_said_nothing(bench: Bench, number: str):
    payment = paying(bench, number)
    payment.step()
    home = "https://shop.example/done?order=1&x=%20"
    answer = payment.call_back(answer_challenge(payment.suspension.user_interaction, True, home))
    assert orjson.loads(answer.response) == {"redirect": home}


@pytest.mark.parametrize("address", ["javascript:alert(1)", "//elsewhere.example", "https://a.example/\r\nx: y", ""])
def test_what_is_no_web_address_leads_nowhere(bench: Bench, address: str):
    payment = paying(bench, "4012888888881881")
    assert answers.way_home(payment.context(), {"sessionData": address}) is None


def test_the_merchants_redirect_wins_and_its_template_expressions_expand_to_nothing(bench: Bench):
    payment = paying(bench, "4012888888881881", redirect_url="https://shop.example/back{?invoiceID}")
    assert answers.way_home(payment.context(), {"sessionData": "https://evil.example"}) == "https://shop.example/back"


def test_a_frictionless_card_succeeds_without_an_interaction(bench: Bench):
    payment = paying(bench, "4000010200000017")
    payment.step()
    assert payment.succeeded


def test_a_completion_whose_answer_is_lost_is_asked_about(bench: Bench):
    payment = paying(bench, "4000010200000041")
    payment.step()
    payment.call_back(answer_challenge(payment.suspension.user_interaction, True))
    assert payment.results[-1].intent.sleep is not None
    assert payment.drive().succeeded
    assert bench.taken(payment.reference) == COST.amount


@pytest.mark.parametrize("lost", [1, 3])
def test_a_return_that_never_reached_the_bank_is_brought_to_it_again(bench: Bench, monkeypatch, lost: int):
    """The payer comes back once: what was brought is kept until the bank has answered to it."""
    payment = paying(bench, "4012888888881881")
    payment.step()
    drop_completions(monkeypatch, lost)
    payment.call_back(answer_challenge(payment.suspension.user_interaction, True))
    assert payment.results[-1].intent.sleep is not None
    assert payment.drive().succeeded
    assert sum(result.intent.suspend is not None for result in payment.results) == 1
    assert bench.taken(payment.reference) == COST.amount


def test_a_forged_return_that_never_reached_the_bank_leaves_the_payer_the_time_there_was(bench: Bench, monkeypatch):
    payment = paying(bench, "4012888888881881")
    first = payment.step()
    drop_completions(monkeypatch, 1)
    payment.call_back(b'{"kind":"return","cres":"forged"}')
    again = payment.step()
    assert again.intent.suspend.tag == first.intent.suspend.tag
    assert again.intent.suspend.user_interaction == first.intent.suspend.user_interaction
    payment.call_back(answer_challenge(payment.suspension.user_interaction, True))
    assert payment.drive().succeeded


def drop_completions(monkeypatch, count: int) -> None:
    """The next `count` completions are lost on their way to the bank."""
    send, left = Connection.post, [count]

    def post(self, context, name, path, body):
        if name == "complete" and left[0]:
            left[0] -= 1
            raise Unknown("lost on the way", source="external")
        return send(self, context, name, path, body)

    monkeypatch.setattr(Connection, "post", post)


def test_an_abandoned_authorisation_can_no_longer_be_completed(bench: Bench):
    payment = paying(bench, "4012888888881881")
    payment.step()
    callback = answer_challenge(payment.suspension.user_interaction, True)
    bench.pass_seconds(answers.CHALLENGE_S)
    payment.drive()
    payment.begin(Target.PROCESSED, payment.reference)
    payment.state = answers.Memory(answers.CHALLENGE, until=0).pack()
    payment.call_back(callback)
    assert not payment.succeeded
    assert bench.taken(payment.reference) == 0


# ---------------------------------------------------------------- timing, notices


def test_an_answer_beyond_the_time_limit_is_unknown_and_found_later(
    bench: Bench, bank_process: BankProcess, vault_cards: TestCards, clock: RunningClock
):
    bench.proxy = Proxy("mock", adapter_at(bank_process.url, bank_process, vault_cards, clock, timeout_ms=100))
    payment = paying(bench, "4000010300000016")
    assert payment.step().intent.sleep is not None
    assert payment.drive().succeeded
    assert bench.requests(payment.reference) == 1


@pytest.mark.parametrize("number", ["4000010400000049", "4000010400000056", "4000010400000064"])
def test_however_the_answer_is_lost_the_payment_succeeds_with_one_charge(bench: Bench, number: str):
    payment = paying(bench, number)
    assert payment.step().intent.sleep is not None
    assert payment.drive().succeeded
    assert (bench.requests(payment.reference), bench.taken(payment.reference)) == (1, COST.amount)


@pytest.mark.parametrize("number", ["4000010300000032", "4000010300000040", "4000010500000014"])
def test_a_pending_payment_waits_under_its_notice_tag(bench: Bench, number: str):
    payment = paying(bench, number)
    payment.step()
    assert payment.suspension.tag == answers.notice_tag(payment.reference)
    assert payment.suspension.user_interaction is None


def notice(result: str) -> bytes:
    return orjson.dumps({"kind": "notice", "result": result})


def test_a_notice_makes_the_adapter_ask_and_finish(bench: Bench):
    payment = paying(bench, "4000010300000040")
    payment.step()
    while bench.taken(payment.reference) == 0:
        payment.step()
    payment.state = answers.Memory(answers.PENDING, 1).pack()
    payment.call_back(notice("APPROVED"))
    assert payment.succeeded


def test_a_notice_of_what_is_still_pending_changes_nothing(bench: Bench):
    payment = paying(bench, "4000010300000040")
    payment.step()
    assert payment.call_back(notice("APPROVED")).result is None


def test_a_notice_that_contradicts_the_banks_books_is_unexpected(bench: Bench):
    payment = paying(bench, "4242424242424242").drive()
    with pytest.raises(Unexpected):
        payment.call_back(notice("DECLINED"))


def test_a_notice_while_the_bank_is_out_of_reach_leaves_the_session_suspended(bench: Bench):
    payment = paying(bench, "4000010300000040")
    payment.step()
    bench.proxy = bench.unreachable
    assert payment.call_back(notice("APPROVED")).result is None


# ---------------------------------------------------------------- wire


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [(1, "RUB", "0.01"), (100, "RUB", "1.00"), (1234567, "USD", "12345.67"), (5, "JPY", "5"), (1, "KWD", "0.001")],
)
def test_amounts_go_out_with_the_decimals_of_their_currency_and_come_back_exact(
    amount: int, currency: str, written: str
):
    out = wire.money(domain.Cash(amount=amount, currency=currency))
    assert out["amount"] == written
    assert wire.cash_of(out) == (amount, currency)


def test_both_sides_agree_on_every_currency_of_ours():
    assert all(money.DECIMALS[number] == decimals for number, decimals in wire.CURRENCIES.values())


def test_a_currency_without_an_account_is_declined_before_anything_is_sent(bench: Bench):
    payment = paying(bench, "4242424242424242")
    payment._info = protocol.bank_adapter.PaymentInfo(
        **{name: getattr(payment._info, name) for name in payment._info.__struct_fields__}
        | {"cost": domain.Cash(amount=100, currency="XTS")}
    )
    assert payment.drive().failure == "authorization_failed:operation_blocked"
    assert bench.requests(payment.reference) == 0


GOOD = BankInMemory().authorise("r1").json


@pytest.mark.parametrize(
    "changes",
    [
        {"result": "MAYBE"},
        {"result": None},
        {"code": 0},
        {"amount": "10"},
        {"amount": "ten"},
        {"currency": "999"},
        {"currency": None},
        {"authorisation": {"state": "LOST"}},
        {"authorisation": "TAKEN"},
        {"result": "CHALLENGE"},
        {"result": "CHALLENGE", "challenge": {"method": "DELETE", "url": "x"}},
        {"result": "CHALLENGE", "challenge": {"method": "POST", "url": "x", "fields": {"a": 1}}},
        {"txn": 7},
    ],
)
def test_a_receipt_of_another_shape_is_unexpected(changes: dict):
    assert wire.receipt(GOOD).result == "APPROVED"
    with pytest.raises(Unexpected):
        wire.receipt(GOOD | changes)


@pytest.mark.parametrize(
    ("about", "changes"),
    [
        ("reference", {"reference": "another"}),
        ("operation", {"operation": "REFUND"}),
        ("amount", {"amount": "10.01"}),
        ("currency", {"currency": "840"}),
        ("missing transaction", {"txn": None}),
        ("missing amount", {"amount": None}),
    ],
)
def test_an_answer_about_something_else_is_unexpected(bench: Bench, about: str, changes: dict):
    payment = Payment(bench, "approved").context()
    cash = domain.Cash(amount=1000, currency="RUB")
    answers.verify(payment, wire.receipt(GOOD), "AUTHORISATION", "r1", cash)
    with pytest.raises(Unexpected, match=about):
        answers.verify(payment, wire.receipt(GOOD | changes), "AUTHORISATION", "r1", cash)


def test_another_transaction_id_for_a_known_payment_is_unexpected(bench: Bench):
    payment = Payment(bench, "approved").drive()
    payment.begin(Target.CAPTURED, "x.capture")
    payment.transaction = domain.TransactionInfo(id="T-other")
    receipt = wire.receipt(GOOD)
    with pytest.raises(Unexpected, match="transaction"):
        answers.verify(payment.context(), receipt, "AUTHORISATION", "r1", None)


def test_an_order_that_takes_the_money_at_once_is_captured_with_the_approval(bench: Bench):
    assert Payment(bench, "approved").drive().is_captured


def test_an_adapter_that_takes_money_before_it_was_to_is_unexpected(bench: Bench):
    held = Payment(bench, "approved", hold=True).drive()
    taken = protocol.succeeded(held.transaction, is_captured=True)
    with pytest.raises(Unexpected, match="not to be taken"):
        protocol.checked(held.context(), taken)


@pytest.mark.parametrize("number", [c.number for c in cards.TABLE if c.behaviour.delivery.startswith("other")])
def test_lying_answers_are_unexpected(bench: Bench, number: str):
    with pytest.raises(Unexpected):
        paying(bench, number).step()


def test_after_a_repair_the_truth_behind_a_lying_answer_is_asked_for(bench: Bench):
    payment = paying(bench, "4000010400000072")
    with pytest.raises(Unexpected):
        payment.step()
    assert payment.step().intent.finish is not None
    assert payment.succeeded
    assert bench.requests(payment.reference) == 1


def test_a_form_with_braces_cannot_become_a_template():
    with pytest.raises(Unexpected):
        wire.interaction(wire.Challenge("https://bank.example/{x}", {"creq": "1"}))


def test_the_payers_return_address_carries_tag_and_trace(bench: Bench, bank_process: BankProcess):
    payment = paying(bench, "4012888888881881")
    payment.step()
    interaction = payment.suspension.user_interaction
    landed = urllib.parse.urlsplit(walk_through(interaction, True, ""))
    assert landed.path == f"/callbacks/mock/return/{payment.suspension.tag}"
    assert "trace" in urllib.parse.parse_qs(landed.query)


# ---------------------------------------------------------------- connection


@pytest.fixture
def connection(bank_process: BankProcess, clock: RunningClock) -> Connection:
    return Connection(bank_process.url, Keys(bank_process.state / "secrets" / "mock_bank.key"), 500, clock)


def test_a_deadline_that_is_over_sends_nothing(connection: Connection, clock: RunningClock):
    context = Context.root(deadline=Deadline.after_ms(-1, clock()))
    with pytest.raises(Unavailable, match="deadline"):
        connection.get(context, "look_up", "/gateway/v1/operations")


def test_a_wrong_key_is_unavailable_for_nothing_was_done(bank_process: BankProcess, tmp_path, clock: RunningClock):
    (tmp_path / "other.key").write_bytes(b"another secret")
    stranger = Connection(bank_process.url, Keys(tmp_path / "other.key"), 500, clock)
    with pytest.raises(Unavailable, match="key"):
        stranger.get(Context.root(), "look_up", "/gateway/v1/operations")


def test_without_a_secret_nothing_is_sent(bank_process: BankProcess, tmp_path, clock: RunningClock):
    unready = Connection(bank_process.url, Keys(tmp_path / "missing.key"), 500, clock)
    with pytest.raises(Unavailable, match="secret"):
        unready.get(Context.root(), "look_up", "/gateway/v1/operations")


@pytest.fixture
def talker() -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers every connection with the same bytes and hangs up: (url, [bytes to set])."""
    listener, says = socket.create_server(("127.0.0.1", 0)), [b""]

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(says[0])

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", says
    listener.close()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200",
        b"what?\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n" + b"x" * 70_000,
        b"HTTP/1.1 503 Busy\r\ncontent-length: 2\r\n\r\n{}",
    ],
    ids=["nothing", "half a line", "no http", "half a body", "no chunk", "too much", "5xx"],
)
def test_whatever_is_no_whole_answer_leaves_the_outcome_unknown(
    talker: tuple[str, list[bytes]], bank_process: BankProcess, clock: RunningClock, said: bytes
):
    url, says = talker
    says[0] = said
    connection = Connection(url, Keys(bank_process.state / "secrets" / "mock_bank.key"), 500, clock)
    with pytest.raises(Unknown):
        connection.post(Context.root(), "authorise", "/gateway/v1/authorisations", {})


def test_an_answer_that_comes_byte_by_byte_is_not_waited_for_longer_than_any_other(
    bank_process: BankProcess, clock: RunningClock
):
    url = serve_slowly(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n", b" " * 100, pause_s=0.1)
    connection = Connection(url, Keys(bank_process.state / "secrets" / "mock_bank.key"), 300, clock)
    began = time.monotonic()
    with pytest.raises(Unknown):
        connection.get(Context.root(), "look_up", "/gateway/v1/operations")
    assert time.monotonic() - began < 2


def test_a_bank_that_does_not_answer_is_left_alone_for_a_while(bank_process: BankProcess, clock: RunningClock):
    """What is held back was surely not sent."""
    keys, moment = Keys(bank_process.state / "secrets" / "mock_bank.key"), [0.0]
    breaker = Breaker(failures_max=3, open_ms=2000, clock=lambda: moment[0])
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        url = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        connection = Connection(url, keys, 50, clock, breaker)
        for _ in range(3):
            with pytest.raises(Unknown):
                connection.post(Context.root(), "authorise", "/gateway/v1/authorisations", {})
        with pytest.raises(Unavailable, match=OPEN_REASON):
            connection.post(Context.root(), "authorise", "/gateway/v1/authorisations", {})
        moment[0] = 2.0
        with pytest.raises(Unknown):
            connection.post(Context.root(), "authorise", "/gateway/v1/authorisations", {})


def serve_slowly(head: bytes, body: bytes, pause_s: float) -> str:
    """A server of one answer, whose body comes byte by byte; its URL."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with listener, connection, contextlib.suppress(OSError):
            connection.recv(65_536)
            connection.sendall(head)
            for place in range(len(body)):
                time.sleep(pause_s)
                connection.sendall(body[place : place + 1])

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_shorter_deadline_shortens_the_banks_time(connection: Connection, clock: RunningClock):
    context = Context.root(deadline=Deadline.after_ms(60_000, clock()))
    assert connection._timeout_s(context) == 0.5
    clock.ahead += timedelta(milliseconds=59_900)
    assert connection._timeout_s(context) < 0.2


# ---------------------------------------------------------------- the Thrift face


class Careless:
    """An adapter that answers whatever it was made with."""

    def __init__(self, result: protocol.ProxyResult) -> None:
        self.result = result

    def process(self, context: Context, payment: protocol.PaymentContext) -> protocol.ProxyResult:
        return self.result


def test_success_without_a_transaction_does_not_pass(bench: Bench):
    context = Payment(bench, "approved").context()
    with pytest.raises(Unexpected, match="without a transaction"):
        Proxy("careless", Careless(protocol.succeeded())).ProcessPayment(Context.root(), context)


def test_a_changed_transaction_id_does_not_pass(bench: Bench):
    payment = Payment(bench, "approved").drive()
    careless = Careless(protocol.succeeded(domain.TransactionInfo(id="another")))
    with pytest.raises(Unexpected, match="changed"):
        Proxy("careless", careless).ProcessPayment(Context.root(), payment.context())


def test_a_failure_outside_the_tree_does_not_pass(bench: Bench):
    finish = protocol.failed("authorization_failed:unknown").intent.finish
    status = protocol.bank_adapter.FinishStatus(failure=domain.Failure(code="bad_mood"))
    intent = protocol.bank_adapter.Intent(finish=protocol.bank_adapter.Finish(status=status))
    assert finish is not None
    with pytest.raises(Unexpected, match="tree"):
        Proxy("careless", Careless(protocol.ProxyResult(intent=intent))).ProcessPayment(
            Context.root(), Payment(bench, "approved").context()
        )
