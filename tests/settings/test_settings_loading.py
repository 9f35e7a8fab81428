"""What wins over what, and how a mistake is told."""

from pathlib import Path

import pytest

from settings import SettingsError, load


def write(tmp_path: Path, text: str) -> Path:
    """A settings file with that text."""
    file = tmp_path / "mine.toml"
    file.write_text(text)
    return file


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path):
    file = write(tmp_path, "[processing]\nport = 9001\nthreads = 3\n")
    settings = load({"CAPI_PROCESSING_PORT": "9002"}, file)
    assert (settings.processing.port, settings.processing.threads) == (9002, 3)
    assert settings.vault.port == 8023


def test_a_file_may_be_named_by_the_environment(tmp_path):
    file = write(tmp_path, "[vault]\nport = 9003\n")
    assert load({"CAPI_SETTINGS": str(file)}).vault.port == 9003


def test_moving_the_state_directory_moves_everything_below_it(tmp_path):
    settings = load({"CAPI_STATE_DIRECTORY": str(tmp_path)})
    assert settings.processing.database == tmp_path / "data" / "processing.sqlite"
    assert settings.tokens.signing_key_file == tmp_path / "secrets" / "jwt" / "capi.pem"


def test_moving_a_port_moves_the_address_that_others_are_told():
    assert load({"CAPI_PROCESSING_PORT": "9022"}).upstreams()["processing"] == "http://127.0.0.1:9022"
    assert load({"CAPI_VAULT_URL": "https://vault.example/"}).upstreams()["vault"] == "https://vault.example"


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("true", "CAPI_RPC_SIGNATURES", True),
        ("No", "CAPI_RPC_SIGNATURES", False),
        ("1, 2,3", "CAPI_WEBHOOKS_RETRY_DELAYS_S", (1, 2, 3)),
    ],
)
def test_the_environment_speaks_the_types_of_the_keys(text, kind, expected):
    settings = load({kind: text})
    assert expected in (settings.rpc.signatures, settings.webhooks.retry_delays_s)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[procesing]\nport = 1\n", "unknown section [procesing]; the nearest known one is processing."),
        ("[processing]\nprot = 1\n", "unknown key processing.prot; the nearest known one is port."),
        ("[processing]\nport = true\n", "processing.port must be int, not True."),
        ("[processing]\nport = 99999\n", "processing.port must be a port, 0 to 65535, not 99999."),
        ("[gateway]\nworkers = -1\n", "gateway.workers must not be negative, but is -1."),
        ("[webhooks]\nretry_delays_s = 5\n", "webhooks.retry_delays_s must be a list, not 5."),
        ("processing = 5\n", "a value where the section [processing] should begin."),
        ("port 5", "is not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_one_sentence(tmp_path, text, sentence):
    with pytest.raises(SettingsError) as refusal:
        load({}, write(tmp_path, text))
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (
            "CAPI_PROCESSING_PROT",
            "1",
            "unknown setting CAPI_PROCESSING_PROT; the nearest known one is CAPI_PROCESSING_PORT.",
        ),
        ("CAPI_PROCESSING_PORT", "many", "CAPI_PROCESSING_PORT must be a whole number, not 'many'."),
        ("CAPI_RPC_SIGNATURES", "maybe", "CAPI_RPC_SIGNATURES must be true or false, not 'maybe'."),
        ("CAPI_SETTINGS", "/nowhere.toml", "The settings file /nowhere.toml cannot be read"),
    ],
)
def test_a_mistake_in_the_environment_is_one_sentence(variable, value, sentence):
    with pytest.raises(SettingsError) as refusal:
        load({variable: value})
    assert sentence in str(refusal.value)


def test_variables_of_others_are_left_alone():
    assert load({"PATH": "/bin", "CAPITAL": "x"}) == load({})
