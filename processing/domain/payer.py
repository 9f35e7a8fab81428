"""Who pays, and how the money flows: at once, or held first."""

from datetime import datetime

from processing.domain.payment_tool import PaymentTool
from processing.domain.statuses import OnHoldExpiration
from processing.domain.values import Value


class ContactInfo(Value):
    email: str | None = None
    phone_number: str | None = None


class ClientInfo(Value):
    ip: str | None = None
    fingerprint: str | None = None
    url: str | None = None


class PaymentResourcePayer(Value, tag="payment_resource"):
    """`payment_session_id` opens the one-use CVV in the vault; the last two are the merchant's strings as they came."""

    payment_tool: PaymentTool
    contact_info: ContactInfo
    payment_session_id: str | None = None
    client_info: ClientInfo | None = None
    payment_session: str | None = None
    payment_tool_token: str | None = None


class RecurrentParent(Value):
    invoice_id: str
    payment_id: str


class RecurrentPayer(Value, tag="recurrent"):
    """`payment_tool` is filled in from the parent payment."""

    parent: RecurrentParent
    contact_info: ContactInfo
    payment_tool: PaymentTool | None = None


Payer = PaymentResourcePayer | RecurrentPayer


class PayerSessionInfo(Value):
    """`redirect_url`: where the payer goes after the bank's page."""

    redirect_url: str | None = None


class InstantFlow(Value, tag="instant"):
    pass


class HoldFlow(Value, tag="hold"):
    """`held_until` is set by the platform."""

    on_hold_expiration: OnHoldExpiration
    held_until: datetime | None = None


PaymentFlow = InstantFlow | HoldFlow
