"""Join the files of a split specification into the one document that programs read: specs/<version>/bundled.json.

A version's folder holds openapi.yaml (everything but paths and schemas), paths/ (a file a path), definitions/ (a file a
schema) and, where the version has them, webhooks/ (a file a webhook). Joining is all that happens: references between
files become references inside the document, and nothing is merged, expanded or invented, so every file is standard
Swagger 2.0 or OpenAPI 3. Order is kept wherever a reader sees it (parameters, properties, paths); schemas are sorted by
name and go where the document's standard keeps them. Knows nothing of what the operations mean.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from tools import spec_files

SPECS = Path(__file__).resolve().parent.parent / "specs"
SWAGGER_2, OPENAPI_3 = "#/definitions/", "#/components/schemas/"
"""Where a document of each standard keeps its named schemas."""
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")


class BrokenSpec(Exception):
    """The files do not make a valid specification; the message is a sentence that says where."""


def bundle(root: Path) -> dict[str, Any]:
    """Return the joined document of the specification whose root file is `root`. Raises BrokenSpec, UnreadableFile."""
    source = spec_files.read(root)
    schemas = SWAGGER_2 if "swagger" in source else OPENAPI_3
    document = _inside(source, root, root, schemas)
    for part, file_of in ITEMS.items():
        if part in source:
            document[part] = {name: _item(name, item, root, schemas, file_of) for name, item in source[part].items()}
        _refuse_unlisted(part, source, root, file_of)
    definitions = {
        file.stem: _inside(spec_files.read(file), file, root, schemas)
        for file in sorted((root.parent / "definitions").glob("*.yaml"))
    }
    _put(document, schemas, definitions)
    _refuse_dangling(document, document, "")
    return document


def schemas_of(document: dict[str, Any]) -> dict[str, Any]:
    """Return the named schemas of a joined document, wherever its standard keeps them."""
    return document["definitions"] if "swagger" in document else document["components"]["schemas"]


def _put(document: dict[str, Any], place: str, value: Any) -> None:
    *parents, last = place.removeprefix("#/").rstrip("/").split("/")
    for step in parents:
        document = document.setdefault(step, {})
    document[last] = value


def text_of(document: dict[str, Any]) -> str:
    """Return the bytes of bundled.json as text: the same document always gives the same text."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def refuse_invalid(document: dict[str, Any]) -> None:
    """Raise BrokenSpec unless the document is valid Swagger 2.0 or OpenAPI 3."""
    try:
        validate(document)
    except OpenAPIValidationError as failure:
        place = "/".join(str(step) for step in getattr(failure, "absolute_path", ()))
        raise BrokenSpec(f"/{place} is not valid: {failure}") from failure


def _item(name: str, item: dict[str, Any], root: Path, schemas: str, file_of: Callable[[str], str]) -> dict[str, Any]:
    file = root.parent / file_of(name)
    if item != {"$ref": file_of(name)}:
        raise BrokenSpec(f"{root.name} has to list {name} as {{$ref: {file_of(name)}}}.")
    return _inside(spec_files.read(file), file, root, schemas)


def path_file(path: str) -> str:
    """Return the file of a path: /shops/{shopID}/refunds -> paths/shops.shopID.refunds.yaml."""
    return "paths/" + path.strip("/").replace("/", ".").replace("{", "").replace("}", "") + ".yaml"


def webhook_file(name: str) -> str:
    """Return the file of a webhook: payment.captured -> webhooks/payment.captured.yaml."""
    return f"webhooks/{name}.yaml"


ITEMS = {"paths": path_file, "webhooks": webhook_file}


def _inside(node: Any, file: Path, root: Path, schemas: str) -> Any:
    """Copy `node` of `file` with references to other files turned into references inside the joined document."""
    if isinstance(node, list):
        return [_inside(member, file, root, schemas) for member in node]
    if not isinstance(node, dict):
        return node
    copy = {key: _inside(value, file, root, schemas) for key, value in node.items()}
    reference = copy.get("$ref")
    if isinstance(reference, str) and not reference.startswith(tuple(f"{part}/" for part in ITEMS)):
        copy["$ref"] = _reference_inside(reference, file, root, schemas)
    return copy


