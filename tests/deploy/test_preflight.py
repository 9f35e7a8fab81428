"""What stands in the way of a start is said before anything is started, in sentences that say what to do."""

import os
import socket

import pytest

from deploy.all_in_one import preflight
from deploy.all_in_one.processes import Process, stages
from settings import load
from settings.versions import served_versions


@pytest.fixture
def held_port():
    """A port that this very process listens on."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_a_taken_port_names_its_holder_and_the_setting(held_port):
    (sentence,) = preflight.port_findings([Process("vault", "x", "127.0.0.1", held_port, "vault.port")])
    assert sentence.startswith(f"vault cannot start. Port {held_port} on 127.0.0.1 is taken by process {os.getpid()} (")
    assert "CAPI_VAULT_PORT (setting vault.port)" in sentence


def test_every_taken_port_is_named_not_only_the_first(held_port):
    rows = [Process(name, "x", "127.0.0.1", held_port, f"{name}.port") for name in ("vault", "workers")]
    assert len(preflight.port_findings(rows)) == 2


def test_two_services_on_one_port_are_found_before_the_second_fails():
    rows = [Process(name, "x", "127.0.0.1", 0, f"{name}.port") for name in ("vault", "workers")]
    assert preflight.port_findings(rows) == ["workers and vault both want port 0: change the setting workers.port."]


def test_an_address_of_another_machine_is_told_apart_from_a_taken_port():
    (sentence,) = preflight.port_findings([Process("vault", "x", "192.0.2.1", 1, "vault.port")])
    assert "192.0.2.1:1 is no address of this machine" in sentence


def test_an_old_python_is_told_which_one_is_needed():
    assert preflight.python_findings((3, 9)) == [
        "This is Python 3.9; 3.11 or newer is needed: install it and run `make run PYTHON=python3.11`."
    ]
    assert preflight.python_findings((3, 12)) == []


def test_a_state_directory_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "var").write_text("")
    (sentence,) = preflight.state_findings(tmp_path / "var")
    assert "is a file" in sentence
    assert preflight.state_findings(tmp_path / "new" / "deep") == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_directory_of_another_user_is_told():
    (sentence,) = preflight.state_findings(preflight.Path("/proc/var"))
    assert "CAPI_STATE_DIRECTORY" in sentence


def test_a_second_start_in_the_same_directory_is_told(tmp_path):
    with preflight.hold_state(tmp_path), pytest.raises(preflight.AlreadyRunning, match=f"process {os.getpid()}"):
        preflight.hold_state(tmp_path)
    preflight.hold_state(tmp_path).close()


def test_the_platform_starts_in_the_order_in_which_its_parts_need_each_other():
    first, second, last = ({process.name for process in stage} for stage in stages(load({})))
    gateways = {f"capi_{version.name}{end}" for version in served_versions(load({})) for end in ("", "_tokens")}
    assert (first, second) == ({"mock_bank", "processing"}, {"vault", "workers"})
    assert last >= gateways


@pytest.mark.parametrize("version", served_versions(load({})), ids=lambda version: version.name)
def test_card_numbers_have_a_gateway_of_their_own(version):
    _, _, last = stages(load({}))
    own = {f"capi_{version.name}", f"capi_{version.name}_tokens"}
    assert {(process.port, process.arguments) for process in last if process.name in own} == {
        (version.port, ("--without", "Tokens")),
        (version.tokens_port, ("--only", "Tokens")),
    }
