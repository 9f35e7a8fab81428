"""How an endpoint fares: its latest attempts, since when it fails, till when its receiver wants to be left alone.

Every function works inside a transaction that the caller opened, and touches the endpoint's row last.
"""

from datetime import datetime

from processing.storage.moments import to_ms
from processing.storage.port import Tx
from processing.webhooks.deliveries import Attempt, Message
from processing.webhooks.verdicts import Outcome, Verdict

BY_REQUEST, GONE, FAILURES = "request", "gone", "failures"

REASONS = {Outcome.GONE: GONE, Outcome.FAILED: FAILURES}


def learn(tx: Tx, message: Message, attempt: Attempt, verdict: Verdict, held_until: datetime | None) -> None:
    """What an attempt tells of the endpoint."""
    at = to_ms(attempt.at)
    if verdict.outcome is Outcome.DELIVERED:
        tx.execute(
            "UPDATE webhook_endpoints SET last_success_at_ms = ?, last_http_status = ?, last_error = NULL,"
            " failing_since_ms = NULL, held_until_ms = NULL WHERE webhook_id = ?",
            (at, attempt.http_status, message.hook_id),
        )
        return
    tx.execute(
        "UPDATE webhook_endpoints SET last_failure_at_ms = ?, last_http_status = ?, last_error = ?,"
        " failing_since_ms = COALESCE(failing_since_ms, ?), held_until_ms = ? WHERE webhook_id = ?",
        (at, attempt.http_status, attempt.error, at, held_until and to_ms(held_until), message.hook_id),
    )


def switched_off(tx: Tx, hook_id: int, outcome: Outcome) -> None:
    """Why nothing is sent any more."""
    tx.execute(
        "UPDATE webhook_endpoints SET disabled_reason = ?, held_until_ms = NULL, revision = revision + 1"
        " WHERE webhook_id = ?",
        (REASONS[outcome], hook_id),
    )
