"""A platform whose changes are told: real machines, outbox and deliveries, a bank that approves, a told clock."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from processing import party_events, sealing
from processing.domain import commands
from processing.domain.state import Invoice
from processing.machine import QUEUE as MACHINE_QUEUE
from processing.services.webhooks import WebhookService
from processing.storage import jobs
from processing.webhooks import deliveries, fanout, hooks, lines, signing
from processing.webhooks.bodies import EVENT_TYPES
from processing.webhooks.delivery import Delivering
from processing.webhooks.sender import Answer, Sender
from processing.workers import outbox
from processing.workers.loop import DONE
from processing.workers.timers import Timers
from settings import load
from settings.clock import Clock
from settings.sections import Webhooks
from tests.processing.sandbox import PARTY, SHOP, TRACE, Sandbox, ScriptedBank

LEASE = timedelta(seconds=60)
DEFAULTS = load(env={}).webhooks
ALL_TYPES = tuple(EVENT_TYPES)
PAIR = signing.make_pair()


def rules(**changed: Any) -> Webhooks:
    """The settings of a sandbox, with short times."""
    return replace(DEFAULTS, **{"loopback_allowed": True, "timeout_ms": 300, **changed})


class Postman:
    """Plays the part of Sender.post: remembers what was sent, answers as `status_of(url, body)` says."""

    def __init__(self, status_of: Any = lambda url, body: 200) -> None:
        self.status_of = status_of
        self.sent: list[tuple[str, bytes, dict[str, str]]] = []

    def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        self.sent.append((url, body, headers))
        status = self.status_of(url, body)
        return Answer(status, None if status else "no", 7)


class Stage:
    """`post` is what sends: the real one unless a Postman is given. `clock` is that of the deliveries alone."""

    def __init__(self, folder: Path, post: Any = None, clock: Clock | None = None, **changed: Any) -> None:
        self.sandbox = Sandbox(folder, [party_events.project, outbox.stage])
        self.clock, self.database, self.machines = self.sandbox.clock, self.sandbox.database, self.sandbox.machines
        self.rules = rules(**changed)
        self.keys = sealing.load_or_create(folder / "secrets" / "webhooks.key")
        self.service = WebhookService(self.database, self.clock, self.rules, self.keys)
        self.post = post or Sender(self.rules).post
        self.delivering = Delivering(self.database, clock or self.clock, self.rules, self.keys, self.post)
        self.outbox = outbox.Outbox(self.database, fanout.spread)
        self.timers = Timers(self.machines, ScriptedBank(), LEASE)

    @property
    def sent(self) -> list[tuple[str, bytes, dict[str, str]]]:
        """What the Postman was given: url, body, headers."""
        return self.post.sent

    def told(self) -> list[dict]:
        """The events that the Postman was given."""
        return [json.loads(body) for _, body, _ in self.sent]

    def hook(
        self, url: str, types: tuple[str, ...] = ALL_TYPES, shop_id: str | None = SHOP, party_id: str = PARTY
    ) -> hooks.Hook:
        new = hooks.NewHook(party_id, shop_id, hooks.INVOICES, types, url)
        with self.database.transaction() as tx:
            return hooks.create(tx, new, PAIR, self.keys, self.clock())

    def paid(self, invoice_id: str = "inv1") -> Invoice:
        """An invoice whose instant payment was captured."""
        self.sandbox.paying_invoice(invoice_id)
        self.work(MACHINE_QUEUE, self.timers.handle)
        return self.machines.get(invoice_id)

    def refund(self, machine: Invoice, amount: int) -> Invoice:
        facts = self.sandbox.facts.for_money(machine, "1", None)
        command = commands.RefundPayment(id="r1", payment_id="1", amount=amount, facts=facts)
        self.machines.execute(machine.id, command, TRACE)
        self.work(MACHINE_QUEUE, self.timers.handle)
        return self.machines.get(machine.id)

    def rescind(self, invoice_id: str) -> None:
        facts = self.sandbox.facts.for_shop(PARTY, SHOP)
        self.machines.execute(invoice_id, commands.Rescind(reason="no", facts=facts), TRACE)

    def spread(self) -> None:
        self.work(outbox.QUEUE, self.outbox.handle)

    def deliver(self) -> None:
        """Everything that is due now."""
        self.work(lines.QUEUE, self.delivering.handle)

    def tell(self) -> None:
        self.spread()
        self.deliver()

    def work(self, queue: str, handle: Any) -> None:
        while claims := self.claim(queue):
            for claim in claims:
                if handle(claim) == DONE:
                    with self.database.transaction() as tx:
                        jobs.complete(tx, claim)

    def claim(self, queue: str, limit: int = 100) -> list[jobs.Claim]:
        with self.database.transaction() as tx:
            return jobs.claim(tx, queue, now=self.clock(), lease=LEASE, limit=limit)

    def log(self, hook: hooks.Hook, limit: int = 1000) -> list[deliveries.Delivery]:
        """The delivery log, oldest first."""
        with self.database.read() as tx:
            return deliveries.listed(tx, hook.id, limit)[::-1]

    def is_enabled(self, hook: hooks.Hook) -> bool:
        with self.database.read() as tx:
            return hooks.find(tx, hook.id).is_enabled

    def waiting_jobs(self) -> int:
        with self.database.read() as tx:
            return tx.execute("SELECT COUNT(*) FROM jobs WHERE queue = ?", (lines.QUEUE,)).one()[0]
