"""Values of the internal protocol as the platform would say them, for tests of v1."""

from rpc.protocol import base, domain, domain_config, replace

CREATED = "2026-03-01T12:00:00.000Z"
DUE = "2026-03-02T12:00:00Z"


def cash(amount: int, currency: str = "RUB") -> domain.Cash:
    return domain.Cash(amount=amount, currency=currency)


def line(product: str = "Tea", quantity: int = 2, price: int = 5000) -> domain.CartLine:
    return domain.CartLine(product=product, quantity=quantity, price=cash(price))


def invoice(**changes) -> domain.Invoice:
    fields = {
        "id": "inv1",
        "owner_id": "demo",
        "shop_id": "TESTSHOP",
        "created_at": CREATED,
        "due": DUE,
        "status": domain.InvoiceStatus.UNPAID,
        "details": domain.InvoiceDetails(product="Order 7", description="Two boxes", cart=[line()]),
        "cost": cash(10000),
        "context": base.Content(type="application/json", data=b'{"order":7}'),
        "domain_revision": 1,
    }
    return domain.Invoice(**{**fields, **changes})


CARD = domain.BankCard(
    token="card-of-the-vault",
    payment_system="visa",
    bin="424242",
    last_digits="4242",
    exp_date=domain.ExpDate(month=12, year=2030),
    cardholder_name="A HOLDER",
)


def tool(**changes) -> domain.PaymentTool:
    """The card as a payment tool."""
    return domain.PaymentTool(bank_card=replace(CARD, **changes))


RESOURCE_PAYER = domain.PaymentResourcePayer(
    payment_tool=domain.PaymentTool(bank_card=CARD),
    payment_session_id="s1",
    contact_info=domain.ContactInfo(email="payer@example.com", phone_number="+79990001122"),
    client_info=domain.ClientInfo(ip="192.0.2.7", fingerprint="fp", url="https://shop.example/pay"),
    payment_session="the-session",
    payment_tool_token="the-token",
)
RECURRENT_PAYER = domain.RecurrentPayer(
    parent=domain.RecurrentParent(invoice_id="inv0", payment_id="1"),
    contact_info=domain.ContactInfo(email="payer@example.com"),
    payment_tool=domain.PaymentTool(bank_card=CARD),
)
INSTANT = domain.PaymentFlow(instant=domain.InstantFlow())


def payment(**changes) -> domain.Payment:
    fields = {
        "id": "1",
        "invoice_id": "inv1",
        "owner_id": "demo",
        "shop_id": "TESTSHOP",
        "created_at": CREATED,
        "status": domain.PaymentStatus.PENDING,
        "cost": cash(10000),
        "flow": INSTANT,
        "payer": domain.Payer(payment_resource=RESOURCE_PAYER),
        "make_recurrent": False,
        "status_changed_at": CREATED,
        "domain_revision": 1,
    }
    return domain.Payment(**{**fields, **changes})


def refund(**changes) -> domain.Refund:
    fields = {
        "id": "100",
        "invoice_id": "inv1",
        "payment_id": "1",
        "owner_id": "demo",
        "shop_id": "TESTSHOP",
        "created_at": CREATED,
        "status": domain.RefundStatus.PENDING,
        "cash": cash(4000),
    }
    return domain.Refund(**{**fields, **changes})


RANGE = domain.TemplatePrice(range=domain.CashRange(lower=cash(100), upper=cash(900)))
FIXED = domain.TemplatePrice(fixed=cash(300))


def one_line(**changes) -> domain.InvoiceTemplateDetails:
    """Details of a template that sells one thing."""
    fields = {"product": "Donation", "price": RANGE, "tax_mode": domain.TaxMode(vat="0%")}
    return domain.InvoiceTemplateDetails(single_line=domain.TemplateSingleLine(**{**fields, **changes}))


def lines(*cart: domain.CartLine) -> domain.InvoiceTemplateDetails:
    """Details of a template with several lines."""
    return domain.InvoiceTemplateDetails(multi_line=domain.TemplateMultiLine(currency="RUB", cart=list(cart)))


def template(**changes) -> domain.InvoiceTemplate:
    fields = {
        "id": "tpl1",
        "owner_id": "demo",
        "shop_id": "TESTSHOP",
        "created_at": CREATED,
        "lifetime": domain.LifetimeInterval(years=0, months=1, days=3),
        "details": one_line(),
        "name": "Donations",
        "revision": 4,
    }
    return domain.InvoiceTemplate(**{**fields, **changes})


def failed(*codes: str, reason: str | None = None) -> domain.OperationFailure:
    """A failure whose path is these codes."""
    first, *rest = codes
    sub = None
    for code in reversed(rest):
        sub = domain.SubFailure(code=code, sub=sub)
    return domain.OperationFailure(failure=domain.Failure(code=first, reason=reason, sub=sub))


TIMED_OUT = domain.OperationFailure(operation_timeout=True)

CATEGORY = domain_config.DomainObject(
    ref=domain_config.ObjectRef(kind=domain_config.ObjectKind.CATEGORY, id="1"),
    data=domain_config.ObjectData(
        category=domain_config.Category(id=1, name="Test", description="Nothing real", realm="test")
    ),
)
