"""How an endpoint fares: its latest attempts, since when it fails, till when its receiver wants to be left alone.

Every function works inside a transaction that the caller opened, and touches the endpoint's row last.
"""

from collections.abc import Sequence

from processing.storage.moments import to_ms
from processing.storage.port import Tx
from processing.webhooks.deliveries import Attempt
from processing.webhooks.verdicts import Attempted, Outcome

BY_REQUEST, GONE, FAILURES = "request", "gone", "failures"

REASONS = {Outcome.GONE: GONE, Outcome.FAILED: FAILURES}


def learn(tx: Tx, hook_id: int, attempts: Sequence[Attempted]) -> None:
    """What attempts, oldest first, tell of the endpoint: the last success, and what failed after it."""
    successes = [number for number, each in enumerate(attempts) if each.is_delivered]
    failed = attempts[successes[-1] + 1 :] if successes else attempts
    if successes:
        _succeeded(tx, hook_id, attempts[successes[-1]].attempt)
    if failed:
        _failed(tx, hook_id, failed[0].attempt, failed[-1])


def _succeeded(tx: Tx, hook_id: int, attempt: Attempt) -> None:
    tx.later(
        "UPDATE webhook_endpoints SET last_success_at_ms = ?, last_http_status = ?, last_error = NULL,"
        " failing_since_ms = NULL, held_until_ms = NULL WHERE webhook_id = ?",
        (to_ms(attempt.at), attempt.http_status, hook_id),
    )


def _failed(tx: Tx, hook_id: int, first: Attempt, last: Attempted) -> None:
    tx.later(
        "UPDATE webhook_endpoints SET last_failure_at_ms = ?, last_http_status = ?, last_error = ?,"
        " failing_since_ms = COALESCE(failing_since_ms, ?), held_until_ms = ? WHERE webhook_id = ?",
        (
            to_ms(last.attempt.at),
            last.attempt.http_status,
            last.verdict.error,
            to_ms(first.at),
            last.held_until and to_ms(last.held_until),
            hook_id,
        ),
    )


def switched_off(tx: Tx, hook_id: int, outcome: Outcome) -> None:
    """Why nothing is sent any more."""
    tx.execute(
        "UPDATE webhook_endpoints SET disabled_reason = ?, held_until_ms = NULL, revision = revision + 1"
        " WHERE webhook_id = ?",
        (REASONS[outcome], hook_id),
    )
