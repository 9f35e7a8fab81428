"""The adapter protocol: what a bank's adapter is told of a session, and what it answers."""

from processing.domain import bank, commands, state
from processing.domain.cart import InvoiceDetails
from processing.domain.interaction import UserInteraction
from processing.domain.money import Cash
from processing.domain.payer import ClientInfo, ContactInfo, HoldFlow, PaymentResourcePayer
from processing.domain.payment_tool import PaymentTool
from processing.domain.statuses import Target
from processing.services.wire.mirror import arguments, mirror
from processing.services.wire.times import to_text
from rpc.protocol import bank_adapter, domain

result_to_domain = mirror(bank.ProxyResult, bank_adapter.ProxyResult).to_domain
transaction_to_domain = mirror(bank.TransactionInfo, domain.TransactionInfo).to_domain
interaction_to_thrift = mirror(UserInteraction, domain.UserInteraction).to_thrift

_transaction = mirror(bank.TransactionInfo, domain.TransactionInfo).to_thrift
_details = mirror(InvoiceDetails, domain.InvoiceDetails).to_thrift
_cash = mirror(Cash, domain.Cash).to_thrift
_tool = mirror(PaymentTool, domain.PaymentTool).to_thrift
_contact = mirror(ContactInfo, domain.ContactInfo).to_thrift
_client = mirror(ClientInfo, domain.ClientInfo).to_thrift

_statement_arguments = arguments(commands.BankStated, bank_adapter.BankStatement)
notice_arguments = arguments(commands.CreateChargeback, bank_adapter.ChargebackNotice)
_TARGETS = {target: getattr(bank_adapter.Target, target.name) for target in Target}


def statement_to_domain(statement: bank_adapter.BankStatement) -> commands.BankStated:
    """What a bank says outside any suspended session."""
    return commands.BankStated(**_statement_arguments(statement))


def payment_context(
    invoice: state.Invoice, payment: state.Payment, refund: state.Refund | None
) -> bank_adapter.PaymentContext:
    """Everything an adapter may know of the session that is under way: the refund's, or else the payment's."""
    session = refund.session if refund else payment.session
    said = {
        "session": bank_adapter.Session(target=_TARGETS[session.target], state=session.state, attempt=session.attempt),
        "reference": session.reference,
        "invoice": _invoice_info(invoice),
        "shop": _shop_info(payment),
        "payment": _payment_info(payment),
        "options": dict(payment.route.options),
        "provider_id": payment.route.provider,
    }
    if payment.capture is not None:
        said["capture"] = bank_adapter.CaptureInfo(cost=_cash(payment.capture.cost))
    if refund is not None:
        said["refund"] = bank_adapter.RefundInfo(
            id=refund.id, created_at=to_text(refund.created_at), cash=_cash(refund.cash)
        )
    return bank_adapter.PaymentContext(**said)


def _invoice_info(invoice: state.Invoice) -> bank_adapter.InvoiceInfo:
    return bank_adapter.InvoiceInfo(
        id=invoice.id,
        created_at=to_text(invoice.created_at),
        due=to_text(invoice.due),
        details=_details(invoice.details),
    )


def _shop_info(payment: state.Payment) -> bank_adapter.ShopInfo:
    shop = payment.shop
    return bank_adapter.ShopInfo(
        id=shop.id, party_id=payment.owner_id, name=shop.name, url=shop.url, category_id=shop.category_id
    )


def _payment_info(payment: state.Payment) -> bank_adapter.PaymentInfo:
    payer = payment.payer
    said = {
        "id": payment.id,
        "created_at": to_text(payment.created_at),
        "cost": _cash(payment.cost),
        "payment_tool": _tool(payer.payment_tool),
        "contact_info": _contact(payer.contact_info),
        "is_merchant_initiated": not isinstance(payer, PaymentResourcePayer),
        "make_recurrent": payment.make_recurrent,
        "capture_at_once": not isinstance(payment.flow, HoldFlow),
    }
    if isinstance(payer, PaymentResourcePayer):
        said["payment_session_id"] = payer.payment_session_id
        said["client_info"] = payer.client_info and _client(payer.client_info)
    if payment.transaction is not None:
        said["transaction"] = _transaction(payment.transaction)
    if payment.payer_session_info is not None:
        said["redirect_url"] = payment.payer_session_info.redirect_url
    if payment.processing_deadline is not None:
        said["processing_deadline"] = to_text(payment.processing_deadline)
    return bank_adapter.PaymentInfo(**said)
