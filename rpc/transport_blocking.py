"""POSTs from threads, each made once, their answers bounded in size and time (`rpc.blocking_http`).

Until a connection stands a failure is Unavailable; from then on, until the answer is complete, it is Unknown.
Must not know Thrift.
"""

from rpc import blocking_http
from rpc.calling import Request, Response
from rpc.failures import DEADLINE_REACHED, Unavailable, Unknown
from rpc.statuses import ERROR_CLASS, ERROR_REASON

CONNECT_SHARE = 5


class BlockingTransport:
    """Connections of one client; for any number of threads."""

    def __init__(self, body_bytes_max: int, connections_max: int = 64, connect_timeout_ms: int = 1000) -> None:
        self.connect_ms_max = connect_timeout_ms / 2
        self._lines = blocking_http.Lines(body_bytes_max, connections_max)

    def send(self, request: Request) -> Response:
        """Makes the POST once. Raises Unavailable while nothing was written, else Unknown."""
        connect_s = min(request.allowed_ms / CONNECT_SHARE, self.connect_ms_max) / 1000
        try:
            answer = self._lines.send_lines(
                request.origin,
                "POST",
                request.path,
                request.lines,
                request.body,
                connect_s=connect_s,
                total_s=request.allowed_ms / 1000,
            )
        except blocking_http.NotSent as error:
            raise Unavailable(f"no connection: {error}", is_impatience=error.is_late) from None
        except blocking_http.Late:
            raise Unknown(DEADLINE_REACHED, "external", is_impatience=True) from None
        except blocking_http.TooLarge:
            raise Unknown("the answer is too large", "external") from None
        except blocking_http.Lost as error:
            raise Unknown(f"connection lost: {error}", "external") from None
        headers = answer.headers
        return Response(answer.status, headers.get(ERROR_CLASS, ""), headers.get(ERROR_REASON, ""), answer.body)

    def close(self) -> None:
        """Closes idle connections."""
        self._lines.close()
