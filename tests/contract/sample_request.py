"""One request of one operation, as the tests make and change it."""

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

import orjson

BY_FORMAT = {
    "date-time": "2026-03-02T12:00:00Z",
    "email": "payer@example.com",
    "ip-address": "192.0.2.7",
    "http-url": "https://shop.example/hook",
    "uri": "https://shop.example/pay",
}


@dataclass(frozen=True)
class SampleRequest:
    """`path` values and `query` values by the spec's names; `body`: a JSON value, None for none."""

    operation_id: str
    method: str
    template: str
    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def changed(self, **changes: Any) -> "SampleRequest":
        return replace(self, **changes)

    def target(self, base_path: str) -> str:
        """Path and query as sent."""
        filled = self.template
        for name, one in self.path.items():
            filled = filled.replace("{" + name + "}", quote(str(one), safe=""))
        return base_path + filled + (f"?{urlencode(self.query)}" if self.query else "")

    def content(self) -> bytes:
        return b"" if self.body is None else orjson.dumps(self.body)
