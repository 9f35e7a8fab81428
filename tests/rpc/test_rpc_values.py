"""Values are sound from their construction and never change."""

import pytest

from rpc.idl.runtime import InvalidValue
from rpc.protocol import domain, replace, vault
from tests.rpc.kit import EVERYTHING, things


def test_values_with_equal_fields_are_equal():
    assert domain.Cash(amount=1, currency="RUB") == domain.Cash(amount=1, currency="RUB")
    assert domain.Cash(amount=1, currency="RUB") != domain.Cash(amount=2, currency="RUB")


def test_a_value_cannot_be_changed():
    cash = domain.Cash(amount=1, currency="RUB")
    with pytest.raises(AttributeError):
        cash.amount = 2


def test_a_changed_copy_leaves_the_original_alone():
    cash = domain.Cash(amount=1, currency="RUB")
    assert replace(cash, amount=2) == domain.Cash(amount=2, currency="RUB")
    assert cash.amount == 1


def test_fields_are_given_by_name_only():
    with pytest.raises(TypeError):
        domain.Cash(1, "RUB")


def test_a_required_field_must_be_given():
    with pytest.raises(TypeError):
        domain.Cash(amount=1)
    with pytest.raises(TypeError):
        things.NotFound()


def test_a_field_that_does_not_exist_is_refused():
    with pytest.raises(TypeError):
        domain.Cash(amount=1, currency="RUB", amuont=2)


def test_absent_optional_fields_are_none():
    assert domain.InvoiceDetails(product="x").cart is None


def test_a_union_has_exactly_one_member():
    card = domain.ExpDate(month=1, year=2030)
    with pytest.raises(InvalidValue):
        domain.PaymentFlow()
    with pytest.raises(InvalidValue):
        domain.PaymentFlow(instant=domain.InstantFlow(), hold=domain.HoldFlow(on_hold_expiration=1))
    assert card.month == 1


def test_a_union_tells_which_member_is_set():
    flow = domain.PaymentFlow(instant=domain.InstantFlow())
    assert flow.which() == "instant"
    assert flow.value == domain.InstantFlow()
    assert flow.hold is None


def test_a_false_member_of_a_union_is_a_member():
    failure = domain.OperationFailure(operation_timeout=False)
    assert failure.which() == "operation_timeout"


def test_redacted_fields_are_never_shown():
    card = vault.CardData(number="4242424242424242", exp_date=domain.ExpDate(month=1, year=2030), cvv="123")
    source = vault.TokenizeParams(source=vault.CardSource(card=card), session_id="s")
    for text in (repr(source), str(source), f"{source}"):
        assert "4242" not in text
        assert "123" not in text
        assert "number=***" in text


def test_a_value_shows_its_fields_and_leaves_out_the_absent():
    assert repr(domain.Cash(amount=1, currency="RUB")) == "Cash(amount=1, currency='RUB')"
    assert repr(domain.InvoiceDetails(product="x")) == "InvoiceDetails(product='x')"
    assert "secret=***" in repr(EVERYTHING)


def test_declared_exceptions_are_raised_compared_and_shown():
    with pytest.raises(things.NotFound) as raised:
        raise things.NotFound(name="x", code=3)
    assert raised.value == things.NotFound(name="x", code=3)
    assert raised.value != things.NotFound(name="y")
    assert raised.value != things.Refused()
    assert str(raised.value) == "NotFound(name='x', code=3)"
    with pytest.raises(AttributeError):
        raised.value.name = "other"
    assert len({things.Refused(), things.Refused()}) == 1
