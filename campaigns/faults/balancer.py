"""`python -m campaigns.faults.balancer PORT TARGET...`: a TCP balancer before several instances of one service.

Each connection goes to the next instance that takes it; it knows no HTTP and no health, as the plainest of its kind.
"""

import asyncio
import contextlib
import itertools
import sys

CONNECT_S = 1.0
PIECE = 65_536


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until either side ends."""
    with contextlib.suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


async def serve(port: int, targets: list[int]) -> None:
    """Until the process is ended."""
    turns = itertools.count()

    async def connected() -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        first = next(turns)
        for number in range(len(targets)):
            target = targets[(first + number) % len(targets)]
            with contextlib.suppress(OSError, TimeoutError):
                return await asyncio.wait_for(asyncio.open_connection("127.0.0.1", target), CONNECT_S)
        return None

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other = await connected()
        if other is None:
            writer.close()
            return
        await asyncio.gather(carry(reader, other[1]), carry(other[0], writer))

    server = await asyncio.start_server(take, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), [int(word) for word in sys.argv[2:]]))
