"""A version's gateway as it is deployed, with a stand-in for the platform behind it and a still clock.

Every function of the platform has an answer, so that any operation can succeed; a test changes what it is about. The
client speaks ASGI directly. Nothing here knows a version: what one needs stands in its `overrides` module.
"""

import asyncio
import importlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import orjson
from cryptography.hazmat.primitives.asymmetric import rsa

from settings import Settings, load
from settings.versions import Version, served_versions
from tests.fakes.backend import FakeBackend
from translator.access_tokens import AccessTokens
from translator.answers import validate_response
from translator.conventions import Conventions
from translator.keyset import keyset_of
from translator.payment_tool_tokens import PaymentToolTokens, load_key
from translator.reply import Reply
from translator.revocations import Revocations
from translator.served import Served
from translator.spec import read_spec

from .sample_answers import answers
from .sample_request import SampleRequest
from .sample_requests import sample_requests

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PARTY = "demo"
EVERYTHING = (
    "party:read",
    "party:write",
    "invoices:read",
    "invoices:write",
    "invoices.*.payments:read",
    "invoices.*.payments:write",
    "customers:read",
    "customers:write",
    "payouts:read",
    "payouts:write",
    "payment_resources:write",
)
JSON = "application/json; charset=utf-8"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def is_json(self) -> bool:
        return self.headers.get("content-type") in (JSON, "application/problem+json")

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class House:
    """`backend`: what stands behind; `requests`: a valid one for each operation; `send` asks and checks the spec.

    `sealed` makes payment tool tokens with the gateway's own key.
    """

    def __init__(self, version: Version, directory: Path) -> None:
        self.version = version
        self.package = f"capi_{version.name}"
        self.settings: Settings = load({"CAPI_STATE_DIRECTORY": str(directory)})
        self.conventions: Conventions = importlib.import_module(f"{self.package}.conventions").CONVENTIONS
        self.overrides: ModuleType = importlib.import_module(f".{version.name}.overrides", __package__)
        self.backend = FakeBackend(clock=lambda: NOW)
        self.tokens = AccessTokens(keyset_of([], signing_key()), Revocations.of(), clock=lambda: NOW)
        self.gateway = importlib.import_module(f"{self.package}.app").create_app(
            self.settings,
            rpc=self.backend.client(),
            clock=lambda: NOW,
            tokens=self.tokens,
            revocations=Revocations.of(),
        )
        self.served: dict[str, Served] = {one.spec.operation_id: one for one in self.gateway.served}
        self.now = NOW
        self.sealed = PaymentToolTokens(
            load_key(self.settings.tokens.payment_tool_token_key_file),
            timedelta(seconds=self.settings.tokens.payment_tool_token_lifetime_s),
        )
        self.token = self.token_with(EVERYTHING)
        self.requests = self._requests()
        self.reset()

    def _requests(self) -> dict[str, SampleRequest]:
        bodies, paths = self.overrides.bodies(self.sealed, NOW), self.overrides.paths(PARTY)
        return {
            operation_id: request.changed(
                body=bodies.get(operation_id, request.body),
                path={name: paths.get(name, value) for name, value in request.path.items()},
            )
            for operation_id, request in sample_requests(read_spec(self.version.spec)).items()
        }

    def reset(self, is_full: bool = False) -> None:
        """The platform answers everything again, and has been asked nothing."""
        self.backend.answers = answers(is_full, self.overrides.ANSWERS)
        self.backend.calls.clear()

    def token_with(self, roles: Iterable[str], consumer: Any = "merchant") -> str:
        return self.tokens.issue(PARTY, roles, lifetime_s=None, consumer=consumer)[0]

    def send(self, request: SampleRequest, token: str | None = "", body: bytes | None = None) -> Answer:
        """Asks, and asserts that the answer is one the spec documents. `token`: None for none, "" for a merchant's."""
        answer = self.ask(request, token, body)
        operations = (self.served[request.operation_id].spec,)
        if not self.is_silent(request.operation_id, answer):
            validate_response(operations, request.operation_id, answer.status, answer.headers, answer.body)
        return answer

    def is_silent(self, operation_id: str, answer: Answer) -> bool:
        """Whether an answer is one that the contract forgot: 401 of operations that need a token and do not say so, and
        what the version's conventions name.
        """
        if answer.status == 401 and 401 not in self.served[operation_id].spec.answers:
            return True
        return self.conventions.is_silent(Reply(answer.status, answer.json if answer.is_json else None))

    def ask(self, request: SampleRequest, token: str | None = "", body: bytes | None = None) -> Answer:
        """Asks, and believes nothing."""
        content = request.content() if body is None else body
        headers = {"x-request-id": "req-1", "accept": "application/json", **request.headers}
        if token is not None:
            headers["authorization"] = f"Bearer {token or self.token}"
        if content:
            headers = {"content-type": JSON, **headers, "content-length": str(len(content))}
        target = request.target(self.version.base_path)
        return asyncio.run(exchange(self.gateway, request.method, target, headers, content))

    def operation(self, operation_id: str, **changes: Any) -> SampleRequest:
        """The sample request of an operation; `path`, `query` and `body` are merged into it."""
        request = self.requests[operation_id]
        merged = {name: {**(getattr(request, name) or {}), **value} for name, value in changes.items()}
        return request.changed(**merged)


async def exchange(app: Any, method: str, target: str, headers: dict[str, str], content: bytes) -> Answer:
    """One HTTP request over ASGI."""
    path, _, query = target.encode().partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path.decode(),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("203.0.113.9", 5000),
        "server": ("127.0.0.1", 8082),
    }
    waiting = [{"type": "http.request", "body": content, "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    named = {name.decode().lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], named, b"".join(message.get("body", b"") for message in sent[1:]))


@cache
def signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def versions() -> tuple[Version, ...]:
    """The live versions, from specs/versions.toml."""
    return served_versions(load({}))
