"""The rules that every adapter keeps, whatever its bank. A new adapter's test is three lines:

    class TestMyAdapter(AdapterRules):
        @pytest.fixture
        def bench(self): return my_bench()

`bench` gives a `Bench` (`adapter_bench.py`): the adapter in front of its bank (a real one's sandbox, or a simulator,
over a real connection) and what the rules need to know of that bank.
"""

import pytest

from processing.banks import protocol
from processing.banks.protocol import Target
from rpc import codec
from rpc.context import Context
from rpc.failures import Unavailable, Unexpected
from rpc.protocol import domain, replace
from tests.processing.banks.adapter_bench import COST, Bench, Payment


class AdapterRules:
    """Every test is a rule of processing/banks/protocol.py."""

    @pytest.fixture
    def challenged(self, bench: Bench) -> Payment:
        """A payment whose payer must go to the bank's page."""
        payment = Payment(bench, "challenge", redirect_url="https://shop.example/done")
        payment.step()
        return payment

    def test_an_approved_payment_succeeds_with_its_transaction(self, bench: Bench):
        payment = Payment(bench, "approved").drive()
        assert payment.succeeded
        assert payment.transaction is not None
        assert bench.taken(payment.reference) == COST.amount

    def test_a_declined_payment_fails_inside_the_tree_and_takes_nothing(self, bench: Bench):
        payment = Payment(bench, "declined").drive()
        assert payment.failure in protocol.FAILURES
        assert bench.taken(payment.reference) == 0

    def test_a_hold_takes_nothing_until_it_is_captured(self, bench: Bench):
        payment = Payment(bench, "approved", hold=True).drive()
        assert (bench.held(payment.reference), bench.taken(payment.reference)) == (COST.amount, 0)
        payment.begin(Target.CAPTURED, f"{payment.reference}.capture").drive()
        assert payment.succeeded
        assert (bench.held(payment.reference), bench.taken(payment.reference)) == (0, COST.amount)

    def test_a_capture_in_part_takes_that_part_and_releases_the_rest(self, bench: Bench):
        payment = Payment(bench, "approved", hold=True).drive()
        payment.begin(Target.CAPTURED, f"{payment.reference}.capture", 4_000).drive()
        assert (bench.held(payment.reference), bench.taken(payment.reference)) == (0, 4_000)

    def test_a_payment_that_was_captured_at_once_is_captured_already(self, bench: Bench):
        payment = Payment(bench, "approved").drive()
        assert payment.begin(Target.CAPTURED, f"{payment.reference}.capture").drive().succeeded
        assert bench.taken(payment.reference) == COST.amount

    def test_whoever_says_that_the_money_is_captured_was_to_take_it_and_has_it(self, bench: Bench):
        at_once, later = Payment(bench, "approved").drive(), Payment(bench, "approved", hold=True).drive()
        assert not later.is_captured
        assert not at_once.is_captured or bench.taken(at_once.reference) == COST.amount

    def test_a_capture_finds_money_that_was_taken_at_once_though_only_the_transactions_id_is_known(self, bench: Bench):
        payment = Payment(bench, "approved").drive()
        payment.transaction = domain.TransactionInfo(id=payment.transaction.id)
        assert payment.begin(Target.CAPTURED, f"{payment.reference}.capture").drive().succeeded
        assert bench.taken(payment.reference) == COST.amount

    def test_a_cancelled_hold_is_released(self, bench: Bench):
        payment = Payment(bench, "approved", hold=True).drive()
        assert payment.begin(Target.CANCELLED, f"{payment.reference}.cancel").drive().succeeded
        assert (bench.held(payment.reference), bench.taken(payment.reference)) == (0, 0)

    def test_a_hold_whose_capture_was_declined_is_released(self, bench: Bench):
        payment = Payment(bench, "capture_declined", hold=True).drive()
        payment.begin(Target.CAPTURED, f"{payment.reference}.capture").drive()
        assert payment.failure in protocol.FAILURES
        assert payment.begin(Target.CANCELLED, f"{payment.reference}.reversal").drive().succeeded
        assert (bench.held(payment.reference), bench.taken(payment.reference)) == (0, 0)

    def test_cancelling_a_payment_of_which_a_part_was_taken_gives_that_part_back(self, bench: Bench):
        payment = Payment(bench, "approved", hold=True).drive()
        payment.begin(Target.CAPTURED, f"{payment.reference}.capture", 4_000).drive()
        assert payment.begin(Target.CANCELLED, f"{payment.reference}.reversal").drive().succeeded
        assert bench.taken(payment.reference) == 0

    def test_cancelling_a_payment_whose_payer_is_at_the_banks_page_calls_it_off(self, challenged: Payment):
        state, callback = challenged.state, challenged.bench.answer_challenge(challenged.interaction, True)
        assert challenged.begin(Target.CANCELLED, f"{challenged.reference}.reversal").drive().succeeded
        challenged.begin(Target.PROCESSED, challenged.reference).state = state
        challenged.call_back(callback)
        assert not challenged.succeeded
        assert challenged.bench.taken(challenged.reference) == 0

    def test_cancelling_a_payment_that_was_taken_gives_the_money_back(self, bench: Bench):
        payment = Payment(bench, "approved").drive()
        assert payment.begin(Target.CANCELLED, f"{payment.reference}.reversal").drive().succeeded
        assert bench.taken(payment.reference) == 0

    def test_refunds_give_back_their_parts(self, bench: Bench):
        payment = Payment(bench, "approved").drive()
        for number, amount in ((100, 2_500), (101, 1_500)):
            assert payment.begin(Target.REFUNDED, f"{payment.reference}.refund.{number}", amount).drive().succeeded
        assert bench.taken(payment.reference) == COST.amount - 4_000

    def test_a_declined_refund_fails_and_gives_nothing_back(self, bench: Bench):
        payment = Payment(bench, "refund_declined").drive()
        payment.begin(Target.REFUNDED, f"{payment.reference}.refund.100").drive()
        assert payment.failure in protocol.FAILURES
        assert bench.taken(payment.reference) == COST.amount

    def test_one_transaction_id_names_the_payment_through_all_its_sessions(self, bench: Bench):
        payment = Payment(bench, "approved", hold=True).drive()
        first = payment.transaction
        payment.begin(Target.CAPTURED, f"{payment.reference}.capture").drive()
        payment.begin(Target.REFUNDED, f"{payment.reference}.refund.100").drive()
        assert first is not None
        assert {result.transaction.id for result in payment.results if result.transaction} == {first.id}

    def test_an_answer_that_is_lost_is_asked_about_and_charged_once(self, bench: Bench):
        payment = Payment(bench, "lost_answer")
        first = payment.step()
        assert first.intent.finish is None
        assert payment.drive().succeeded
        assert bench.requests(payment.reference) == 1
        assert bench.taken(payment.reference) == COST.amount

    def test_a_request_that_was_lost_is_sent_again_only_after_asking(self, bench: Bench):
        payment = Payment(bench, "lost_request")
        assert payment.step().intent.finish is None
        assert payment.drive().succeeded
        assert bench.requests(payment.reference) == 2
        assert bench.taken(payment.reference) == COST.amount

    def test_a_bank_that_never_accepts_fails_the_payment_in_the_end(self, bench: Bench):
        payment = Payment(bench, "never_accepted").drive()
        assert payment.failure == "authorization_failed:temporarily_unavailable"
        assert bench.taken(payment.reference) == 0

    @pytest.mark.parametrize("tool", ["approved", "declined", "challenge", "pending"])
    def test_a_crash_after_sending_charges_once(self, bench: Bench, tool: str):
        payment = Payment(bench, tool)
        payment.crash()
        payment.step()
        assert bench.requests(payment.reference) == 1

    @pytest.mark.parametrize("tool", ["approved", "lost_refund"])
    def test_a_crash_in_a_refund_refunds_once(self, bench: Bench, tool: str):
        payment = Payment(bench, tool).drive()
        payment.begin(Target.REFUNDED, f"{payment.reference}.refund.100", 3_000)
        payment.crash()
        assert payment.drive().succeeded
        assert bench.taken(payment.reference) == COST.amount - 3_000

    @pytest.mark.parametrize("target", ["capture", "cancel", "reversal"])
    def test_a_crash_in_a_later_operation_does_it_once(self, bench: Bench, target: str):
        payment = Payment(bench, "approved", hold=target != "reversal").drive()
        goal = Target.CAPTURED if target == "capture" else Target.CANCELLED
        payment.begin(goal, f"{payment.reference}.{target}")
        payment.crash()
        assert payment.drive().succeeded
        assert bench.held(payment.reference) == 0
        assert bench.taken(payment.reference) == (COST.amount if target == "capture" else 0)

    @pytest.mark.parametrize(
        ("tool", "target", "left"), [("lost_capture", "capture", COST.amount), ("lost_void", "cancel", 0)]
    )
    def test_a_later_operation_whose_answer_is_lost_is_asked_about(
        self, bench: Bench, tool: str, target: str, left: int
    ):
        payment = Payment(bench, tool, hold=True).drive()
        payment.begin(Target.CAPTURED if target == "capture" else Target.CANCELLED, f"{payment.reference}.{target}")
        assert payment.step().intent.sleep is not None
        assert payment.drive().succeeded
        assert (bench.held(payment.reference), bench.taken(payment.reference)) == (0, left)

    def test_a_refund_whose_answer_is_lost_is_paid_once(self, bench: Bench):
        payment = Payment(bench, "lost_refund").drive()
        payment.begin(Target.REFUNDED, f"{payment.reference}.refund.100", 3_000)
        assert payment.step().intent.sleep is not None
        assert payment.drive().succeeded
        assert bench.taken(payment.reference) == COST.amount - 3_000

    def test_pauses_between_questions_grow(self, bench: Bench):
        payment = Payment(bench, "never_accepted").drive()
        pauses = [result.intent.sleep.timer.timeout_s for result in payment.results if result.intent.sleep]
        assert pauses == sorted(pauses)
        assert pauses[0] < pauses[-1]

    def test_a_bank_that_cannot_be_reached_is_unavailable(self, bench: Bench):
        payment = Payment(bench, "approved")
        payment.attempt = 1
        with pytest.raises(Unavailable):
            bench.unreachable.ProcessPayment(Context.root(), payment.context())
        assert bench.requests(payment.reference) == 0

    @pytest.mark.parametrize("tool", ["garbage", "contradiction"])
    def test_an_answer_outside_the_protocol_is_unexpected(self, bench: Bench, tool: str):
        payment = Payment(bench, tool)
        with pytest.raises(Unexpected):
            payment.step()

    def test_a_pending_payment_waits_without_ending_and_then_succeeds(self, bench: Bench):
        payment = Payment(bench, "pending")
        assert payment.step().intent.finish is None
        assert payment.drive().succeeded
        assert bench.requests(payment.reference) == 1

    def test_a_challenge_suspends_with_a_tag_and_a_redirect(self, challenged: Payment):
        assert challenged.suspension is not None
        assert challenged.suspension.tag
        assert challenged.suspension.user_interaction.redirect is not None
        assert challenged.bench.taken(challenged.reference) == 0

    def test_a_passed_challenge_succeeds_and_the_payer_is_sent_home(self, challenged: Payment):
        callback = challenged.bench.answer_challenge(challenged.suspension.user_interaction, True)
        answer = challenged.call_back(callback)
        assert b"https://shop.example/done" in answer.response
        assert challenged.succeeded
        assert challenged.bench.taken(challenged.reference) == COST.amount

    def test_a_failed_challenge_fails_before_authorization(self, challenged: Payment):
        challenged.call_back(challenged.bench.answer_challenge(challenged.suspension.user_interaction, False))
        assert challenged.failure == "preauthorization_failed:three_ds_failed"
        assert challenged.bench.taken(challenged.reference) == 0

    @pytest.mark.parametrize("callback", [b'{"kind":"return"}', b'{"kind":"return","cres":"forged"}'])
    def test_a_callback_that_means_nothing_leaves_the_session_suspended(self, challenged: Payment, callback: bytes):
        assert challenged.call_back(callback).result is None
        assert challenged.bench.taken(challenged.reference) == 0

    def test_a_payer_who_never_comes_back_fails_the_payment(self, challenged: Payment):
        challenged.bench.pass_seconds(challenged.suspension.timeout.timeout_s)
        challenged.drive()
        assert challenged.failure == "preauthorization_failed:three_ds_not_finished"
        assert challenged.bench.taken(challenged.reference) == 0

    def test_a_payer_has_no_longer_than_the_payment_has(self, bench: Bench):
        payment = Payment(bench, "challenge", within_s=60)
        payment.step()
        assert payment.suspension.timeout.timeout_s <= 60
        bench.pass_seconds(60)
        payment.step()
        assert payment.failure == "preauthorization_failed:three_ds_not_finished"
        assert (bench.held(payment.reference), bench.taken(payment.reference)) == (0, 0)

    def test_a_payer_who_would_come_too_late_for_the_payment_is_not_waited_for(self, bench: Bench):
        payment = Payment(bench, "challenge", within_s=60)
        bench.pass_seconds(61)
        payment.drive()
        assert payment.failure == "preauthorization_failed:three_ds_not_finished"
        assert bench.taken(payment.reference) == 0

    def test_what_the_bank_has_not_decided_by_the_payments_deadline_is_called_off(self, bench: Bench):
        payment = Payment(bench, "pending", within_s=60)
        payment.step()
        bench.pass_seconds(60)
        payment.step()
        assert payment.failure == "authorization_failed:processing_deadline_reached"
        assert (bench.held(payment.reference), bench.taken(payment.reference)) == (0, 0)

    def test_a_call_before_the_payers_time_is_over_goes_on_waiting(self, challenged: Payment):
        tag = challenged.suspension.tag
        challenged.step()
        assert challenged.suspension is not None
        assert challenged.suspension.tag == tag

    def test_a_crash_while_the_payers_answer_is_handed_over_charges_once(self, challenged: Payment):
        callback = challenged.bench.answer_challenge(challenged.suspension.user_interaction, True)
        state = challenged.state
        challenged.call_back(callback)
        challenged.state = state
        challenged.bench.pass_seconds(challenged.results[0].intent.suspend.timeout.timeout_s)
        assert challenged.drive().succeeded
        assert challenged.bench.taken(challenged.reference) == COST.amount

    @pytest.mark.parametrize("tool", ["approved", "declined", "challenge", "pending", "lost_answer"])
    def test_no_card_number_is_in_what_comes_back(self, bench: Bench, tool: str):
        payment = Payment(bench, tool)
        raw = codec.encode(payment.step())
        assert not [number for number in bench.card_numbers if number.encode() in raw]

    @pytest.mark.parametrize("tool", ["approved", "declined", "challenge", "pending"])
    def test_the_cvv_is_forgotten_when_the_bank_has_answered(self, bench: Bench, tool: str):
        before = bench.cvvs_kept()
        Payment(bench, tool).step()
        assert bench.cvvs_kept() == before

    def test_a_tool_that_the_bank_does_not_take_is_declined(self, bench: Bench):
        wallet = domain.PaymentTool(payment_terminal=domain.PaymentTerminal(provider="euroset"))
        bench.tools["terminal"] = wallet
        payment = Payment(bench, "terminal").drive()
        assert payment.failure == "authorization_failed:payment_tool_rejected:unknown"

    def test_an_unknown_target_is_unexpected(self, bench: Bench):
        payment = Payment(bench, "approved").drive()
        context = payment.context()
        with pytest.raises(Unexpected):
            bench.proxy.ProcessPayment(Context.root(), replace(context, session=replace(context.session, target=99)))
