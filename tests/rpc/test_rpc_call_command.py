"""`capi call` and `capi call-json`: options, exit codes, and what is printed where."""

import io
import json
import sys

import pytest

from console.call import main, main_json
from rpc.codec import encode
from rpc.failures import Unavailable, Unexpected, Unknown
from tests.fakes.backend import FakeBackend
from tests.rpc.kit import IDL, ROW, SECRET, things

SCHEMA = ["-s", str(IDL / "things.thrift")]
NAME = '"name"'


@pytest.fixture(autouse=True)
def settings(monkeypatch, tmp_path):
    monkeypatch.setenv("CAPI_STATE_DIRECTORY", str(tmp_path))
    return tmp_path


@pytest.fixture
def backend():
    return FakeBackend(services=[ROW])


@pytest.fixture
def call(backend, capsys):
    """The exit code, stdout and stderr of `capi call` with those words behind the URL."""

    def call(*words, options=()):
        with backend.listening() as url:
            code = main([*SCHEMA, *options, url + ROW.path, *words])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_a_result_is_json_indented_by_two(call, backend):
    backend.on("Things.Get", lambda name, version, limit: things.Shape(point=things.Point(x=limit, y=2)))
    code, out, err = call("Things", "Get", NAME, "1", "7")
    assert (code, err) == (0, "")
    assert out == json.dumps({"point": {"x": 7, "y": 2, "colour": "RED"}}, indent=2) + "\n"


def test_a_void_function_prints_nothing(call, backend):
    backend.on("Things.Put", None)
    assert call("Things", "Put", NAME, '{"circle": 1}') == (0, "", "")


def test_a_declared_exception_is_printed_with_exit_code_1(call, backend):
    backend.on("Things.Get", things.NotFound(name="x"))
    code, out, _ = call("Things", "Get", NAME, "1", "1")
    assert code == 1
    assert json.loads(out) == {"exception": "NotFound", "data": {"name": "x"}}


@pytest.mark.parametrize("failure", [Unavailable("why"), Unknown("why"), Unexpected("why")], ids=repr)
def test_a_failed_call_is_exit_code_2(call, backend, failure):
    backend.on("Things.Get", failure)
    code, out, err = call("Things", "Get", NAME, "1", "1")
    assert (code, out) == (2, "")
    assert failure.error_class in err
    assert "why" in err


def test_the_url_is_called_as_it_was_typed(backend, capsys):
    backend.on("Things.Ping", None)
    with backend.listening() as url:
        assert main([*SCHEMA, url + ROW.path + "/", "Things", "Ping"]) == 2
        assert main([*SCHEMA, url, "Things", "Ping"]) == 2
    assert capsys.readouterr().err.count("unknown path") == 2


def test_a_call_is_made_once(call, backend):
    backend.on("Things.Get", Unavailable("x"))
    call("Things", "Get", NAME, "1", "1")
    assert len(backend.calls) == 1


def test_nobody_there_is_exit_code_2(capsys):
    assert main([*SCHEMA, "http://127.0.0.1:1/", "Things", "Ping"]) == 2
    assert "Resource Unavailable" in capsys.readouterr().err


@pytest.mark.parametrize("text", [None, "struct {", "struct A { 1: required B b }", 'include "gone.thrift"'])
def test_a_schema_that_cannot_be_used_is_exit_code_64(tmp_path, capsys, text):
    schema = tmp_path / "s.thrift"
    if text is not None:
        schema.write_text(text)
    assert main(["-s", str(schema), "http://127.0.0.1:1/", "S", "F"]) == 64
    assert "s.thrift" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "URL, SERVICE and FUNCTION are needed"),
        (("http://h/", "Things"), "URL, SERVICE and FUNCTION are needed"),
        (("http://h/", "Thing", "Get"), "No service is called Thing; there are things.Parent, things.Things"),
        (("http://h/", "Things", "Got"), "Things has no function Got"),
        (("http://h/", "Things", "Get", NAME), "takes 3 parameters, got 1"),
        (("http://h/", "Things", "Get", "name", "1", "1"), "Parameter 1 is not JSON"),
        (("http://h/", "Things", "Get", NAME, '"1"', "1"), "Parameter 2 does not conform to schema: integer expected"),
        (
            ("http://h/", "Things", "Put", NAME, '{"point": {"x": 1, "y": "2"}}'),
            "Parameter 2 does not conform to schema in field point.y: integer expected",
        ),
        (("http://h/", "Things", "Get", "@gone.json", "1", "1"), "gone.json"),
        (("h:1", "Things", "Ping"), "not a base URL"),
        (("--user-id", "x", "http://h/", "Things", "Ping"), "--user-realm"),
        (("--deadline", "soon", "http://h/", "Things", "Ping"), "--deadline"),
        (("--deadline", "99999999999d", "http://h/", "Things", "Ping"), "--deadline"),
        (("--reqid", "x" * 65, "http://h/", "Things", "Ping"), "trace_id"),
        (("--secret", "gone.key", "http://h/", "Things", "Ping"), "gone.key"),
        (("--nope",), "unrecognized arguments"),
        (("-s",), "expected one argument"),
    ],
)
def test_wrong_input_is_exit_code_128_and_says_what(capsys, words, complaint):
    assert main([*SCHEMA, *words]) == 128
    out, err = capsys.readouterr()
    assert out == ""
    assert complaint in err


