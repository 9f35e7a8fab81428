"""Read OpenAPI 3.1 into the form that is compared.

Read are operations, their parameters, bodies, answers and security, and the webhooks as operations of their own: what
we send there is an answer to whoever receives it. Links, examples and servers' hosts are no part of what is compared;
what the paths hang under (the path of the first server) is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

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

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
SCHEMAS = "/components/schemas"
STYLES = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
"""The style of a parameter that says none."""

SPELLED = {("form", True): "multi", ("form", False): "csv", ("simple", False): "csv", ("simple", True): "csv"}
"""(style, explode) of a list -> the word of Swagger 2.0 for the same bytes."""


def read(raw: Mapping[str, Any], below_base_path: bool = False) -> Document:
    """Return the document in the form that is compared, optionally with paths below the server's.

    Raises NotComparable.
    """
    document = Document(raw, SCHEMAS, siblings_count=True)
    servers = raw.get("servers", ())
    prefix = "" if below_base_path or not servers else urlsplit(servers[0]["url"]).path.rstrip("/")
    for path, item in raw.get("paths", {}).items():
        _add(document, f"/paths/{pointer_step(path)}", prefix + path, item)
    for name, item in raw.get("webhooks", {}).items():
        _add(document, f"/webhooks/{pointer_step(name)}", f"webhook {name}", item, is_webhook=True)
    return document


def _add(document: Document, here: str, path: str, item: Mapping[str, Any], is_webhook: bool = False) -> None:
    for method in METHODS:
        if method in item:
            operation = _operation(document, here, path, method, item)
            if is_webhook:
                operation = _turned(operation)
            if operation.key in document.operations:
                raise NotComparable(f"{method.upper()} {path} stands twice, under different parameter names.")
            document.operations[operation.key] = operation


def _operation(document: Document, here: str, path: str, method: str, item: Mapping[str, Any]) -> Operation:
    written = item[method]
    parameters = _parameters(
        document,
        [
            (f"{here}/parameters", item.get("parameters", ())),
            (f"{here}/{method}/parameters", written.get("parameters", ())),
        ],
    )
    responses = dict(_responses(document, f"{here}/{method}/responses", written.get("responses", {})))
    return Operation(
        pointer=f"{here}/{method}",
        operation_id=written.get("operationId", f"{method} {path}"),
        method=method,
        path=path,
        tags=tuple(written.get("tags", ())),
        deprecated=bool(written.get("deprecated", False)),
        parameters=tuple(_parameter(fragment) for fragment in parameters),
        body=_body(document, f"{here}/{method}/requestBody", written.get("requestBody")),
        responses=responses,
        produces=frozenset(media for response in responses.values() for media in response.content),
        security=_security(document.raw, written.get("security", document.raw.get("security", ()))),
    )


def _turned(operation: Operation) -> Operation:
    """A webhook: its body is what we answer with, so a change of it is judged as one of an answer."""
    body = operation.body
    said = {"message": Response(body.pointer, body.content, {})} if body else {}
    return Operation(
        pointer=operation.pointer,
        operation_id=operation.operation_id,
        method=operation.method,
        path=operation.path,
        tags=operation.tags,
        deprecated=operation.deprecated,
        parameters=(),
        body=None,
        responses=said,
        produces=frozenset(body.content if body else ()),
        security=frozenset(),
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
    if "content" in raw:
        raise NotComparable(
            f"{fragment.pointer}/content: a parameter described by a media type is not understood here."
        )
    place = [Fragment(f"{fragment.pointer}/schema", raw.get("schema", {}))]
    style = raw.get("style", STYLES[raw["in"]])
    spelling = SPELLED.get((style, raw.get("explode", style == "form")), style)
    if spelling != "csv" and place[0].raw.get("type") == "array":
        place.append(Fragment(fragment.pointer, {"collectionFormat": spelling}))
    return Parameter(
        fragment.pointer,
        raw["name"],
        raw["in"],
        bool(raw.get("required", False)),
        tuple(place),
        bool(raw.get("allowEmptyValue", False)),
    )


def _body(document: Document, pointer: str, written: Mapping[str, Any] | None) -> Body | None:
    if written is None:
        return None
    fragment = _resolved(document, Fragment(pointer, written))
    content = _content(fragment)
    return Body(fragment.pointer, bool(fragment.raw.get("required", False)), content)


def _content(fragment: Fragment) -> dict[str, Place]:
    return {
        media: (Fragment(f"{fragment.pointer}/content/{pointer_step(media)}/schema", described.get("schema", {})),)
        for media, described in fragment.raw.get("content", {}).items()
    }


def _responses(document: Document, pointer: str, written: Mapping[str, Any]) -> Iterator[tuple[str, Response]]:
    for status, entry in written.items():
        if status.startswith("x-"):
            continue
        fragment = _resolved(document, Fragment(f"{pointer}/{pointer_step(status)}", entry))
        headers = {}
        for name, header in fragment.raw.get("headers", {}).items():
            found = _resolved(document, Fragment(f"{fragment.pointer}/headers/{pointer_step(name)}", header))
            headers[name.lower()] = (Fragment(f"{found.pointer}/schema", found.raw.get("schema", {})),)
        yield status, Response(fragment.pointer, _content(fragment), headers)


def _security(raw: Mapping[str, Any], alternatives: Sequence[Mapping[str, Sequence[str]]]) -> frozenset[frozenset[str]]:
    """Return the alternatives with each scheme written out, so that renaming a scheme is no difference."""
    schemes = raw.get("components", {}).get("securitySchemes", {})
    return frozenset(
        frozenset(_demand(schemes[name], scopes) for name, scopes in alternative.items())
        for alternative in alternatives
    )


def _demand(scheme: Mapping[str, Any], scopes: Sequence[str]) -> str:
    facts = [str(scheme[fact]) for fact in ("type", "in", "name", "scheme", "openIdConnectUrl") if fact in scheme]
    return " ".join(facts + [f"scope={scope}" for scope in sorted(scopes)])
