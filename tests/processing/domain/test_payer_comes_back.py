"""Payments that wait for their payer: challenges, callbacks, and payers who come late, twice or never."""

from datetime import timedelta

from processing.domain import commands, errors, failure
from processing.domain.interaction import BrowserGetRequest, Redirect
from processing.domain.statuses import PaymentStatus, TimeoutBehaviour
from tests.processing.domain.world import START, approves, sleeps, started, suspends

PAGE = Redirect(request=BrowserGetRequest(uri_template="https://bank.example/3ds{?termination_uri}"))


def test_a_challenge_suspends_the_payment_until_the_payer_comes_back():
    story = started()
    assert story.bank(suspends(interaction=PAGE)) == [
        "session_state_changed",
        "session_suspended",
        "payment_interaction_requested",
    ]
    assert story.payment.interaction == PAGE
    assert story.callback("tag-1", approves())[-1] == "session_started"
    assert (story.payment.status, story.payment.interaction) == (PaymentStatus.PROCESSED, None)
    assert isinstance(story.refuses(commands.BeginCallback(tag="tag-1")), errors.SessionNotFound)


def test_a_payer_who_came_back_is_not_sent_to_the_page_again():
    story = started()
    story.bank(suspends(interaction=PAGE))
    story.callback("tag-1", sleeps())
    assert story.payment.interaction is None


def test_a_payer_who_never_comes_back_fails_the_payment_with_what_the_adapter_said():
    story = started()
    story.bank(suspends(why=failure.parse("preauthorization_failed:three_ds_not_finished")))
    assert story.waits_until() == START + timedelta(minutes=10)
    assert story.wakes() == ["session_finished", "payment_status_changed"]
    assert failure.text(story.payment.failure) == "preauthorization_failed:three_ds_not_finished"


def test_without_a_reason_of_the_adapter_a_timeout_is_an_operation_timeout():
    story = started()
    story.bank(suspends())
    story.wakes()
    assert story.payment.failure == failure.OperationTimeout()


def test_a_timeout_may_ask_the_adapter_once_more():
    story = started()
    story.bank(suspends(behaviour=TimeoutBehaviour.CALL_ADAPTER))
    assert story.wakes() == ["session_activated"]
    assert story.begins_call().attempt == 2


def test_a_callback_the_adapter_has_nothing_to_say_about_leaves_the_tag_open():
    story = started()
    story.bank(suspends())
    assert story.callback("tag-1", None) == ["session_callback_ignored"]
    story.callback("tag-1", approves())
    assert story.payment.status is PaymentStatus.PROCESSED


def test_two_callbacks_at_once_make_one_call_of_the_adapter():
    story = started()
    story.bank(suspends())
    story.when(commands.BeginCallback(tag="tag-1"))
    assert isinstance(story.refuses(commands.BeginCallback(tag="tag-1")), errors.SessionBusy)


def test_a_callback_whose_outcome_is_unknown_makes_the_bank_be_asked():
    story = started()
    story.bank(suspends())
    story.when(commands.BeginCallback(tag="tag-1"))
    story.when(commands.SessionCallFailed(payment_id="1", attempt=2, is_unknown=True, reason="lost"))
    story.wakes()
    assert story.begins_call().attempt == 3


def interrupted():
    """A payment whose payer's return was lost on its way to the bank."""
    story = started()
    story.bank(suspends())
    story.when(commands.BeginCallback(tag="tag-1"))
    story.when(commands.SessionCallFailed(payment_id="1", attempt=2, is_unknown=True, reason="lost"))
    return story


def test_a_payer_whose_return_was_lost_may_come_again_and_is_never_told_that_nobody_waits():
    story = interrupted()
    assert isinstance(story.refuses(commands.BeginCallback(tag="tag-1")), errors.SessionBusy)
    story.wakes()
    story.bank(suspends())
    story.callback("tag-1", approves())
    assert story.payment.status is PaymentStatus.PROCESSED


def test_once_the_bank_said_how_a_lost_return_ended_nobody_waits_under_its_tag():
    story = interrupted()
    story.wakes()
    story.bank(approves())
    assert isinstance(story.refuses(commands.BeginCallback(tag="tag-1")), errors.SessionNotFound)


def test_a_return_whose_bearer_died_may_be_brought_again():
    story = started()
    story.bank(suspends())
    story.when(commands.BeginCallback(tag="tag-1"))
    story.wakes()
    story.begins_call()
    assert isinstance(story.refuses(commands.BeginCallback(tag="tag-1")), errors.SessionBusy)


def test_a_callback_that_surely_did_not_reach_the_adapter_can_come_again():
    story = started()
    story.bank(suspends())
    story.when(commands.BeginCallback(tag="tag-1"))
    story.when(commands.SessionCallFailed(payment_id="1", attempt=2, is_unknown=False, reason="refused"))
    assert story.callback("tag-1", approves())[-1] == "session_started"


def test_the_same_page_asked_for_again_is_told_once():
    story = started()
    story.bank(sleeps(interaction=PAGE))
    story.wait(seconds=3)
    assert story.bank(sleeps(interaction=PAGE)) == ["session_slept"]
