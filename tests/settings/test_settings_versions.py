"""The list of live versions with the ports in force."""

from datetime import date

import pytest

from settings import SettingsError, load
from settings.versions import VERSIONS_FILE, Farewell, known_versions, served_versions

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


LEAVING = OLD.replace('"retired"', '"deprecated"')


def told(tmp_path, text: str):
    file = tmp_path / "versions.toml"
    file.write_text(text)
    return known_versions(load({}), file)


def test_a_version_may_be_deprecated_without_an_end(tmp_path):
    (v0,) = told(tmp_path, LEAVING + "deprecated = 2026-11-22\n")
    assert v0.farewell == Farewell(date(2026, 11, 22))
    assert v0.farewell_of("getThing") == v0.farewell


def test_one_operation_of_a_live_version_may_be_deprecated(tmp_path):
    own = '[v0.operations.getThing]\ndeprecated = 2026-01-02\nsuccessor = "/v9/things"\n'
    (v0,) = told(tmp_path, OLD.replace('"retired"', '"live"') + own)
    assert v0.farewell is None
    assert v0.farewell_of("makeThing") is None
    assert v0.farewell_of("getThing") == Farewell(date(2026, 1, 2), successor="/v9/things")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LEAVING, "does not say from which day"),
        (LEAVING + "deprecated = 2026-11-22\nsunset = 2026-11-21\n", "sunset 2026-11-21 is before"),
        (OLD.replace('"retired"', '"live"') + "sunset = 2026-11-21\n", "is live and has a day"),
        (OLD.replace('"retired"', '"old"'), "status 'old' is none of live, deprecated, retired"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused_and_named(tmp_path, text, said):
    with pytest.raises(SettingsError, match=rf"of v0, .*{said}"):
        told(tmp_path, text)
