"""Webhook addresses that lead into our own network (OWASP API7): nobody may register one."""

import itertools
from collections.abc import Iterator
from ipaddress import IPv4Address
from random import Random
from typing import Any

from campaigns import wire
from campaigns.attacks.scene import Scene
from campaigns.attacks.tally import Tally, require_honest
from campaigns.ground import Ground
from campaigns.versions.published import Operation

ENVIRONMENT = {"CAPI_WEBHOOKS_LOOPBACK_ALLOWED": "false"}
INSIDE_4 = (
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "100.64.0.1",  # noqa: S104 - an attack
    "169.254.169.254", "169.254.170.2",
    "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.168.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "168.63.129.16",
)  # fmt: skip
INSIDE_6 = (
    "::", "::1", "fc00::1", "fd00:ec2::254", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "100::1", "fe80::1%25lo",
    "::ffff:0:127.0.0.1", "0:0:0:0:0:0:0:1", "[::1]",
)  # fmt: skip
NAMES = (
    "localhost", "LOCALHOST", "localhost.", "a.localhost", "localhost.localdomain", "metadata.google.internal",
    "metadata",
    "kubernetes.default.svc.cluster.local", "host.docker.internal", "printer.local", "intranet", "db.corp",
    "a.internal",
    "a.lan", "a.home.arpa", "a.onion", "a.test", "a.invalid", "processing", "vault", "1", "0", "127.1", "0x7f.1",
    "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3", "\u2460\u2461\u2466.0.0.1", "127\u30020\u30020\u30021",
    "xn--lcalhost-1ya.", "a..b", ".a.com", "-a.com", "a_b.com", "a" * 300 + ".com", "%6c%6f%63%61%6c%68%6f%73%74", "",
)  # fmt: skip
SCHEMES = (
    "file", "ftp", "gopher", "dict", "ldap", "jar", "data", "javascript", "ws", "tftp", "unix", "about", "HTTP+unix",
    "",
)  # fmt: skip
PORTS = (
    0,
    1,
    22,
    23,
    25,
    53,
    110,
    143,
    445,
    465,
    587,
    993,
    2375,
    2379,
    3306,
    5432,
    6379,
    9200,
    11211,
    27017,
    65536,
    99999,
)
PUBLIC = "shop.example.com"
CONTROL = f"https://{PUBLIC}/honest"


def run(scene: Scene, dice: Random, scale: float) -> Tally:
    """Each address for a webhook, by every door that takes one; afterwards there are those that were there before."""
    row, asker, api = scene.version.row, scene.asker, scene.owner.api
    tally = Tally("SSRF by webhook", scene.version.name)
    ids, before = scene.owner.ids(scene.version), asker.ask(row.list_hooks, api.token).json()
    doors = [(one, changing(scene, one)) for one in scene.operations if has_address(scene, one)]
    every = list(dict.fromkeys(addresses(scene.place)))
    for address in every if scale >= 1 else dice.sample(every, int(len(every) * scale)):
        for operation, body in doors:
            answer = asker.ask(operation, api.token, ids, {**body, "url": address})
            tally.count((operation.id, address), answer.status)
    after = asker.ask(row.list_hooks, api.token).json()
    tally.count("webhooks afterwards", wire.NOTHING, urls(after) != urls(before))
    public = asker.ask(row.create_hook, api.token, body=row.hook(CONTROL, api.shop_id))
    require_honest("a public address", public.status, 201)
    asker.ask(row.delete_hook, api.token, dict.fromkeys(ids, public.json()["id"]))
    return tally


def has_address(scene: Scene, operation: Operation) -> bool:
    """Whether the body says where to send webhooks."""
    body = scene.version.published.resolved(operation.body) if operation.body is not None else {}
    return "url" in body.get("properties", ())


def changing(scene: Scene, operation: Operation) -> dict:
    """What the body says beside the address."""
    return scene.version.row.hook("", scene.owner.api.shop_id) if operation.method == "POST" else {}


def urls(hooks: Any) -> list[str]:
    """Of a list of webhooks, but for the honest one: another version may be making it just now."""
    listed = [one["url"] for one in (hooks["data"] if isinstance(hooks, dict) else hooks)]
    return [url for url in listed if url != CONTROL]


def addresses(place: Ground) -> Iterator[str]:
    """Every spelling of every place that is inside."""
    for address, scheme in itertools.product(INSIDE_4, ("http", "https", "HTTP")):
        for spelled in spellings(IPv4Address(address)):
            yield f"{scheme}://{spelled}/"
    for address in INSIDE_6:
        yield from (f"http://[{address}]/", f"https://[{address}]:8080/x", f"http://{address}/")
    for name, port in itertools.product(NAMES, ("", ":80", f":{place.port('PROCESSING')}")):
        yield from (f"http://{name}{port}/", f"https://{name}{port}/x")
    for scheme in SCHEMES:
        yield from (f"{scheme}://{PUBLIC}/", f"{scheme}:///etc/passwd", f"{scheme}:{PUBLIC}")
    yield from (f"http://{PUBLIC}:{port}/" for port in PORTS)
    yield from confusing()


def spellings(address: IPv4Address) -> Iterator[str]:
    """Decimal, octal, hexadecimal, short, padded, mapped, with a dot behind."""
    number, parts = int(address), str(address).split(".")
    yield from (str(address), f"{address}.", str(number), hex(number), f"0{number:o}", f"0x{number:08X}")
    yield from (".".join(f"0{int(part):o}" for part in parts), ".".join(f"{int(part):04d}" for part in parts))
    yield from (".".join(hex(int(part)) for part in parts), f"{parts[0]}.{number & 0xFFFFFF}", str(number + 2**32))
    yield from (
        f"{parts[0]}.{parts[1]}.{number & 0xFFFF}",
        f"[::ffff:{address}]",
        f"[::{address}]",
        f"[64:ff9b::{address}]",
    )
    yield from (f"{address}.nip.io%00.{PUBLIC}", f"{address}%2f.{PUBLIC}", f"{address}:80\\@{PUBLIC}")


def confusing() -> Iterator[str]:
    """In which two readers see two hosts."""
    inside = "127.0.0.1"
    yield from (
        f"http://{PUBLIC}@{inside}/", f"http://{inside}@{PUBLIC}/", f"http://{inside}#@{PUBLIC}/",
        f"http://{PUBLIC}#{inside}",
        f"http://{inside}\\@{PUBLIC}/", f"http://{PUBLIC}\\.{inside}/", f"http:/{inside}/", f"http:\\\\{inside}/",
        f"http:///{inside}/", f"http://{inside}?@{PUBLIC}/", f"//{inside}/", f"http://{PUBLIC}\r\nHost: {inside}/",
        f"http://{PUBLIC}\t@{inside}/", f" http://{inside}/", f"http://{PUBLIC} {inside}/",
        f"http://{inside}%23@{PUBLIC}/",
        f"http://{PUBLIC}:80@{inside}/", f"http://a:b@{PUBLIC}/", f"http://{PUBLIC}:/", f"http://{PUBLIC}:80:80/",
        f"http://{PUBLIC}/\x00", f"http://{PUBLIC}/\u2028", f"http://{PUBLIC}/#x", f"http://[{PUBLIC}]/",
        "http://[::1", "http://",
        "http:", "https", f"http://{PUBLIC}:8o/", f"http://{PUBLIC}:-1/", f"http://{PUBLIC}:0080000/",
        f"hTTp://{inside}:1/",
    )  # fmt: skip
