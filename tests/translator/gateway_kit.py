"""What the gateway's tests share: a platform that answers as told, keys, tokens, a clock, and an ASGI client.

The client speaks ASGI directly, so that a test can send what no HTTP library would.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import jwt
import small_operations
from cryptography.hazmat.primitives.asymmetric import rsa
from small_spec import small_spec

from capi_v2.conventions import CONVENTIONS
from rpc.protocol import ids
from settings import load
from translator.access_tokens import AccessTokens
from translator.gateway import create_gateway
from translator.keyset import keyset_of
from translator.revocations import Revocations

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
PARTY = "party-1"
ALL_ROLES = (
    "party:read",
    "party:write",
    "invoices:read",
    "invoices:write",
    "payment_resources:write",
)
JSON = "application/json; charset=utf-8"


class StillClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@cache
def signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def other_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


class Platform:
    """Stands for the internal services: `answers` maps a handler's name to a value, an exception or a function."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.calls: list[tuple[str, Any, dict[str, Any]]] = []
        self.bindings: dict[tuple[str, str, str], ids.Binding] = {}
        self.sequences: dict[str, int] = {}
        self.closed = False

    def bind(self, context: Any) -> "Bound":
        return Bound(self, context)

    async def close(self) -> None:
        self.closed = True


class Bound:
    """The platform as one request sees it."""

    def __init__(self, platform: Platform, context: Any) -> None:
        self.platform = platform
        self.context = context
        self.ids = self

    async def answer(self, name: str, call: Any, /, **arguments: Any) -> Any:
        self.platform.calls.append((name, call, arguments))
        answer = self.platform.answers.get(name)
        if isinstance(answer, Exception):
            raise answer
        return answer(call) if callable(answer) else answer

    async def Bind(self, params: ids.BindParams) -> ids.Binding:
        key = (params.key.operation, params.key.party_id, params.key.external_id)
        known = self.platform.bindings.get(key)
        if known is not None:
            return ids.Binding(id=known.id, is_new=False, features=known.features, context=known.context)
        identity = params.id or await self.Next(params.sequence, params.sequence_from)
        binding = ids.Binding(id=identity, is_new=True, features=params.features, context=params.context or {})
        self.platform.bindings[key] = binding
        return binding

    async def Get(self, key: ids.Key) -> ids.Binding:
        known = self.platform.bindings.get((key.operation, key.party_id, key.external_id))
        if known is None:
            raise ids.BindingNotFound()
        return known

    async def Next(self, sequence: str, sequence_from: int) -> str:
        number = self.platform.sequences.get(sequence, sequence_from)
        self.platform.sequences[sequence] = number + 1
        return str(number)


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class House:
    """A gateway over the small spec with everything a test may turn."""

    def __init__(
        self, tmp_path: Any, spec: Mapping[str, Any] | None = None, modules: Any = None, **options: Any
    ) -> None:
        file = tmp_path / "spec.json"
        file.write_text(json.dumps(spec or small_spec()))
        self.clock = StillClock()
        self.platform = options.pop("platform", None) or Platform()
        self.revocations = Revocations.of()
        self.settings = load(env={**{k: str(v) for k, v in options.pop("env", {}).items()}})
        self.tokens = AccessTokens(
            keyset_of([], signing_key()), self.revocations, clock=self.clock, cache_entries_max=100
        )
        self.gateway = create_gateway(
            spec=file,
            operations=modules or [small_operations],
            errors=small_operations.ERRORS,
            conventions=options.pop("conventions", CONVENTIONS),
            rpc=self.platform,
            settings=self.settings,
            clock=self.clock,
            tokens=self.tokens,
            revocations=self.revocations,
            responses=options.pop("responses", "strict"),
            **options,
        )
        self.token = self.tokens.issue(PARTY, ALL_ROLES, lifetime_s=None)[0]

    def send(self, method: str, target: str, **parts: Any) -> Answer:
        """A request with token, request id and, where there is a body, its content type; None removes a header."""
        headers = {"authorization": f"Bearer {self.token}", "x-request-id": "req-1", "accept": "application/json"}
        if "json" in parts:
            parts["body"] = json.dumps(parts.pop("json")).encode()
        if parts.get("body"):
            headers["content-type"] = JSON
        headers.update(parts.pop("headers", {}))
        kept = [(name, value) for name, value in headers.items() if value is not None]
        return ask(self.gateway, method, target, kept, **parts)


def ask(
    app: Any,
    method: str,
    target: str | bytes,
    headers: Iterable[tuple[str | bytes, str | bytes]] = (),
    body: bytes = b"",
    chunks: list[bytes] | None = None,
    length: str | None = "",
) -> Answer:
    """One request. `target`: path and query as sent. `length`: Content-Length, "" for the true one, None for none."""
    pairs = [(latin(name).lower(), latin(value)) for name, value in headers]
    if chunks is None and length is not None and (body or length):
        pairs.append((b"content-length", (length or str(len(body))).encode()))
    if chunks is not None:
        pairs.append((b"transfer-encoding", b"chunked"))
    scope = scope_of(method, target if isinstance(target, bytes) else target.encode(), pairs)
    return asyncio.run(exchange(app, scope, chunks if chunks is not None else [body]))


def scope_of(method: str, target: bytes, headers: Iterable[tuple[str | bytes, str | bytes]]) -> dict[str, Any]:
    """The ASGI scope of a request."""
    path, _, query = target.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path.decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(latin(name).lower(), latin(value)) for name, value in headers],
        "client": ("203.0.113.9", 5000),
        "server": ("127.0.0.1", 8082),
    }


def latin(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


async def exchange(app: Any, scope: dict[str, Any], chunks: list[bytes]) -> Answer:
    waiting = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
        for number, chunk in enumerate(chunks, 1)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    if not sent:
        return Answer(0, {}, b"")
    headers: dict[str, str] = {}
    for name, value in sent[0]["headers"]:
        headers[name.decode().lower()] = value.decode("latin-1")
    return Answer(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))


def signed(claims: Mapping[str, Any], key: Any = None, kid: str | None = None, **header: Any) -> str:
    """A token with exactly these claims."""
    key = key or signing_key()
    kid = kid or keyset_of([key], None).verifying.__iter__().__next__()
    return jwt.encode(dict(claims), key, algorithm="RS256", headers={"kid": kid, **header})
