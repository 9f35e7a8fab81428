"""What programs read: llms.txt, Markdown twins, the search index, Postman collections, security.txt (RFC 9116)."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

from docs_site.operations import Operation
from docs_site.reference import samples_of
from docs_site.samples.request import SampleRequest, Text, Variable, sample_request
from docs_site.site import Site, VersionDocs
from settings.clock import system_clock

SECURITY = """\
# Where to tell of a hole in this installation.
Contact: {contact}
Preferred-Languages: en
Expires: {expires}
"""
TAGS = re.compile(r"[`*_#>|]")
WORDS_MAX = 60
VALID_FOR = timedelta(days=180)


def llms_txt(site: Site) -> str:
    """The map of the documentation for language models (llmstxt.org)."""
    guides = "\n".join(f"- [{each.title}](/guides/{each.slug}.md): {each.summary}" for each in site.guides)
    references = "\n".join(
        f"- [{docs.name} reference](/{docs.name}/reference.md): {len(docs.operations)} operations, "
        f"{docs.version.status}; [OpenAPI](/{docs.name}/openapi.json)"
        for docs in reversed(site.versions)
    )
    return (
        "# Common API\n\n> Take payments over a versioned REST API: invoices, payments, refunds, webhooks.\n\n"
        f"## Guides\n\n{guides}\n\n## Reference\n\n{references}\n"
    )


def search_index(site: Site) -> list[dict[str, str]]:
    """[{title, url, kind, words}] of every operation and guide."""
    rows = [
        {"title": each.title, "url": f"/guides/{each.slug}/", "kind": each.section, "words": _plain(each.text)}
        for each in site.guides
    ]
    for docs in reversed(site.versions):
        for operation in docs.operations:
            rows.append(
                {
                    "title": operation.summary,
                    "url": f"/{docs.name}/#{anchor(operation)}",
                    "kind": f"{docs.name} {operation.operation_id}",
                    "words": f"{operation.method} {docs.version.base_path}{operation.path} {operation.tag}",
                }
            )
    return rows


def anchor(operation: Operation) -> str:
    """Where the reference page shows an operation."""
    return f"tag/{operation.tag}/operation/{operation.operation_id}"


def reference_markdown(docs: VersionDocs) -> str:
    """The reference as one Markdown text."""
    parts = [f"# {docs.spec['info']['title']}, {docs.name}", docs.spec["info"].get("description", "")]
    for operation in docs.operations:
        sample = samples_of(docs, operation.operation_id)[0]["source"]
        parts.append(
            f"## {operation.summary}\n\n`{operation.method} {docs.version.base_path}{operation.path}` "
            f"(`{operation.operation_id}`)\n\n{operation.description}\n\n```sh\n{sample}```"
        )
    return "\n\n".join(parts) + "\n"


def postman(docs: VersionDocs) -> dict[str, Any]:
    """A collection of format 2.1, which Postman, Bruno and others import: a folder a tag, variables for the rest."""
    folders: dict[str, list[dict[str, Any]]] = {}
    names: set[str] = set()
    for operation in docs.operations:
        request = sample_request(docs.name, docs.version.base_path, operation)
        names |= variables_of(request)
        folders.setdefault(operation.tag, []).append({"name": operation.summary, "request": _postman_request(request)})
    known = {"CAPI": docs.url, "CAPI_CARDS": docs.cards_url}
    return {
        "info": {
            "name": f"Common API {docs.name}",
            "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
        },
        "item": [{"name": tag, "item": items} for tag, items in folders.items()],
        "variable": [{"key": name, "value": known.get(name, "")} for name in sorted(names)],
    }


def variables_of(request: SampleRequest) -> set[str]:
    """Names of everything that the request takes from the reader's environment."""
    texts = [request.url, *(value for _, value in request.headers)]
    found = {part.name for text in texts for part in text if isinstance(part, Variable)}
    return found | set(_variables_in(request.body))


def security_txt(contact: str, now: datetime | None = None) -> str:
    """`contact`: a URI. Good for half a year from the moment it is asked for."""
    expires = (now or system_clock()) + VALID_FOR
    return SECURITY.format(contact=contact, expires=expires.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _postman_request(request: SampleRequest) -> dict[str, Any]:
    said: dict[str, Any] = {
        "method": request.method,
        "url": _braced(request.url),
        "header": [{"key": name, "value": _braced(value)} for name, value in request.headers],
    }
    if request.body is not None:
        text = json.dumps(_with_braces(request.body), ensure_ascii=False, indent=2)
        said["body"] = {"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}}
    return said


def _braced(text: Text) -> str:
    return "".join(f"{{{{{part.name}}}}}" if isinstance(part, Variable) else part for part in text)


def _with_braces(value: Any) -> Any:
    if isinstance(value, Variable):
        return _braced((value,))
    if isinstance(value, dict):
        return {name: _with_braces(part) for name, part in value.items()}
    return [_with_braces(part) for part in value] if isinstance(value, list) else value


def _variables_in(value: Any) -> list[str]:
    if isinstance(value, Variable):
        return [value.name]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [name for part in parts for name in _variables_in(part)]


def _plain(text: str) -> str:
    return " ".join(TAGS.sub(" ", text).split()[:WORDS_MAX])
