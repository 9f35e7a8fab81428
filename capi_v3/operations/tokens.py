"""Tag Tokens: a payer's page gives payment data and gets a token that the merchant may hold.

The only module of v3 that card numbers pass through; it hands them to the vault and keeps nothing.
"""

from typing import Any

from capi_v3 import shapes
from rpc.protocol import domain
from translator.call import Call
from translator.operation import operation
from translator.reply import Reply, created


@operation(scope="payment_resources:write")
async def create_payment_token(call: Call, payment_token_params: dict[str, Any]) -> Reply:
    device = payment_token_params.get("device", {})
    session = shapes.PaymentSession(shapes.new_session_id(), shapes.device_to_thrift(device, ip=payer_ip(call, device)))
    tool = await payment_tool(call, payment_token_params["paymentMethod"], session.id)
    invoice = shapes.if_present(payment_token_params.get("invoiceId"), shapes.invoice_id_to_thrift)
    sealed = call.payment_tool_tokens.seal(tool, call.now, invoice)
    return created(shapes.payment_token_to_json(tool, session, sealed, now=call.now, invoice_id=invoice))


async def payment_tool(call: Call, method: dict[str, Any], session_id: str) -> domain.PaymentTool:
    """Card data goes through the vault, anything else is read as it stands."""
    if not shapes.needs_vault(method):
        return shapes.payment_method_to_thrift(method)
    card = await call.rpc.vault.Tokenize(shapes.tokenize_params_to_thrift(method, session_id))
    return domain.PaymentTool(bank_card=card)


def payer_ip(call: Call, device: dict[str, Any]) -> str | None:
    """A merchant's server may say whose address it is; a payer's own browser may not say another than it has."""
    return call.client_ip if call.identity.consumer == "client" else device.get("ip") or call.client_ip