def _reference_inside(reference: str, file: Path, root: Path, schemas: str) -> str:
    name, _, fragment = reference.partition("#")
    target = (file.parent / name).resolve() if name else file.resolve()
    if target == root.resolve():
        return f"#{fragment}"
    if target.parent == (root.parent / "definitions").resolve() and target.suffix == ".yaml":
        return f"{schemas}{target.stem}{fragment}"
    raise BrokenSpec(f"{file} refers to {reference}, which is neither in {root.name} nor a file of definitions/.")


def _refuse_unlisted(part: str, source: dict[str, Any], root: Path, file_of: Callable[[str], str]) -> None:
    listed = {file_of(name) for name in source.get(part, {})}
    for file in sorted((root.parent / part).glob("*.yaml")):
        if f"{part}/{file.name}" not in listed:
            raise BrokenSpec(f"{part}/{file.name} belongs to nothing in {root.name}: list it there or remove the file.")


def _refuse_dangling(node: Any, document: dict[str, Any], place: str) -> None:
    members = enumerate(node) if isinstance(node, list) else node.items() if isinstance(node, dict) else ()
    for key, value in members:
        if key == "$ref" and isinstance(value, str) and not _leads_somewhere(value, document):
            raise BrokenSpec(f"{place or '/'} refers to {value}, which is not there.")
        _refuse_dangling(value, document, f"{place}/{str(key).replace('~', '~0').replace('/', '~1')}")


def _leads_somewhere(reference: str, document: dict[str, Any]) -> bool:
    steps = [step.replace("~1", "/").replace("~0", "~") for step in reference.removeprefix("#/").split("/")]
    try:
        reduce(lambda node, step: node[step], steps, document)
    except (KeyError, TypeError):
        return False
    return True


def versions(specs: Path) -> dict[str, Path]:
    """Return the bundled file of every version that versions.toml lists."""
    rows = tomllib.loads((specs / "versions.toml").read_text(encoding="utf-8"))
    return {name: specs / row["spec"] for name, row in rows.items()}


def _bundle_one(name: str, target: Path, check: bool) -> str:
    document = bundle(target.parent / "openapi.yaml")
    refuse_invalid(document)
    text = text_of(document)
    operations = sum(method in item for item in document["paths"].values() for method in METHODS)
    size = f"{operations} operations, {len(schemas_of(document))} definitions"
    if target.exists() and target.read_text(encoding="utf-8") == text:
        return f"{name}: {target.name} is up to date ({size})."
    if check:
        raise BrokenSpec(f"{target.name} is stale. Run: python -m tools.bundle_specs {name}")
    target.write_text(text, encoding="utf-8")
    return f"{name}: {target.name} written ({size})."


def main(arguments: Sequence[str] | None = None, specs: Path = SPECS) -> int:
    """Run the command; return 0, or 1 when a specification is broken or (with --check) stale."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.bundle_specs",
        description="Join the files of each version's specification into its bundled.json, and check that it is valid.",
    )
    parser.add_argument(
        "versions", nargs="*", metavar="VERSION", help="a version of specs/versions.toml; all by default"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a bundled.json is stale")
    chosen = parser.parse_args(arguments)
    known = versions(specs)
    for unknown in sorted(set(chosen.versions) - set(known)):
        parser.error(f"there is no version {unknown} in versions.toml; it lists {', '.join(known)}")
    failed = False
    for name in chosen.versions or known:
        try:
            print(_bundle_one(name, known[name], chosen.check))
        except (BrokenSpec, spec_files.UnreadableFile) as failure:
            print(f"{name}: {failure}", file=sys.stderr)
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
