"""The published specifications of v1 and v2: complete, in step with their files, useful, equal to the contracts."""

from __future__ import annotations

import base64
import os
import re
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
BUNDLED = {name: SPECS / name / "bundled.json" for name in ("v1", "v2")}
SPEC = {name: spec_files.read(file) for name, file in BUNDLED.items()}
TAGS = {
    "v1": {
        "Invoices": 7, "InvoiceTemplates": 6, "Payments": 8, "Tokens": 1, "Webhooks": 4, "Shops": 4, "Parties": 3,
        "Categories": 2, "Search": 2,
    },
    "v2": {
        "Invoices": 8, "InvoiceTemplates": 6, "Payments": 12, "Tokens": 1, "Webhooks": 4, "Shops": 8, "Parties": 6,
        "Categories": 2, "Countries": 2, "TradeBlocs": 2, "Search": 3,
    },
}  # fmt: skip


def operations_of(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {operation["operationId"]: operation for item in spec["paths"].values() for operation in item.values()}


OPERATIONS = {name: operations_of(spec) for name, spec in SPEC.items()}
each_version = pytest.mark.parametrize("version", SPEC)
each_operation = pytest.mark.parametrize(
    ("version", "name"), [(version, name) for version, operations in OPERATIONS.items() for name in operations]
)


def contract(version: str) -> Path:
    """Return the file of the wire contract; skip where the machine does not have it."""
    file = Path(os.environ.get("CAPI_CONTRACTS", REPOSITORY / "../shared/contracts")) / f"{version}.json"
    if not file.exists():
        pytest.skip(f"the wire contract is not here: {file} (its folder is named by CAPI_CONTRACTS)")
    return file


def resolved(version: str, node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    _, kind, name = node["$ref"].split("/")
    return SPEC[version][kind][name]


@each_version
def test_the_bundle_is_in_step_with_its_files_and_valid(capsys, version):
    assert bundle_specs.main([version, "--check"]) == 0, capsys.readouterr().err


@each_version
def test_every_operation_of_the_contract_equals_ours_on_the_wire(version):
    base, other = compare_specs.load(contract(version)), compare_specs.load(BUNDLED[version])
    assert compare(base, other, lambda operation: operation.key in other.operations) == []


@each_version
def test_every_operation_of_our_tags_is_there(version):
    operations, tags = OPERATIONS[version].values(), TAGS[version]
    held = {name: sum(name in operation["tags"] for operation in operations) for name in tags}
    assert (held, len(operations)) == (tags, sum(tags.values()))


@each_version
def test_no_operation_of_the_contract_is_left_out_but_the_search_of_payouts(version):
    theirs = operations_of(spec_files.read(contract(version)))
    wanted = {name for name, operation in theirs.items() if set(operation["tags"]) & set(TAGS[version])}
    assert wanted - set(OPERATIONS[version]) == {"searchPayouts"}
    assert set(OPERATIONS[version]) - wanted == set()


def test_v1_serves_whatever_v2_serves_of_its_contract():
    theirs = operations_of(spec_files.read(contract("v1")))
    assert set(OPERATIONS["v1"]) == set(theirs) & set(OPERATIONS["v2"])


@each_version
def test_the_order_in_which_violations_are_reported_is_the_contract_s(version):
    theirs = operations_of(spec_files.read(contract(version)))
    for name, operation in OPERATIONS[version].items():
        assert [entry.get("$ref", entry.get("name")) for entry in operation["parameters"]] == [
            entry.get("$ref", entry.get("name")) for entry in theirs[name]["parameters"]
        ]


@each_version
def test_no_demand_of_the_specification_can_be_dropped_unseen(version):
    """Drop every eighth demand in turn; the comparison has to notice each time."""
    base, changed = swagger2.read(SPEC[version]), spec_files.read(BUNDLED[version])
    places = demands(changed["definitions"])
    assert len(places) > 200
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


@each_operation
def test_every_operation_says_what_it_does(version, name):
    operation = OPERATIONS[version][name]
    assert operation["tags"] and set(operation["tags"]) <= {tag["name"] for tag in SPEC[version]["tags"]}
    assert 5 < len(operation["summary"]) < 60 and not operation["summary"].endswith(".")
    assert len(operation["description"]) > 30 and operation["description"].strip().endswith(".")


@each_operation
def test_every_400_of_an_operation_lists_its_codes_and_says_what_each_means(version, name):
    """v1's contract lists a 400 for some operations only, and v2's for all."""
    responses = OPERATIONS[version][name]["responses"]
    if "400" not in responses:
        assert version == "v1"
        return
    code = resolved(version, resolved(version, responses["400"])["schema"])["properties"]["code"]
    assert version == "v1" or {"invalidRequest", "invalidDeadline"} <= set(code["enum"])
    explained = re.findall(r"^- `(\w+)`: .+", code["description"], flags=re.MULTILINE)
    assert explained == code["enum"]


@each_operation
def test_every_parameter_and_answer_is_described(version, name):
    operation = OPERATIONS[version][name]
    for parameter in operation["parameters"]:
        assert resolved(version, parameter).get("description"), parameter
    for status, response in operation["responses"].items():
        assert resolved(version, response)["description"], status


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


@each_version
def test_every_definition_and_property_is_described(version):
    definitions = SPEC[version]["definitions"]
    assert [name for name, schema in definitions.items() if not schema.get("description")] == []
    assert [place for name, schema in definitions.items() for place in undescribed(schema, name)] == []


@each_version
def test_every_tag_is_described_and_used(version):
    tags = SPEC[version]["tags"]
    assert [tag["name"] for tag in tags if not tag.get("description")] == []
    assert {tag["name"] for tag in tags} == {
        tag for operation in OPERATIONS[version].values() for tag in operation["tags"]
    }


@each_version
def test_every_definition_is_reached_from_an_operation(version):
    spec = SPEC[version]
    document = swagger2.read(spec)
    reached: set[str] = set()
    waiting: list[Any] = [spec["paths"], spec["parameters"], spec["responses"]]
    while waiting:
        node = waiting.pop()
        name = document.schema_name(str(node.get("$ref", "")).removeprefix("#")) if isinstance(node, dict) else None
        if name and name not in reached:
            reached.add(name)
            waiting += [spec["definitions"][name], *(part.raw for part in document.concrete(name).values())]
            reached |= set(document.concrete(name))
        waiting += node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    assert set(spec["definitions"]) - reached == set()


@each_version
def test_every_shared_parameter_and_answer_is_used(version):
    text = str(SPEC[version]["paths"])
    for kind in ("parameters", "responses"):
        assert [name for name in SPEC[version][kind] if f"#/{kind}/{name}" not in text] == []


@each_version
def test_the_private_keyword_for_joining_is_not_used(version):
    assert "x-merge-properties" not in BUNDLED[version].read_text(encoding="utf-8")


@each_version
def test_the_signature_check_of_the_introduction_works(version):
    code = re.search(r"```python\n(.*?)```", SPEC[version]["info"]["description"], flags=re.DOTALL)
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
