"""The Thrift face of the ledger, for operators and their tools. Internal realm only: machines move money themselves."""

from collections.abc import Callable
from typing import Any

from processing.ledger import book, errors
from processing.services.access import is_internal
from processing.services.wire import ledger as wire
from processing.storage.port import Database, Tx
from rpc.context import Context
from rpc.failures import Unexpected
from rpc.protocol import ledger
from settings.clock import Clock


class AccounterService:
    """Serves ledger.Accounter."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def CreateAccount(self, context: Context, currency: str, description: str) -> int:
        return self._write(context, lambda tx: book.create_account(tx, currency, description, self._clock()))

    def GetAccount(self, context: Context, account_id: int) -> ledger.Account:
        return wire.account_to_thrift(self._read(context, lambda tx: book.get_account(tx, account_id)))

    def Hold(self, context: Context, change: ledger.PlanChange) -> ledger.PlanState:
        batch = wire.batch_to_ours(change.batch)
        held = self._write(context, lambda tx: book.hold(tx, change.plan_id, batch, self._clock()))
        return wire.state_to_thrift(held)

    def CommitPlan(self, context: Context, plan: ledger.Plan) -> ledger.PlanState:
        wanted = wire.plan_to_ours(plan)
        return wire.state_to_thrift(self._write(context, lambda tx: book.commit(tx, wanted, self._clock())))

    def RollbackPlan(self, context: Context, plan: ledger.Plan) -> ledger.PlanState:
        wanted = wire.plan_to_ours(plan)
        return wire.state_to_thrift(self._write(context, lambda tx: book.rollback(tx, wanted, self._clock())))

    def GetPlan(self, context: Context, plan_id: str) -> ledger.PlanState:
        return wire.state_to_thrift(self._read(context, lambda tx: book.get_plan(tx, plan_id)))

    def Verify(self, context: Context) -> list[ledger.CurrencyTotal]:
        return [wire.total_to_thrift(total) for total in self._read(context, book.verify)]

    def _write(self, context: Context, function: Callable[[Tx], Any]) -> Any:
        return self._asked(context, self._database.transaction, function)

    def _read(self, context: Context, function: Callable[[Tx], Any]) -> Any:
        return self._asked(context, self._database.read, function)

    def _asked(self, context: Context, opened: Callable[[], Any], function: Callable[[Tx], Any]) -> Any:
        """The IDL declares no AccessDenied here: nobody but the platform has a reason to call."""
        if not is_internal(context):
            raise Unexpected("the ledger is not open to merchants")
        try:
            with opened() as tx:
                return function(tx)
        except errors.LedgerError as refusal:
            raise wire.refusal_to_thrift(refusal) from None
