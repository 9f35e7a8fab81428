"""Conditions and selectors of the rule documents.

A predicate names exactly one test, for example {"all_of": [{"currency_is": "RUB"}, {"payment_system_is": "visa"}]}.
It is True, False, or undecided (None) when it asks about something that is not known yet, such as the payment tool
of an invoice that nobody has paid.

A selector is {"decisions": [{"if": predicate, "then": selector}, ...], "value": ...}: the first decision that is true
wins, `value` is taken when none is. A selector that comes to nothing is a misconfiguration.
"""

from typing import Generic, TypeVar

import msgspec

from processing.domain.errors import Misconfiguration
from processing.domain.money import Cash, CashRange, contains
from processing.domain.payment_tool import BankCard, PaymentTool, kind_of
from processing.domain.values import Value

T = TypeVar("T")


class Circumstances(Value):
    """What predicates may ask about; None is "not known yet"."""

    party_id: str
    shop_id: str
    category_id: int
    currency: str
    cost: Cash | None = None
    payment_tool: PaymentTool | None = None


class Predicate(Value, forbid_unknown_fields=True):
    """Exactly one field is set. The fields of a card are false for every other tool."""

    constant: bool | None = None
    all_of: tuple["Predicate", ...] | None = None
    any_of: tuple["Predicate", ...] | None = None
    is_not: "Predicate | None" = None
    party_is: str | None = None
    shop_is: str | None = None
    category_is: int | None = None
    currency_is: str | None = None
    cost_in: CashRange | None = None
    tool_is: str | None = None
    payment_system_is: str | None = None
    token_provider_is: str | None = None
    issuer_country_is: str | None = None
    empty_cvv_is: bool | None = None

    def __post_init__(self) -> None:
        if sum(getattr(self, name) is not None for name in self.__struct_fields__) != 1:
            raise ValueError("a predicate names exactly one test")


class Decision(Value, Generic[T], forbid_unknown_fields=True):
    if_: Predicate = msgspec.field(name="if")
    then: "Selector[T]"


class Selector(Value, Generic[T], forbid_unknown_fields=True):
    decisions: tuple[Decision[T], ...] = ()
    value: T | None = None


ALWAYS = Predicate(constant=True)


def evaluate(predicate: Predicate, about: Circumstances) -> bool | None:
    """True, False, or None when it cannot be told yet."""
    [test] = _said(predicate)
    return _TESTS[test](getattr(predicate, test), about)


def reduce(selector: Selector[T], about: Circumstances) -> T:
    """The value that the selector comes to. Raises Misconfiguration when there is none, or none can be told yet."""
    for decision in selector.decisions:
        verdict = evaluate(decision.if_, about)
        if verdict is None:
            raise Misconfiguration("a rule asks about what is not known yet")
        if verdict:
            return reduce(decision.then, about)
    if selector.value is None:
        raise Misconfiguration("no decision of a rule holds, and it has no value of its own")
    return selector.value


def _said(predicate: Predicate) -> list[str]:
    return [name for name in predicate.__struct_fields__ if getattr(predicate, name) is not None]


def _all_of(inner: tuple[Predicate, ...], about: Circumstances) -> bool | None:
    verdicts = [evaluate(predicate, about) for predicate in inner]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _any_of(inner: tuple[Predicate, ...], about: Circumstances) -> bool | None:
    verdicts = [evaluate(predicate, about) for predicate in inner]
    if True in verdicts:
        return True
    return None if None in verdicts else False


def _is_not(inner: Predicate, about: Circumstances) -> bool | None:
    verdict = evaluate(inner, about)
    return None if verdict is None else not verdict


def _cost_in(cash_range: CashRange, about: Circumstances) -> bool | None:
    return None if about.cost is None else contains(cash_range, about.cost)


def _tool_is(kind: str, about: Circumstances) -> bool | None:
    return None if about.payment_tool is None else kind_of(about.payment_tool) == kind


def _card(field: str):
    """A test of one field of a bank card."""

    def test(wanted: object, about: Circumstances) -> bool | None:
        if about.payment_tool is None:
            return None
        return isinstance(about.payment_tool, BankCard) and getattr(about.payment_tool, field) == wanted

    return test


_TESTS = {
    "constant": lambda value, about: value,
    "all_of": _all_of,
    "any_of": _any_of,
    "is_not": _is_not,
    "party_is": lambda party_id, about: about.party_id == party_id,
    "shop_is": lambda shop_id, about: about.shop_id == shop_id,
    "category_is": lambda category_id, about: about.category_id == category_id,
    "currency_is": lambda currency, about: about.currency == currency,
    "cost_in": _cost_in,
    "tool_is": _tool_is,
    "payment_system_is": _card("payment_system"),
    "token_provider_is": _card("token_provider"),
    "issuer_country_is": _card("issuer_country"),
    "empty_cvv_is": _card("is_cvv_empty"),
}
