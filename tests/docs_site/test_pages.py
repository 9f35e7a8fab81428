"""Every page of the documentation is there, says what its source says, and asks no other host for anything."""

import hashlib
import importlib
import json
import re

import pytest
import yaml

from docs_site.app import HERE, create_app
from docs_site.build import build
from docs_site.generated import errors, lifecycles, migrations
from docs_site.problems import problems
from docs_site.site import load_site
from processing.banks.mock.cards import TABLE
from settings import load
from tests.end_to_end.running import ROOT
from translator.errors import PublicError

ELSEWHERE = re.compile(r'(?:src|href|data-spec)="(https?:)?//')


@pytest.fixture(scope="module")
def site():
    return load_site(load({}))


@pytest.fixture(scope="module")
def client(site):
    return create_app(site).test_client()


def test_no_link_of_the_site_leads_nowhere(site, tmp_path):
    written, dead = build(create_app(site), site, tmp_path)
    assert dead == []
    assert written > 20
    assert (tmp_path / "index.html").is_file()
    assert (tmp_path / "static" / "site.css").is_file()


def test_pages_load_nothing_from_other_hosts(site, client):
    for path in ["/", "/changelog/", *(f"/guides/{each.slug}/" for each in site.guides)]:
        html = client.get(path).get_data(as_text=True)
        assert not [found for found in re.findall(r"<(?:script|link|img)[^>]*>", html) if ELSEWHERE.search(found)], path


def test_the_policy_of_each_page_lets_it_talk_to_the_site_and_the_gateways_alone(site, client):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    allowed = re.search(r"connect-src ([^;]+);", policy)[1].split()
    assert set(allowed) == {"'self'"} | {url for docs in site.versions for url in (docs.url, docs.cards_url)}


def test_vendored_libraries_are_the_ones_that_the_list_names():
    vendored = HERE / "static" / "vendored"
    listed = re.findall(r"^([0-9a-f]{64})  (\S+)$", (vendored / "README.md").read_text(), re.MULTILINE)
    files = {str(path.relative_to(vendored)) for path in vendored.rglob("*") if path.suffix in (".js", ".css")}
    assert {name for _, name in listed} == files
    for digest, name in listed:
        assert hashlib.sha256((vendored / name).read_bytes()).hexdigest() == digest, name
        assert (vendored / name).with_name("LICENSE").is_file()
        assert "cdn.redoc" not in (vendored / name).read_text(encoding="utf-8")


def test_the_document_to_download_is_the_published_one(site, client):
    for docs in site.versions:
        assert json.loads(client.get(f"/{docs.name}/openapi.json").data) == docs.spec


def test_yaml_and_json_say_the_same(site, client):
    for docs in site.versions:
        text = client.get(f"/{docs.name}/openapi.yaml").data
        assert yaml.load(text, Loader=yaml.CSafeLoader) == docs.spec


def test_every_operation_has_a_sample_in_every_language(site, client):
    for docs in site.versions:
        spec = json.loads(client.get(f"/{docs.name}/reference.json").data)
        for operation in docs.operations:
            samples = spec["paths"][operation.path][operation.method.lower()]["x-codeSamples"]
            assert [each["label"] for each in samples] == ["curl", "Python", "JavaScript", "PHP", "Java"]
            assert all(docs.version.base_path in each["source"] for each in samples)


def test_search_finds_every_operation_by_its_name(site, client):
    rows = json.loads(client.get("/search.json").data)
    for docs in site.versions:
        found = {row["kind"] for row in rows if row["url"].startswith(f"/{docs.name}/")}
        assert found == {f"{docs.name} {each.operation_id}" for each in docs.operations}


def test_a_deprecated_version_says_so_on_its_reference_and_names_the_one_to_use(site, client):
    for docs in site.versions:
        html = client.get(f"/{docs.name}/").get_data(as_text=True)
        assert ('class="banner"' in html) == (docs.version.status != "live")
        assert site.latest.version.status == "live"


def test_the_page_of_test_cards_lists_every_card(client):
    text = client.get("/guides/test-cards.md").get_data(as_text=True)
    assert all(f"`{card.number}`" in text and card.does in text for card in TABLE)


