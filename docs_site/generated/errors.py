"""The catalogue of errors: for each version, every code that it can answer, when, and what to do.

Codes that a spec lists come with the spec's own words. A version that answers problems (RFC 9457) has an explained
page for each code: docs_site.problems.
"""

import re
from collections.abc import Iterator
from typing import Any

from docs_site.operations import resolved
from docs_site.problems import problems
from docs_site.site import Site, VersionDocs

SAID = re.compile(r"^\s*[-*] `([A-Za-z0-9_-]+)`: (.+(?:\n(?!\s*[-*] ).+)*)", re.MULTILINE)
DEPTH_MAX = 6


def markdown(site: Site) -> str:
    """A section for each version, youngest first."""
    return "\n\n".join(_section(docs) for docs in reversed(site.versions))


def codes(docs: VersionDocs) -> dict[str, tuple[str, set[str], set[str]]]:
    """Code -> (what the spec says of it, statuses, operationIds)."""
    found: dict[str, tuple[str, set[str], set[str]]] = {}
    for operation in docs.operations:
        node = docs.spec["paths"][operation.path][operation.method.lower()]
        for status, answer in node["responses"].items():
            for code, words in _codes_of(docs.spec, resolved(docs.spec, answer)):
                said, statuses, operations = found.setdefault(code, (words, set(), set()))
                statuses.add(str(status))
                operations.add(operation.operation_id)
                if words and not said:
                    found[code] = (words, statuses, operations)
    return found


def _section(docs: VersionDocs) -> str:
    return _problems(docs) if docs.answers_problems else _codes(docs)


def _problems(docs: VersionDocs) -> str:
    rows = "\n".join(
        f"| [`{code}`](/problems/{code}/) | {said.status} | {said.when} | {said.do} |"
        for code, said in sorted(problems().items())
    )
    return f"## {docs.name}\n\n| code | status | when | what to do |\n| --- | --- | --- | --- |\n{rows}"


def _codes(docs: VersionDocs) -> str:
    rows = "\n".join(
        f'| <span id="{docs.name}-{code}">`{code}`</span> | {", ".join(sorted(statuses))} | {words} | {_where(where)} |'
        for code, (words, statuses, where) in sorted(codes(docs).items())
    )
    return f"## {docs.name}\n\n| code | status | when, and what to do | operations |\n| --- | --- | --- | --- |\n{rows}"


def _where(operations: set[str]) -> str:
    named = sorted(operations)
    return ", ".join(named) if len(named) <= 4 else f"{', '.join(named[:3])} and {len(named) - 3} more"


def _codes_of(spec: Any, answer: Any) -> Iterator[tuple[str, str]]:
    schemas = (
        [answer["schema"]]
        if "schema" in answer
        else [each.get("schema", {}) for each in answer.get("content", {}).values()]
    )
    for schema in schemas:
        for node in _nodes(spec, schema, 0):
            code = node.get("properties", {}).get("code")
            if code is not None:
                code = resolved(spec, code)
                said = {name: " ".join(words.split()) for name, words in SAID.findall(code.get("description", ""))}
                for value in code.get("enum", said):
                    yield value, said.get(value, "")


def _nodes(spec: Any, schema: Any, depth: int) -> Iterator[Any]:
    schema = resolved(spec, schema)
    yield schema
    if depth < DEPTH_MAX:
        for key in ("allOf", "oneOf", "anyOf"):
            for part in schema.get(key, ()):
                yield from _nodes(spec, part, depth + 1)
