"""Who pays and how: Payer -> domain.Payer, and back with the tool masked."""

from capi_v2.shapes.absent import Json, if_present, without_absent
from capi_v2.shapes.payment_session import PaymentSession
from capi_v2.shapes.payment_tool import payment_tool_details_to_json
from rpc.protocol import domain


def resource_payer_to_thrift(payer: Json, tool: domain.PaymentTool, session: PaymentSession) -> domain.Payer:
    """Of a PaymentResourcePayer whose token and session were opened; both strings go along to be given back."""
    resource = domain.PaymentResourcePayer(
        payment_tool=tool,
        payment_session_id=session.id,
        contact_info=_contact_info_to_thrift(payer["contactInfo"]),
        client_info=session.client_info,
        payment_session=payer["paymentSession"],
        payment_tool_token=payer["paymentToolToken"],
    )
    return domain.Payer(payment_resource=resource)


def recurrent_payer_to_thrift(payer: Json) -> domain.Payer:
    parent = payer["recurrentParentPayment"]
    recurrent = domain.RecurrentPayer(
        parent=domain.RecurrentParent(invoice_id=parent["invoiceID"], payment_id=parent["paymentID"]),
        contact_info=_contact_info_to_thrift(payer["contactInfo"]),
    )
    return domain.Payer(recurrent=recurrent)


def session_info_to_thrift(payer: Json) -> domain.PayerSessionInfo | None:
    return if_present(
        payer.get("sessionInfo"), lambda info: domain.PayerSessionInfo(redirect_url=info.get("redirectUrl"))
    )


def payer_to_json(payer: domain.Payer, session_info: domain.PayerSessionInfo | None, consumer: str) -> Json:
    """A "client" is not told the token of the tool: whoever else holds the token of the invoice could pay with it."""
    shown = _PAYER_TO_JSON[payer.which()](payer.value)
    shown["sessionInfo"] = if_present(session_info, _session_info_to_json)
    if consumer == "client":
        shown |= {name: "" for name in ("paymentToolToken", "paymentSession") if name in shown}
    return without_absent(shown)


def client_info_to_json(client_info: domain.ClientInfo) -> Json:
    """The contract requires a fingerprint: a payment that began elsewhere and has none shows an empty one."""
    return without_absent({"fingerprint": client_info.fingerprint or "", "ip": client_info.ip, "url": client_info.url})


def _resource_to_json(payer: domain.PaymentResourcePayer) -> Json:
    return {
        "payerType": "PaymentResourcePayer",
        "paymentToolToken": payer.payment_tool_token or "",
        "paymentSession": payer.payment_session or "",
        "paymentToolDetails": payment_tool_details_to_json(payer.payment_tool),
        "clientInfo": if_present(payer.client_info, client_info_to_json),
        "contactInfo": _contact_info_to_json(payer.contact_info),
    }


def _recurrent_to_json(payer: domain.RecurrentPayer) -> Json:
    return {
        "payerType": "RecurrentPayer",
        "contactInfo": _contact_info_to_json(payer.contact_info),
        "recurrentParentPayment": {"invoiceID": payer.parent.invoice_id, "paymentID": payer.parent.payment_id},
        "paymentToolDetails": if_present(payer.payment_tool, payment_tool_details_to_json),
    }


_PAYER_TO_JSON = {"payment_resource": _resource_to_json, "recurrent": _recurrent_to_json}


def _session_info_to_json(session_info: domain.PayerSessionInfo) -> Json:
    return without_absent({"redirectUrl": session_info.redirect_url})


def _contact_info_to_thrift(contact: Json) -> domain.ContactInfo:
    return domain.ContactInfo(email=contact.get("email"), phone_number=contact.get("phoneNumber"))


def _contact_info_to_json(contact: domain.ContactInfo) -> Json:
    return without_absent({"email": contact.email, "phoneNumber": contact.phone_number})
