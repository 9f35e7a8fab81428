"""The mock bank's adapter and 3-D Secure: pages, returns that are lost or forged, and the way home."""

import urllib.parse

import orjson
import pytest

from processing.banks.mock_adapter import answers, wire
from processing.banks.mock_adapter.connection import Connection
from processing.banks.protocol import Target
from rpc.failures import Unexpected, Unknown
from tests.processing.banks.adapter_bench import COST, Bench
from tests.processing.banks.foreign_bank import BankProcess
from tests.processing.banks.mock_bench import WELL_KNOWN, answer_challenge, paying, walk_through


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
