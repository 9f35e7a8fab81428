"""Files and everything they include -> documents. Define-before-use is not needed; a circle of includes is refused."""

from collections.abc import Iterable
from pathlib import Path

from rpc.idl.lexer import IdlError
from rpc.idl.parser import parse
from rpc.idl.tree import Document

FILE_BYTES_MAX = 4 * 1024 * 1024


def load_documents(paths: Iterable[Path]) -> dict[str, Document]:
    """Name -> document, of the given files and of all they include; a file comes after the ones it includes.

    An include is looked for beside the file that names it, then beside the given files. Raises IdlError.
    """
    paths = [Path(path) for path in paths]
    folders = list(dict.fromkeys(path.parent for path in paths))
    found: dict[str, Document] = {}
    for path in paths:
        load_file(path, folders, found, ())
    return found


def load_file(path: Path, folders: list[Path], found: dict[str, Document], above: tuple[str, ...]) -> None:
    """Adds one file to `found`, its includes first. `above` are the files being read that led here."""
    name = path.stem
    if name in above:
        raise IdlError(f"{path}: includes itself through {' -> '.join((*above, name))}.")
    if name in found:
        if found[name].path.resolve() != path.resolve():
            raise IdlError(f"{path}: another file of that name was read: {found[name].path}.")
        return
    document = parse(read(path), path)
    for include in document.includes:
        load_file(place_of(include, path, folders), folders, found, (*above, name))
    found[name] = document


def place_of(include: str, path: Path, folders: list[Path]) -> Path:
    """The file that an include means."""
    for folder in (path.parent, *folders):
        if (folder / include).is_file():
            return folder / include
    raise IdlError(f"{path}: the included file {include} is not there.")


def read(path: Path) -> str:
    """The text of a file."""
    try:
        content = path.read_bytes()
        if len(content) > FILE_BYTES_MAX:
            raise IdlError(f"{path}: larger than {FILE_BYTES_MAX} bytes.")
        return content.decode("utf-8")
    except OSError as error:
        raise IdlError(f"{path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise IdlError(f"{path}: not UTF-8.") from error
