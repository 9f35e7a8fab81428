"""Which URLs and addresses a webhook may go to. A merchant names them, so they are an attacker's choice.

`parse` reads a URL by a grammar narrower than any HTTP library's, so that no two readers see two hosts in it; whatever
is unusual is refused. `is_permitted` says whether an IP address belongs to somebody else's public machine: everything
that is not known to be public is refused. Loopback is permitted only where the settings say so, for a sandbox.
"""

import ipaddress
import re
from typing import NamedTuple

from settings.sections import Webhooks

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

URL_CHARS_MAX = 1000
NAME_CHARS_MAX = 253
PORTS = {"http": 80, "https": 443}
PORT_MAX = 65535
SYSTEM_PORT_MAX = 1023

LISTENED_BY_OTHERS = frozenset(
    (
        1080, 1433, 1521, 1719, 1720, 1723, 2049, 2375, 2376, 2379, 2380, 3128, 3306, 3389, 3659, 4045, 4190, 5060,
        5061, 5432, 5672, 5900, 5984, 6000, 6379, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6697, 9042, 9092, 9200,
        9300, 10080, 10250, 11211, 15672, 27017, 50070,
    )
)  # fmt: skip
"""Ports of databases, queues, mail, chat and control planes: no receiver of webhooks listens there."""

# One repetition each, nothing repeated within it: a text that does not match is refused in linear time.
CHARACTERS = r"A-Za-z0-9\-._~!$&'()*+,;=:@/"
PATH = rf"(?:[{CHARACTERS}]|%[0-9A-Fa-f]{{2}})*"
QUERY = rf"(?:[{CHARACTERS}?]|%[0-9A-Fa-f]{{2}})*"
URL = re.compile(
    r"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    rf"(?P<path>/{PATH})?(?P<query>\?{QUERY})?",
    re.ASCII,
)
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)

LOOPBACK_NAME = "localhost"
INSIDE = (
    "localhost", "localdomain", "local", "internal", "intranet", "private", "corp", "home", "lan", "arpa", "onion",
    "invalid", "test",
)  # fmt: skip
"""Last labels that no public name has (RFC 6761, 6762, 8375, ICANN's reserve): they mean something inside a network."""


def networks(*texts: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


NOT_PUBLIC_4 = networks(
    "0.0.0.0/8",  # this network
    "10.0.0.0/8",  # private
    "100.64.0.0/10",  # shared by carriers
    "127.0.0.0/8",  # loopback
    "168.63.129.16/32",  # a cloud's control address among public ones
    "169.254.0.0/16",  # link-local: metadata of clouds
    "172.16.0.0/12",  # private
    "192.0.0.0/24",  # protocol assignments
    "192.0.2.0/24",  # documentation
    "192.31.196.0/24",  # anycast sinks
    "192.52.193.0/24",  # multicast relays
    "192.88.99.0/24",  # 6to4 relays
    "192.168.0.0/16",  # private
    "192.175.48.0/24",  # anycast sinks
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, broadcast
)

PUBLIC_6 = ipaddress.ip_network("2000::/3")
"""Every address given to a public machine; mapped and translated forms of IPv4, local and private ones are outside."""

NOT_PUBLIC_6 = networks(
    "2001::/23",  # protocol assignments, Teredo among them: an IPv4 address inside
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4: an IPv4 address inside
    "2620:4f:8000::/48",  # anycast sinks
    "3fff::/20",  # documentation
)


class AddressRefused(Exception):
    """Nothing is sent there; the text is a sentence for the merchant and names no address of ours."""


class Target(NamedTuple):
    """A URL, read. `host` is in lower case; `address` is set when the URL names an IP address."""

    scheme: str
    host: str
    port: int
    path: str
    address: IpAddress | None

    @property
    def authority(self) -> str:
        """The Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def parse(url: str, rules: Webhooks) -> Target:
    """The parts of a URL that may be sent to as far as its text tells. Raises AddressRefused."""
    match = URL.fullmatch(url) if len(url) <= URL_CHARS_MAX else None
    if match is None:
        raise AddressRefused(
            "The URL is not http(s)://host[:port]/path in printable ASCII, without user, fragment and odd characters"
        )
    scheme, host = match["scheme"].lower(), match["host"].lower()
    if scheme == "http" and not rules.http_allowed:
        raise AddressRefused("The URL does not begin with https")
    address = _literal(host)
    if address is not None:
        host = str(address)
    require_host(host, address, rules)
    port = int(match["port"] or PORTS[scheme])
    is_loopback = host == LOOPBACK_NAME or (address is not None and address.is_loopback)
    if port > PORT_MAX or not (is_loopback or is_usual(port)):
        raise AddressRefused("The URL's port is not one of a web server")
    return Target(scheme, host, port, (match["path"] or "/") + (match["query"] or ""), address)


def require_host(host: str, address: IpAddress | None, rules: Webhooks) -> None:
    """Raises AddressRefused for a host that cannot be a public machine."""
    if address is not None:
        if not is_permitted(address, rules):
            raise AddressRefused("The URL's address is not a public one")
    elif not (host == LOOPBACK_NAME and rules.loopback_allowed) and not is_public_name(host):
        raise AddressRefused("The URL's host is not a public name")


def is_public_name(host: str) -> bool:
    """Whether a lower-case name can be known to the whole internet."""
    labels = host.split(".")
    return (
        len(host) <= NAME_CHARS_MAX
        and len(labels) > 1
        and all(LABEL.fullmatch(label) for label in labels)
        and labels[-1] not in INSIDE
        and not NUMBER.fullmatch(labels[-1])
    )


def is_usual(port: int) -> bool:
    """Whether a web server may be expected there."""
    return port in PORTS.values() or (port > SYSTEM_PORT_MAX and port not in LISTENED_BY_OTHERS)


def is_permitted(address: IpAddress, rules: Webhooks) -> bool:
    """Whether a connection to the address may be made."""
    if address.is_loopback and getattr(address, "ipv4_mapped", None) is None:
        return rules.loopback_allowed
    if address.version == 4:
        return not any(address in network for network in NOT_PUBLIC_4)
    return address in PUBLIC_6 and not any(address in network for network in NOT_PUBLIC_6)


def _literal(host: str) -> IpAddress | None:
    """The IP address that a host is; None for a name. Raises AddressRefused for one that only some read as one."""
    try:
        if host.startswith("["):
            return ipaddress.IPv6Address(host[1:-1])
        if NUMBER.fullmatch(host.rpartition(".")[2]):
            # IPv4Address takes four plain decimal numbers and nothing else: no octal, no hex, no short forms.
            return ipaddress.IPv4Address(host)
    except ValueError:
        raise AddressRefused("The URL's host is a number, but no plain IP address") from None
    return None
