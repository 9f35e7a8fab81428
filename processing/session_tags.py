"""Which machine waits under which tag: written with the event that suspends a session, read by whoever comes back."""

from processing.domain.events import SessionSuspended
from processing.machine import MachineChange
from processing.storage.port import Tx


def project(tx: Tx, change: MachineChange) -> None:
    """A projection of `machine.Machines`. A tag belongs to the machine that used it first."""
    for event in change.events:
        if isinstance(event, SessionSuspended):
            tx.execute(
                "INSERT INTO session_tags (tag, machine_id) VALUES (?, ?) ON CONFLICT (tag) DO NOTHING",
                (event.suspension.tag, change.record.machine_id),
            )


def machine_of(tx: Tx, tag: str) -> str | None:
    """The machine whose session was suspended under the tag."""
    row = tx.execute("SELECT machine_id FROM session_tags WHERE tag = ?", (tag,)).one()
    return row[0] if row else None
