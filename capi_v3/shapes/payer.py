"""Who pays: PaymentParams -> domain.Payer; domain.Payer -> Payer."""

from capi_v3.shapes.absent import Json, without_absent
from capi_v3.shapes.ids import payment_id_to_thrift
from capi_v3.shapes.payment_token import PaymentSession, session_to_text
from rpc.protocol import domain
from translator.errors import NotFound, Problem


def token_payer_to_thrift(body: Json, tool: domain.PaymentTool, session: PaymentSession, sealed: str) -> domain.Payer:
    """`sealed` and the session go along as v2 calls them, so that the payment can be read there too."""
    resource = domain.PaymentResourcePayer(
        payment_tool=tool,
        payment_session_id=session.id,
        contact_info=_contact_to_thrift(body),
        client_info=session.client_info,
        payment_session=session_to_text(session),
        payment_tool_token=sealed,
    )
    return domain.Payer(payment_resource=resource)


def recurring_payer_to_thrift(body: Json) -> domain.Payer:
    """Raises Problem for a source that is no payment."""
    try:
        parent = payment_id_to_thrift(body["source"]["paymentId"])
    except NotFound:
        raise Problem("invalid-recurring-source", "The source is no payment", 422) from None
    recurrent = domain.RecurrentPayer(
        parent=domain.RecurrentParent(invoice_id=parent.invoice, payment_id=parent.payment),
        contact_info=_contact_to_thrift(body),
    )
    return domain.Payer(recurrent=recurrent)


def payer_to_json(payer: domain.Payer) -> Json:
    contact = payer.value.contact_info
    device = payer.payment_resource.client_info if payer.payment_resource is not None else None
    return without_absent(
        {"email": contact.email, "phone": contact.phone_number, "ip": device.ip if device is not None else None}
    )


def _contact_to_thrift(body: Json) -> domain.ContactInfo:
    contact = body.get("payer", {})
    return domain.ContactInfo(email=contact.get("email"), phone_number=contact.get("phone"))
