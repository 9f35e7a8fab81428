"""A stage with endpoints of Standard Webhooks and a receiver that answers as it is told to."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from processing import party_events
from processing.party_events import Query
from processing.services.webhook_endpoints import WebhookEndpointsService
from processing.webhooks.sender import Answer
from rpc.protocol import webhook_endpoints as protocol
from tests.processing.asking import Asked, as_party
from tests.processing.sandbox import PARTY
from tests.processing.webhooks.stage import Stage

URL = "https://shop.example.com/events"
STATUS = protocol.EndpointStatus
SENT = protocol.EndpointDeliveryStatus
STORY = ["invoice.created", "payment.created", "payment.authorized", "payment.captured", "invoice.paid"]


class Receiver:
    """Plays the part of Sender.post: remembers what came, answers as it is told to."""

    def __init__(self) -> None:
        self.came: list[tuple[bytes, dict[str, str]]] = []
        self.answers: Callable[[dict], tuple[int | None, int | None]] = lambda event: (200, None)

    def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        status, retry_after_s = self.answers(json.loads(body))
        self.came.append((body, headers))
        return Answer(status, None if status else "No answer came in time", 7, retry_after_s)

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for body, _ in self.came]

    def ids(self) -> list[str]:
        return [json.loads(body)["id"] for body, _ in self.came]


class Told:
    """A stage with the service of the endpoints and a receiver."""

    def __init__(self, folder: Path, **changed: Any) -> None:
        self.receiver = Receiver()
        changed = {"endpoint_retry_jitter_percent": 0, **changed}
        self.stage = Stage(folder, post=self.receiver, **changed)
        service = WebhookEndpointsService(self.stage.database, self.stage.clock, self.stage.rules, self.stage.keys)
        self.asked = Asked(service, as_party(PARTY))

    def create(self, types: tuple[str, ...] = ("*",), endpoint_id: str = "e1", **said: Any) -> protocol.Endpoint:
        params = {"id": endpoint_id, "party_id": PARTY, "url": URL, "event_types": list(types), "payload_version": "v3"}
        return self.asked.Create(protocol.EndpointParams(**{**params, **said}))

    def get(self, endpoint_id: str = "e1") -> protocol.Endpoint:
        return self.asked.Get(endpoint_id)

    def log(self, endpoint_id: str = "e1") -> list[protocol.EndpointDelivery]:
        """Oldest first."""
        return self.asked.GetDeliveries(endpoint_id, None, 1000)[::-1]

    def feed(self) -> list[party_events.PartyEvent]:
        return party_events.read(self.stage.database, Query(PARTY, None, 1000)).events

    def answer(self, status: int | None, retry_after_s: int | None = None) -> None:
        self.receiver.answers = lambda event: (status, retry_after_s)

    def wait(self, seconds: float) -> None:
        self.stage.clock.forward(seconds)
        self.stage.deliver()
