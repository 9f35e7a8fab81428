"""3-D Secure at the mock bank: frictionless, the page and its buttons, the result token."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from processing.banks.mock import cards
from tests.processing.banks.foreign_bank import MERCHANT, SHORT, Answer, BankInMemory

CHALLENGE, BY_GET, FAILING, SILENT = "4012888888881881", "4556418324571052", "4987654321098769", "4342561111111118"


@pytest.fixture
def bank() -> BankInMemory:
    return BankInMemory()


def asked(bank: BankInMemory, pan: str = CHALLENGE, **changes: object) -> dict:
    """The answer to an order whose payer must show up."""
    answer = bank.authorise(pan=pan, **changes).json
    assert (answer["result"], answer["code"]) == ("CHALLENGE", "1P")
    return answer


def creq_of(answer: dict) -> str:
    challenge = answer["challenge"]
    return (
        challenge["fields"]["creq"]
        if challenge["method"] == "POST"
        else parse_qs(urlsplit(challenge["url"]).query)["creq"][0]
    )


def press(bank: BankInMemory, answer: dict, button: str, **fields: str) -> Answer:
    return bank.post_form("/acs/answer", creq=creq_of(answer), answer=button, **fields)


def returned(answer: Answer) -> dict[str, str]:
    """What the payer's browser brings back to the merchant."""
    assert answer.status == 303
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def complete(bank: BankInMemory, answer: dict, cres: str) -> Answer:
    return bank.call(
        "POST", f"/gateway/v1/authorisations/{answer['txn']}/completion", {"merchant": MERCHANT, "cres": cres}
    )


def test_a_frictionless_card_is_approved_without_a_page(bank: BankInMemory):
    answer = bank.authorise(pan="4000010200000017").json
    assert (answer["result"], answer["threeDs"]["status"]) == ("APPROVED", "Y")


def test_a_frictionless_refusal_is_declined_without_a_page(bank: BankInMemory):
    answer = bank.authorise(pan="4000010200000025").json
    assert (answer["result"], answer["code"], answer["threeDs"]["status"]) == ("DECLINED", "1A", "N")


def test_nothing_is_held_until_the_payer_has_answered(bank: BankInMemory):
    asked(bank)
    assert bank.books()["totals"]["643"]["taken"] == 0


@pytest.mark.parametrize("pan", [CHALLENGE, "5169147129584558", BY_GET])
def test_an_approved_challenge_is_completed_with_the_result_token(bank: BankInMemory, pan: str):
    answer = asked(bank, pan)
    back = returned(press(bank, answer, "approve", sessionData="http://shop.test/done?x=1&y=2"))
    assert back["tag"] == "1"
    assert back["sessionData"] == "http://shop.test/done?x=1&y=2"
    done = complete(bank, answer, back["cres"]).json
    assert (done["result"], done["txn"], done["threeDs"]["status"]) == ("APPROVED", answer["txn"], "Y")
    assert bank.books()["totals"]["643"]["taken"] == 1000


def test_a_failed_challenge_ends_in_a_decline(bank: BankInMemory):
    answer = asked(bank)
    back = returned(press(bank, answer, "fail"))
    assert complete(bank, answer, back["cres"]).json["code"] == "1A"
    assert bank.books()["totals"]["643"]["taken"] == 0


def test_the_failing_card_fails_whatever_the_payer_does(bank: BankInMemory):
    answer = asked(bank, FAILING)
    back = returned(press(bank, answer, "approve"))
    assert complete(bank, answer, back["cres"]).json["code"] == "1A"


def test_an_abandoned_page_sends_nobody_back(bank: BankInMemory):
    answer = asked(bank)
    left = press(bank, answer, "abandon")
    assert left.status == 200
    assert "location" not in left.headers
    assert bank.look_up("r1").json["result"] == "CHALLENGE"


def test_the_silent_card_never_sends_the_payer_back(bank: BankInMemory):
    answer = asked(bank, SILENT)
    assert press(bank, answer, "approve").status == 200
    assert bank.look_up("r1").json["result"] == "CHALLENGE"


