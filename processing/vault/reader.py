"""How an adapter in this process gets what a bank must be told. Must not be reachable over the wire."""

from typing import NamedTuple

from processing.storage.port import Database
from processing.storage.together import Together
from processing.vault import store
from processing.vault.keys import CardKeys
from settings.clock import Clock


class UnknownCard(Exception):
    """No card of that token is in this vault."""


class CardNumber(NamedTuple):
    """Plain card data. `repr` hides the number, so that no log line or traceback can show it."""

    number: str
    exp_month: int
    exp_year: int

    def __repr__(self) -> str:
        return "CardNumber(***)"


class CardReader:
    """Reads cards and lends CVVs, each CVV to one operation only."""

    def __init__(self, database: Database, writes: Together, keys: CardKeys, clock: Clock) -> None:
        """`writes` of the same database (`storage.together.of_anything`)."""
        self._database = database
        self._writes = writes
        self._keys = keys
        self._clock = clock

    def card(self, token: str) -> CardNumber:
        """Raises UnknownCard."""
        stored = store.get_card(self._database, token)
        if stored is None:
            raise UnknownCard(token)
        number = self._keys.open(stored.sealed, token).decode()
        return CardNumber(number, stored.exp_month, stored.exp_year)

    def cvv(self, session_id: str, reference: str) -> str | None:
        """The CVV for the operation `reference`, as often as that operation asks; None for every other one."""
        session = self._writes.write(lambda tx: store.begin_session(tx, session_id, reference, self._clock()))
        return None if session is None else self._keys.open(session.sealed, session_id).decode()

    def forget_expired_cvvs(self) -> None:
        """To be called now and then: a CVV that nobody used must not outlive its time."""
        with self._database.transaction() as tx:
            store.forget_expired_sessions(tx, self._clock())

    def forget_cvv(self, session_id: str) -> None:
        """To be called as soon as the bank has answered."""
        self._writes.write(lambda tx: store.forget_session(tx, session_id))
