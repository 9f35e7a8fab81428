"""JSON of v1 <-> Thrift, both directions, pure: the only place that knows how v1 spells things.

Names say the direction: `..._to_thrift` reads a request that the spec has let through, `..._to_json` writes an answer.
What the platform says and v1 has no word for is left out where the contract allows it, and where it does not, shown as
the table in specs/v1/openapi.yaml says. Knows no HTTP, calls, clocks.
"""

from capi_v1.shapes.card_source import needs_vault, tokenize_params_to_thrift
from capi_v1.shapes.dictionaries import category_to_json
from capi_v1.shapes.events import invoice_event_to_json
from capi_v1.shapes.invoice import (
    access_token_to_json,
    invoice_and_token_to_json,
    invoice_params_to_thrift,
    invoice_to_json,
    invoice_with_template_params_to_thrift,
)
from capi_v1.shapes.party import party_to_json, shop_to_json
from capi_v1.shapes.payer import resource_payer_to_thrift
from capi_v1.shapes.payment import capture_params_to_thrift, payment_params_to_thrift, payment_to_json
from capi_v1.shapes.payment_methods import payment_methods_to_json
from capi_v1.shapes.payment_resource import client_info_to_thrift, payment_resource_to_json
from capi_v1.shapes.payment_session import (
    PaymentSession,
    new_session_id,
    payment_session_to_json,
    payment_session_to_thrift,
)
from capi_v1.shapes.payment_tool import payment_tool_to_thrift
from capi_v1.shapes.refund import refund_params_to_thrift, refund_to_json
from capi_v1.shapes.search import (
    invoice_page_to_json,
    invoice_query_to_thrift,
    payment_page_to_json,
    payment_query_to_thrift,
)
from capi_v1.shapes.template import (
    template_and_token_to_json,
    template_params_to_thrift,
    template_price_to_thrift,
    template_to_json,
    template_update_to_thrift,
)
from capi_v1.shapes.webhook import webhook_id_to_thrift, webhook_params_to_thrift, webhook_to_json

__all__ = [
    "PaymentSession",
    "access_token_to_json",
    "capture_params_to_thrift",
    "category_to_json",
    "client_info_to_thrift",
    "invoice_and_token_to_json",
    "invoice_event_to_json",
    "invoice_page_to_json",
    "invoice_params_to_thrift",
    "invoice_query_to_thrift",
    "invoice_to_json",
    "invoice_with_template_params_to_thrift",
    "needs_vault",
    "new_session_id",
    "party_to_json",
    "payment_methods_to_json",
    "payment_page_to_json",
    "payment_params_to_thrift",
    "payment_query_to_thrift",
    "payment_resource_to_json",
    "payment_session_to_json",
    "payment_session_to_thrift",
    "payment_to_json",
    "payment_tool_to_thrift",
    "refund_params_to_thrift",
    "refund_to_json",
    "resource_payer_to_thrift",
    "shop_to_json",
    "template_and_token_to_json",
    "template_params_to_thrift",
    "template_price_to_thrift",
    "template_to_json",
    "template_update_to_thrift",
    "tokenize_params_to_thrift",
    "webhook_id_to_thrift",
    "webhook_params_to_thrift",
    "webhook_to_json",
]
