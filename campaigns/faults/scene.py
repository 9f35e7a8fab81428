"""What the checks look at, and what each of them says."""

from collections.abc import Mapping
from typing import NamedTuple

from campaigns.faults.bank import Bank
from campaigns.faults.client import Caller, Journal, Patience
from campaigns.faults.feed import Feed
from campaigns.faults.operator_calls import Operator
from campaigns.faults.receivers import Receiver
from campaigns.faults.stories import Played


class Row(NamedTuple):
    """A line of the table."""

    name: str
    figure: str
    wrong: list[str]


class Scene(NamedTuple):
    """Everything that can be looked at. `callers`: a merchant's line to each version."""

    feed: Feed
    bank: Bank
    operator: Operator
    callers: Mapping[str, Caller]
    patience: Patience
    journal: Journal
    played: Played
    receivers: list[Receiver]
    ended: list[str]
    lingering: list[str]
