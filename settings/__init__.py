"""What an operator may change: every key with its default in `default.toml`, read into frozen dataclasses.

    from settings import load
    s = load()
    s.processing.port, s.state.directory

A key stands in two places: `default.toml` (default, unit and consequence as its comment) and a field of
`settings/sections.py` (its type). `tests/settings` refuses one without the other.

Knows nothing of what the values are used for and imports nothing of ours.
"""

from settings.loading import SettingsError, load
from settings.sections import Settings

__all__ = ["Settings", "SettingsError", "load"]
