"""Opening the port a service listens on, and saying who has it when it is taken."""

import errno
import os
import socket
from pathlib import Path

LISTENING = "0A"
REASONS = {errno.EACCES: "needs a right this user lacks", errno.EADDRNOTAVAIL: "is no address of this machine"}


class PortUnavailable(Exception):
    """A port cannot be listened on; the text is a sentence for the operator."""


def listen(host: str, port: int, setting: str) -> socket.socket:
    """A bound socket, not yet accepting. `setting` (section.key) is named in the sentence of PortUnavailable."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except (OSError, OverflowError) as error:
        bound.close()
        raise PortUnavailable(sentence(host, port, setting, error)) from error
    return bound


def sentence(host: str, port: int, setting: str, error: Exception) -> str:
    """What is wrong with the port and the two ways out."""
    variable = environment_name(setting)
    if getattr(error, "errno", None) != errno.EADDRINUSE:
        reason = REASONS.get(getattr(error, "errno", None), f"cannot be used ({error})")
        return f"{host}:{port} {reason}: choose another with {variable} (setting {setting})."
    holder = f" by {who(port)}" if who(port) else ""
    return (
        f"Port {port} on {host} is taken{holder}: "
        f"stop that process, or choose another port with {variable} (setting {setting})."
    )


def environment_name(setting: str) -> str:
    """The environment variable of a setting: processing.port -> CAPI_PROCESSING_PORT."""
    return f"CAPI_{setting}".upper().replace(".", "_")


def who(port: int) -> str:
    """`process 123 (python -m processing)` as far as this user may know; empty where the system does not tell."""
    sockets = {f"socket:[{inode}]" for inode in inodes_listening_on(port)}
    for descriptor in Path("/proc").glob("[0-9]*/fd/*") if sockets else ():
        try:
            held = os.readlink(descriptor) in sockets
        except OSError:
            continue
        if held:
            pid = descriptor.parts[2]
            return f"process {pid} ({command_of(pid)})"
    return ""


def inodes_listening_on(port: int) -> set[str]:
    """Inodes of the sockets that listen on `port`, over IPv4 and IPv6."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = [row.split() for row in Path(table).read_text().splitlines()[1:]]
        except OSError:
            continue
        found |= {row[9] for row in rows if row[3] == LISTENING and int(row[1].rpartition(":")[2], 16) == port}
    return found


def command_of(pid: str) -> str:
    """The command line of a process, shortened."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "unknown command"
    return " ".join(word.rpartition("/")[2] if index == 0 else word for index, word in enumerate(words)).strip()[:80]
