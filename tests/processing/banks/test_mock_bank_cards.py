"""What the magic card numbers do."""

import orjson
import pytest

from processing.banks.mock import cards, codes
from tests.processing.banks.foreign_bank import SHORT, Answer, BankInMemory

WELL_KNOWN = {
    "4242424242424242", "5555555555554444", "586824160825533338", "2201382000000013", "4012888888881881",
    "5169147129584558", "4556418324571052", "4987654321098769", "4342561111111118", "4000000000000002",
    "4222222222222220", "4003830171874018", "4000000000000069", "4111110000000112",
}  # fmt: skip
DECLINED = [card for card in cards.TABLE if card.group == "Declined"]


@pytest.fixture
def bank() -> BankInMemory:
    return BankInMemory()


def pan(**wanted: str) -> str:
    """The first listed card without a challenge whose behaviour has these traits."""
    wanted = {"authentication": cards.NO_AUTHENTICATION, **wanted}
    return next(c.number for c in cards.TABLE if all(getattr(c.behaviour, k) == v for k, v in wanted.items()))


def test_every_listed_number_passes_luhn_and_stands_once():
    assert all(cards.passes_luhn(card.number) for card in cards.TABLE)
    assert len(cards.BY_NUMBER) == len(cards.TABLE)


def test_numbers_that_integrators_know_by_heart_are_listed():
    assert cards.BY_NUMBER.keys() >= WELL_KNOWN


def test_every_code_has_a_text_and_every_card_a_known_code():
    assert {card.behaviour.code for card in cards.TABLE} <= set(codes.TEXTS)
    named = {value for name, value in vars(codes).items() if name.isupper() and isinstance(value, str)}
    assert named == set(codes.TEXTS)


def test_a_behaviour_survives_the_books():
    assert all(cards.thaw(cards.freeze(card.behaviour)) == card.behaviour for card in cards.TABLE)


def test_the_documented_table_has_a_line_for_every_card():
    assert cards.as_markdown().count("\n") == len(cards.TABLE) + 1


@pytest.mark.parametrize("number", [card.number for card in cards.TABLE if card.group == "Approved"])
def test_approved_cards_are_approved(bank: BankInMemory, number: str):
    assert bank.authorise(pan=number, card={"pan": number, "expiry": "3012"}).json["result"] == "APPROVED"


@pytest.mark.parametrize("card", DECLINED, ids=lambda card: card.number)
def test_declining_cards_decline_with_their_code_and_hold_nothing(bank: BankInMemory, card: cards.Card):
    answer = bank.authorise(pan=card.number).json
    assert (answer["result"], answer["code"]) == ("DECLINED", card.behaviour.code)
    assert answer.get("detail") == card.behaviour.detail
    assert bank.books()["totals"]["643"]["taken"] == 0


def test_an_unlisted_number_is_approved_if_its_check_digit_is_right(bank: BankInMemory):
    assert bank.authorise("r1", "4111111111111111").json["code"] == "00"
    assert bank.authorise("r2", "4111111111111112").json["code"] == "14"


def test_the_slow_card_is_answered_after_its_delay(bank: BankInMemory):
    answer = bank.authorise(pan=pan(timing=cards.SLOW))
    assert answer.json["result"] == "APPROVED"
    assert SHORT.slow_ms > 0


def test_a_pending_card_is_approved_later_and_seen_by_asking(bank: BankInMemory):
    first = bank.authorise(pan=pan(timing=cards.PENDING, notice=cards.NO_NOTICE)).json
    assert (first["result"], first["code"]) == ("PENDING", "09")
    bank.clock.pass_ms(SHORT.pending_ms - 1)
    assert bank.look_up("r1").json["result"] == "PENDING"
    bank.clock.pass_ms(1)
    after = bank.look_up("r1").json
    assert (after["result"], after["txn"]) == ("APPROVED", first["txn"])


def test_a_void_stops_a_pending_authorisation_for_good(bank: BankInMemory):
    txn = bank.authorise(pan=pan(timing=cards.PENDING)).json["txn"]
    assert bank.change("voids", "v1", txn).json["result"] == "APPROVED"
    bank.let_pass(SHORT.pending_ms)
    assert bank.look_up("r1").json["code"] == "17"


