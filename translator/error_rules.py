"""How one operation's exceptions are answered: its own rows, then its version's table, then the conventions' rules.

What no row and no rule names is a fault of ours: 500, a cat, and never a text from inside. Failures of the internal
call have fixed statuses: unavailable 503 (surely not done), unknown 504 (perhaps done), unexpected 500.
"""

from dataclasses import dataclass

from rpc.failures import RpcFailure, Unavailable, Unknown
from translator.conventions import Conventions
from translator.errors import ErrorTable
from translator.exchange import Exchange
from translator.reply import Reply


@dataclass(frozen=True, slots=True)
class ErrorRules:
    """`table`: the version's rows, `own`: the operation's, which go before. `not_found`: the text of its 404.
    `is_masked`: whether a refusal may pretend that the object does not exist.
    """

    table: ErrorTable
    own: ErrorTable
    not_found: str
    is_masked: bool
    conventions: Conventions

    def reply(self, problem: Exception, exchange: Exchange) -> Reply | None:
        """The answer to an exception; None when no rule knows it."""
        row = self.own.get(type(problem)) or self.table.get(type(problem))
        if row is not None:
            return self.conventions.row(row, problem, exchange)
        rule = self.conventions.rules.get(type(problem))
        if rule is not None:
            return rule(self, problem, exchange)
        if isinstance(problem, RpcFailure):
            return self.conventions.status(failure_status(problem), exchange)
        return None


def failure_status(failure: RpcFailure) -> int:
    """503 surely not done, 504 perhaps done, 500 outside the protocol."""
    if isinstance(failure, Unavailable):
        return 503
    return 504 if isinstance(failure, Unknown) else 500
