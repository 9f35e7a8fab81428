"""python -m benches.whole_path: from an order to a captured payment, every process real.

Starts the default profile (`deploy.all_in_one`) in a state of its own, on SQLite or PostgreSQL, and plays merchants and
payers over HTTP (`benches.orders`): an invoice, a card tokenized, a payment, and looking until the invoice is paid. The
simulated bank answers at once, so all time is ours. First one payer alone, for our own overhead; then many, for
invoices paid a second and what a second of processor time buys. Load, bank, database and platform share the machine:
the figures are those of the whole machine.

    python -m benches.whole_path --database postgresql --seconds 60
    python -m benches.whole_path --database sqlite postgresql --workers 1 2 4 --seconds 20
    python -m benches.whole_path --database postgresql --burst

--burst: after a sustained part, orders begin at twenty times its rate for ten seconds. Every request has to be
answered, with 201, or with 429 or 503; then the books are read: every acknowledged invoice exists, every acknowledged
payment comes to an end, and the ledger sums to 0. The command fails when any of that does not hold.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from benches.servers import HOME, ROOT
from benches.whole_system import System, started
from console.seed import SHOP
from processing.ledger import book
from processing.storage.port import Database

LOOK_ALONE_S, LOOK_S = 0.002, 0.3
BURST_TIMES, BURST_S = 20, 10
FINAL_S_MAX = 600
FINAL = ("captured", "failed", "cancelled", "refunded", "charged_back")
ACCEPTABLE = ("201", "429", "503")
DRAWN = "─" * 100


class Run(NamedTuple):
    """One line of the table at the end."""

    title: str
    paid: int
    per_s: float
    overhead_p50_ms: float
    overhead_p99_ms: float
    cpu_ms: float
    calls: float


def played(system: System, **asked: Any) -> dict[str, Any]:
    """One load, by a process of its own."""
    options = {
        "api": system.ports["GATEWAY_V2"],
        "tokens": system.ports["GATEWAY_V2_TOKENS"],
        "api_key": system.api_key,
        "shop": SHOP,
        **asked,
    }
    command = [sys.executable, "-m", "benches.orders", json.dumps(options)]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout)  # noqa: S603


def measured(system: System, title: str, **asked: Any) -> tuple[Run, dict[str, Any]]:
    """Plays, and says what it took."""
    say(f"{title}: {asked['seconds']:.0f} s ...")
    cpu_before, calls_before = system.cpu_s(), system.calls()
    figures = played(system, **asked)
    spent, called = system.cpu_s(), system.calls()
    spent.subtract(cpu_before)
    called.subtract(calls_before)
    spent["benches.orders (the load)"] = figures["cpu_s"]
    paid = len(figures["ms"]["paid"])
    whole, total_s = sorted(figures["ms"]["whole"]), sum(spent.values())
    per_s = paid / figures["seconds"]
    p50, p99 = percentile(whole, 0.5), percentile(whole, 0.99)
    say(f"  {paid} invoices paid, {per_s:.1f} a second; answers {dict(figures['statuses'])} {figures['broken'] or ''}")
    say(f"  {'step':>10} {'count':>7} {'p50 ms':>8} {'p99 ms':>8}")
    for step, values in figures["ms"].items():
        if values:
            ordered = sorted(values)
            say(f"  {step:>10} {len(values):>7} {percentile(ordered, 0.5):>8.1f} {percentile(ordered, 0.99):>8.1f}")
    say(f"  one second of processor time buys {paid / max(total_s, 0.01):.0f} paid invoices; of each millisecond:")
    for name, cpu_s in spent.most_common():
        if cpu_s * 1000 / max(paid, 1) >= 0.01:
            say(f"  {cpu_s / max(paid, 1) * 1000:>10.2f} ms a paid invoice  {name}")
    each = ", ".join(
        f"{name} {count / max(paid, 1):.1f}" for name, count in called.most_common(12) if count > paid / 20
    )
    say(f"  internal calls a paid invoice: {each}; memory of all processes {system.resident_mb():.0f} MB")
    cpu_ms, calls = total_s * 1000 / max(paid, 1), sum(called.values()) / max(paid, 1)
    return Run(title, paid, per_s, p50, p99, cpu_ms, calls), figures


def percentile(ordered: list[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def burst(system: System, per_s: float) -> list[str]:
    """Twenty times the load; sentences about what went wrong, none when all is well."""
    say(f"burst: orders begin at {per_s * BURST_TIMES:.0f} a second for {BURST_S} s ...")
    figures = played(system, per_s=per_s * BURST_TIMES, seconds=BURST_S, waits_for_paid=False)
    statuses = Counter(figures["statuses"])
    wrong = [f"{count} x {answer}" for answer, count in statuses.items() if not answer.endswith(ACCEPTABLE)]
    wrong += [f"{count} x {failure}" for failure, count in figures["broken"].items()]
    say(f"  {sum(statuses.values())} requests answered in {figures['seconds']:.1f} s: {dict(statuses)}")
    say(
        f"  acknowledged: {len(figures['invoices'])} invoices, {len(figures['paying'])} payments; reading the books ..."
    )
    database = system.database()
    try:
        return wrong + book_findings(database, figures["invoices"], figures["paying"])
    finally:
        database.close()


def book_findings(database: Database, invoices: list[str], paying: list[str]) -> list[str]:
    """What the books do not bear out."""
    known = {row[0] for row in database.ask("SELECT id FROM search_invoices")}
    wrong = [f"{len(lost)} acknowledged invoices are not in the books" for lost in [set(invoices) - known] if lost]
    ends_at, waiting = time.monotonic() + FINAL_S_MAX, set(paying)
    while waiting and time.monotonic() < ends_at:
        rows = database.ask("SELECT invoice_id, status FROM search_payments")
        waiting = set(paying) - {invoice_id for invoice_id, status in rows if status in FINAL}
        time.sleep(1)
    if waiting:
        wrong.append(f"{len(waiting)} acknowledged payments came to no end within {FINAL_S_MAX} s")
    with database.read() as tx:
        totals = book.verify(tx)
    say("  ledger: " + "; ".join(f"{total.currency} sums to {total.own_amount}" for total in totals))
    return wrong


def one_profile(kind: str, workers: int, asked: argparse.Namespace) -> tuple[list[Run], list[str]]:
    """All parts on one database with so many workers."""
    say(f"{DRAWN}\n{kind}, {workers} workers: starting")
    with (
        tempfile.TemporaryDirectory(dir=HOME) as directory,
        started(kind, Path(directory), workers) as system,
    ):
        title, runs = f"{kind}, {workers} workers", []
        measured(system, "warming up", payers=4, seconds=2, look_s=LOOK_S)
        if not asked.only_many:
            run, _ = measured(system, f"{title}, one payer", payers=1, seconds=asked.alone, look_s=LOOK_ALONE_S)
            runs.append(run)
        run, _ = measured(
            system, f"{title}, {asked.payers} payers", payers=asked.payers, seconds=asked.seconds, look_s=LOOK_S
        )
        runs.append(run)
        return runs, burst(system, run.per_s) if asked.burst else []


def say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    command = argparse.ArgumentParser(
        prog="python -m benches.whole_path", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    command.add_argument("--workers", nargs="+", type=int, default=[1], help="processes of workers (default 1)")
    command.add_argument("--seconds", type=float, default=20, help="of the part with many payers (default 20)")
    command.add_argument("--alone", type=float, default=8, help="seconds of the part with one payer (default 8)")
    command.add_argument("--payers", type=int, default=96, help="at a time in the second part (default 96)")
    command.add_argument("--only-many", action="store_true", help="leave the single payer out")
    command.add_argument("--burst", action="store_true", help="twenty-fold load for ten seconds, then the books")
    asked = command.parse_args()
    HOME.mkdir(parents=True, exist_ok=True)
    runs, wrong = [], []
    for kind in asked.database:
        for workers in asked.workers:
            more, findings = one_profile(kind, workers, asked)
            runs += more
            wrong += [f"{kind}, {workers} workers: {finding}" for finding in findings]
    say(f"{DRAWN}\n{'':<40} {'paid':>7} {'a second':>9} {'p50 ms':>8} {'p99 ms':>8} {'CPU ms each':>12} {'calls':>6}")
    for run in runs:
        say(
            f"{run.title:<40} {run.paid:>7} {run.per_s:>9.1f} {run.overhead_p50_ms:>8.1f} {run.overhead_p99_ms:>8.1f}"
            f" {run.cpu_ms:>12.2f} {run.calls:>6.1f}"
        )
    if asked.burst:
        say("burst: " + ("; ".join(wrong) or "every request answered with 201, 429 or 503, nothing acknowledged lost"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
