"""What the Python peers share: the token check with its memory, and one call to the platform. Runs in var/benches/venv.

CALLER=aiohttp takes the fastest client at hand, anything else httpx, which connexion and FastAPI themselves use.
"""

import os
from pathlib import Path
from typing import Any

import jwt

PLATFORM = os.environ["PLATFORM"]
KEY = Path(os.environ["PUBLIC_KEY"]).read_text()
_verified: dict[str, dict[str, Any]] = {}


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a genuine token. Raises jwt.PyJWTError."""
    claims = _verified.get(token)
    if claims is None:
        options = {"verify_exp": False, "require": ["jti", "sub", "exp"]}
        claims = _verified[token] = jwt.decode(token, KEY, algorithms=["RS256"], options=options)
    return claims


def may(claims: dict[str, Any], role: str) -> bool:
    return role in claims["resource_access"]["common-api"]["roles"]


class Httpx:
    """One call by httpx."""

    def __init__(self) -> None:
        import httpx

        self.client = httpx.AsyncClient(base_url=PLATFORM, limits=httpx.Limits(max_keepalive_connections=64))

    async def create(self, body: Any) -> Any:
        return (await self.client.post("/invoices", json=body)).json()

    async def get(self, invoice_id: str) -> Any:
        return (await self.client.get(f"/invoices/{invoice_id}")).json()


class Aiohttp:
    """One call by aiohttp."""

    def __init__(self) -> None:
        import aiohttp

        self.session = aiohttp.ClientSession(PLATFORM)

    async def create(self, body: Any) -> Any:
        async with self.session.post("/invoices", json=body) as answer:
            return await answer.json()

    async def get(self, invoice_id: str) -> Any:
        async with self.session.get(f"/invoices/{invoice_id}") as answer:
            return await answer.json()


_platform: list[Any] = []


def platform() -> Any:
    """The client of this process, made on its loop at the first call."""
    if not _platform:
        _platform.append(Aiohttp() if os.environ.get("CALLER") == "aiohttp" else Httpx())
    return _platform[0]
