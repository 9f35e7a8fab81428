"""What must hold when the faults are over: each check is a row of the table, judged from outside.

A row's `wrong` lists what breaks the rule; empty means OK. `figure` says how much was looked at.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from campaigns.faults import checks_v3
from campaigns.faults.bank import Authorisation
from campaigns.faults.feed import ACTION_REQUIRED, EARNED, Invoice
from campaigns.faults.receivers import Receiver
from campaigns.faults.scene import Row, Scene
from campaigns.faults.stories import APPROVED, NONSENSE
from rpc.protocol import base


def disagreement(invoice_id: str, invoice: Invoice, booked: list[Authorisation]) -> str | None:
    """How the bank's books differ from what the platform says it took and gave back; None when they agree."""
    taken = sum(each.taken - each.returned - each.disputed for each in booked)
    if taken != invoice.kept:
        return f"{invoice_id}: the bank took {taken}, the platform says {invoice.kept}"
    if sum(each.taken > each.returned for each in booked) > 1:
        return f"{invoice_id}: taken more than once"
    return None


def unsettled(scene: Scene, invoice_ids: list[str]) -> list[str]:
    """Those of the invoices where something is still under way, or the bank does not agree yet."""
    booked = scene.bank.all()
    return [
        each
        for each in invoice_ids
        if not all(payment.is_final for payment in scene.feed.invoices[each].payments.values())
        or disagreement(each, scene.feed.invoices[each], booked.get(each, []))
        or any(row.held for row in booked.get(each, []))
    ]


def untold(scene: Scene, invoice_ids: list[str]) -> list[str]:
    """Those of the invoices of which a healthy receiver does not know all."""
    receivers = [receiver for receiver in scene.receivers if receiver.is_healthy]
    return [
        each
        for each in invoice_ids
        if any(in_order(receiver, each) != receiver.due(scene.feed.invoices[each].told) for receiver in receivers)
    ]


def in_order(receiver: Receiver, invoice_id: str) -> list[str]:
    """What arrived about the invoice, repetitions left out. v3 promises the order of an object, not of an invoice."""
    seen: dict[int, str] = {}
    for told in list(receiver.told.get(invoice_id, [])):
        seen.setdefault(told.event_id, told.event_type)
    if receiver.format.is_by_invoice:
        return list(seen.values())
    return [word for _, word in sorted(seen.items()) if word != ACTION_REQUIRED]


# ------------------------------------------------------------------------------------------------------------- rows


def finality(scene: Scene) -> Row:
    payments = [(name, each, payment) for name, invoice in scene.feed.invoices.items() for each, payment in
                invoice.payments.items()]  # fmt: skip
    open_ones = [f"{name}.{each} is {payment.status}" for name, each, payment in payments if not payment.is_final]
    statuses = Counter(payment.status for *_, payment in payments)
    said = ", ".join(f"{count} {status.lower()}" for status, count in statuses.most_common())
    return Row("every payment is final", f"{len(payments)} payments: {said}", open_ones)


def stories(scene: Scene) -> Row:
    wrong = [*scene.played.unfinished]
    return Row("every story came to its end", f"{sum(scene.played.ends.values())} stories", wrong)


def approvals(scene: Scene) -> Row:
    """A payment that the bank approved in the end may not have failed on the way."""
    good = [name for name in scene.feed.invoices if scene.played.cards.get(name) in APPROVED]
    failed = [
        f"{name} (card {scene.played.cards[name]})"
        for name in good
        if any(payment.status == "FAILED" for payment in scene.feed.invoices[name].payments.values())
    ]
    return Row("no fault of ours fails a payment", f"{len(good)} with cards that the bank approves", failed)


