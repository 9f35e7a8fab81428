"""HTTP/1.1 POSTs from threads: urllib3's pools with every kind of repeat switched off, bounded answers.

Until a connection stands a failure is Unavailable; from then on, until the answer is complete, it is Unknown.
urllib3 counts the time to each piece of an answer's header anew, so a peer that drips its header can hold a thread
beyond the deadline; the body cannot. Must not know Thrift.
"""

import threading
import time

import urllib3
from urllib3 import exceptions

from rpc.calling import Origin, Request, Response
from rpc.failures import DEADLINE_REACHED, Unavailable, Unknown
from rpc.statuses import ERROR_CLASS, ERROR_REASON

CONNECT_SHARE = 5
PIECE_BYTES = 65_536
NOT_SENT = (exceptions.NewConnectionError, exceptions.ConnectTimeoutError, exceptions.EmptyPoolError)


class BlockingTransport:
    """Connection pools of one client, one per origin."""

    def __init__(self, body_bytes_max: int, connections_max: int = 64, connect_timeout_ms: int = 1000) -> None:
        self.body_bytes_max, self.connections_max = body_bytes_max, connections_max
        self.connect_ms_max = connect_timeout_ms / 2
        self._pools: dict[Origin, urllib3.HTTPConnectionPool] = {}
        self._lock = threading.Lock()

    def send(self, request: Request) -> Response:
        """Makes the POST once. Raises Unavailable while nothing was written, else Unknown."""
        ends_at = time.monotonic() + request.allowed_ms / 1000
        connect_s = min(request.allowed_ms / CONNECT_SHARE, self.connect_ms_max) / 1000
        timeout = urllib3.Timeout(connect=connect_s, read=request.allowed_ms / 1000)
        try:
            answer = self._pool(request.origin).urlopen(
                "POST",
                request.path,
                body=request.body,
                headers={name: value.encode() for name, value in request.headers},
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            return self._read(answer, ends_at)
        except NOT_SENT as error:
            is_impatience = isinstance(error, exceptions.ConnectTimeoutError)
            raise Unavailable(f"no connection: {type(error).__name__}", is_impatience=is_impatience) from None
        except (exceptions.ReadTimeoutError, TimeoutError):
            raise Unknown(DEADLINE_REACHED, "external", is_impatience=True) from None
        except (exceptions.HTTPError, OSError) as error:
            raise Unknown(f"connection lost: {type(error).__name__}", "external") from None

    def _read(self, answer: urllib3.BaseHTTPResponse, ends_at: float) -> Response:
        """The answer to its end, and the connection back to its pool; an answer too large or too slow loses it."""
        parts, size = [], 0
        try:
            while piece := answer.read1(PIECE_BYTES):
                size += len(piece)
                if size > self.body_bytes_max:
                    raise Unknown("the answer is too large", "external")
                if time.monotonic() > ends_at:
                    raise Unknown(DEADLINE_REACHED, "external", is_impatience=True)
                parts.append(piece)
        except BaseException:
            answer.close()
            raise
        answer.release_conn()
        headers = answer.headers
        return Response(answer.status, headers.get(ERROR_CLASS, ""), headers.get(ERROR_REASON, ""), b"".join(parts))

    def _pool(self, origin: Origin) -> urllib3.HTTPConnectionPool:
        """The origin's pool, made at the first call."""
        pool = self._pools.get(origin)
        if pool is None:
            with self._lock:
                pool = self._pools.get(origin) or self._pools.setdefault(origin, made(origin, self.connections_max))
        return pool

    def close(self) -> None:
        """Closes idle connections."""
        for pool in self._pools.values():
            pool.close()


def made(origin: Origin, connections_max: int) -> urllib3.HTTPConnectionPool:
    """A pool; connections beyond its size are made and closed again, never waited for."""
    kind = urllib3.HTTPSConnectionPool if origin.scheme == "https" else urllib3.HTTPConnectionPool
    return kind(origin.host, origin.port, maxsize=connections_max, block=False)
