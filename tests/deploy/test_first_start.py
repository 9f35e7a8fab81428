"""Keys are made once, for their owner only, and never replaced."""

import stat

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from deploy.all_in_one.first_start import UnsafeState, prepare
from settings import load


@pytest.fixture
def settings(tmp_path):
    """Settings with a state directory of their own."""
    return load({"CAPI_STATE_DIRECTORY": str(tmp_path / "var")})


def mode(path):
    """Permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_start_makes_keys_that_nobody_else_may_read(settings):
    made = prepare(settings)
    tokens = settings.tokens
    assert made == [settings.rpc.secret_file, tokens.signing_key_file, tokens.payers_key_file]
    assert [mode(path) for path in made] == [0o600] * 3
    below = [path for path in settings.state.directory.rglob("*") if path.is_dir()]
    assert {mode(path) for path in [settings.state.directory, *below]} == {0o700}


def test_the_keys_are_strong_enough(settings):
    secret_file, key_file, payers_key_file = prepare(settings)
    assert len(bytes.fromhex(secret_file.read_text())) == 32
    assert load_pem_private_key(key_file.read_bytes(), None).key_size == 2048
    assert len(bytes.fromhex(payers_key_file.read_text())) == 32


def test_a_second_start_keeps_them(settings):
    made = prepare(settings)
    before = [path.read_bytes() for path in made]
    assert prepare(settings) == []
    assert [path.read_bytes() for path in made] == before


@pytest.mark.parametrize("which", ["file", "directory"])
def test_a_secret_that_others_may_read_stops_the_start(settings, which):
    secret_file, *_ = prepare(settings)
    path = secret_file if which == "file" else secret_file.parent
    path.chmod(0o644 if which == "file" else 0o755)
    with pytest.raises(UnsafeState, match=r"run `chmod [67]00"):
        prepare(settings)


def test_no_half_written_key_is_left_behind(settings):
    prepare(settings)
    assert [path.name for path in settings.rpc.secret_file.parent.iterdir() if path.name.startswith(".")] == []
