"""A published spec as the reference page reads it: with samples, the gateway's address and our prose about samples.

Only additions that the specification allows as extensions; the document to download is the published one itself.
"""

import copy
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import yaml

from docs_site.samples.languages import LANGUAGES
from docs_site.samples.request import sample_request
from docs_site.site import VersionDocs

EXAMPLES_KEY = "x-codeSamples"


def with_samples(docs: VersionDocs) -> dict[str, Any]:
    """The spec with samples at every operation."""
    spec = copy.deepcopy(dict(docs.spec))
    for operation in docs.operations:
        node = spec["paths"][operation.path][operation.method.lower()]
        node[EXAMPLES_KEY] = samples_of(docs, operation.operation_id)
    return addressed(spec, docs.url)


def samples_of(docs: VersionDocs, operation_id: str) -> list[dict[str, str]]:
    """[{lang, label, source}], one a language, as reference renderers expect them."""
    operation = next(each for each in docs.operations if each.operation_id == operation_id)
    request = sample_request(docs.name, docs.version.base_path, operation)
    return [
        {"lang": language, "label": label, "source": write(request)} for label, (language, write) in LANGUAGES.items()
    ]


def addressed(spec: dict[str, Any], url: str) -> dict[str, Any]:
    """The spec with the address of a running gateway, in the words of its format."""
    scheme, _, host = url.partition("://")
    if "swagger" in spec:
        return {**spec, "host": host, "schemes": [scheme]}
    base = next((server["url"] for server in spec.get("servers", ())), "")
    path = base.partition("://")[2].partition("/")[2] if "://" in base else base.strip("/")
    return {**spec, "servers": [{"url": f"{url}/{path}".rstrip("/")}]}


def as_json(spec: Mapping[str, Any]) -> str:
    return json.dumps(spec, ensure_ascii=False, indent=1)


@lru_cache(maxsize=8)
def as_yaml(text: str) -> str:
    """The same document in YAML, from its JSON text."""
    return yaml.dump(json.loads(text), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=110)
