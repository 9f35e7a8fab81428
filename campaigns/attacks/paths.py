"""Request targets that mean one thing to a front door and another behind it."""

from collections.abc import Iterator
from random import Random

from campaigns import wire
from campaigns.attacks.tally import Tally, require_honest
from campaigns.ground import Ground

GOOD = "/v2/processing/me"
DOTS = ("..", "%2e%2e", "%2E.", ".%2e", "..;", "..%00", "%252e%252e", "..%c0%af", "\u2025", ".", "%2e", "...")
SLASHES = ("/", "%2f", "%2F", "\\", "%5c", "%255c", "//", "/./", ";/", "%c0%af", "%ef%bc%8f")
SECRET_FILES = ("etc/passwd", "var/secrets/rpc.key", "settings/default.toml", ".git/config", "proc/self/environ")


def run(place: Ground, dice: Random, scale: float) -> Tally:
    """With a good token: accepted is what succeeds at an address that the spec does not know."""
    tally = Tally("path tricks")
    for name in ("GATEWAY_V2", "GATEWAY_V2_TOKENS", "PROCESSING", "VAULT"):
        line = wire.Line(place.port(name))
        head = [("Authorization", f"Bearer {place.api.token}"), ("X-Request-ID", "path")]
        if name == "GATEWAY_V2":
            require_honest("the real address", line.ask(wire.request("GET", GOOD, head)).status)
        for path in paths():
            tally.count(f"{name} {path[:100]}", line.ask(wire.request("GET", path.encode(), head)).status)
    unguarded(place, tally)
    return tally


def unguarded(place: Ground, tally: Tally) -> None:
    """Without a token nothing of the spec that asks for one answers, whatever is said about addresses and methods."""
    line = wire.Line(place.port("GATEWAY_V2"))
    for more in (
        ("X-Original-URL", GOOD), ("X-Rewrite-URL", GOOD), ("X-Forwarded-Prefix", "/v2"), ("X-Forwarded-For",
        "127.0.0.1"),
        ("X-Forwarded-Host", "localhost"), ("X-HTTP-Method-Override", "GET"), ("X-Real-IP", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1"), ("X-Custom-IP-Authorization", "127.0.0.1"), ("Origin", "http://127.0.0.1"),
    ):  # fmt: skip
        tally.count(more, line.ask(wire.request("GET", GOOD, [("X-Request-ID", "x"), more])).status)
        tally.count(
            more, line.ask(wire.request("POST", "/v2/processing/invoices", [("X-Request-ID", "x"), more])).status
        )


def paths() -> Iterator[str]:
    """Addresses that no spec names."""
    for dot in DOTS:
        for slash in SLASHES:
            yield f"/v2{slash}{dot}{slash}v2/processing/me"
            yield f"/v2/processing/countries{slash}{dot}{slash}me"
            yield f"/v2/processing/invoices/x{slash}{dot}{slash}{dot}{slash}me"
            yield from (f"/{f'{dot}{slash}' * 6}{file}" for file in SECRET_FILES[:2])
    for slash in SLASHES[1:]:
        yield f"/v2{slash}processing/me"
        yield f"/v2/processing{slash}me"
    for odd in (
        "/V2/processing/me", "/v2/Processing/me", "/v2/processing/ME", GOOD + "/", GOOD + "//", GOOD + ".json",
        GOOD + "%20",
        GOOD + "%00", GOOD + ";x=1", GOOD + "%0a", GOOD + "%3f", GOOD + "/.", "/v1/processing/me", "/v3/processing/me",
        "/processing/me", "/v2", "/v2/", "/", "*", "/v2/openapi.json", "/v2/swagger.json", "/v2/ui/", "/docs", "/admin",
        "/debug", "/console", "/.env", "/server-status", "/v2/metrics", "/v2/processing/%6De", "/v2/processing/m%C0%A5",
        "/v2/processing/me%23x", "/%76%32/processing/me", "/v2/processing/invoices//",
        "/v2/processing/payment-resources/..",
        *(f"/{file}" for file in SECRET_FILES), *(f"/static/../{file}" for file in SECRET_FILES),
    ):  # fmt: skip
        if odd != "/v2/processing/%6De" and odd != "/%76%32/processing/me":
            yield odd
