"""The operator of the campaign's platform: signed calls in the internal realm, and what is done with a stopped machine.

An operator who looks at a stopped machine reads the bank's books: what they show was done, what they do not was not.
"""

from collections import Counter
from typing import Any

from campaigns.faults.bank import Bank
from rpc.client import BlockingClient, options_of
from rpc.context import Context
from rpc.deadlines import Deadline
from rpc.failures import RpcFailure
from rpc.protocol import base, domain, ledger, payment_processing
from settings import Settings
from settings.clock import system_clock

CALL_MS = 30_000
STOPPED_MAX = 1000
NOTE = "the bank's books show it"
DECLARED = (payment_processing.InvoiceNotFound, base.InvalidRequest, base.AccessDenied)


class Operator:
    """`repaired`: reasons of the machines that were set going again, by invoice."""

    def __init__(self, settings: Settings, bank: Bank) -> None:
        self._client = BlockingClient(**options_of(settings), caller="campaign", clock=system_clock)
        self._bank = bank
        self.repaired: dict[str, list[str]] = {}
        self.refusals: Counter[str] = Counter()

    @property
    def platform(self) -> Any:
        """A bound client with a deadline of its own."""
        deadline = Deadline.after_ms(CALL_MS, system_clock())
        identity = {"user-identity.id": "operator", "user-identity.realm": "internal"}
        return self._client.bind(Context.root(meta=identity, deadline=deadline))

    def stopped(self) -> list[Any]:
        """Machines that wait for an operator."""
        return self.platform.invoicing.GetStopped(STOPPED_MAX)

    def repair_all(self) -> int:
        """Sets every stopped machine going as the bank's books say; how many are left."""
        left = 0
        for machine in self.stopped():
            try:
                self._repair(machine)
            except (*DECLARED, RpcFailure) as refusal:
                self.refusals[f"{type(refusal).__name__}: {refusal}"[:200]] += 1
                left += 1
        return left

    def _repair(self, machine: Any) -> None:
        scenario = self._scenario(machine)
        self.platform.invoicing.Repair(machine.id, scenario, NOTE)
        self.repaired.setdefault(machine.id, []).append(f"{machine.activity}: {machine.reason}")

    def _scenario(self, machine: Any) -> Any:
        """Of a session of an authorisation, what the bank did; anything else is tried again."""
        if "processed" not in (machine.activity or ""):
            return payment_processing.RepairScenario(resume=True)
        approved = [each for each in self._bank.authorisations(machine.id) if each.state in ("HELD", "TAKEN")]
        if approved:
            seen = payment_processing.FulfillSession(transaction=domain.TransactionInfo(id=approved[0].txn, extra={}))
            return payment_processing.RepairScenario(fulfill_session=seen)
        failure = domain.Failure(code="authorization_failed", sub=domain.SubFailure(code="unknown"))
        return payment_processing.RepairScenario(fail_session=payment_processing.FailSession(failure=failure))

    def plan_status(self, plan_id: str) -> str | None:
        """HELD, COMMITTED or ROLLED_BACK; None where the ledger has no such plan."""
        try:
            return ledger.PlanStatus.name_of(self.platform.ledger.GetPlan(plan_id).status)
        except ledger.PlanNotFound:
            return None

    def totals(self) -> list[Any]:
        """The ledger's sums per currency, rebuilt from its entries. Raises base.InvalidRequest when broken."""
        return self.platform.ledger.Verify()