def test_a_challenge_that_nobody_answers_is_declined_in_the_end(bank: BankInMemory):
    asked(bank)
    bank.let_pass(SHORT.challenge_ms)
    assert bank.look_up("r1").json["code"] == "1B"


def test_a_wrong_result_token_is_refused_and_nothing_moves(bank: BankInMemory):
    answer = asked(bank)
    assert complete(bank, answer, "guess").status == 400
    press(bank, answer, "approve")
    assert complete(bank, answer, "guess").status == 400
    assert bank.look_up("r1").json["result"] == "CHALLENGE"


def test_the_first_answer_on_the_page_stands(bank: BankInMemory):
    answer = asked(bank)
    first = returned(press(bank, answer, "fail"))
    again = returned(press(bank, answer, "approve"))
    assert first["cres"] == again["cres"]
    assert complete(bank, answer, first["cres"]).json["code"] == "1A"


def test_a_second_completion_changes_nothing(bank: BankInMemory):
    answer = asked(bank)
    cres = returned(press(bank, answer, "approve"))["cres"]
    first = complete(bank, answer, cres).json
    assert complete(bank, answer, cres).json == first
    assert bank.books()["counts"] == [{"operation": "AUTHORISATION", "result": "APPROVED", "count": 1}]


def test_a_passed_challenge_may_still_be_declined(bank: BankInMemory):
    answer = asked(bank, "4000010200000033")
    cres = returned(press(bank, answer, "approve"))["cres"]
    assert complete(bank, answer, cres).json["code"] == "51"


def test_a_completion_whose_answer_is_lost_is_found_by_reference(bank: BankInMemory):
    answer = asked(bank, "4000010200000041")
    cres = returned(press(bank, answer, "approve"))["cres"]
    assert complete(bank, answer, cres).dropped
    assert bank.look_up("r1").json["result"] == "APPROVED"


def test_without_a_return_address_no_challenge_is_possible(bank: BankInMemory):
    assert bank.authorise(pan=CHALLENGE, returnUrl=None).json["code"] == "1C"


def test_a_payment_without_its_payer_is_not_challenged(bank: BankInMemory):
    assert bank.authorise(pan=CHALLENGE, initiator="merchant").json["result"] == "APPROVED"


@pytest.mark.parametrize("pan", [CHALLENGE, BY_GET])
def test_the_page_shows_the_payment_and_three_buttons_and_loads_nothing_from_elsewhere(bank: BankInMemory, pan: str):
    answer = asked(bank, pan)
    if answer["challenge"]["method"] == "GET":
        page = bank.call("GET", answer["challenge"]["url"].removeprefix("http://bank.test"))
    else:
        page = bank.post_form("/acs", creq=creq_of(answer), sessionData='"><script>')
    html = page.body.decode()
    assert page.status == 200
    assert "10.00 RUB" in html
    assert re.findall(r'value="(approve|fail|abandon)"', html) == ["approve", "fail", "abandon"]
    assert '<html lang="en">' in html
    assert "<script" not in html
    assert not re.search(r'(src|href)="', html)
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert pan not in html


def test_a_page_of_no_payment_says_so(bank: BankInMemory):
    assert bank.call("GET", "/acs?creq=nothing").status == 404
    assert bank.call("GET", "/acs").status == 404


def test_an_answered_page_asks_nothing_more(bank: BankInMemory):
    answer = asked(bank)
    press(bank, answer, "approve")
    assert bank.post_form("/acs", creq=creq_of(answer)).status == 409


def test_a_form_without_one_of_the_buttons_is_no_answer(bank: BankInMemory):
    answer = asked(bank)
    assert press(bank, answer, "perhaps").status == 400
    assert bank.look_up("r1").json["result"] == "CHALLENGE"


def test_the_books_do_not_show_the_tokens_of_a_challenge(bank: BankInMemory):
    answer = asked(bank)
    cres = returned(press(bank, answer, "approve"))["cres"]
    shown = bank.call("GET", "/books").body.decode()
    assert cres not in shown
    assert creq_of(answer) not in shown


def test_challenge_cards_say_how_the_page_is_reached():
    by_get = [card.number for card in cards.TABLE if card.behaviour.authentication == cards.CHALLENGE_BY_GET]
    assert by_get == [BY_GET]
