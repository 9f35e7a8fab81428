"""`python -m processing.workers`: machines' next steps, webhook fan-out and deliveries. Its port serves probes only."""

from datetime import timedelta
from typing import Any

from processing.bootstrap import Platform, build, is_ready, queues
from processing.workers.loop import Loop
from serving import serve
from serving.probes import with_probes
from settings import Settings, load
from telemetry import log

CLOCK_WRONG_MAX = timedelta(seconds=5)
"""Of what calls and leases reckon with (domain.session.CALL_PATIENCE)."""


def create_app(settings: Settings) -> Any:
    """The ASGI app of the process; its lifespan is the loop's."""
    platform, section = build(settings), settings.workers
    loop = Loop(
        platform.database,
        platform.clock,
        queues(platform),
        claim_items_max=section.claim_items_max,
        poll_s=section.poll_interval_ms / 1000,
        clock_wrong_max=CLOCK_WRONG_MAX,
    )
    probes = working_while_served(loop, settings.serving.graceful_timeout_s)
    return with_probes(probes, "workers", lambda: readiness(platform, loop))


def readiness(platform: Platform, loop: Loop) -> dict[str, bool]:
    """The checks of /ready."""
    return {**is_ready(platform), "loop": loop.is_alive(), "clock": loop.is_on_time}


def working_while_served(loop: Loop, drain_s: float) -> Any:
    """Starts the loop with the server and drains it with the server; every request is answered 404."""

    async def app(scope: dict, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        await receive()
        loop.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if not loop.stop(drain_s):
            log.warning("workers.cut", reason="work was still under way; its lease will run out")
        await send({"type": "lifespan.shutdown.complete"})

    return app


def app() -> Any:
    """The app of the settings; called once in the serving process."""
    return create_app(load())


if __name__ == "__main__":
    section = load().workers
    serve("processing.workers.__main__:app", host=section.host, port=section.port, name="workers")
