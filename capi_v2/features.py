"""Which fields of a request decide whether a repeat with the same externalID means the same (contract section 3.4).

A field's number is its name in stored records: it is never given to another field, and a renamed field keeps it.
Left out on purpose, so that a repeat may word them anew: description, metadata, contact data, card holder, session.
The `..._meaning` functions say in the body's place what a field stands for where its text alone does not.
"""

from capi_v2.shapes.absent import Json
from capi_v2.shapes.timestamps import timestamp_to_thrift
from rpc.protocol import domain
from translator.idempotency import Tree, Variants

TAX_MODE = Variants("type", {"InvoiceLineTaxVAT": (1, {1: ("rate", None)})})
CART: Tree = {1: ("product", None), 2: ("quantity", None), 3: ("price", None), 4: ("taxMode", TAX_MODE)}
BANK_ACCOUNT = Variants("accountType", {"InvoiceRussianBankAccount": (1, {1: ("account", None), 2: ("bankBik", None)})})

ALLOCATION_TARGET = Variants("allocationTargetType", {"AllocationTargetShop": (1, {1: ("shopID", None)})})
ALLOCATION_FEE = Variants(
    "allocationFeeType",
    {
        "AllocationFeeFixed": (1, {1: ("amount", None)}),
        "AllocationFeeShare": (2, {1: ("share", {1: ("m", None), 2: ("exp", None)})}),
    },
)
ALLOCATION = Variants(
    "allocationBodyType",
    {
        "AllocationBodyAmount": (
            1,
            {1: ("target", ALLOCATION_TARGET), 2: ("amount", None), 3: ("currency", None), 4: ("cart", CART)},
        ),
        "AllocationBodyTotal": (
            2,
            {
                1: ("target", ALLOCATION_TARGET),
                2: ("total", None),
                3: ("currency", None),
                4: ("cart", CART),
                5: ("fee", ALLOCATION_FEE),
            },
        ),
    },
)

INVOICE: Tree = {
    1: ("shopID", None),
    2: ("amount", None),
    3: ("currency", None),
    4: ("product", None),
    5: ("dueDate", None),
    6: ("cart", CART),
    7: ("bankAccount", BANK_ACCOUNT),
    8: ("invoiceTemplateID", None),
    9: ("allocation", ALLOCATION),
}

LIFETIME: Tree = {1: ("days", None), 2: ("months", None), 3: ("years", None)}
PRICE = Variants(
    "costType",
    {
        "InvoiceTemplateLineCostFixed": (1, {1: ("amount", None), 2: ("currency", None)}),
        "InvoiceTemplateLineCostRange": (
            2,
            {1: ("range", {1: ("lowerBound", None), 2: ("upperBound", None)}), 2: ("currency", None)},
        ),
        "InvoiceTemplateLineCostUnlim": (3, {}),
    },
)
TEMPLATE_DETAILS = Variants(
    "templateType",
    {
        "InvoiceTemplateSingleLine": (1, {1: ("product", None), 2: ("price", PRICE), 3: ("taxMode", TAX_MODE)}),
        "InvoiceTemplateMultiLine": (2, {1: ("cart", CART), 2: ("currency", None)}),
    },
)
TEMPLATE: Tree = {1: ("shopID", None), 2: ("lifetime", LIFETIME), 3: ("details", TEMPLATE_DETAILS)}

FLOW = Variants("type", {"PaymentFlowInstant": (1, {}), "PaymentFlowHold": (2, {1: ("onHoldExpiration", None)})})
PAYMENT_TOOL = Variants(
    "kind",
    {
        "bank_card": (1, {1: ("token", None), 2: ("exp_date", None)}),
        "payment_terminal": (2, {1: ("provider", None)}),
        "digital_wallet": (3, {1: ("provider", None), 2: ("id", None)}),
        "crypto_wallet": (4, {1: ("currency", None)}),
        "mobile_commerce": (5, {1: ("operator", None), 2: ("phone", None)}),
    },
)
PAYER = Variants(
    "payerType",
    {
        "PaymentResourcePayer": (1, {1: ("paymentTool", PAYMENT_TOOL)}),
        "RecurrentPayer": (2, {1: ("recurrentParentPayment", {1: ("invoiceID", None), 2: ("paymentID", None)})}),
    },
)
PAYMENT: Tree = {1: ("invoiceID", None), 2: ("makeRecurrent", None), 3: ("flow", FLOW), 4: ("payer", PAYER)}

# The payment is a feature here: ids of refunds are numbers within a payment, and a number of one payment means
# nothing in another.
REFUND: Tree = {
    1: ("amount", None),
    2: ("currency", None),
    3: ("cart", CART),
    4: ("allocation", ALLOCATION),
    5: ("invoiceID", None),
    6: ("paymentID", None),
}

# createPaymentResource takes an externalID and is not idempotent by it, as in the reference since 2022: to recognise a
# repeat, something derived from the card number would have to be kept outside the vault. The vault recognises the card
# itself, so a repeat gives a second token of one card and charges nobody. The contract's 409 stays, and is never given.
PAYMENT_RESOURCE: Tree = {}


def invoice_meaning(body: Json) -> Json:
    """The same moment in another offset is the same dueDate."""
    return {**body, "dueDate": timestamp_to_thrift(body["dueDate"])}


def payment_meaning(body: Json, invoice_id: str, payer: domain.Payer) -> Json:
    """A payment tool token is made anew each time: what counts is the tool inside it."""
    meaning = {**body, "invoiceID": invoice_id, "makeRecurrent": body.get("makeRecurrent", False)}
    if payer.payment_resource is not None:
        meaning["payer"] = {**body["payer"], "paymentTool": _tool_meaning(payer.payment_resource.payment_tool)}
    return meaning


def refund_meaning(body: Json, invoice_id: str, payment_id: str) -> Json:
    return {**body, "invoiceID": invoice_id, "paymentID": payment_id}


def _tool_meaning(tool: domain.PaymentTool) -> Json:
    return {"kind": tool.which(), **_TOOL_FIELDS[tool.which()](tool.value)}


def _card(card: domain.BankCard) -> Json:
    expiry = card.exp_date
    return {"token": card.token, "exp_date": None if expiry is None else [expiry.month, expiry.year]}


_TOOL_FIELDS = {
    "bank_card": _card,
    "payment_terminal": lambda terminal: {"provider": terminal.provider},
    "digital_wallet": lambda wallet: {"provider": wallet.provider, "id": wallet.id},
    "crypto_wallet": lambda wallet: {"currency": wallet.currency},
    "mobile_commerce": lambda mobile: {"operator": mobile.operator, "phone": mobile.cc + mobile.ctn},
}
