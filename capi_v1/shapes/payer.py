"""Who pays and how: Payer -> domain.Payer, and back with the tool masked."""

from capi_v1.shapes.absent import Json, if_present, without_absent
from capi_v1.shapes.payment_session import PaymentSession
from capi_v1.shapes.payment_tool import payment_tool_details_to_json
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


def payer_to_json(payer: domain.Payer, consumer: str) -> Json:
    """A "client" is not told the token of the tool: whoever else holds the token of the invoice could pay with it.

    Who pays again as an earlier payment did has no form here and is shown as if with a payment tool of their own.
    """
    shown = (
        _resource_to_json(payer.payment_resource) if payer.recurrent is None else _recurrent_to_json(payer.recurrent)
    )
    if consumer == "client":
        shown |= {"paymentToolToken": "", "paymentSession": ""}
    return without_absent(shown)


def client_info_to_json(client_info: domain.ClientInfo) -> Json:
    """The contract requires a fingerprint: a payment that began elsewhere and has none shows an empty one."""
    return without_absent({"fingerprint": client_info.fingerprint or "", "ip": client_info.ip})


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
        "payerType": "PaymentResourcePayer",
        "paymentToolToken": "",
        "paymentSession": "",
        "paymentToolDetails": if_present(payer.payment_tool, payment_tool_details_to_json),
        "contactInfo": _contact_info_to_json(payer.contact_info),
    }


def _contact_info_to_thrift(contact: Json) -> domain.ContactInfo:
    return domain.ContactInfo(email=contact.get("email"), phone_number=contact.get("phoneNumber"))


def _contact_info_to_json(contact: domain.ContactInfo) -> Json:
    return without_absent({"email": contact.email, "phoneNumber": contact.phone_number})