def test_a_parameter_may_stand_in_a_file(call, backend, tmp_path):
    backend.on("Things.Put", None)
    file = tmp_path / "shape.json"
    file.write_text('{"circle": 5}\n')
    assert call("Things", "Put", NAME, f"@{file}")[0] == 0
    assert backend.calls[0].arguments == ("name", things.Shape(circle=5))


def test_options_become_the_context(call, backend):
    backend.on("Things.Ping", None)
    user = ["-u", "party", "-r", "external", "--user-name", "Имя", "--user-email", "a@b.c"]
    assert call("Things", "Ping", options=["--reqid", "my trace", "--deadline", "1h", *user, "--tempdir", "/x"])[0] == 0
    context = backend.calls[0].context
    assert (context.trace_id, context.parent_id != "undefined") == ("my trace", True)
    assert dict(context.meta) == {
        "user-identity.id": "party",
        "user-identity.realm": "external",
        "user-identity.username": "Имя",
        "user-identity.email": "a@b.c",
    }
    assert context.deadline is not None


def test_a_trace_id_is_made_up_and_shown_to_those_who_ask(call, backend):
    backend.on("Things.Ping", None)
    code, out, err = call("Things", "Ping", options=["-v"])
    assert (code, out) == (0, "")
    assert backend.calls[0].context.trace_id.startswith("capi:")
    assert backend.calls[0].context.trace_id in err
    assert "Things.Ping" in err


@pytest.mark.parametrize("deadline", ["100ms", "3s", "1.5m", "1h", "1d", "2999-01-01T00:00:00Z"])
def test_a_deadline_is_a_duration_or_a_time(call, backend, deadline):
    backend.on("Things.Ping", None)
    assert call("Things", "Ping", options=["--deadline", deadline])[0] == 0


def test_a_deadline_that_is_over_is_a_failed_call(call):
    assert call("Things", "Ping", options=["--deadline", "2020-01-01T00:00:00Z"])[0] == 2


def test_calls_are_signed_with_the_secret_of_the_settings_or_the_one_named(settings, tmp_path, capsys):
    backend = FakeBackend(services=[ROW], secret=SECRET).on("Things.Ping", None)
    with backend.listening() as url:
        words = [*SCHEMA, url + ROW.path, "Things", "Ping"]
        assert main(words) == 2
        assert "call is not signed" in capsys.readouterr().err
        (settings / "secrets").mkdir()
        (settings / "secrets" / "rpc.key").write_bytes(SECRET)
        assert main(words) == 0
        other = tmp_path / "other.key"
        other.write_bytes(b"o" * 32)
        assert main(["--secret", str(other), *words]) == 2


def test_without_a_schema_our_own_protocol_is_meant(capsys):
    assert main(["http://127.0.0.1:1/", "Repository", "CheckoutKind", '{"head": true}', '"CURRENCY"']) == 2
    assert main(["http://127.0.0.1:1/", "domain_config.Repository", "CheckoutKind", '{"head": true}', '"COIN"']) == 128


def test_a_file_tells_what_it_offers(capsys):
    assert main([*SCHEMA, "--list"]) == 0
    out = capsys.readouterr().out
    assert "things.Things" in out
    assert "Everything Echo(Everything thing) throws (NotFound, Refused)" in out
    assert "Gives it back." in out
    assert main([*SCHEMA, "--list", "Parent"]) == 0
    assert "Echo" not in capsys.readouterr().out


def test_help_teaches_with_examples(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    out = capsys.readouterr().out
    assert out.count("  capi call -s ") == 2


# ---------------------------------------------------------------- call-json


@pytest.fixture
def call_json(monkeypatch, capsysbinary):
    """The exit code, stdout and stderr of `capi call-json` with that stdin."""

    def call_json(content, *words):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        code = main_json([*SCHEMA, *words])
        return code, *capsysbinary.readouterr()

    return call_json


VALUE = things.Point(x=1, y=-1)


def test_bytes_become_json(call_json):
    code, out, _ = call_json(encode(VALUE), "-t", "Point")
    assert (code, json.loads(out)) == (0, {"x": 1, "y": -1, "colour": "RED"})
    assert call_json(encode(VALUE), "-t", "things.Point", "--decode")[0] == 0


def test_a_line_feed_behind_the_bytes_is_forgiven(call_json):
    assert call_json(encode(VALUE) + b"\n", "-t", "Point")[0] == 0


def test_json_becomes_bytes(call_json):
    assert call_json(b'{"x": 1, "y": -1}\n', "-t", "Point", "-e") == (0, encode(VALUE), b"")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"garbage", ("-t", "Point")),
        (b"\n", ("-t", "Point")),
        (b"", ("-t", "Point")),
        (b"{", ("-t", "Point", "-e")),
        (b'{"x": 1}', ("-t", "Point", "-e")),
        (b"\xff", ("-t", "Point", "-e")),
        (b"", ("-t", "Nope")),
        (b"", ("-t", "Colour")),
        (b"", ()),
        (b"", ("-t", "Point", "-e", "-d")),
    ],
)
def test_input_that_cannot_be_turned_is_exit_code_128(call_json, content, words):
    code, out, err = call_json(content, *words)
    assert (code, out) == (128, b"")
    assert err
