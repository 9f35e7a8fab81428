"""The server's side of the table of statuses, row by row."""

import asyncio
import threading
import time
from datetime import timedelta

import pytest

from rpc.codec import Limits
from rpc.context import Context, to_headers
from rpc.deadlines import Deadline
from rpc.failures import RpcFailure, Unavailable, Unexpected, Unknown
from rpc.messages import decode_reply, encode_call
from rpc.server import rpc_app
from telemetry import log
from tests.rpc.http_kit import ask, ask_async
from tests.rpc.kit import EVERYTHING, NOON, StandingClock, things

PATH = "/v1/things"
GET, ECHO, PUT = (things.Things.functions[name] for name in ("Get", "Echo", "Put"))
CIRCLE = things.Shape(circle=1)


class Handler:
    """Answers as the test says: `answer` is a value, or raised when it is an exception."""

    def __init__(self, answer=None):
        self.answer = answer
        self.seen = []

    def _do(self, context, *arguments):
        self.seen.append((context, arguments))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer(*arguments) if callable(self.answer) else self.answer

    Echo = Get = Put = Tree = Ping = Tell = _do


def call(
    function=GET, arguments=("name", None, 3), handler=None, headers=None, body=None, clock=None, path=PATH, **options
):
    handler = handler or Handler(CIRCLE)
    app = rpc_app({PATH: (things.Things, handler)}, clock=clock or StandingClock(), threads=2, **options)
    headers = to_headers(Context.root(trace_id="t", span_id="s")) if headers is None else headers
    if not any(name == "content-type" for name, _ in headers):
        headers = [*headers, ("content-type", "application/x-thrift")]
    return ask(app, path, headers, encode_call(function, arguments, 7) if body is None else body)


def error_of(answer):
    return answer.headers.get("woody.error-class"), answer.headers.get("woody.error-reason")


def test_a_result_is_200_without_error_headers():
    answer = call()
    assert (answer.status, error_of(answer)) == (200, (None, None))
    assert answer.headers["content-type"] == "application/x-thrift"
    assert decode_reply(GET, answer.body, 7) == CIRCLE


def test_a_void_function_answers_nothing():
    answer = call(PUT, ("name", CIRCLE), Handler(None))
    assert decode_reply(PUT, answer.body, 7) is None


def test_a_handler_gets_context_and_arguments_in_order_of_the_idl():
    handler = Handler(CIRCLE)
    call(GET, ("name", 5, 9), handler)
    context, arguments = handler.seen[0]
    assert (context.trace_id, context.span_id, arguments) == ("t", "s", ("name", 5, 9))


def test_coroutine_functions_are_handlers_too():
    class Async(Handler):
        async def Get(self, context, name, version, limit):
            return things.Shape(circle=limit)

    assert decode_reply(GET, call(handler=Async()).body, 7) == things.Shape(circle=3)


def test_a_declared_exception_is_200_with_its_name():
    answer = call(handler=Handler(things.NotFound(name="x")))
    assert (answer.status, error_of(answer)) == (200, ("Business Error", "NotFound"))
    with pytest.raises(things.NotFound) as raised:
        decode_reply(GET, answer.body, 7)
    assert raised.value.name == "x"


@pytest.mark.parametrize(
    ("failure", "status", "error_class"),
    [
        (Unexpected("why"), 500, "Result Unexpected"),
        (Unavailable("why"), 503, "Resource Unavailable"),
        (Unknown("why"), 504, "Result Unknown"),
        (Unexpected("why", "external"), 502, "Result Unexpected"),
        (Unavailable("why", "external"), 502, "Resource Unavailable"),
        (Unknown("why", "external"), 502, "Result Unknown"),
    ],
    ids=repr,
)
def test_a_failure_leaves_under_the_status_of_its_class_and_source(failure, status, error_class):
    answer = call(handler=Handler(failure))
    assert (answer.status, error_of(answer), answer.body) == (status, (error_class, "why"), b"")


@pytest.mark.parametrize(
    "crash",
    [
        ValueError("secret text"),
        things.Refused(),  # Get does not declare it
        things.NotFound(name=5),  # declared, but not of its own type
        KeyError("secret text"),
    ],
    ids=repr,
)
def test_a_crash_is_an_empty_500_that_tells_nothing(crash):
    lines = []
    with log.written_to(lines.append):
        answer = call(handler=Handler(crash))
    assert (answer.status, answer.body) == (500, b"")
    assert error_of(answer) == ("Result Unexpected", "handler crashed")
    assert "secret text" not in str(answer)
    assert any(b"rpc.handler_crashed" in line for line in lines)


@pytest.mark.parametrize(
    "value", [None, 5, things.Point(x=1, y=1), things.Shape(point=things.Point(x=1, y=1, colour=77))]
)
def test_a_result_of_a_wrong_type_is_a_crash(value):
    assert call(handler=Handler(value)).status == 500


def test_a_void_function_that_answers_something_has_crashed():
    assert call(PUT, ("name", CIRCLE), Handler("something")).status == 500


def test_an_unknown_path_is_404():
    assert call(path="/nope").status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_another_method_is_405_and_names_the_one_allowed(method):
    app = rpc_app({PATH: (things.Things, Handler())})
    answer = ask(app, PATH, [], b"", method)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert error_of(answer)[0] == "Result Unexpected"


@pytest.mark.parametrize("header", [("content-type", "application/json"), ("content-encoding", "gzip")])
def test_another_content_type_is_415(header):
    headers = [*to_headers(Context.root()), header]
    answer = call(headers=headers)
    assert (answer.status, error_of(answer)[0]) == (415, "Result Unexpected")


