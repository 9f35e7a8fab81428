"""Read Swagger 2.0 into the form that is compared.

Where the specification is served (host, schemes) is no part of it: the same program runs at many addresses. What the
paths hang under (basePath) is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tools.spec_comparison.document import (
    Body,
    Document,
    Fragment,
    NotComparable,
    Operation,
    Parameter,
    Place,
    Response,
    pointer_step,
)

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_NOT_SCHEMA = {"name", "in", "required", "description", "allowEmptyValue", "schema"}


def read(raw: Mapping[str, Any], below_base_path: bool = False) -> Document:
    """Return the document in the form that is compared, optionally with paths below basePath. Raises NotComparable."""
    document = Document(raw, "/definitions")
    prefix = "" if below_base_path else raw.get("basePath", "").rstrip("/")
    for path, item in raw["paths"].items():
        for method in METHODS:
            if method in item:
                operation = _operation(document, path, method, item, prefix)
                if operation.key in document.operations:
                    raise NotComparable(f"{method.upper()} {path} stands twice, under different parameter names.")
                document.operations[operation.key] = operation
    return document


def _operation(document: Document, path: str, method: str, item: Mapping[str, Any], prefix: str) -> Operation:
    raw = document.raw
    here = f"/paths/{pointer_step(path)}"
    written = item[method]
    parameters = _parameters(
        document,
        [
            (f"{here}/parameters", item.get("parameters", ())),
            (f"{here}/{method}/parameters", written.get("parameters", ())),
        ],
    )
    produces = tuple(written.get("produces", raw.get("produces", ())))
    return Operation(
        pointer=f"{here}/{method}",
        operation_id=written.get("operationId", f"{method} {path}"),
        method=method,
        path=prefix + path,
        tags=tuple(written.get("tags", ())),
        deprecated=bool(written.get("deprecated", False)),
        parameters=tuple(_parameter(parameter) for parameter in parameters if parameter.raw["in"] != "body"),
        body=_body(parameters, written.get("consumes", raw.get("consumes", ()))),
        responses=dict(_responses(document, f"{here}/{method}/responses", written["responses"], produces)),
        produces=frozenset(produces),
        security=_security(raw, written.get("security", raw.get("security", ()))),
    )


def _parameters(document: Document, lists: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]) -> list[Fragment]:
    """Return the parameters of the path and of the operation; one of the operation replaces its namesake in place."""
    found: dict[tuple[str, str], Fragment] = {}
    for pointer, written in lists:
        for index, entry in enumerate(written):
            fragment = _resolved(document, Fragment(f"{pointer}/{index}", entry))
            found[fragment.raw["in"], fragment.raw["name"]] = fragment
    return list(found.values())


def _resolved(document: Document, fragment: Fragment) -> Fragment:
    return document.resolve(fragment.raw["$ref"]) if "$ref" in fragment.raw else fragment


def _parameter(fragment: Fragment) -> Parameter:
    raw = fragment.raw
    schema = {keyword: value for keyword, value in raw.items() if keyword not in _NOT_SCHEMA}
    return Parameter(
        fragment.pointer,
        raw["name"],
        raw["in"],
        bool(raw.get("required", False)),
        (Fragment(fragment.pointer, schema),),
        bool(raw.get("allowEmptyValue", False)),
    )


def _body(parameters: Sequence[Fragment], consumes: Sequence[str]) -> Body | None:
    for parameter in parameters:
        if parameter.raw["in"] == "body":
            schema = parameter.raw["schema"]
            place = (Fragment(f"{parameter.pointer}/schema", schema),)
            return Body(
                parameter.pointer,
                bool(parameter.raw.get("required", False)),
                dict.fromkeys(consumes or ("*/*",), place),
                parameter.raw["name"],
                _last_step(schema.get("$ref", "")),
            )
    return None


def _last_step(reference: str) -> str:
    return reference.rpartition("/")[2]


def _responses(
    document: Document, pointer: str, written: Mapping[str, Any], produces: Sequence[str]
) -> Iterator[tuple[str, Response]]:
    for status, entry in written.items():
        if status.startswith("x-"):
            continue
        fragment = _resolved(document, Fragment(f"{pointer}/{pointer_step(status)}", entry))
        content: dict[str, Place] = {}
        if "schema" in fragment.raw:
            content = dict.fromkeys(
                produces or ("*/*",), (Fragment(f"{fragment.pointer}/schema", fragment.raw["schema"]),)
            )
        headers = {
            name.lower(): (Fragment(f"{fragment.pointer}/headers/{pointer_step(name)}", header),)
            for name, header in fragment.raw.get("headers", {}).items()
        }
        yield status, Response(fragment.pointer, content, headers)


def _security(raw: Mapping[str, Any], alternatives: Sequence[Mapping[str, Sequence[str]]]) -> frozenset[frozenset[str]]:
    """Return the alternatives with each scheme written out, so that renaming a scheme is no difference."""
    schemes = raw.get("securityDefinitions", {})
    return frozenset(
        frozenset(_demand(schemes[name], scopes) for name, scopes in alternative.items())
        for alternative in alternatives
    )


def _demand(scheme: Mapping[str, Any], scopes: Sequence[str]) -> str:
    facts = [
        str(scheme[fact]) for fact in ("type", "in", "name", "flow", "authorizationUrl", "tokenUrl") if fact in scheme
    ]
    return " ".join(facts + [f"scope={scope}" for scope in sorted(scopes)])
