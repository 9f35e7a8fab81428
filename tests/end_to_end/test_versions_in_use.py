"""What an operator learns of the versions from the running system, and what callers of a deprecated one are told."""

import time

import pytest
import requests

from campaigns.agreement.__main__ import speaking
from settings import load
from settings.versions import served_versions

REPORTED_S_MAX = 20
"""Gateways report every ten seconds."""


@pytest.fixture(scope="module")
def versions(system) -> dict:
    """Somebody's hands at the running system, by version."""
    return {each.name: each for each in speaking(load(system.environment), system.api_key, "TESTSHOP")}


@pytest.mark.parametrize("version", served_versions(load({})), ids=lambda version: version.name)
def test_every_answer_of_a_deprecated_version_says_so_and_no_other_does(versions, version):
    client = versions[version.name].client
    for path, token in ((f"/invoices/{'x' * 5}", client.token), ("/nothing", ""), ("/processing/shops", client.token)):
        headers = {"Authorization": f"Bearer {token}", "X-Request-ID": "r1"}
        answer = requests.get(client.api_url + path, headers=headers, timeout=20)
        assert ("Deprecation" in answer.headers) == (version.status == "deprecated"), answer.headers
        if version.status == "deprecated":
            assert answer.headers["Deprecation"].startswith("@")
            assert f'<{version.successor}>; rel="successor-version"' in answer.headers["Link"]


def test_who_uses_what_of_a_version_can_be_told(versions, operator):
    for version in versions.values():
        version.words.read_shop(version.client, version.client.shop)
    end = time.monotonic() + REPORTED_S_MAX
    while not all(used(operator, name) for name in versions):
        assert time.monotonic() < end, {name: used(operator, name) for name in versions}
        time.sleep(1)
    overview = operator.run("versions").stdout.splitlines()
    assert [line.split()[0] for line in overview[1:]] == list(versions)
    assert all(int(line.split()[-1]) > 0 for line in overview[1:])


def used(operator, version: str) -> bool:
    """Whether somebody's reading of a shop is counted already."""
    said = operator.run("versions", version, "--party", "demo").stdout
    return any(line.split()[1] in ("getShopByID", "getShop") for line in said.splitlines()[1:] if "demo" in line)


def test_the_inventory_is_one_page_of_the_running_system(versions, operator, tmp_path):
    file = tmp_path / "inventory.html"
    assert operator.run("versions", "--html", str(file)).returncode == 0
    page = file.read_text()
    assert all(f"<td>{name}</td>" in page for name in versions)
    assert "Uses are not known" not in page
