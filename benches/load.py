"""Sends one request again and again over kept-alive connections, and counts: a closed loop, or at a fixed pace.

    python -m benches.load '{"port": 8082, "file": "create.http", "status": 201, "connections": 32, "seconds": 2}'

With `per_s` requests start at that pace whatever becomes of earlier ones, and a latency counts from when a request was
due: a server that stalls is not spared what came meanwhile. Writes one JSON line: done, wrong, seconds, p50_ms, p99_ms.
"""

import asyncio
import json
import random
import re
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

import uvloop

from benches.workload import REQUEST_ID

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
CHUNKED_END = b"\r\n0\r\n\r\n"


class Tally:
    """What is to be sent, and what came back."""

    def __init__(self, request: bytes, status: int) -> None:
        self.before, _, self.after = request.partition(REQUEST_ID)
        self.expected = b"HTTP/1.1 %d" % status
        self.latencies_s: list[float] = []
        self.wrong = 0
        self.is_open = True

    def next_request(self) -> bytes:
        return b"%b%032x%b" % (self.before, random.getrandbits(128), self.after)


class Caller(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, tally: Tally, on_idle: Any) -> None:
        self.tally, self.on_idle = tally, on_idle
        self.received = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def ask(self, due: float) -> None:
        self.due = due
        self.transport.write(self.tally.next_request())

    def data_received(self, data: bytes) -> None:
        self.received = self.received + data if self.received else data
        if not is_whole(self.received):
            return
        tally = self.tally
        tally.latencies_s.append(time.perf_counter() - self.due)
        tally.wrong += not self.received.startswith(tally.expected)
        self.received = b""
        if tally.is_open:
            self.on_idle(self)

    def connection_lost(self, error: Exception | None) -> None:
        if self.tally.is_open:
            self.tally.wrong += 1


def is_whole(answer: bytes) -> bool:
    """Whether an answer has come to its end."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = LENGTH.search(answer, 0, end)
    return len(answer) >= end + 4 + int(length[1]) if length else answer.endswith(CHUNKED_END)


async def connected(port: int, connections: int, tally: Tally, on_idle: Any) -> list[Caller]:
    loop = asyncio.get_running_loop()
    made = [loop.create_connection(lambda: Caller(tally, on_idle), "127.0.0.1", port) for _ in range(connections)]
    return [caller for _, caller in await asyncio.gather(*made)]


async def closed_loop(port: int, connections: int, seconds: float, tally: Tally) -> None:
    """Every connection asks again as soon as it is answered."""
    callers = await connected(port, connections, tally, lambda caller: caller.ask(time.perf_counter()))
    for caller in callers:
        caller.ask(time.perf_counter())
    await asyncio.sleep(seconds)


async def paced(port: int, connections: int, seconds: float, per_s: float, tally: Tally) -> None:
    """Requests are due at even distances; one that finds every connection busy waits, and its clock runs."""
    waiting: deque[float] = deque()
    idle: list[Caller] = []

    def on_idle(caller: Caller) -> None:
        caller.ask(waiting.popleft()) if waiting else idle.append(caller)

    idle += await connected(port, connections, tally, on_idle)
    began, sent = time.perf_counter(), 0
    while (now := time.perf_counter()) < began + seconds:
        while began + sent / per_s <= now:
            due = began + sent / per_s
            idle.pop().ask(due) if idle else waiting.append(due)
            sent += 1
        await asyncio.sleep(0.0005)


async def measure(options: dict[str, Any]) -> dict[str, Any]:
    """One run."""
    tally = Tally(options["request"], options["status"])
    began = time.perf_counter()
    common = (options["port"], options["connections"], options["seconds"])
    if "per_s" in options:
        await paced(*common, options["per_s"], tally)
    else:
        await closed_loop(*common, tally)
    tally.is_open = False
    seconds, latencies = time.perf_counter() - began, sorted(tally.latencies_s) or [0.0]
    return {
        "done": len(tally.latencies_s),
        "wrong": tally.wrong,
        "seconds": seconds,
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p99_ms": latencies[len(latencies) * 99 // 100] * 1000,
    }


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    print(json.dumps(uvloop.run(measure({**given, "request": Path(given["file"]).read_bytes()}))))
