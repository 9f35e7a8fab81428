"""What the tokens that v2 hands out open, and that they open nothing else."""

PAYER_MAY = {
    "getInvoiceByID",
    "getInvoiceEvents",
    "getInvoicePaymentMethods",
    "createPayment",
    "getPayments",
    "getPaymentByID",
    "createPaymentResource",
}
HOLDER_OF_A_TEMPLATE_MAY = {
    "getInvoiceTemplateByID",
    "getInvoicePaymentMethodsByTemplateID",
    "createInvoiceWithTemplate",
}
ANYBODY_MAY = {
    "getCategories",
    "getCategoryByRef",
    "getCountries",
    "getCountryByID",
    "getTradeBlocs",
    "getTradeBlocByID",
}


def opened_by(v2, token):
    """The operations that a token opens, each asked about the object that the sample request names."""
    return {name for name, request in v2.requests.items() if v2.send(request, token=token).status < 400}


def test_a_payer_sees_and_pays_one_invoice_and_does_nothing_else(v2):
    """Above all: no capture, cancellation or refund, although all of them are about payments of that invoice."""
    invoice_id = v2.requests["createPayment"].path["invoiceID"]
    assert opened_by(v2, v2.tokens.invoice_token("demo", invoice_id)) == PAYER_MAY | ANYBODY_MAY


def test_a_payer_of_another_invoice_sees_nothing_of_this_one(v2):
    assert opened_by(v2, v2.tokens.invoice_token("demo", "another")) == {"createPaymentResource"} | ANYBODY_MAY


def test_the_holder_of_a_template_makes_invoices_of_it_and_does_nothing_else(v2):
    template_id = v2.requests["getInvoiceTemplateByID"].path["invoiceTemplateID"]
    token = v2.tokens.invoice_template_token("demo", template_id)
    assert opened_by(v2, token) == HOLDER_OF_A_TEMPLATE_MAY | ANYBODY_MAY
    other = v2.tokens.invoice_template_token("demo", "another")
    assert opened_by(v2, other) == ANYBODY_MAY


def test_a_merchant_opens_everything(v2):
    assert opened_by(v2, v2.token) == set(v2.requests)


def test_a_right_over_payments_is_not_had_by_a_right_over_invoices(v2):
    """The first rule that fits decides alone (contract section 3.6)."""
    token = v2.token_with(["invoices:write", "invoices:read", "invoices.*.payments:read"])
    assert v2.send(v2.requests["createInvoice"], token=token).status == 201
    assert v2.send(v2.requests["getPayments"], token=token).status == 200
    assert v2.send(v2.requests["createPayment"], token=token).status == 401
