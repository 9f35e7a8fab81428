"""The published specification of v2: complete, in step with its files, useful to read, and equal to the contract."""

from __future__ import annotations

import base64
import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tools import bundle_specs, compare_specs, spec_files
from tools.spec_comparison import swagger2
from tools.spec_comparison.operations import compare

REPOSITORY = Path(__file__).resolve().parents[2]
SPECS = REPOSITORY / "specs"
BUNDLED = SPECS / "v2/bundled.json"
SPEC = spec_files.read(BUNDLED)
OPERATIONS = {operation["operationId"]: operation for item in SPEC["paths"].values() for operation in item.values()}
TAGS = {
    "Invoices": 8, "InvoiceTemplates": 6, "Payments": 12, "Tokens": 1, "Webhooks": 4, "Shops": 8, "Parties": 6,
    "Categories": 2, "Countries": 2, "TradeBlocs": 2, "Search": 3,
}  # fmt: skip


def contract() -> Path:
    """Return the file of the wire contract; skip where the machine does not have it."""
    file = Path(os.environ.get("CAPI_CONTRACTS", REPOSITORY / "../shared/contracts")) / "v2.json"
    if not file.exists():
        pytest.skip(f"the wire contract is not here: {file} (its folder is named by CAPI_CONTRACTS)")
    return file


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    _, kind, name = node["$ref"].split("/")
    return SPEC[kind][name]


def test_the_bundle_is_in_step_with_its_files_and_valid(capsys):
    assert bundle_specs.main(["v2", "--check"]) == 0, capsys.readouterr().err


def test_every_operation_of_the_contract_equals_ours_on_the_wire():
    base, other = compare_specs.load(contract()), compare_specs.load(BUNDLED)
    assert compare(base, other, lambda operation: operation.key in other.operations) == []


def test_every_operation_of_our_tags_is_there():
    held = {name: sum(name in operation["tags"] for operation in OPERATIONS.values()) for name in TAGS}
    assert (held, len(OPERATIONS)) == (TAGS, 54)


def test_no_operation_of_the_contract_is_left_out_but_the_search_of_payouts():
    wanted = {
        operation["operationId"]
        for item in spec_files.read(contract())["paths"].values()
        for operation in item.values()
        if set(operation["tags"]) & set(TAGS)
    }
    assert wanted - set(OPERATIONS) == {"searchPayouts"}
    assert set(OPERATIONS) - wanted == set()


def test_the_order_in_which_violations_are_reported_is_the_contract_s():
    theirs = {
        operation["operationId"]: operation
        for item in spec_files.read(contract())["paths"].values()
        for operation in item.values()
    }
    for name, operation in OPERATIONS.items():
        assert [entry.get("$ref", entry.get("name")) for entry in operation["parameters"]] == [
            entry.get("$ref", entry.get("name")) for entry in theirs[name]["parameters"]
        ]


def test_no_demand_of_the_specification_can_be_dropped_unseen():
    """Drop every eighth demand in turn; the comparison has to notice each time."""
    base, changed = swagger2.read(SPEC), spec_files.read(BUNDLED)
    places = demands(changed["definitions"])
    assert len(places) > 300
    for holder, keyword in places[::8]:
        value = holder.pop(keyword)
        assert compare(base, swagger2.read(changed)), (holder, keyword)
        holder[keyword] = value


