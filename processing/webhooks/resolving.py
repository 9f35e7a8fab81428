"""A name -> the addresses that may be connected to. Asked once a sending, every answer checked, closed on any doubt.

The sender connects to what was checked here and asks no resolver again, so a name that changes its mind between the
check and the connection gains nothing.
"""

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

from processing.webhooks.addresses import AddressRefused, IpAddress, Target, is_permitted
from settings.sections import Webhooks

Lookup = Callable[[str, int], Sequence[Any]]
"""As socket.getaddrinfo answers: each item's last element begins with the address as text."""


class NameUnresolved(Exception):
    """No usable answer; the text is a sentence."""


def system_lookup(host: str, port: int) -> Sequence[Any]:
    """The operating system's resolver."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def resolve(target: Target, rules: Webhooks, timeout_s: float, lookup: Lookup = system_lookup) -> list[IpAddress]:
    """At least one address; all that the name has. Raises NameUnresolved, AddressRefused when one is not permitted."""
    addresses = [target.address] if target.address else _looked_up(target, timeout_s, lookup)
    if not addresses:
        raise NameUnresolved("The host's name has no address")
    if not all(is_permitted(address, rules) for address in addresses):
        raise AddressRefused("The host's name leads to an address that is not a public one")
    return addresses


def _looked_up(target: Target, timeout_s: float, lookup: Lookup) -> list[IpAddress]:
    """The system's resolver knows no deadline, so it is asked in a thread that may be left behind."""
    answers: queue.SimpleQueue = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put([ipaddress.ip_address(row[4][0]) for row in lookup(target.host, target.port)])
        except Exception:
            answers.put(None)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        found = answers.get(timeout=timeout_s)
    except queue.Empty:
        raise NameUnresolved("The host's name was not resolved in time") from None
    if found is None:
        raise NameUnresolved("The host's name does not resolve")
    return list(dict.fromkeys(found))
