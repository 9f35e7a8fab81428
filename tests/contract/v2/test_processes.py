"""v2 as processes: payment resources apart, probes, and the sentences that stop a start."""

import asyncio
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from capi_v2.__main__ import ANSWERS
from capi_v2.app import create_app, reader_name
from deploy.all_in_one.first_start import prepare
from settings import load
from translator.payment_tool_tokens import UnsafeKeyFile
from translator.process import parser, probed_app
from translator.revocations import Revocations
from translator.schemas import SpecRefused

from ..house import exchange


@pytest.fixture
def settings(tmp_path):
    settings = load({"CAPI_STATE_DIRECTORY": str(tmp_path / "state")})
    prepare(settings)
    return settings


def app_of(v2, **tags):
    return create_app(v2.settings, rpc=v2.backend.client(), tokens=v2.tokens, revocations=Revocations.of(), **tags)


def served_by(v2, **tags):
    return {one.spec.operation_id for one in app_of(v2, **tags).served if one.function is not None}


def test_the_process_of_payment_resources_serves_nothing_else(v2):
    assert served_by(v2, only=["Tokens"]) == {"createPaymentResource"}


def test_the_other_process_serves_everything_else(v2):
    assert served_by(v2, without=["Tokens"]) == set(v2.requests) - {"createPaymentResource"}


def test_what_another_process_serves_is_known_and_answered_501_with_a_cat(v2):
    app = app_of(v2, without=["Tokens"])
    headers = {"authorization": f"Bearer {v2.token}", "x-request-id": "r", "content-length": "0"}
    answer = asyncio.run(exchange(app, "POST", "/v2/processing/payment-resources", headers, b""))
    assert answer.status == 501
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("tags", "signs"), [({}, True), ({"without": ["Tokens"]}, True), ({"only": ["Tokens"]}, False)]
)
def test_the_process_of_payment_resources_cannot_make_access_tokens(settings, tags, signs):
    tokens = create_app(settings, **tags).tokens
    if signs:
        assert tokens.invoice_token("demo", "inv1")
    else:
        with pytest.raises(RuntimeError, match="no key to sign"):
            tokens.invoice_token("demo", "inv1")


def test_a_tag_that_the_spec_has_not_stops_the_start(v2):
    with pytest.raises(SpecRefused, match="Tockens"):
        served_by(v2, only=["Tockens"])


def test_a_readable_key_stops_the_start(settings):
    create_app(settings)
    settings.tokens.payment_tool_token_key_file.chmod(0o644)
    with pytest.raises(UnsafeKeyFile):
        create_app(settings)


def get(app, path):
    return asyncio.run(exchange(app, "GET", path, {}, b""))


def test_a_process_is_healthy_at_once_and_ready_when_it_knows_which_tokens_are_void(settings):
    app = probed_app(create_app, ANSWERS, settings, "capi_v2", [], ["Tokens"])
    assert get(app, "/health").json == {"service": "capi_v2", "status": "passing"}
    answer = get(app, "/ready")
    assert (answer.status, answer.headers["capi-not-ready"]) == (503, "revocations_known")
    assert get(app, "/metrics").status == 200


@pytest.mark.parametrize("status", [500, 501, 503, 504])
def test_what_breaks_outside_of_every_operation_gets_a_cat(settings, status):
    headers, body = ANSWERS(settings)(status)
    assert dict(headers)[b"content-type"] == b"text/plain; charset=utf-8"
    assert dict(headers)[b"access-control-allow-origin"] == b"*"
    assert body.strip()


@pytest.mark.parametrize("status", [400, 408, 414, 431])
def test_a_request_broken_by_its_sender_gets_no_cat(settings, status):
    assert ANSWERS(settings)(status) == ([(b"access-control-allow-origin", b"*")], b"")


def test_each_worker_is_a_reader_of_revocations_of_its_own():
    """Two under one name would let a revocation count as seen when only one of them has seen it."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        names = set(pool.map(reader_name, ["capi_v2"] * 20))
    assert all(name.startswith("capi_v2@") for name in names)
    assert reader_name("capi_v2") not in names
    assert reader_name("capi_v2") != reader_name("capi_v2_tokens")


@pytest.mark.parametrize(
    ("line", "only", "without"),
    [
        ([], [], []),
        (["--only", "Tokens"], ["Tokens"], []),
        (["--without", "Tokens", "Search"], [], ["Tokens", "Search"]),
    ],
)
def test_the_command_line_names_tags(line, only, without):
    arguments = parser("v2").parse_args(line)
    assert (arguments.only, arguments.without) == (only, without)