def demands(node: Any) -> list[tuple[dict[str, Any], str]]:
    """Return every schema keyword that limits a value, with the object that holds it."""
    if isinstance(node, list):
        return [place for member in node for place in demands(member)]
    if not isinstance(node, dict):
        return []
    limits = ("format", "enum", "pattern", "minLength", "maxLength", "minimum", "minItems", "required", "discriminator")
    own = [(node, keyword) for keyword in limits if keyword in node and not isinstance(node[keyword], dict)]
    return own + [place for key, value in node.items() if key != "example" for place in demands(value)]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_says_what_it_does(name):
    operation = OPERATIONS[name]
    assert operation["tags"] and set(operation["tags"]) <= {tag["name"] for tag in SPEC["tags"]}
    assert 5 < len(operation["summary"]) < 60 and not operation["summary"].endswith(".")
    assert len(operation["description"]) > 30 and operation["description"].strip().endswith(".")


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_400_of_an_operation_lists_its_codes_and_says_what_each_means(name):
    refused = resolved(OPERATIONS[name]["responses"]["400"])
    code = resolved(refused["schema"])["properties"]["code"]
    assert {"invalidRequest", "invalidDeadline"} <= set(code["enum"])
    explained = re.findall(r"^- `(\w+)`: .+", code["description"], flags=re.MULTILINE)
    assert explained == code["enum"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_parameter_and_answer_is_described(name):
    for parameter in map(resolved, OPERATIONS[name]["parameters"]):
        assert parameter.get("description"), parameter["name"]
    for status, response in OPERATIONS[name]["responses"].items():
        assert resolved(response)["description"], status


def undescribed(schema: dict[str, Any], place: str) -> list[str]:
    """Return the properties that no words go with; a reference is described where it leads."""
    found = []
    for name, inner in schema.get("properties", {}).items():
        if "$ref" not in inner and not inner.get("description"):
            found.append(f"{place}.{name}")
        found += undescribed(inner, f"{place}.{name}")
    for member in [*schema.get("allOf", ()), *([schema["items"]] if "items" in schema else [])]:
        found += undescribed(member, place)
    return found


def test_every_definition_and_property_is_described():
    assert [name for name, schema in SPEC["definitions"].items() if not schema.get("description")] == []
    assert [place for name, schema in SPEC["definitions"].items() for place in undescribed(schema, name)] == []


def test_every_tag_is_described_and_used():
    assert [tag["name"] for tag in SPEC["tags"] if not tag.get("description")] == []
    assert {tag["name"] for tag in SPEC["tags"]} == {
        tag for operation in OPERATIONS.values() for tag in operation["tags"]
    }


def test_every_definition_is_reached_from_an_operation():
    document = swagger2.read(SPEC)
    reached: set[str] = set()
    waiting: list[Any] = [SPEC["paths"], SPEC["parameters"], SPEC["responses"]]
    while waiting:
        node = waiting.pop()
        name = document.schema_name(str(node.get("$ref", "")).removeprefix("#")) if isinstance(node, dict) else None
        if name and name not in reached:
            reached.add(name)
            waiting += [SPEC["definitions"][name], *(part.raw for part in document.concrete(name).values())]
            reached |= set(document.concrete(name))
        waiting += node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    assert set(SPEC["definitions"]) - reached == set()


def test_the_private_keyword_for_joining_is_not_used():
    assert "x-merge-properties" not in BUNDLED.read_text(encoding="utf-8")


def test_every_version_is_listed_with_what_its_spec_says():
    rows = tomllib.loads((SPECS / "versions.toml").read_text(encoding="utf-8"))
    for row in rows.values():
        assert spec_files.read(SPECS / row["spec"])["basePath"] == row["base_path"]
        assert row["status"] in ("live", "deprecated", "retired")
        assert ("deprecated" in row and "sunset" in row) == (row["status"] != "live")
    ports = [row[key] for row in rows.values() for key in ("port", "tokens_port")]
    assert len(set(ports)) == len(ports)


def test_every_key_of_versions_toml_is_explained():
    text = (SPECS / "versions.toml").read_text(encoding="utf-8")
    explained = set(re.findall(r"^# (\w+)  +\S", text, flags=re.MULTILINE))
    assert {key for row in tomllib.loads(text).values() for key in row} <= explained


def test_the_signature_check_of_the_introduction_works():
    code = re.search(r"```python\n(.*?)```", SPEC["info"]["description"], flags=re.DOTALL)
    scope: dict[str, Any] = {}
    exec(code[1], scope)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    body = b'{"eventID":1}'
    digest = base64.urlsafe_b64encode(key.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()
    public = base64.b64encode(
        key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).decode()
    scope["check"](body, f"alg=RS256; digest={digest}", public)
    with pytest.raises(InvalidSignature):
        scope["check"](body + b" ", f"alg=RS256; digest={digest}", public)
    with pytest.raises(ValueError, match="RS256"):
        scope["check"](body, f"alg=none; digest={digest}", public)