def acknowledged(scene: Scene) -> Row:
    """Read one by one through the public API."""

    def missing(item: tuple[tuple[str, str], str]) -> str | None:
        (version, path), object_id = item
        answer = scene.callers[version].insist("GET", path)
        is_there = answer.status_code == 200 and answer.json()["id"] == object_id
        return None if is_there else f"{version} GET {path} answered {answer.status_code} {answer.text[:120]}"

    with ThreadPoolExecutor(4) as pool:
        wrong = [each for each in pool.map(missing, list(scene.journal.acknowledged.items())) if each]
    return Row("everything acknowledged exists", f"{len(scene.journal.acknowledged)} objects", wrong)


def money(scene: Scene) -> Row:
    booked = scene.bank.all()
    checked = {**{name: Invoice() for name in booked}, **scene.feed.invoices}
    wrong = [found for name, invoice in checked.items() if (found := disagreement(name, invoice, booked.get(name, [])))]
    taken = sum(each.taken - each.returned for rows in booked.values() for each in rows)
    return Row("the bank took what the platform says, once", f"{len(checked)} invoices, {taken} kopecks kept", wrong)


def holds(scene: Scene) -> Row:
    rows = [each for rows in scene.bank.all().values() for each in rows]
    wrong = [f"{each.reference}: {each.held} still held at the bank" for each in rows if each.held]
    return Row("no payer's money is left held", f"{len(rows)} authorisations", wrong)


def ledger_sums(scene: Scene) -> Row:
    try:
        totals = scene.operator.totals()
    except base.InvalidRequest as broken:
        return Row("the ledger comes to 0 per currency", "rebuilt from its entries", [str(broken)])
    wrong = [f"{each.currency}: {each.own_amount}" for each in totals if each.own_amount or each.pending_amount]
    wrong += [f"{each.currency}: {each.open_plans} plans open" for each in totals if each.open_plans]
    said = ", ".join(f"{each.currency}: {each.committed_plans} plans" for each in totals)
    return Row("the ledger comes to 0 per currency", f"{said}, rebuilt from its entries", wrong)


def plans(scene: Scene) -> Row:
    """One posted plan for what was earned, none for what was not; and the ledger has posted no others."""
    expected = 0

    def judged(plan_ids: list[str], wanted: int) -> Iterator[str]:
        posted = [plan_id for plan_id in plan_ids if scene.operator.plan_status(plan_id) == "COMMITTED"]
        if len(posted) != wanted:
            yield f"{plan_ids[0]}: {len(posted)} plans posted instead of {wanted}"

    wrong: list[str] = []
    for name, invoice in scene.feed.invoices.items():
        for payment_id, payment in invoice.payments.items():
            plan_id, is_earned = f"{name}.{payment_id}", payment.status in EARNED
            expected += is_earned
            wrong += judged([plan_id, f"{plan_id}.capture", f"{plan_id}.changed-cost"], int(is_earned))
            for refund_id, (status, *_) in payment.refunds.items():
                expected += status == "SUCCEEDED"
                wrong += judged([f"{plan_id}.refund.{refund_id}"], int(status == "SUCCEEDED"))
    posted = sum(each.committed_plans for each in scene.operator.totals())
    wrong += [f"{posted} plans posted in all instead of {expected}"] if posted != expected else []
    return Row("one posted plan for each capture and refund", f"{expected} plans", wrong)


def effects(scene: Scene) -> Row:
    """By the answers, and by what the platform has."""
    wrong = [f"{key} was answered with {sorted(ids)}" for key, ids in scene.journal.ids.items() if len(ids) > 1]
    made: Counter[str] = Counter()
    for invoice in scene.feed.invoices.values():
        made[invoice.external_id] += 1
        for payment in invoice.payments.values():
            made[payment.external_id] += 1
            made.update(external_id for *_, external_id in payment.refunds.values())
    wrong += [f"{key} made {count} objects" for key, count in made.items() if key and count > 1]
    figure = f"{len(scene.journal.ids)} keys, {scene.journal.twins} sent twice at once"
    return Row("repeats under one key or externalID have one effect", figure, wrong)


