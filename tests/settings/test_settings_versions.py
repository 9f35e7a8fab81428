"""The list of live versions with the ports in force."""

import pytest

from settings import SettingsError, load
from settings.versions import VERSIONS_FILE, served_versions

OLD = """
[v0]
base_path = "/v0"
spec = "v0/bundled.json"
port = 1
tokens_port = 2
status = "retired"
released = 2020-01-01
"""


def test_v2_is_served_at_the_ports_of_the_list():
    (v2,) = [version for version in served_versions(load({})) if version.name == "v2"]
    assert (v2.base_path, v2.port, v2.tokens_port) == ("/v2", 8082, 8092)
    assert v2.spec == VERSIONS_FILE.parent / "v2" / "bundled.json"


def test_an_operator_may_move_the_ports_of_a_version():
    moved = load({"CAPI_GATEWAY_V2_PORT": "9082", "CAPI_GATEWAY_V2_TOKENS_PORT": "9092"})
    (v2,) = [version for version in served_versions(moved) if version.name == "v2"]
    assert (v2.port, v2.tokens_port) == (9082, 9092)


def test_a_retired_version_is_not_served(tmp_path):
    file = tmp_path / "versions.toml"
    file.write_text(OLD + OLD.replace("v0", "v1").replace("retired", "live"))
    assert [version.name for version in served_versions(load({}), file)] == ["v1"]


def test_a_list_that_lacks_a_port_is_refused_in_a_sentence(tmp_path):
    file = tmp_path / "versions.toml"
    file.write_text(OLD.replace("port = 1\n", ""))
    with pytest.raises(SettingsError, match=r"list of versions .* cannot be used"):
        served_versions(load({}), file)
