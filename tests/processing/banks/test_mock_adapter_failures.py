"""What the mock bank's adapter makes of declines, and what the Thrift face of any adapter lets pass."""

import pytest

from processing.banks import protocol
from processing.banks.mock import cards, codes
from processing.banks.mock_adapter import failures
from processing.banks.protocol import Proxy
from rpc.context import Context
from rpc.failures import Unexpected
from rpc.protocol import domain
from tests.processing.banks.adapter_bench import Bench, Payment
from tests.processing.banks.mock_bench import WELL_KNOWN, paying

DECLINED = [card for card in cards.TABLE if card.group == "Declined"]
THE_PLATFORMS_OWN = {"authorization_failed:processing_deadline_reached"}


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


def test_an_order_that_takes_the_money_at_once_is_captured_with_the_approval(bench: Bench):
    assert Payment(bench, "approved").drive().is_captured


def test_an_adapter_that_takes_money_before_it_was_to_is_unexpected(bench: Bench):
    held = Payment(bench, "approved", hold=True).drive()
    taken = protocol.succeeded(held.transaction, is_captured=True)
    with pytest.raises(Unexpected, match="not to be taken"):
        protocol.checked(held.context(), taken)