def test_the_catalogue_lists_every_code_of_every_spec_and_says_something_of_each(site, client):
    text = client.get("/guides/errors.md").get_data(as_text=True)
    for docs in [each for each in site.versions if not each.answers_problems]:
        codes = errors.codes(docs)
        assert codes
        assert [code for code, (words, _, _) in codes.items() if not words] == []
        assert all(f'id="{docs.name}-{code}"' in text for code in codes)


def test_every_problem_that_a_version_can_answer_has_a_page_and_no_page_is_left_over(site, client):
    [docs] = [each for each in site.versions if each.answers_problems]
    tables = importlib.import_module(f"capi_{docs.name}.errors")
    said = importlib.import_module(f"capi_{docs.name}.problems")
    rows = [row for table in vars(tables).values() if isinstance(table, dict) for row in table.values()]
    answered = {row.code: row.status for row in rows if isinstance(row, PublicError) and row.code}
    raised = set(re.findall(r'Problem\(\s*"([a-z-]+)"', sources(docs.name)))
    assert set(problems()) == set(answered) | set(said.TITLES) | set(said.BY_STATUS.values()) | raised
    for code, explained in problems().items():
        assert client.get(f"/problems/{code}/").status_code == 200
        assert answered.get(code, explained.status) == explained.status, code


def sources(version: str) -> str:
    """All code of a version: some problems are raised where a shape is made."""
    return "".join(path.read_text(encoding="utf-8") for path in (ROOT / f"capi_{version}").rglob("*.py"))


@pytest.mark.parametrize("name", lifecycles.TABLES)
def test_diagrams_show_every_state_of_the_machines_tables(name):
    states = {status.value for step in lifecycles.TABLES[name] for status in step if status}
    assert set(lifecycles.PLACES[name]) == states
    drawing = lifecycles.svg(name)
    assert drawing.count("<line") == len(lifecycles.TABLES[name])
    assert all(f">{state.replace('_', ' ')}</text>" in drawing for state in states)


def test_every_operation_of_a_version_has_its_place_in_the_next_or_is_said_to_have_none(site):
    for old, new in zip(site.versions, site.versions[1:], strict=False):
        twins = migrations.twins(old, new)
        assert set(twins) == {each.operation_id for each in old.operations}
        unexplained = [name for name, twin in twins.items() if twin is None and name not in migrations.notes(old, new)]
        assert unexplained == []


def test_security_txt_has_a_contact_and_an_end(client, site):
    text = client.get("/.well-known/security.txt").get_data(as_text=True)
    assert re.search(r"^Contact: http://\S+/guides/security/$", text, re.MULTILINE)
    assert re.search(r"^Expires: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", text, re.MULTILINE)
    own = create_app(site, "mailto:security@example.org").test_client().get("/.well-known/security.txt")
    assert "Contact: mailto:security@example.org" in own.get_data(as_text=True)


def test_collections_hold_every_operation_with_the_readers_values_as_variables(site, client):
    for docs in site.versions:
        collection = json.loads(client.get(f"/{docs.name}/postman.json").data)
        requests = [item["request"] for folder in collection["item"] for item in folder["item"]]
        assert len(requests) == len(docs.operations)
        known = {each["key"] for each in collection["variable"]}
        used = set(re.findall(r"{{(\w+)}}", json.dumps(requests)))
        assert used == known


def test_every_guide_has_a_markdown_twin_that_the_map_for_machines_names(site, client):
    text = client.get("/llms.txt").get_data(as_text=True)
    for guide in site.guides:
        assert f"(/guides/{guide.slug}.md)" in text
        assert client.get(f"/guides/{guide.slug}.md").get_data(as_text=True).startswith(f"# {guide.title}\n")


def test_a_page_that_is_not_there_is_404_with_a_way_on(client):
    for path in ("/nothing", "/v0/", "/guides/nothing/", "/guides/nothing.md", "/v0/openapi.json"):
        answer = client.get(path, follow_redirects=True)
        assert answer.status_code == 404
        assert 'href="/"' in answer.get_data(as_text=True)
