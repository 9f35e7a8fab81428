"""A merchant's client of /v1 and /v2 as a merchant would write it: plain HTTP and nothing of this repository.

It must not import the gateway or the platform: the demo proves what an outsider can do.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import requests

TIMEOUT_S = 30


class Refused(Exception):
    """The API answered with another status than the story needs."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(
            f"{response.request.method} {response.url} answered {response.status_code}: {response.text[:400]}"
        )
        self.response = response


@dataclass
class Client:
    """One bearer token at one base URL."""

    base_url: str
    token: str
    session: requests.Session = field(default_factory=requests.Session)
    last_request_id: str = ""

    @property
    def base_path(self) -> str:
        """What stands before every path, as /v2."""
        return urlsplit(self.base_url).path

    def get(self, path: str, **query: Any) -> Any:
        """The decoded answer of a 2xx; raises Refused otherwise."""
        return self._call("GET", path, params=query)

    def post(self, path: str, body: dict | None, **headers: str) -> Any:
        """The decoded answer of a 2xx, None when it is empty; raises Refused otherwise."""
        return self._call("POST", path, headers, json=body)

    def delete(self, path: str, **headers: str) -> None:
        """Raises Refused unless it is gone."""
        self._call("DELETE", path, headers)

    def _call(self, method: str, path: str, more: Mapping[str, str] = MappingProxyType({}), **arguments: Any) -> Any:
        self.last_request_id = secrets.token_hex(8)
        headers = {"Authorization": f"Bearer {self.token}", "X-Request-ID": self.last_request_id, **more}
        if arguments.get("json") is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        url = self.base_url + path
        response = self.session.request(method, url, headers=headers, timeout=TIMEOUT_S, **arguments)
        if not response.ok:
            raise Refused(response)
        return response.json() if response.content else None


def wait_until(question: Any, what: str, seconds: float = 30) -> Any:
    """Asks until the answer is truthy; raises TimeoutError that names what was waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.1)
    raise TimeoutError(f"waited {seconds:.0f} s for {what}")
