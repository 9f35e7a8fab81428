"""The card-data environment: tokens for cards, one-use CVV sessions, encryption at rest.

The only code that sees a card number. No call gives a number back over the wire; adapters that must send one to a
bank run in this process and read it through `reader.CardReader`. It must not know invoices, parties or HTTP.
"""

from pathlib import Path

MIGRATIONS = Path(__file__).parent / "migrations"
