"""Default file, optional file and environment, merged and checked into `Settings`; every refusal is one sentence."""

import difflib
import os
import tomllib
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from settings.sections import Settings

CHECKOUT = Path(__file__).resolve().parent.parent
DEFAULT_FILE = Path(__file__).with_name("default.toml")
FILE_VARIABLE = "CAPI_SETTINGS"
ENVIRONMENT_PREFIX = "CAPI_"
TRUE_WORDS, FALSE_WORDS = ("true", "1", "yes", "on"), ("false", "0", "no", "off")

Tables = dict[str, dict[str, Any]]


class SettingsError(Exception):
    """A setting cannot be used; the text is a sentence for the operator."""


def load(env: Mapping[str, str] = os.environ, file: Path | str | None = None) -> Settings:
    """Defaults, then `file` (else the one CAPI_SETTINGS names), then CAPI_<SECTION>_<KEY> of `env`.

    Raises SettingsError for a file that cannot be read, an unknown section, key or variable, or a wrong value.
    """
    tables = read_tables(DEFAULT_FILE)
    chosen = file or env.get(FILE_VARIABLE)
    if chosen:
        overlay(tables, read_tables(Path(chosen)), str(chosen))
    overlay(tables, tables_of_environment(env), "the environment")
    return build(tables)


def sections() -> dict[str, type]:
    """Section name -> its dataclass."""
    return typing.get_type_hints(Settings)


def fields(section: type) -> dict[str, Any]:
    """Key -> type of a section's dataclass."""
    return typing.get_type_hints(section)


def variables() -> dict[str, tuple[str, str]]:
    """Environment variable -> (section, key), for every key there is."""
    return {
        f"{ENVIRONMENT_PREFIX}{name}_{key}".upper(): (name, key)
        for name, section in sections().items()
        for key in fields(section)
    }


def read_tables(path: Path) -> Tables:
    """The sections of a TOML file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"The settings file {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings file {path} is not TOML: {error}.") from error


def overlay(tables: Tables, changes: Tables, origin: str) -> None:
    """Writes `changes` over `tables`; both already hold, or must hold, known names only."""
    for name, values in changes.items():
        if name not in tables:
            raise SettingsError(f"{origin} has an unknown section [{name}]; {nearest(name, tables)}")
        if not isinstance(values, dict):
            raise SettingsError(f"{origin} has a value where the section [{name}] should begin.")
        for key, value in values.items():
            if key not in tables[name]:
                raise SettingsError(f"{origin} has an unknown key {name}.{key}; {nearest(key, tables[name])}")
            tables[name][key] = value


def nearest(name: str, known: Iterable[str]) -> str:
    """The closing half of a refusal: what was probably meant."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"the nearest known one is {close[0]}." if close else f"known are {', '.join(known)}."


def tables_of_environment(env: Mapping[str, str]) -> Tables:
    """CAPI_<SECTION>_<KEY> variables as sections, each value parsed by the key's type."""
    known, found = variables(), {}
    for variable, text in env.items():
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable == FILE_VARIABLE:
            continue
        if variable not in known:
            raise SettingsError(f"The environment has an unknown setting {variable}; {nearest(variable, known)}")
        name, key = known[variable]
        found.setdefault(name, {})[key] = parse(text, fields(sections()[name])[key], variable)
    return found


def parse(text: str, kind: Any, variable: str) -> Any:
    """The value that an environment variable's text stands for."""
    if typing.get_origin(kind) is tuple:
        item = typing.get_args(kind)[0]
        return [parse(part.strip(), item, variable) for part in text.split(",") if part.strip()]
    try:
        return boolean(text) if kind is bool else kind(text) if kind in (int, float) else text
    except ValueError:
        wanted = {bool: "true or false", int: "a whole number", float: "a number"}[kind]
        raise SettingsError(f"{variable} must be {wanted}, not {text!r}.") from None


def boolean(text: str) -> bool:
    """One of the words for yes or no; ValueError for anything else."""
    if text.lower() not in TRUE_WORDS + FALSE_WORDS:
        raise ValueError(text)
    return text.lower() in TRUE_WORDS


def build(tables: Tables) -> Settings:
    """The dataclasses; paths resolved, types and bounds checked."""
    state = absolute(str(tables["state"]["directory"]), CHECKOUT)

    def built(name: str, section: type) -> Any:
        kinds = fields(section)
        return section(**{key: checked(f"{name}.{key}", tables[name][key], kinds[key], state) for key in kinds})

    return Settings(**{name: built(name, section) for name, section in sections().items()})


def checked(name: str, value: Any, kind: Any, state: Path) -> Any:
    """The value of key `name` as its field wants it."""
    if typing.get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise SettingsError(f"{name} must be a list, not {value!r}.")
        return tuple(checked(name, item, typing.get_args(kind)[0], state) for item in value)
    if kind is Path:
        return absolute(checked(name, value, str, state).replace("{state}", str(state)), CHECKOUT)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise SettingsError(f"{name} must be {kind.__name__}, not {value!r}.")
    if kind in (int, float):
        refuse_out_of_bounds(name, value)
    return value


def refuse_out_of_bounds(name: str, value: float) -> None:
    """Ports are 0..65535; no other number is below 0."""
    if name.endswith("port") and not 0 <= value <= 65535:
        raise SettingsError(f"{name} must be a port, 0 to 65535, not {value}.")
    if value < 0:
        raise SettingsError(f"{name} must not be negative, but is {value}.")


def absolute(text: str, origin: Path) -> Path:
    """`text` as an absolute path; a relative one starts at `origin`, "~" is the home directory."""
    return (origin / Path(text).expanduser()).resolve()
