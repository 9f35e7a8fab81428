"""`python -m processing.banks.mock` serves the bank; with `--cards` it prints the table of magic card numbers."""

import sys

from processing.banks.mock import cards
from processing.banks.mock.app import create_app
from processing.banks.mock.config import from_settings
from serving import serve
from serving.probes import with_probes
from settings import load


def app() -> object:
    """The bank of the settings, with its probes."""
    bank_app = create_app(from_settings(load().mock_bank))
    return with_probes(bank_app, "mock_bank", lambda: {"books": bank_app.state.bank.books.is_open()})


def main() -> None:
    if "--cards" in sys.argv[1:]:
        sys.stdout.write(cards.as_markdown() + "\n")
        return
    section = load().mock_bank
    serve("processing.banks.mock.__main__:app", host=section.host, port=section.port, workers=1, name="mock_bank")


if __name__ == "__main__":
    main()
