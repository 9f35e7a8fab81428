"""Values of the internal protocol as the platform would say them, for tests of v2."""

from rpc.protocol import base, domain, domain_config, replace

CREATED = "2026-03-01T12:00:00.000Z"
DUE = "2026-03-02T12:00:00Z"


def cash(amount: int, currency: str = "RUB") -> domain.Cash:
    return domain.Cash(amount=amount, currency=currency)


def line(product: str = "Tea", quantity: int = 2, price: int = 5000, vat: str | None = None) -> domain.CartLine:
    return domain.CartLine(
        product=product,
        quantity=quantity,
        price=cash(price),
        tax_mode=None if vat is None else domain.TaxMode(vat=vat),
    )


def invoice(**changes) -> domain.Invoice:
    fields = {
        "id": "inv1",
        "owner_id": "demo",
        "shop_id": "TESTSHOP",
        "created_at": CREATED,
        "due": DUE,
        "status": domain.InvoiceStatus.UNPAID,
        "details": domain.InvoiceDetails(product="Order 7", description="Two boxes", cart=[line(vat="20%")]),
        "cost": cash(10000),
        "context": base.Content(type="application/json", data=b'{"order":7}'),
        "domain_revision": 1,
    }
    return domain.Invoice(**{**fields, **changes})


CARD = domain.BankCard(
    token="card-of-the-vault",
    payment_system="visa",
    bin="42424242",
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
CHALLENGE = domain.UserInteraction(
    redirect=domain.BrowserRequest(
        post_request=domain.BrowserPostRequest(
            uri_template="https://acs.example/challenge{?termination_uri}",
            form=[domain.FormField(key="creq", template="eyJ2IjoyfQ")],
        )
    )
)
HOLD = domain.PaymentFlow(
    hold=domain.HoldFlow(on_hold_expiration=domain.OnHoldExpiration.CAPTURE, held_until="2026-03-08T12:00:00Z")
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


def template(**changes) -> domain.InvoiceTemplate:
    price = domain.TemplatePrice(range=domain.CashRange(lower=cash(100), upper=cash(900)))
    fields = {
        "id": "tpl1",
        "owner_id": "demo",
        "shop_id": "TESTSHOP",
        "created_at": CREATED,
        "lifetime": domain.LifetimeInterval(years=0, months=1, days=3),
        "details": domain.InvoiceTemplateDetails(
            single_line=domain.TemplateSingleLine(product="Donation", price=price, tax_mode=domain.TaxMode(vat="0%"))
        ),
        "name": "Donations",
    }
    return domain.InvoiceTemplate(**{**fields, **changes})


def chargeback(**changes) -> domain.Chargeback:
    fields = {
        "id": "1",
        "invoice_id": "inv1",
        "payment_id": "1",
        "created_at": CREATED,
        "status": domain.ChargebackStatus.PENDING,
        "stage": domain.ChargebackStage.PRE_ARBITRATION,
        "body": cash(10000),
        "levy": cash(1500),
        "reason_code": "10.4",
    }
    return domain.Chargeback(**{**fields, **changes})


def failed(*codes: str, reason: str | None = None) -> domain.OperationFailure:
    """A failure whose path is these codes."""
    first, *rest = codes
    sub = None
    for code in reversed(rest):
        sub = domain.SubFailure(code=code, sub=sub)
    return domain.OperationFailure(failure=domain.Failure(code=first, reason=reason, sub=sub))


TIMED_OUT = domain.OperationFailure(operation_timeout=True)

DICTIONARIES = {
    kind: domain_config.DomainObject(ref=domain_config.ObjectRef(kind=kind, id="1"), data=data)
    for kind, data in {
        domain_config.ObjectKind.CATEGORY: domain_config.ObjectData(
            category=domain_config.Category(id=1, name="Test", description="Nothing real", realm="test")
        ),
        domain_config.ObjectKind.COUNTRY: domain_config.ObjectData(
            country=domain_config.Country(id="RUS", name="Russia", trade_blocs=["EAEU"])
        ),
        domain_config.ObjectKind.TRADE_BLOC: domain_config.ObjectData(
            trade_bloc=domain_config.TradeBloc(id="EAEU", name="Eurasian Economic Union")
        ),
    }.items()
}
