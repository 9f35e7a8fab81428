"""What a newcomer needs to read once everything runs."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from deploy.all_in_one.processes import reachable
from settings import Settings
from settings.versions import Version, served_versions

WIDTH = 22


def text(settings: Settings, api_key: str, shop_id: str, now: datetime) -> str:
    """The summary; `api_key` belongs to the party that owns the shop `shop_id`."""
    versions = served_versions(settings)
    rows = [
        *(row for version in versions for row in version_rows(settings, version)),
        ("documentation", f"http://{reachable(settings.docs.host)}:{settings.docs.port}"),
        ("mock bank", settings.upstreams()["mock_bank"]),
        ("logs", f"{shown(settings.state.directory / 'logs')}/<service>.log"),
        ("one request's way", "./capi trace <trace id>"),
        ("data, secrets", f"{shown(settings.state.directory)}   (kept between starts)"),
    ]
    table = "\n".join(f"  {name:<{WIDTH}} {value}" for name, value in rows)
    latest = [each for each in versions if each.name in FIRST_REQUESTS][-1]
    return (
        f"\nEverything is running.\n\n{table}\n\n"
        f"API key of the party demo, whose shop is {shop_id}:\n\n{api_key}\n\n"
        f"Create an invoice:\n\n{curl(settings, latest, api_key, shop_id, now)}\n\n"
        "The whole story, with a card, 3-D Secure, a refund and webhooks: `make demo` in another terminal.\n"
        "Stop with Ctrl-C.\n"
    )


def version_rows(settings: Settings, version: Version) -> list[tuple[str, str]]:
    """Both gateways of a version."""
    url, tokens_url = base_url(settings, version), base_url(settings, version, tokens=True)
    return [
        (f"{version.name}", url),
        (f"{version.name} cards", tokens_url),
    ]


def base_url(settings: Settings, version: Version, *, tokens: bool = False) -> str:
    """Where the operations of a version hang."""
    port = version.tokens_port if tokens else version.port
    return f"http://{reachable(settings.gateway.host)}:{port}{version.base_path}"


def curl(settings: Settings, version: Version, api_key: str, shop_id: str, now: datetime) -> str:
    """One command that creates an invoice due tomorrow."""
    path, body = FIRST_REQUESTS[version.name](shop_id, (now + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    request_id = f"first-{now:%H%M%S}"
    return (
        f"curl -i -X POST {base_url(settings, version)}{path} \\\n"
        f"  -H 'Authorization: Bearer {api_key}' \\\n"
        f"  -H 'X-Request-ID: {request_id}' \\\n"
        f"  -H 'Content-Type: application/json; charset=utf-8' \\\n"
        f"  -d '{json.dumps(body)}'"
    )


def flat(shop_id: str, due: str) -> tuple[str, dict]:
    """The request in the words of v1 and v2."""
    words = {"shopID": shop_id, "dueDate": due, "product": "A book", "metadata": {}}
    return "/processing/invoices", {**words, "amount": 100000, "currency": "RUB"}


def modern(shop_id: str, due: str) -> tuple[str, dict]:
    """The request in the words of v3."""
    money = {"amount": 100000, "currency": "RUB"}
    return "/invoices", {"shopId": f"shp_{shop_id}", "dueAt": due, "product": "A book", "amount": money}


FIRST_REQUESTS: dict[str, Callable[[str, str], tuple[str, dict]]] = {"v1": flat, "v2": flat, "v3": modern}
"""Version -> (shop, due) -> path and body of an invoice; the newest one that stands here is shown."""


def shown(path: Path) -> str:
    """A path relative to where the reader is, if it lies below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