def test_a_call_without_content_type_is_415():
    app = rpc_app({PATH: (things.Things, Handler())})
    assert ask(app, PATH, to_headers(Context.root()), b"x").status == 415


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/x-thrift", 200),
        ("*/*", 200),
        ("text/html, application/x-thrift;q=0.5", 200),
        ("application/json", 406),
        ("", 406),
    ],
)
def test_the_caller_must_accept_thrift(accept, status):
    assert call(headers=[*to_headers(Context.root()), ("accept", accept)]).status == status


def test_an_empty_body_is_400():
    answer = call(body=b"")
    assert (answer.status, error_of(answer)) == (400, ("Result Unexpected", "empty body"))


@pytest.mark.parametrize("missing", ["woody.trace-id", "woody.span-id", "woody.parent-id"])
def test_a_missing_id_is_400(missing):
    headers = [pair for pair in to_headers(Context.root()) if pair[0] != missing]
    answer = call(headers=headers)
    assert (answer.status, error_of(answer)) == (400, ("Result Unexpected", f"bad {missing} header"))


def test_a_bad_deadline_is_400():
    answer = call(headers=[*to_headers(Context.root()), ("woody.deadline", "soon")])
    assert (answer.status, error_of(answer)[1]) == (400, "bad woody.deadline header")


@pytest.mark.parametrize("body", [b"garbage", b"\x80\x01\0\x01", encode_call(GET, ("x", None, 3))[:-1], b"{}" * 50])
def test_a_message_that_cannot_be_read_is_400(body):
    handler = Handler(CIRCLE)
    answer = call(body=body, handler=handler)
    assert (answer.status, error_of(answer)[0]) == (400, "Result Unexpected")
    assert handler.seen == []


def test_an_unknown_function_is_400():
    body = encode_call(GET, ("x", None, 3)).replace(b"Get", b"Got")
    assert call(body=body).status == 400


def test_a_body_larger_than_allowed_is_413_whether_it_says_so_or_not():
    limits = Limits(body_bytes_max=50)
    large = encode_call(ECHO, (EVERYTHING,))
    assert call(body=large, limits=limits).status == 413
    headers = [*to_headers(Context.root()), ("content-length", str(len(large)))]
    assert call(body=large, headers=headers, limits=limits).status == 413
    assert call(body=large, headers=[*to_headers(Context.root()), ("content-length", "-1")]).status == 400


def test_a_deadline_over_on_arrival_is_503_and_nothing_runs():
    handler = Handler(CIRCLE)
    context = Context.root(deadline=Deadline(NOON))
    answer = call(handler=handler, headers=to_headers(context))
    assert (answer.status, error_of(answer)) == (503, ("Resource Unavailable", "deadline reached"))
    assert handler.seen == []


def test_a_call_whose_time_runs_out_while_it_waits_for_a_thread_is_503_and_not_begun():
    clock, handler = StandingClock(), Handler(CIRCLE)
    answers = iter([NOON, NOON + timedelta(seconds=9)])
    clock = lambda: next(answers)  # noqa: E731
    answer = call(handler=handler, headers=to_headers(Context.root(deadline=Deadline.after_ms(100, NOON))), clock=clock)
    assert answer.status == 503
    assert handler.seen == []


def test_a_oneway_call_is_answered_before_it_is_done():
    done = threading.Event()

    def slow(_words):
        time.sleep(0.005)
        done.set()

    handler = Handler(slow)
    answer = call(things.Things.functions["Tell"], ("words",), handler)
    assert (answer.status, answer.body) == (200, b"")
    assert done.wait(5)


def test_a_reason_that_no_header_can_carry_is_made_harmless():
    answer = call(handler=Handler(Unavailable("двери\r\nset-cookie: x" + "y" * 500)))
    assert answer.status == 503
    reason = answer.headers["woody.error-reason"]
    assert len(reason) == 200
    assert reason.isascii()
    assert "\n" not in reason


def test_a_handler_that_lacks_a_function_stops_the_start():
    with pytest.raises(TypeError, match=r"lacks Things\.Ping"):
        rpc_app({PATH: (things.Things, object())})


def test_one_line_tells_of_each_call_and_never_its_arguments():
    lines = []
    with log.written_to(lines.append):
        call(ECHO, (things.Everything(text="words of the caller"),), Handler(things.Everything()))
    told = [line for line in lines if b'"rpc.server"' in line]
    assert len(told) == 1
    for part in (b'"service":"Things"', b'"function":"Echo"', b'"outcome":"ok"', b'"trace_id":"t"', b"duration_ms"):
        assert part in told[0]
    assert b"words of the caller" not in b"".join(lines)


def test_every_failure_has_a_status():
    assert {made.error_class for made in RpcFailure.__subclasses__()} == {
        "Resource Unavailable",
        "Result Unknown",
        "Result Unexpected",
    }


def test_more_calls_than_threads_and_waiting_room_are_unavailable():
    gate = threading.Event()
    handler = Handler(lambda *_: gate.wait(10) and CIRCLE)
    app = rpc_app({PATH: (things.Things, handler)}, threads=1)

    async def many():
        headers = [*to_headers(Context.root()), ("content-type", "application/x-thrift")]
        body = encode_call(GET, ("x", None, 3))
        running = [asyncio.ensure_future(ask_async(app, PATH, headers, body)) for _ in range(20)]
        await asyncio.sleep(0.05)
        refused = [task.result() for task in running if task.done()]
        gate.set()
        served = await asyncio.gather(*running)
        return refused, served

    refused, served = asyncio.run(many())
    assert [answer.status for answer in refused] == [503] * 3
    assert [answer.status for answer in served].count(200) == 17
