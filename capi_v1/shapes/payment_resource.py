"""What a payer's browser gives and gets at tokenisation: PaymentResourceParams, PaymentResourceResult."""

from datetime import datetime

from capi_v1.shapes.absent import Json, without_absent
from capi_v1.shapes.payer import client_info_to_json
from capi_v1.shapes.payment_session import PaymentSession, payment_session_to_json
from capi_v1.shapes.payment_tool import payment_tool_details_to_json
from capi_v1.shapes.timestamps import moment_to_thrift
from rpc.protocol import domain
from translator.errors import Problem

# The contract's maxLength of both in PaymentResource.
TOKEN_CHARS_MAX, SESSION_CHARS_MAX = 2000, 1000


def client_info_to_thrift(body: Json, *, ip: str | None) -> domain.ClientInfo:
    return domain.ClientInfo(fingerprint=body["fingerprint"], ip=ip)


def payment_resource_to_json(
    tool: domain.PaymentTool, session: PaymentSession, token: str, valid_until: datetime
) -> Json:
    """Raises Problem where the request, correct in each of its parts, gives what createPayment could not take."""
    payment_session = payment_session_to_json(session)
    if len(token) > TOKEN_CHARS_MAX or len(payment_session) > SESSION_CHARS_MAX:
        raise Problem("invalidRequest", "The paymentTool and clientInfo are too long to make tokens of")
    return without_absent(
        {
            "paymentToolToken": token,
            "paymentSession": payment_session,
            "paymentToolDetails": payment_tool_details_to_json(tool),
            "clientInfo": client_info_to_json(session.client_info),
            "validUntil": moment_to_thrift(valid_until),
        }
    )
