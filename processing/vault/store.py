"""Tables of the vault. What writes works inside a transaction that the caller opened; none of it knows keys."""

from datetime import datetime
from typing import NamedTuple

from processing.storage.moments import to_ms
from processing.storage.port import Database, Tx


class StoredCard(NamedTuple):
    """A row of cards; `sealed` opens with the vault's key and the token as associated data."""

    token: str
    exp_month: int
    exp_year: int
    payment_system: str
    bin: str
    last_digits: str
    sealed: bytes


class StoredSession(NamedTuple):
    """A CVV that waits for its one operation; `used_for` is the operation that has begun to use it."""

    sealed: bytes
    used_for: str | None


def put_card(tx: Tx, card: StoredCard, fingerprint: bytes, now: datetime) -> str:
    """Stores the card unless it is known; returns the token under which it is known."""
    made = tx.execute(
        "INSERT INTO cards"
        " (token, fingerprint, exp_month, exp_year, payment_system, bin, last_digits, sealed, created_at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (fingerprint, exp_year, exp_month) DO NOTHING"
        " RETURNING token",
        (
            card.token,
            fingerprint,
            card.exp_month,
            card.exp_year,
            card.payment_system,
            card.bin,
            card.last_digits,
            card.sealed,
            to_ms(now),
        ),
    ).one()
    row = (
        made
        or tx.execute(
            "SELECT token FROM cards WHERE fingerprint = ? AND exp_year = ? AND exp_month = ?",
            (fingerprint, card.exp_year, card.exp_month),
        ).one()
    )
    return row[0]


def get_card(database: Database, token: str) -> StoredCard | None:
    """The card of that token, if there is one."""
    rows = database.ask(
        "SELECT token, exp_month, exp_year, payment_system, bin, last_digits, sealed FROM cards WHERE token = ?",
        (token,),
    )
    return StoredCard(*rows[0]) if rows else None


def forget_expired_sessions(tx: Tx, now: datetime) -> None:
    """Removes the CVVs that nobody used in time."""
    tx.execute("DELETE FROM card_sessions WHERE expires_at_ms <= ?", (to_ms(now),))


def put_session(tx: Tx, session_id: str, sealed: bytes, expires_at: datetime) -> None:
    """Stores a CVV."""
    tx.execute(
        "INSERT INTO card_sessions (session_id, sealed, expires_at_ms) VALUES (?, ?, ?)",
        (session_id, sealed, to_ms(expires_at)),
    )


def begin_session(tx: Tx, session_id: str, reference: str, now: datetime) -> StoredSession | None:
    """Gives the CVV to `reference` for good; None when it expired, is unknown, or belongs to another operation."""
    row = tx.execute(
        "UPDATE card_sessions SET used_for = ? WHERE session_id = ? AND COALESCE(used_for, ?) = ? AND expires_at_ms > ?"
        " RETURNING sealed, used_for",
        (reference, session_id, reference, reference, to_ms(now)),
    ).one()
    return StoredSession(*row) if row else None


def forget_session(tx: Tx, session_id: str) -> None:
    """Removes the CVV: the bank has answered (PCI DSS 4.0.1, 3.3.1)."""
    tx.execute("DELETE FROM card_sessions WHERE session_id = ?", (session_id,))


def redeem_cryptogram(tx: Tx, cryptogram_id: str, now: datetime) -> bool:
    """True for the first caller only."""
    rows = tx.execute(
        "INSERT INTO redeemed_cryptograms (cryptogram_id, redeemed_at_ms) VALUES (?, ?)"
        " ON CONFLICT (cryptogram_id) DO NOTHING",
        (cryptogram_id, to_ms(now)),
    )
    return rows.rowcount == 1
