"""What plans do to balances, pure.

An open plan is all or nothing, so its worst outcome for an account is what the whole plan takes from it, or nothing;
its best is what the whole plan gives, or nothing.
"""

import msgspec
from msgspec.structs import replace


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """`own`: committed plans. `low` <= 0 and `high` >= 0: worst and best that the open plans together may add."""

    own: int = 0
    low: int = 0
    high: int = 0


def with_open(balance: Balance, before: int, after: int) -> Balance:
    """An open plan's net for the account changes, from 0 when the plan is new."""
    return replace(
        balance,
        low=balance.low - min(0, before) + min(0, after),
        high=balance.high - max(0, before) + max(0, after),
    )


def with_committed(balance: Balance, net: int) -> Balance:
    """An open plan with this net is posted."""
    return replace(with_open(balance, net, 0), own=balance.own + net)
