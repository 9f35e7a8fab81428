"""JSON of v3 <-> Thrift, both directions, pure: the only place that knows how v3 spells things.

Names say the direction: `..._to_thrift` reads a request that the spec has let through, `..._to_json` writes an answer.
Knows no HTTP, calls, clocks.
"""

from capi_v3.shapes.absent import if_present
from capi_v3.shapes.dictionaries import currency_to_json, deprecation_to_json
from capi_v3.shapes.event import event_page_to_json, event_query_to_thrift, event_type_to_thrift
from capi_v3.shapes.idempotency_key import key_state_to_json
from capi_v3.shapes.ids import (
    endpoint_id_to_thrift,
    event_id_to_thrift,
    invoice_id_to_thrift,
    payment_id_to_thrift,
    payment_link_id_to_thrift,
    refund_id_to_thrift,
    shop_id_to_thrift,
)
from capi_v3.shapes.invoice import (
    invoice_params_to_thrift,
    invoice_to_json,
    link_invoice_params_to_thrift,
    payer_token_to_json,
)
from capi_v3.shapes.lists import list_to_json, piece
from capi_v3.shapes.metadata import metadata_to_json
from capi_v3.shapes.payer import recurring_payer_to_thrift, token_payer_to_thrift
from capi_v3.shapes.payment import capture_params_to_thrift, payment_params_to_thrift, payment_to_json
from capi_v3.shapes.payment_link import (
    payment_link_params_to_thrift,
    payment_link_patch_to_thrift,
    payment_link_to_json,
)
from capi_v3.shapes.payment_method import needs_vault, payment_method_to_thrift, tokenize_params_to_thrift
from capi_v3.shapes.payment_token import (
    PaymentSession,
    device_to_thrift,
    new_session_id,
    payment_token_to_json,
    session_to_thrift,
    token_parts,
)
from capi_v3.shapes.refund import refund_params_to_thrift, refund_to_json
from capi_v3.shapes.search import invoice_query_to_thrift, payment_query_to_thrift, refund_query_to_thrift
from capi_v3.shapes.shop import shop_to_json
from capi_v3.shapes.timestamps import moment_to_thrift
from capi_v3.shapes.webhook_endpoint import (
    delivery_to_json,
    endpoint_params_to_thrift,
    endpoint_patch_to_thrift,
    endpoint_to_json,
    replay_params_to_thrift,
    replay_to_json,
)

__all__ = [
    "PaymentSession",
    "capture_params_to_thrift",
    "currency_to_json",
    "delivery_to_json",
    "deprecation_to_json",
    "device_to_thrift",
    "endpoint_id_to_thrift",
    "endpoint_params_to_thrift",
    "endpoint_patch_to_thrift",
    "endpoint_to_json",
    "event_id_to_thrift",
    "event_page_to_json",
    "event_query_to_thrift",
    "event_type_to_thrift",
    "if_present",
    "invoice_id_to_thrift",
    "invoice_params_to_thrift",
    "invoice_query_to_thrift",
    "invoice_to_json",
    "key_state_to_json",
    "link_invoice_params_to_thrift",
    "list_to_json",
    "metadata_to_json",
    "moment_to_thrift",
    "needs_vault",
    "new_session_id",
    "payer_token_to_json",
    "payment_id_to_thrift",
    "payment_link_id_to_thrift",
    "payment_link_params_to_thrift",
    "payment_link_patch_to_thrift",
    "payment_link_to_json",
    "payment_method_to_thrift",
    "payment_params_to_thrift",
    "payment_query_to_thrift",
    "payment_to_json",
    "payment_token_to_json",
    "piece",
    "recurring_payer_to_thrift",
    "refund_id_to_thrift",
    "refund_params_to_thrift",
    "refund_query_to_thrift",
    "refund_to_json",
    "replay_params_to_thrift",
    "replay_to_json",
    "session_to_thrift",
    "shop_id_to_thrift",
    "shop_to_json",
    "token_parts",
    "token_payer_to_thrift",
    "tokenize_params_to_thrift",
]
