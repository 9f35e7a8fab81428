"""The samples of the documentation run as they are published, in curl and in Python, in every version."""

import contextlib
import io
import os
import subprocess

import pytest

from docs_site.machines import variables_of
from docs_site.reference import samples_of
from docs_site.samples.request import sample_request
from docs_site.site import load_site
from settings import load
from tests.end_to_end.merchant import Api
from tests.end_to_end.running import System
from tests.end_to_end.sample_stage import Stage, classic, modern

SITE = load_site(load({}))
OPERATIONS = [(docs, operation) for docs in SITE.versions for operation in docs.operations]
SUSPENDS = "suspend"


def run_curl(source: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        ["sh", "-c", source], env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"{source}\n{done.stdout}{done.stderr}"


def run_python(source: str, environment: dict[str, str], monkeypatch) -> None:
    """In this process: an interpreter's start per sample would take most of the suite's time."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(source, "sample.py", "exec"), {"__name__": "__main__"})
    assert said.getvalue()[:1] == "2", said.getvalue()


@pytest.fixture(scope="module")
def stages(system: System, api: Api, operator) -> dict[str, Stage]:
    """A stage a version."""
    return {docs.name: stage(docs, system, api, operator) for docs in SITE.versions}


def stage(docs, system: System, api: Api, operator) -> Stage:
    name = docs.name.upper()
    addresses = {"CAPI": system.url(f"GATEWAY_{name}"), "CAPI_CARDS": system.url(f"GATEWAY_{name}_TOKENS")}
    return Stage(api, operator, addresses, modern if docs.answers_problems else classic)


@pytest.mark.parametrize("place", OPERATIONS, ids=lambda place: f"{place[0].name}-{place[1].operation_id}")
@pytest.mark.parametrize("language", ["curl", "Python"])
def test_a_published_sample_succeeds(place, language, stages, api, monkeypatch):
    docs, operation = place
    source = next(each["source"] for each in samples_of(docs, operation.operation_id) if each["label"] == language)
    names = variables_of(sample_request(docs.name, docs.version.base_path, operation))
    environment = stages[docs.name].environment(operation.operation_id, names)
    try:
        run_curl(source, environment) if language == "curl" else run_python(source, environment, monkeypatch)
    finally:
        if operation.operation_id.startswith(SUSPENDS):
            for path in ("/processing/me/activate", f"/processing/shops/{api.shop_id}/activate"):
                assert api.call("PUT", path).status_code < 300
