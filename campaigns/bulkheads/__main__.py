"""`python -m campaigns.bulkheads`: exit status 0 when bank B, behind its bounds, hardly feels that bank A hangs."""

import argparse
import contextlib
import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from campaigns.ground import Ground, ground
from console.table import aligned
from rpc.protocol import domain_config
from telemetry import log

HANGING, HEALTHY = "4000010300000024", "5555555555554444"
"""Cards of the mock bank: one whose authorisation nobody lives to see, one approved at once."""

SECONDS, RATE_A, RATE_B = 30.0, 4.0, 4.0
LOOK_S, PATIENCE_S = 0.03, 60.0
TIMES_MAX, FLOOR_S = 2.0, 0.5
"""Behind its bounds B's slowest hundredth may take twice as long as alone, or half a second more on a busy machine."""

WAITS = {"CAPI_MOCK_BANK_SLOW_ANSWER_MS": "2000", "CAPI_VAULT_BANK_TIMEOUT_MS": "10000"}
UNBOUNDED = {
    "CAPI_WORKERS_BANK_THREADS": "16", "CAPI_VAULT_BANK_CALLS_MAX": "100000", "CAPI_RPC_BREAKER_FAILURES_MAX": "0",
}  # fmt: skip


class Run(NamedTuple):
    """A line of the table. Seconds from B's order to its money."""

    title: str
    of_a: int
    paid: int
    asked: int
    p50_s: float
    p99_s: float


def main() -> int:
    """Three runs and the table."""
    parser = argparse.ArgumentParser(prog="python -m campaigns.bulkheads", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"length of each run ({SECONDS:.0f})")
    parser.add_argument("--rate", type=float, default=RATE_B, help=f"payments of B begun a second ({RATE_B:.0f})")
    asked = parser.parse_args()
    log.configure("bulkheads", "error", descriptor=2)
    runs = [
        run("B alone", {}, 0, asked.rate, asked.seconds),
        run("A hangs, bounds per bank", {}, RATE_A, asked.rate, asked.seconds),
        run("A hangs, no bounds", UNBOUNDED, RATE_A, asked.rate, asked.seconds),
    ]
    print(table(runs))
    return 0 if is_good(*runs[:2]) else 1


def is_good(alone: Run, bounded: Run) -> bool:
    """Whether all of B's payments came through, hardly slower than without A."""
    return bounded.paid == bounded.asked and bounded.p99_s < max(TIMES_MAX * alone.p99_s, alone.p99_s + FLOOR_S)


def run(title: str, environment: Mapping[str, str], rate_a: float, rate_b: float, seconds: float) -> Run:
    """One load upon a system of its own; A's begins three seconds before B's."""
    print(f"{title} ...", file=sys.stderr, flush=True)
    with ground(**WAITS, **environment) as place:
        with_two_banks(place)
        took: list[float] = []
        with ThreadPoolExecutor(128) as pool:
            stop = threading.Event()
            hanging = pool.submit(begin_hanging, place, rate_a, stop) if rate_a else None
            if hanging:
                time.sleep(3)
            asked = 0
            for _ in paced(rate_b, seconds):
                asked += 1
                pool.submit(lambda: took.append(time_of_one(place)))
            stop.set()
            of_a = hanging.result() if hanging else 0
        took.sort()
        paid = len(took)
        return Run(title, of_a, paid, asked, *((took[int(paid * share)] for share in (0.5, 0.99)) if paid else (0, 0)))


def paced(rate: float, seconds: float) -> Iterator[int]:
    """So many a second, for so long."""
    began = time.monotonic()
    for number in range(int(rate * seconds)):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        yield number


def begin_hanging(place: Ground, rate: float, stop: threading.Event) -> int:
    """Begins payments at the bank that hangs until told to stop; how many."""
    begun = 0
    for _ in paced(rate, 3600):
        if stop.is_set():
            break
        with contextlib.suppress(Exception):
            place.api.start(place.api.invoice(), HANGING)
            begun += 1
    return begun


def time_of_one(place: Ground) -> float:
    """Seconds from the order of a payment at the healthy bank to its money. Raises where it does not come."""
    made = place.api.invoice()
    began = time.monotonic()
    payment = place.api.start(made, HEALTHY).json()["id"]
    path = f"/processing/invoices/{made['invoice']['id']}/payments/{payment}"
    while time.monotonic() < began + PATIENCE_S:
        if place.api.call("GET", path).json()["status"] == "captured":
            return time.monotonic() - began
        time.sleep(LOOK_S)
    raise TimeoutError(path)


def with_two_banks(place: Ground) -> None:
    """Commits a provider and a terminal of bank A, and a route to it for Visa cards."""
    repository = place.platform().domain_config
    kinds = domain_config.ObjectKind

    def found(kind: int, name: str) -> domain_config.DomainObject:
        return repository.CheckoutObject(
            domain_config.VersionRef(head=True), domain_config.ObjectRef(kind=kind, id=name)
        )

    def document(kind: int, name: str) -> dict[str, Any]:
        return json.loads(found(kind, name).data.rules.json)

    def item(kind: int, plain: dict[str, Any]) -> domain_config.DomainObject:
        rules = domain_config.RuleDocument(id=plain["id"], json=json.dumps(plain))
        ref = domain_config.ObjectRef(kind=kind, id=plain["id"])
        return domain_config.DomainObject(ref=ref, data=domain_config.ObjectData(rules=rules))

    provider = {**document(kinds.PROVIDER, "mock"), "id": "bank-a", "name": "Bank A"}
    terminal = {**document(kinds.TERMINAL, "mock-cards"), "id": "bank-a-cards", "provider": "bank-a"}
    routes = document(kinds.ROUTING, "default")
    to_a = {"terminal": "bank-a-cards", "allowed": {"payment_system_is": "visa"}}
    operations = [
        domain_config.Operation(insert=domain_config.Insert(object=item(kinds.PROVIDER, provider))),
        domain_config.Operation(insert=domain_config.Insert(object=item(kinds.TERMINAL, terminal))),
        domain_config.Operation(
            update=domain_config.Update(
                old_object=found(kinds.ROUTING, "default"),
                new_object=item(kinds.ROUTING, {**routes, "candidates": [to_a, *routes["candidates"]]}),
            )
        ),
    ]
    version = repository.Checkout(domain_config.VersionRef(head=True)).version
    repository.Commit(version, domain_config.Commit(operations=operations, author="campaign", message="two banks"))


def table(runs: list[Run]) -> str:
    """The three runs side by side."""
    head = ("", "payments at A", "paid at B", "p50", "p99")
    rows = [
        (each.title, str(each.of_a), f"{each.paid} of {each.asked}", f"{each.p50_s:.2f} s", f"{each.p99_s:.2f} s")
        for each in runs
    ]
    return aligned(head, rows)


if __name__ == "__main__":
    sys.exit(main())
