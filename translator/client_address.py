"""Who is at the other end: the first address of a forwarding header, or the socket's peer (contract section 3.2).

The header is only as good as the proxy that writes it; which one is read, or none, is a setting.
"""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache

ADDRESS_CHARS_MAX = 45


def client_ip(headers: Mapping[bytes, bytes], header: bytes, peer: str | None) -> str | None:
    """The client's address; None when the header holds anything that is no address, for then nothing in it is known."""
    given = headers.get(header) if header else None
    if given is None:
        return address(peer) if peer else None
    parts = [address(part.strip(" \t")[: ADDRESS_CHARS_MAX + 1]) for part in given.decode("latin-1").split(",")]
    return parts[0] if all(parts) else None


@lru_cache(maxsize=4096)
def address(text: str) -> str | None:
    """An IPv4 or IPv6 address in its usual writing; None for anything else."""
    if "%" in text or len(text) > ADDRESS_CHARS_MAX:
        return None
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
