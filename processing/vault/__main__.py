"""`python -m processing.vault`: the card-data environment as a process of its own."""

import os
from typing import Any

from processing.vault.app import create_app
from serving import serve
from settings import load


def app() -> Any:
    """The app of the settings; called once in the serving process."""
    return create_app(load())


if __name__ == "__main__":
    os.umask(0o077)  # cards are sealed, but a database of them is nobody else's to read
    section = load().vault
    serve("processing.vault.__main__:app", host=section.host, port=section.port, name="vault")
