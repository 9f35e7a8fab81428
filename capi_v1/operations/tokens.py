"""Tag Tokens: a payer's browser gives payment data and gets a token that the merchant may hold.

The only module of v1 that card numbers pass through; it hands them to the vault and keeps nothing.
"""

from typing import Any

from capi_v1 import shapes
from rpc.protocol import domain
from translator.call import Call
from translator.operation import operation
from translator.reply import Reply, created


@operation(scope="payment_resources:write")
async def create_payment_resource(call: Call, payment_resource: dict[str, Any]) -> Reply:
    client_info = shapes.client_info_to_thrift(payment_resource["clientInfo"], ip=call.client_ip)
    session = shapes.PaymentSession(shapes.new_session_id(), client_info)
    tool = await payment_tool(call, payment_resource["paymentTool"], session.id)
    token, valid_until = call.payment_tool_tokens.seal(tool, call.now)
    return created(shapes.payment_resource_to_json(tool, session, token, valid_until))


async def payment_tool(call: Call, tool: dict[str, Any], session_id: str) -> domain.PaymentTool:
    """Card data goes through the vault, anything else is read as it stands."""
    if not shapes.needs_vault(tool):
        return shapes.payment_tool_to_thrift(tool)
    card = await call.rpc.vault.Tokenize(shapes.tokenize_params_to_thrift(tool, session_id))
    return domain.PaymentTool(bank_card=card)
