"""Values of the internal protocol as the platform would say them, for tests of v3."""

from rpc.protocol import base, domain, domain_config, idempotency, party_events

CREATED = "2026-03-01T12:00:00.000Z"
DUE = "2026-03-02T12:00:00Z"
EUR = {"amount": 4200, "currency": "EUR"}


def cash(amount: int, currency: str = "EUR") -> domain.Cash:
    return domain.Cash(amount=amount, currency=currency)


def line(product: str = "Tea", quantity: int = 2, price: int = 2100, vat: str | None = None) -> domain.CartLine:
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
        "cost": cash(4200),
        "context": base.Content(type="application/json", data=b'{"order":7}'),
        "domain_revision": 1,
        "revision": 1,
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
        "cost": cash(4200),
        "flow": INSTANT,
        "payer": domain.Payer(payment_resource=RESOURCE_PAYER),
        "make_recurrent": False,
        "status_changed_at": CREATED,
        "domain_revision": 1,
        "revision": 2,
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
        "cash": cash(1000),
        "revision": 1,
    }
    return domain.Refund(**{**fields, **changes})


def failed(*codes: str, reason: str | None = None) -> domain.OperationFailure:
    """A failure whose path is these codes."""
    first, *rest = codes
    sub = None
    for code in reversed(rest):
        sub = domain.SubFailure(code=code, sub=sub)
    return domain.OperationFailure(failure=domain.Failure(code=first, reason=reason, sub=sub))


TIMED_OUT = domain.OperationFailure(operation_timeout=True)

DICTIONARIES = {
    domain_config.ObjectKind.CURRENCY: domain_config.DomainObject(
        ref=domain_config.ObjectRef(kind=domain_config.ObjectKind.CURRENCY, id="EUR"),
        data=domain_config.ObjectData(currency=domain_config.Currency(code="EUR", name="Euro", exponent=2)),
    )
}
BODY = (
    b'{"id":"evt_7","object":"event","type":"payment.captured","createdAt":"2026-03-01T12:00:00Z","sequence":3,'
    b'"apiVersion":"v3","data":{"object":{"id":"pay_inv1.1","object":"payment","status":"captured","version":6}}}'
)


def event(event_id: int = 7) -> party_events.StoredEvent:
    return party_events.StoredEvent(
        id=event_id,
        party_id="demo",
        shop_id="TESTSHOP",
        created_at=CREATED,
        event_type="payment.captured",
        invoice_id="inv1",
        body=BODY,
        trace_id="t1",
    )


def event_page() -> party_events.EventPage:
    return party_events.EventPage(events=[event()], position=7, has_more=True)


def started(params: idempotency.BeginParams) -> idempotency.Outcome:
    return idempotency.Outcome(started=idempotency.Started(id=params.id, attempt=1))


def key_state() -> idempotency.KeyState:
    return idempotency.KeyState(
        status=idempotency.KeyStatus.DONE,
        operation="createInvoice",
        created_at=CREATED,
        resource="inv_inv1",
        answer=idempotency.Answer(status=201, headers={}, body=b'{"id":"inv_inv1"}'),
    )