def test_a_refused_request_leaves_nothing_but_its_count(bank: BankInMemory):
    number = pan(delivery=cards.REFUSE_500)
    assert [bank.authorise(pan=number).status for _ in range(2)] == [500, 500]
    assert bank.books()["operations"] == []
    assert bank.books()["requests"] == {"r1": 2}


@pytest.mark.parametrize("delivery", [cards.REFUSE_500_ONCE, cards.DROP_ONCE])
def test_a_card_that_fails_once_is_approved_when_the_same_reference_is_sent_again(bank: BankInMemory, delivery: str):
    first = bank.authorise(pan=pan(delivery=delivery))
    assert first.dropped == (delivery == cards.DROP_ONCE)
    assert bank.look_up("r1").status == 404
    assert bank.authorise(pan=pan(delivery=delivery)).json["result"] == "APPROVED"


def is_broken(answer: Answer, delivery: str) -> bool:
    if delivery == cards.ACCEPT_500:
        return answer.status == 500
    if delivery == cards.ACCEPT_DROP:
        return answer.dropped and answer.status == 0
    return answer.dropped and answer.status == 200 and 0 < len(answer.body) < int(answer.headers["content-length"])


@pytest.mark.parametrize("delivery", [cards.ACCEPT_500, cards.ACCEPT_DROP, cards.ACCEPT_CUT])
def test_an_accepted_request_whose_answer_is_lost_is_found_by_its_reference(bank: BankInMemory, delivery: str):
    assert is_broken(bank.authorise(pan=pan(delivery=delivery)), delivery)
    assert bank.look_up("r1").json["result"] == "APPROVED"
    assert bank.books()["totals"]["643"]["taken"] == 1000


def test_garbage_is_no_json_and_the_books_know_better(bank: BankInMemory):
    answer = bank.authorise(pan=pan(delivery=cards.GARBAGE))
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(answer.body)
    assert bank.look_up("r1").json["result"] == "APPROVED"


@pytest.mark.parametrize(
    ("delivery", "lie"),
    [
        (cards.OTHER_AMOUNT, {"amount": "20.00"}),
        (cards.OTHER_CURRENCY, {"currency": "840"}),
        (cards.OTHER_SHAPE, {"status": "ok"}),
    ],
)
def test_a_lying_answer_differs_from_the_books(bank: BankInMemory, delivery: str, lie: dict):
    assert bank.authorise(pan=pan(delivery=delivery)).json.items() >= lie.items()
    truth = bank.look_up("r1").json
    assert (truth["result"], truth["amount"], truth["currency"]) == ("APPROVED", "10.00", "643")


@pytest.mark.parametrize(("trait", "what"), [("capture_code", "captures"), ("refund_code", "refunds")])
def test_later_operations_can_be_declined(bank: BankInMemory, trait: str, what: str):
    capture = "later" if what == "captures" else "now"
    txn = bank.authorise(pan=pan(**{trait: codes.REFUSED_BY_ISSUER}), capture=capture).json["txn"]
    answer = bank.change(what, "x1", txn, "10.00").json
    assert (answer["result"], answer["code"]) == ("DECLINED", "B4")
    assert answer["authorisation"]["returned"] == "0.00"


@pytest.mark.parametrize(
    ("trait", "what", "amount"),
    [
        ("capture_delivery", "captures", "10.00"),
        ("refund_delivery", "refunds", "10.00"),
        ("void_delivery", "voids", None),
    ],
)
def test_later_operations_can_be_done_while_their_answer_is_lost(
    bank: BankInMemory, trait: str, what: str, amount: str | None
):
    number = next(c.number for c in cards.TABLE if getattr(c.behaviour, trait) != cards.WHOLE)
    txn = bank.authorise(pan=number, capture="now" if what == "refunds" else "later").json["txn"]
    answer = bank.change(what, "x1", txn, amount)
    assert answer.dropped or answer.status == 500
    assert bank.look_up("x1").json["result"] == "APPROVED"
