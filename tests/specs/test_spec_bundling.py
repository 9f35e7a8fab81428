"""Joining the files of a specification: only references change, and what cannot be joined is refused in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import bundle_specs, spec_files

VERSIONS = '[v7]\nbase_path = "/v7"\nspec = "v7/bundled.json"\n'
ROOT = """\
swagger: '2.0'
info: {title: Small, version: '1'}
basePath: /v7
parameters:
  requestID: {name: X-Request-ID, in: header, required: true, type: string}
responses:
  Missing: {description: Not there, schema: {$ref: definitions/Problem.yaml}}
paths:
  /things/{thingID}: {$ref: paths/things.thingID.yaml}
"""
PATH = """\
get:
  parameters:
    - {$ref: ../openapi.yaml#/parameters/requestID}
    - {name: thingID, in: path, required: true, type: string}
  responses:
    '200': {description: Found, schema: {$ref: ../definitions/Thing.yaml}}
    '404': {$ref: ../openapi.yaml#/responses/Missing}
"""
THING = "type: object\nproperties: {parts: {type: array, items: {$ref: Thing.yaml}}, why: {$ref: Problem.yaml}}\n"
PROBLEM = "type: object\nrequired: [message]\nproperties: {message: {type: string}}\n"


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    files = {
        "versions.toml": VERSIONS,
        "v7/openapi.yaml": ROOT,
        "v7/paths/things.thingID.yaml": PATH,
        "v7/definitions/Thing.yaml": THING,
        "v7/definitions/Problem.yaml": PROBLEM,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def run(specs: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = bundle_specs.main(arguments, specs)
    captured = capsys.readouterr()
    return status, captured.out + captured.err


def test_references_between_files_become_references_inside_the_document(specs):
    document = bundle_specs.bundle(specs / "v7/openapi.yaml")
    get = document["paths"]["/things/{thingID}"]["get"]
    assert get["parameters"][0] == {"$ref": "#/parameters/requestID"}
    assert get["responses"]["200"]["schema"] == {"$ref": "#/definitions/Thing"}
    assert get["responses"]["404"] == {"$ref": "#/responses/Missing"}
    assert document["responses"]["Missing"]["schema"] == {"$ref": "#/definitions/Problem"}
    assert document["definitions"]["Thing"]["properties"]["parts"]["items"] == {"$ref": "#/definitions/Thing"}
    assert list(document["definitions"]) == ["Problem", "Thing"]


def test_what_was_written_is_up_to_date(specs, capsys):
    assert run(specs, capsys, "v7") == (0, "v7: bundled.json written (1 operations, 2 definitions).\n")
    assert run(specs, capsys, "--check") == (0, "v7: bundled.json is up to date (1 operations, 2 definitions).\n")


def test_a_stale_bundle_fails_the_check_and_says_what_to_run(specs, capsys):
    run(specs, capsys)
    before = (specs / "v7/bundled.json").read_text()
    (specs / "v7/definitions/Problem.yaml").write_text(PROBLEM.replace("string", "integer"))
    status, said = run(specs, capsys, "--check")
    assert (status, "python -m tools.bundle_specs v7" in said) == (1, True)
    assert (specs / "v7/bundled.json").read_text() == before


def test_the_same_files_always_make_the_same_bytes(specs, capsys):
    run(specs, capsys)
    first = (specs / "v7/bundled.json").read_bytes()
    (specs / "v7/bundled.json").unlink()
    run(specs, capsys)
    assert (specs / "v7/bundled.json").read_bytes() == first
    assert first.endswith(b"}\n")


PATHS, THINGS, PROBLEMS = "v7/paths/things.thingID.yaml", "v7/definitions/Thing.yaml", "v7/definitions/Problem.yaml"
ROOTS = "v7/openapi.yaml"
BROKEN = [
    ("a reference to no file", THINGS, THING.replace("Problem.yaml", "Trouble.yaml"), "#/definitions/Trouble"),
    ("a reference out of the folder", THINGS, THING.replace("Problem.yaml", "../../x.yaml"), "../../x.yaml"),
    ("a reference to no parameter", PATHS, PATH.replace("/requestID", "/nobody"), "#/parameters/nobody"),
    ("a file of a path that is not listed", "v7/paths/others.yaml", PATH, "paths/others.yaml"),
    ("a path in a file of another name", ROOTS, ROOT.replace("paths/things", "paths/x"), "paths/things.thingID.yaml"),
    ("a key that stands twice", PROBLEMS, "type: object\ntype: string\n", "stands twice"),
    ("a status without quotes", PATHS, PATH.replace("'200'", "200"), "needs quotes"),
    ("a document that is not Swagger", PROBLEMS, "type: thing\n", "is not valid"),
    ("a file that is no YAML", PROBLEMS, "{", "cannot be understood"),
]


@pytest.mark.parametrize(("file", "text", "said"), [pytest.param(*row[1:], id=row[0]) for row in BROKEN])
def test_what_cannot_be_joined_is_refused_in_a_sentence(specs, capsys, file, text, said):
    (specs / file).write_text(text)
    status, sentence = run(specs, capsys)
    assert (status, said in sentence) == (1, True), sentence
    assert not (specs / "v7/bundled.json").exists()


def test_an_unknown_version_is_refused_with_the_known_ones(specs, capsys):
    with pytest.raises(SystemExit) as ending:
        bundle_specs.main(["v8"], specs)
    assert ending.value.code == 2
    assert "it lists v7" in capsys.readouterr().err


def test_scalars_mean_what_they_mean_in_json(tmp_path):
    file = tmp_path / "scalars.yaml"
    file.write_text("[no, 12:30, 2026-11-22, 0777, true, null, 10, 1.5, <<]")
    assert spec_files.read(file) == ["no", "12:30", "2026-11-22", "0777", True, None, 10, 1.5, "<<"]


def test_a_bundle_is_read_as_json(specs, capsys):
    run(specs, capsys)
    bundled = specs / "v7/bundled.json"
    assert spec_files.read(bundled) == json.loads(bundled.read_text())


MODERN_ROOT = """\
openapi: 3.1.1
info: {title: Small, version: '1'}
servers: [{url: /v7}]
paths:
  /things/{thingID}: {$ref: paths/things.thingID.yaml}
webhooks:
  thing.made: {$ref: webhooks/thing.made.yaml}
components:
  responses:
    Missing: {description: Not there, content: {application/json: {schema: {$ref: definitions/Problem.yaml}}}}
"""
MODERN_PATH = """\
get:
  parameters:
    - {name: thingID, in: path, required: true, schema: {type: string}}
  responses:
    '200': {description: Found, content: {application/json: {schema: {$ref: ../definitions/Thing.yaml}}}}
    '404': {$ref: ../openapi.yaml#/components/responses/Missing}
"""
WEBHOOK = """\
post:
  requestBody: {content: {application/json: {schema: {$ref: ../definitions/Thing.yaml}}}}
  responses: {2XX: {description: Taken}}
"""


@pytest.fixture
def modern(specs: Path) -> Path:
    """The same small specification in OpenAPI 3.1, with a webhook."""
    (specs / "v7/webhooks").mkdir()
    (specs / "v7/openapi.yaml").write_text(MODERN_ROOT)
    (specs / "v7/paths/things.thingID.yaml").write_text(MODERN_PATH)
    (specs / "v7/webhooks/thing.made.yaml").write_text(WEBHOOK)
    return specs


def test_in_openapi_3_schemas_go_to_the_components_beside_what_stands_there(modern):
    document = bundle_specs.bundle(modern / "v7/openapi.yaml")
    assert set(document["components"]) == {"responses", "schemas"}
    assert set(document["components"]["schemas"]) == {"Thing", "Problem"}
    assert "definitions" not in document
    answers = document["paths"]["/things/{thingID}"]["get"]["responses"]
    assert answers["404"] == {"$ref": "#/components/responses/Missing"}
    assert answers["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Thing"}


def test_a_webhook_is_joined_as_a_path_is(modern, capsys):
    document = bundle_specs.bundle(modern / "v7/openapi.yaml")
    body = document["webhooks"]["thing.made"]["post"]["requestBody"]
    assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Thing"}
    status, output = run(modern, capsys)
    assert (status, output) == (0, "v7: bundled.json written (1 operations, 2 definitions).\n")


def test_a_webhook_that_is_not_listed_is_refused(modern):
    (modern / "v7/webhooks/thing.lost.yaml").write_text(WEBHOOK)
    with pytest.raises(bundle_specs.BrokenSpec, match=r"webhooks/thing\.lost\.yaml belongs to nothing"):
        bundle_specs.bundle(modern / "v7/openapi.yaml")


def test_a_webhook_stands_in_the_file_of_its_name(modern):
    (modern / "v7/openapi.yaml").write_text(MODERN_ROOT.replace("webhooks/thing.made", "webhooks/made"))
    with pytest.raises(bundle_specs.BrokenSpec, match=r"has to list thing\.made as"):
        bundle_specs.bundle(modern / "v7/openapi.yaml")
