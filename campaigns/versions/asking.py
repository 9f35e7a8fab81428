"""One request of an operation, as bytes, and somebody who asks."""

import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from campaigns import wire
from campaigns.agreement.speaking import Client
from campaigns.versions.published import Operation
from campaigns.versions.table import Version

Headers = Mapping[str, str]
Port = Callable[[str], int]


def target(operation: Operation, ids: Mapping[str, str], query: Mapping[str, Any] | None = None) -> str:
    """Path and query. What is not among `ids` is 1; a value of the query that is None is left out."""
    path = operation.path
    for name in operation.in_path:
        path = path.replace("{" + name + "}", quote(ids.get(name, "1"), safe=""))
    asked = {name: value for name, value in (query or {}).items() if value is not None}
    return f"{path}?{urlencode(asked)}" if asked else path


def needed(operation: Operation) -> dict[str, str]:
    """Headers without which the operation would not listen."""
    found = {"X-Request-ID": secrets.token_hex(8)}
    if operation.takes("Idempotency-Key"):
        found["Idempotency-Key"] = secrets.token_hex(8)
    if operation.takes("If-Match"):
        found["If-Match"] = "*"
    return found


class Asker:
    """Somebody with kept connections to the gateways of one version. `port`: by the name of a process. For one
    thread.
    """

    def __init__(self, version: Version, port: Port) -> None:
        self.version = version
        self.lines = {name: wire.Line(port(name)) for name in (version.gateway, version.tokens_gateway)}

    def ask(
        self,
        operation: Operation | str,
        token: str,
        ids: Mapping[str, str] | None = None,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Headers | None = None,
    ) -> wire.Answer:
        """The answer to one request. `token`: empty for none; `headers`: beside or instead of those that are needed."""
        operation = operation if isinstance(operation, Operation) else self.version.published.operation(operation)
        said = {**needed(operation), **({"Authorization": f"Bearer {token}"} if token else {})}
        content = b""
        if body is not None:
            said["Content-Type"] = operation.media_type
            content = json.dumps(body).encode()
        said |= headers or {}
        line = self.lines[self.version.tokens_gateway if operation.is_of_tokens else self.version.gateway]
        return line.ask(wire.request(operation.method, target(operation, ids or {}, query), said.items(), content))


def client_of(version: Version, port: Port, token: str, shop: str) -> Client:
    """Somebody who speaks the version in the words of `campaigns.agreement`."""
    api, tokens = (
        f"http://127.0.0.1:{port(name)}{version.base_path}" for name in (version.gateway, version.tokens_gateway)
    )
    return Client(api, tokens, token, shop)
