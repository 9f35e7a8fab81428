"""Where a trace begins: the context of the internal calls that one HTTP request causes (contract sections 3.2 and 5.1).

The span is the caller's X-Request-ID, the trace is ours, the parent is "undefined". A W3C `traceparent` is carried on
beside them; `X-Amzn-Trace-Id` stands in for it where only that one is given.
"""

import re
import secrets
from collections.abc import Mapping

from rpc.context import NO_PARENT, Context, getrandbits, is_id, new_id, new_traceparent
from rpc.deadlines import Deadline
from translator.access_tokens import Identity

TRACE_ID_MIN = 10**19
TRACE_ID_COUNT = 2**64 - TRACE_ID_MIN
TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
AMAZON_PART = re.compile(r"\s*(Root|Parent|Sampled)=([0-9a-f-]{1,40})\s*")
AMAZON_ROOT = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})")
AMAZON_PARENT = re.compile(r"[0-9a-f]{16}")


def new_trace_id() -> str:
    """A 64-bit number of 20 decimal digits: one more than the longest card number, so that no log takes it for one."""
    return str(TRACE_ID_MIN + getrandbits(96) % TRACE_ID_COUNT)


def root_context(
    request_id: str | None, trace_id: str, deadline: Deadline, identity: Identity, traceparent: str | None
) -> Context:
    """The context of an external caller's request. A request id that no span can have stands only in our own log."""
    span_id = request_id if request_id is not None and is_id(request_id) else new_id()
    return Context.of_checked(trace_id, span_id, NO_PARENT, deadline, identity.meta, traceparent or new_traceparent())


def internal_context(process: str, deadline: Deadline) -> Context:
    """The context of a call this process makes on its own account."""
    meta = {"user-identity.id": process, "user-identity.realm": "internal"}
    return Context.root(trace_id=new_trace_id(), deadline=deadline, meta=meta)


def traceparent_of(headers: Mapping[bytes, bytes]) -> str | None:
    """The W3C parent that the request came with; None when there is none, or a malformed one."""
    given = headers.get(b"traceparent")
    if given is not None and TRACEPARENT.fullmatch(text := given.decode("latin-1").strip()):
        return text
    amazon = headers.get(b"x-amzn-trace-id")
    return from_amazon(amazon.decode("latin-1")) if amazon is not None else None


def from_amazon(header: str) -> str | None:
    """`Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1` as a traceparent."""
    parts = dict(match.groups() for part in header[:256].split(";") if (match := AMAZON_PART.fullmatch(part)))
    root = AMAZON_ROOT.fullmatch(parts.get("Root", ""))
    parent = parts.get("Parent") or secrets.token_hex(8)
    if root is None or not AMAZON_PARENT.fullmatch(parent):
        return None
    text = f"00-{root[1]}{root[2]}-{parent}-{'01' if parts.get('Sampled') == '1' else '00'}"
    return text if TRACEPARENT.fullmatch(text) else None
