"""The servers that are compared: how each is started, on one processor of its own, and what it costs."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from benches.workload import SPEC
from deploy.all_in_one.first_start import prepare
from settings import load
from translator.keyset import read_key

ROOT = Path(__file__).parents[1]
PEERS = Path(__file__).parent / "peers"
HOME = ROOT / "var/benches"
PEER_PYTHON = HOME / "venv/bin/python"
FASTIFY = HOME / "fastify"
TICKS_S = os.sysconf("SC_CLK_TCK")
START_S_MAX = 30

NGINX = """
daemon off; worker_processes 1; pid {home}/nginx.pid; error_log {home}/nginx.err;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {home}/nginx_body; proxy_temp_path {home}/nginx_proxy;
  fastcgi_temp_path {home}/nginx_f; uwsgi_temp_path {home}/nginx_u; scgi_temp_path {home}/nginx_s;
  keepalive_requests 100000000;
  upstream platform {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port}; location / {{
    proxy_pass http://platform; proxy_http_version 1.1; proxy_set_header Connection ""; }} }}
}}
"""


@dataclass(frozen=True, slots=True)
class Place:
    """What a server is told: its port, the platform's, and the state that ours keeps."""

    port: int
    upstream: int
    state: Path

    @property
    def public_key(self) -> Path:
        return self.state / "public.pem"


@dataclass(frozen=True, slots=True)
class Kind:
    """`missing`: why it cannot be run here, "" when it can. `is_proxy`: it judges nothing, so it refuses nothing."""

    name: str
    command: Callable[[Place], list[str]]
    missing: Callable[[], str]
    environment: Mapping[str, str] = field(default_factory=dict)
    is_proxy: bool = False


def ours(place: Place) -> list[str]:
    return [sys.executable, "-m", "capi_v2", "--without", "Tokens"]


def python_peer(file: str) -> Callable[[Place], list[str]]:
    return lambda place: [str(PEER_PYTHON), str(PEERS / file), str(place.port)]


def fastify(place: Place) -> list[str]:
    return ["node", str(FASTIFY / "server.js"), str(place.port)]


def nginx(place: Place) -> list[str]:
    file = place.state / "nginx.conf"
    file.write_text(NGINX.format(home=place.state, upstream=place.upstream, port=place.port))
    return [str(nginx_program()), "-c", str(file), "-e", str(place.state / "nginx.err")]


def nginx_program() -> Path | None:
    return next((path for path in map(Path, ("/usr/sbin/nginx", "/usr/local/bin/nginx")) if path.exists()), None)


def without(path: Path) -> Callable[[], str]:
    return lambda: "" if path.exists() else "not installed: python -m benches --install"


def without_nginx() -> str:
    return "" if nginx_program() else "not installed: install nginx by the system's packages"


KINDS = (
    Kind("ours", ours, lambda: ""),
    Kind("connexion", python_peer("connexion_async.py"), without(PEER_PYTHON), {"CALLER": "aiohttp"}),
    Kind("connexion_httpx", python_peer("connexion_async.py"), without(PEER_PYTHON)),
    Kind("connexion_flask", python_peer("connexion_flask.py"), without(PEER_PYTHON)),
    Kind("fastapi", python_peer("fastapi_app.py"), without(PEER_PYTHON), {"CALLER": "aiohttp"}),
    Kind("fastapi_httpx", python_peer("fastapi_app.py"), without(PEER_PYTHON)),
    Kind("fastify", fastify, without(FASTIFY / "node_modules")),
    Kind("nginx", nginx, without_nginx, is_proxy=True),
)


def install() -> None:
    """The peers' own dependencies, into var/benches."""
    HOME.mkdir(parents=True, exist_ok=True)
    requirements = ["-m", "pip", "install", "--quiet", "-r", str(PEERS.parent / "requirements.txt")]
    subprocess.run([sys.executable, "-m", "venv", str(HOME / "venv")], check=True)  # noqa: S603 - our own commands
    subprocess.run([str(PEER_PYTHON), *requirements], check=True)  # noqa: S603 - our own commands
    FASTIFY.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        (FASTIFY / name).write_bytes((PEERS / "fastify" / name).read_bytes())
    subprocess.run(["npm", "ci", "--silent", "--omit=dev"], cwd=FASTIFY, check=True)  # noqa: S607 - our own commands


def prepared_state(state: Path) -> RSAPrivateKey:
    """Secrets of ours, made as a first start makes them; the key that signs the merchant's token, its public half."""
    settings = load(env={"CAPI_STATE_DIRECTORY": str(state)})
    prepare(settings)
    key = read_key(settings.tokens.signing_key_file)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (state / "public.pem").write_bytes(public)
    return key


def environment(kind: Kind, place: Place) -> dict[str, str]:
    """What the process is told by its environment."""
    own = {
        "CAPI_STATE_DIRECTORY": str(place.state),
        "CAPI_GATEWAY_V2_PORT": str(place.port),
        "CAPI_PROCESSING_URL": f"http://127.0.0.1:{place.upstream}",
    }
    peers = {
        "PLATFORM": f"http://127.0.0.1:{place.upstream}",
        "PUBLIC_KEY": str(place.public_key),
        "SPEC": str(SPEC),
        "NODE_ENV": "production",
    }
    return {**os.environ, **(own if kind.name == "ours" else peers), **kind.environment}


class Running:
    """A process and its children, held to one processor; its output goes to a file beside its state."""

    def __init__(self, name: str, command: list[str], env: Mapping[str, str], port: int, cpu: int, log: Path) -> None:
        self.name, self.port, self.log = name, port, log
        with log.open("wb") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own commands
                ["taskset", "-c", str(cpu), *command],  # noqa: S607
                cwd=ROOT,
                env=dict(env),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_for(port, self.process, log)

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def cpu_s(self) -> float:
        """User and system time of the process and its children so far."""
        return sum(sum(map(int, stat(pid)[11:13])) for pid in family(self.process.pid)) / TICKS_S

    def rss_mb(self) -> float:
        """Resident memory of the process that serves, the largest of the family."""
        return max(resident_kb(pid) for pid in family(self.process.pid)) / 1024


def started(kind: Kind, place: Place, cpu: int) -> Running:
    """The server, once it listens."""
    if kind.name == "fastify":
        (FASTIFY / "server.js").write_bytes((PEERS / "fastify/server.js").read_bytes())
    command, env = kind.command(place), environment(kind, place)
    return Running(kind.name, command, env, place.port, cpu, place.state / f"{kind.name}.log")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    """Until the port is open. RuntimeError with the end of its output when the process ends or takes too long."""
    ends_at = time.monotonic() + START_S_MAX
    while time.monotonic() < ends_at and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    process.kill()
    raise RuntimeError(f"{log.stem} did not start: {log.read_text(errors='replace')[-600:]}")


def family(pid: int) -> list[int]:
    """The process and its descendants."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            found += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
    return found


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name, utime and stime as 11 and 12."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return ["0"] * 13


def resident_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)


def loaded(options: Mapping[str, object], cpu: int) -> dict[str, float]:
    """One run of `benches.load` on that processor."""
    command = ["taskset", "-c", str(cpu), sys.executable, "-m", "benches.load", json.dumps(options)]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)  # noqa: S603 - our own commands