def asked_for(scene: Scene) -> Row:
    """Of v1, whose requests are no repeats, and of v3, whose keys may be denied: so much as was asked for, no more."""
    made: Counter[str] = Counter()
    for name, invoice in scene.feed.invoices.items():
        made[invoice.product] += 1
        made[name] += len(invoice.payments)
        made.update({f"{name}.{each}": len(payment.refunds) for each, payment in invoice.payments.items()})
    allowed = scene.journal.allowed
    wrong = [f"{place}: {made[place]} made, {allowed[place]} asked for" for place in allowed if
             made[place] > allowed[place]]  # fmt: skip
    return Row("v1 and v3 made no more than they were asked for", f"{sum(allowed.values())} wishes", wrong)


def histories(scene: Scene) -> Row:
    wrong = [name for name, invoice in scene.feed.invoices.items() if invoice.has_gaps]
    return Row("every invoice's history numbers 1, 2, 3 ...", f"{scene.feed.events} events", wrong)


def webhooks(scene: Scene) -> Iterator[Row]:
    """A row for each receiver; a bad one is only counted."""
    for receiver in scene.receivers:
        due = sum(len(receiver.due(invoice.told)) for invoice in scene.feed.invoices.values())
        # A copy: where time was up before everybody was told, messages still come in while the books are read.
        arrived = [each for told in list(receiver.told.values()) for each in told]
        repeated = len(arrived) - len({each.event_id for each in arrived})
        figure = f"{due} due, {len(arrived) - repeated} taken, {repeated} repeated, {receiver.attempts} attempts"
        wrong = [f"{receiver.forged} signatures do not verify"] if receiver.forged else []
        wrong += mistold(scene, receiver) if receiver.is_healthy else []
        yield Row(f"webhooks of {receiver.hook.version}, receiver {receiver.hook.kind}", figure, wrong)


def mistold(scene: Scene, receiver: Receiver) -> Iterator[str]:
    """What a healthy receiver was told, and what it should have been told, invoice by invoice."""
    for name, invoice in scene.feed.invoices.items():
        came, wanted = in_order(receiver, name), receiver.due(invoice.told)
        first_ids = list(dict.fromkeys(told.event_id for told in list(receiver.told.get(name, []))))
        is_in_order = first_ids == sorted(first_ids) or not receiver.format.is_by_invoice
        if came != wanted or not is_in_order:
            yield f"{name}: {' '.join(came)} instead of {' '.join(wanted)}"


def surprises(scene: Scene) -> Row:
    said = ", ".join(f"{count} x {answer}" for answer, count in scene.journal.answers.most_common())
    return Row("no answer that contradicts the API", said, scene.journal.surprises)


def stops(scene: Scene) -> Row:
    """A machine may stop where the bank talks nonsense, and nowhere else."""
    repaired, left = scene.operator.repaired, scene.operator.stopped()
    wrong = [f"{name} (card {scene.played.cards.get(name)}): {'; '.join(reasons)}" for name, reasons in repaired.items()
             if scene.played.cards.get(name) not in NONSENSE]  # fmt: skip
    wrong += [f"{machine.id} is stopped: {machine.reason}" for machine in left]
    return Row("machines stop for a bank's nonsense only", f"{len(repaired)} repaired by the operator", wrong)


def endings(scene: Scene) -> Row:
    return Row("no process ended by itself", f"{len(scene.ended)} started again", scene.ended)


def orphans(scene: Scene) -> Row:
    """Else they would hold the port against whoever is started in their master's place."""
    return Row("who lost its master ends and frees its port", f"{len(scene.lingering)} did not", scene.lingering)


CHECKS: tuple[Callable[[Scene], Row], ...] = (
    finality, stories, approvals, stops, acknowledged, effects, asked_for, money, holds, ledger_sums, plans, histories,
    surprises, endings, orphans, checks_v3.keys, checks_v3.denials,
)  # fmt: skip


def judge(scene: Scene) -> list[Row]:
    """The whole table."""
    return [*(check(scene) for check in CHECKS), *webhooks(scene), *checks_v3.feed(scene)]
