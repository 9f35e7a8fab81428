"""Invoice templates: what an invoice made from one will be, and what its maker may still choose."""

import calendar
from datetime import datetime, timedelta

from processing.domain import errors
from processing.domain.cart import Cart, CartLine, InvoiceDetails, TaxMode
from processing.domain.money import Cash
from processing.domain.values import Content, Value


class LifetimeInterval(Value):
    """From the making of an invoice to its due date."""

    years: int
    months: int
    days: int


class PriceRange(Value):
    """Both bounds belong to the range."""

    lower: Cash
    upper: Cash


class FixedPrice(Value, tag="fixed"):
    fixed: Cash


class RangedPrice(Value, tag="range"):
    range: PriceRange


class UnlimitedPrice(Value, tag="unlimited"):
    """Any amount: the invoice says it."""


TemplatePrice = FixedPrice | RangedPrice | UnlimitedPrice


class TemplateSingleLine(Value, tag="single_line"):
    product: str
    price: TemplatePrice
    tax_mode: TaxMode | None = None


class TemplateMultiLine(Value, tag="multi_line"):
    currency: str
    cart: Cart


InvoiceTemplateDetails = TemplateSingleLine | TemplateMultiLine


class InvoiceTemplate(Value):
    id: str
    owner_id: str
    shop_id: str
    created_at: datetime
    lifetime: LifetimeInterval
    details: InvoiceTemplateDetails
    name: str | None = None
    description: str | None = None
    context: Content | None = None
    external_id: str | None = None
    revision: int = 1


class InvoiceDraft(Value):
    """What a template and its user's choice come to."""

    details: InvoiceDetails
    cost: Cash
    due: datetime


def check(details: InvoiceTemplateDetails, lifetime: LifetimeInterval) -> None:
    """Raises InvalidInvoiceCart for lines that make no sum, InvalidRequest for a life or a range that is none."""
    wrong = []
    if (lifetime.years, lifetime.months, lifetime.days) == (0, 0, 0):
        wrong.append("A template's lifetime is at least one day")
    if isinstance(details, TemplateMultiLine):
        if not details.cart:
            raise errors.InvalidInvoiceCart("The cart is empty")
        if any(line.price.currency != details.currency for line in details.cart):
            raise errors.InvalidInvoiceCart("The lines of the cart have different currencies")
    elif isinstance(details.price, RangedPrice) and not _is_range(details.price.range):
        wrong.append("The lower bound of a price range is above the upper one, or in another currency")
    if wrong:
        raise errors.InvalidRequest(wrong)


def require_revision(template: InvoiceTemplate, wanted: int | None) -> None:
    """Raises RevisionMismatch when the template is not the one that its caller wants to change; None is any."""
    if wanted not in (None, template.revision):
        raise errors.RevisionMismatch(template.revision)


def draft(template: InvoiceTemplate, amount: int | None, currency: str | None, now: datetime) -> InvoiceDraft:
    """Raises InvoiceTermsViolated when the choice is not one that the template leaves."""
    details = template.details
    due = due_after(now, template.lifetime)
    if isinstance(details, TemplateMultiLine):
        total = sum(line.price.amount * line.quantity for line in details.cart)
        cost = _only(Cash(amount=total, currency=details.currency), amount, currency)
        product = template.name or details.cart[0].product
        return InvoiceDraft(details=_details(template, product, details.cart), cost=cost, due=due)
    cost = _chosen(details.price, amount, currency)
    line = CartLine(product=details.product, quantity=1, price=cost, tax_mode=details.tax_mode)
    return InvoiceDraft(details=_details(template, details.product, (line,)), cost=cost, due=due)


def due_after(now: datetime, lifetime: LifetimeInterval) -> datetime:
    """Calendar years and months first, then days; the 31st of a shorter month is its last day."""
    months = now.month - 1 + lifetime.months
    year, month = now.year + lifetime.years + months // 12, months % 12 + 1
    if year > datetime.max.year:
        raise errors.InvoiceTermsViolated("The template's lifetime reaches beyond the calendar")
    day = min(now.day, calendar.monthrange(year, month)[1])
    try:
        return now.replace(year=year, month=month, day=day) + timedelta(days=lifetime.days)
    except OverflowError:
        raise errors.InvoiceTermsViolated("The template's lifetime reaches beyond the calendar") from None


def _details(template: InvoiceTemplate, product: str, cart: Cart) -> InvoiceDetails:
    return InvoiceDetails(product=product, description=template.description, cart=cart)


def _chosen(price: TemplatePrice, amount: int | None, currency: str | None) -> Cash:
    match price:
        case FixedPrice(fixed=fixed):
            return _only(fixed, amount, currency)
        case RangedPrice(range=bounds):
            if amount is None:
                raise errors.InvoiceTermsViolated("The template has a price range: the invoice must say its amount")
            cost = Cash(amount=amount, currency=currency or bounds.lower.currency)
            if cost.currency != bounds.lower.currency or not bounds.lower.amount <= amount <= bounds.upper.amount:
                raise errors.InvoiceTermsViolated("The amount is outside the template's price range")
            return cost
        case _:
            if amount is None or currency is None:
                raise errors.InvoiceTermsViolated("The template has no price: the invoice must say amount and currency")
            return Cash(amount=amount, currency=currency)


def _only(cost: Cash, amount: int | None, currency: str | None) -> Cash:
    if amount not in (None, cost.amount) or currency not in (None, cost.currency):
        raise errors.InvoiceTermsViolated("The template's price is fixed and is another one")
    return cost


def _is_range(bounds: PriceRange) -> bool:
    return bounds.lower.currency == bounds.upper.currency and bounds.lower.amount <= bounds.upper.amount
