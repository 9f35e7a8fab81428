"""Request targets that mean one thing to a front door and another behind it."""

from collections.abc import Iterable, Iterator, Sequence
from random import Random

from campaigns import wire
from campaigns.attacks.scene import Scene, each
from campaigns.attacks.tally import INSIDE, Tally, require_honest
from campaigns.ground import Ground

DOTS = ("..", "%2e%2e", "%2E.", ".%2e", "..;", "..%00", "%252e%252e", "..%c0%af", "\u2025", ".", "%2e", "...")
SLASHES = ("/", "%2f", "%2F", "\\", "%5c", "%255c", "//", "/./", ";/", "%c0%af", "%ef%bc%8f")
SECRET_FILES = ("etc/passwd", "var/secrets/rpc.key", "settings/default.toml", ".git/config", "proc/self/environ")


def run(scenes: Sequence[Scene], dice: Random, scale: float) -> Iterator[Tally]:
    """With a good token: accepted is what succeeds at an address that the document does not know."""
    yield from each(lambda scene, dice, scale: of_version(scene, [one.me() for one in scenes]))(scenes, dice, scale)
    tally, place = Tally("path tricks", INSIDE), scenes[0].place
    for name in ("PROCESSING", "VAULT"):
        ask_all(tally, place, name, [path for scene in scenes for path in paths(scene.me(), ())])
    yield tally


def of_version(scene: Scene, known: Sequence[str]) -> Tally:
    """At both gateways of a version. `known`: the good addresses of all versions."""
    tally, place, version = Tally("path tricks", scene.version.name), scene.place, scene.version
    require_honest("the real address", scene.asker.ask(version.row.me, place.api.token).status)
    for name in (version.gateway, version.tokens_gateway):
        ask_all(tally, place, name, paths(scene.me(), [one for one in known if one != scene.me()]))
    unguarded(scene, tally)
    return tally


def ask_all(tally: Tally, place: Ground, name: str, targets: Iterable[str]) -> None:
    """Each address at one process."""
    line, head = wire.Line(place.port(name)), [("Authorization", f"Bearer {place.api.token}"), ("X-Request-ID", "path")]
    for path in targets:
        tally.count(f"{name} {path[:100]}", line.ask(wire.request("GET", path.encode(), head)).status)


def unguarded(scene: Scene, tally: Tally) -> None:
    """Without a token nothing answers that asks for one, whatever is said about addresses and methods."""
    line, good = wire.Line(scene.place.port(scene.version.gateway)), scene.me()
    for more in (
        ("X-Original-URL", good), ("X-Rewrite-URL", good), ("X-Forwarded-Prefix", scene.version.base_path),
        ("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Host", "localhost"), ("X-HTTP-Method-Override", "GET"),
        ("X-Real-IP", "127.0.0.1"), ("Forwarded", "for=127.0.0.1"), ("X-Custom-IP-Authorization", "127.0.0.1"),
        ("Origin", "http://127.0.0.1"),
    ):  # fmt: skip
        head = [("X-Request-ID", "x"), more]
        tally.count(more, line.ask(wire.request("GET", good, head)).status)
        tally.count(more, line.ask(wire.request("POST", scene.operation("createInvoice").path, head)).status)


def paths(good: str, others: Iterable[str]) -> Iterator[str]:
    """Addresses that no document names. `good`: one that is named; `others`: named by documents of other versions."""
    parent, _, last = good.rpartition("/")
    base, _, rest = good[1:].partition("/")
    for dot in DOTS:
        for slash in SLASHES:
            yield f"/{base}{slash}{dot}{slash}{base}/{rest}"
            yield f"{parent}/invoices{slash}{dot}{slash}{last}"
            yield f"{parent}/invoices/x{slash}{dot}{slash}{dot}{slash}{last}"
            yield from (f"/{f'{dot}{slash}' * 6}{file}" for file in SECRET_FILES[:2])
    for slash in SLASHES[1:]:
        yield f"/{base}{slash}{rest}"
        yield f"{parent}{slash}{last}"
    yield from (f"{good}{end}" for end in ("/", "//", ".json", "%20", "%00", ";x=1", "%0a", "%3f", "/.", "%23x"))
    yield from (good.upper(), f"/{base.upper()}/{rest}", f"{parent}/{last.upper()}", f"{parent.title()}/{last}")
    yield from (f"/{base}{end}" for end in ("", "/", "/openapi.json", "/swagger.json", "/ui/", "/metrics", "/docs"))
    yield from (f"{parent}/{last[:-1]}%C0%{ord(last[-1]):02X}", f"{parent}/invoices//", f"/{rest}", "/", "*")
    yield from ("/docs", "/admin", "/debug", "/console", "/.env", "/server-status")
    yield from others
    yield from (f"/{start}{file}" for file in SECRET_FILES for start in ("", "static/../"))
