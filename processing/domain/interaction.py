"""What only the payer can do before a payment goes on. Templates are RFC 6570 level 4 and may use `termination_uri`."""

from datetime import datetime

from processing.domain.values import Value


class BrowserGetRequest(Value, tag="get_request"):
    uri_template: str


class FormField(Value):
    key: str
    template: str


class BrowserPostRequest(Value, tag="post_request"):
    uri_template: str
    form: tuple[FormField, ...]


BrowserRequest = BrowserGetRequest | BrowserPostRequest


class Redirect(Value, tag="redirect"):
    request: BrowserRequest


class PaymentTerminalReceipt(Value, tag="payment_terminal_receipt"):
    short_payment_id: str
    due: datetime


class CryptoTransferRequest(Value, tag="crypto_transfer"):
    """`amount` is decimal digits with a point."""

    address: str
    symbolic_code: str
    amount: str


class QrCode(Value, tag="qr_code"):
    payload: bytes


UserInteraction = Redirect | PaymentTerminalReceipt | CryptoTransferRequest | QrCode
