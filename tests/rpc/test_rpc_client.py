"""The client's side of the table of statuses, repeats, and what a call carries."""

import asyncio
import time

import pytest

from rpc.calling import Response
from rpc.client import AsyncClient, BlockingClient
from rpc.context import Context, from_headers
from rpc.failures import Unavailable, Unexpected, Unknown
from rpc.idl.runtime import InvalidValue
from rpc.messages import encode_exception, encode_result
from telemetry import log
from tests.rpc.kit import ROW, SECRET, StandingClock, context, things

GET, PUT, ECHO = (things.Things.functions[name] for name in ("Get", "Put", "Echo"))
CIRCLE = things.Shape(circle=1)
GOOD = Response(200, "", "", encode_result(GET, 0, CIRCLE))


class Answers:
    """A transport for either client: gives the next of its answers; an exception is raised, the last one stays."""

    def __init__(self, *answers, clock=None):
        self.answers, self.requests, self.clock = list(answers), [], clock

    def next(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class AsyncAnswers(Answers):
    async def send(self, request):
        return self.next(request)

    async def close(self):
        pass


class BlockingAnswers(Answers):
    def send(self, request):
        return self.next(request)

    def close(self):
        pass


class Caller:
    """Calls through either client in the same words."""

    def __init__(self, kind):
        self.kind = kind

    def transport(self, *answers):
        return (AsyncAnswers if self.kind == "async" else BlockingAnswers)(*answers)

    def client(self, transport, **options):
        made = AsyncClient if self.kind == "async" else BlockingClient
        options = {"clock": StandingClock(), "breaker_failures_max": 0, **options}
        return made({"things": "http://things.test/below"}, services=[ROW], transport=transport, **options)

    def call(self, client, function="Get", *arguments, bound_to=None, **named):
        bound = client.bind(bound_to or context(client.core.clock))
        made = getattr(bound.things, function)(*arguments, **named)
        return asyncio.run(made) if self.kind == "async" else made


@pytest.fixture(params=["async", "blocking"])
def caller(request):
    return Caller(request.param)


ARGUMENTS = ("name", None, 3)


def outcome(caller, answer, function="Put", arguments=("name", CIRCLE), **options):
    transport = caller.transport(answer)
    return caller.call(caller.client(transport, **options), function, *arguments)


def test_a_result_is_returned(caller):
    assert outcome(caller, GOOD, "Get", ARGUMENTS) == CIRCLE


def test_arguments_may_be_named(caller):
    transport = caller.transport(GOOD)
    assert caller.call(caller.client(transport), "Get", "name", limit=5) == CIRCLE
    with pytest.raises(InvalidValue):
        caller.call(caller.client(transport), "Get", "name", limits=5)


def test_a_declared_exception_is_raised_as_itself(caller):
    answer = Response(200, "Business Error", "Refused", encode_exception(PUT, 0, things.Refused()))
    with pytest.raises(things.Refused):
        outcome(caller, answer)


@pytest.mark.parametrize(
    ("status", "error_class", "failure"),
    [
        (503, "", Unavailable),
        (504, "", Unknown),
        (502, "Resource Unavailable", Unavailable),
        (502, "resource unavailable", Unavailable),
        (502, "Result Unknown", Unknown),
        (502, "Result Unexpected", Unexpected),
        (502, "", Unexpected),
        (502, "nonsense", Unexpected),
        (500, "Resource Unavailable", Unexpected),
        (400, "", Unexpected),
        (401, "", Unexpected),
        (404, "", Unexpected),
        (405, "", Unexpected),
        (406, "", Unexpected),
        (413, "", Unexpected),
        (415, "", Unexpected),
        (201, "", Unexpected),
        (302, "", Unexpected),
        (599, "", Unexpected),
    ],
)
def test_each_status_means_one_failure(caller, status, error_class, failure):
    with pytest.raises(failure) as raised:
        outcome(caller, Response(status, error_class, "why", b""))
    assert (type(raised.value), raised.value.source, raised.value.reason) == (failure, "external", "why")


@pytest.mark.parametrize("body", [b"", b"garbage", GOOD.body[:-1], encode_result(ECHO, 0, things.Everything())])
def test_an_unreadable_answer_is_unknown(caller, body):
    with pytest.raises(Unknown) as raised:
        outcome(caller, Response(200, "", "", body))
    assert raised.value.source == "internal"


def test_arguments_that_cannot_be_sent_are_unexpected_and_nothing_is_sent(caller):
    transport = caller.transport(GOOD)
    client = caller.client(transport)
    for arguments in (("name", "shape"), ("name",), (5, CIRCLE), (None, CIRCLE)):
        with pytest.raises(Unexpected):
            caller.call(client, "Put", *arguments)
    assert transport.requests == []


def test_a_deadline_already_over_is_unavailable_and_nothing_is_sent(caller):
    transport = caller.transport(GOOD)
    client = caller.client(transport)
    with pytest.raises(Unavailable, match="deadline reached") as raised:
        caller.call(client, "Get", *ARGUMENTS, bound_to=context(client.core.clock, 0))
    assert raised.value.source == "internal"
    assert transport.requests == []


def test_a_transport_that_breaks_in_an_unforeseen_way_is_unexpected(caller):
    with pytest.raises(Unexpected):
        outcome(caller, RuntimeError("?"))


def test_each_call_is_a_child_of_its_context_with_the_same_deadline(caller):
    transport = caller.transport(GOOD)
    client = caller.client(transport)
    root = context(client.core.clock, 1500)
    caller.call(client, "Get", *ARGUMENTS, bound_to=root)
    sent = from_headers(transport.requests[0].headers)
    assert (sent.trace_id, sent.parent_id, sent.deadline, sent.meta) == (
        root.trace_id,
        root.span_id,
        root.deadline,
        root.meta,
    )
    assert transport.requests[0].allowed_ms == 1500


def test_a_call_without_deadline_gets_the_one_of_its_row(caller):
    transport = caller.transport(GOOD)
    client = caller.client(transport)
    caller.call(client, "Get", *ARGUMENTS)
    assert transport.requests[0].allowed_ms == ROW.timeout_ms
    assert from_headers(transport.requests[0].headers).deadline.remaining_ms(client.core.clock()) == ROW.timeout_ms


def test_the_path_is_the_rows_below_the_upstreams(caller):
    transport = caller.transport(GOOD)
    client = caller.client(transport)
    caller.call(client, "Get", *ARGUMENTS)
    assert transport.requests[0].path == "/below/v1/things"
    bound = client.bind(context()).at("things", "/v1/other")
    made = bound.Get(*ARGUMENTS)
    assert (asyncio.run(made) if caller.kind == "async" else made) == CIRCLE
    assert transport.requests[1].path == "/below/v1/other"


def test_calls_are_signed_when_there_is_a_secret(caller):
    for secret, is_signed in ((SECRET, True), (None, False)):
        transport = caller.transport(GOOD)
        caller.call(caller.client(transport, secret=secret), "Get", *ARGUMENTS)
        assert ("x-capi-signature" in dict(transport.requests[0].headers)) is is_signed


def test_a_service_or_function_that_does_not_exist_names_those_that_do(caller):
    bound = caller.client(caller.transport(GOOD)).bind(Context.root())
    with pytest.raises(AttributeError, match="there are things"):
        _ = bound.thing
    with pytest.raises(AttributeError, match="no function"):
        _ = bound.things.Got


def test_a_row_whose_upstream_is_not_given_does_not_exist():
    client = BlockingClient({}, services=[ROW])
    with pytest.raises(AttributeError):
        _ = client.bind(Context.root()).things


# -------------------------------------------------------------------- repeats


@pytest.mark.parametrize("failure", [Unavailable("x"), Unknown("x", "external")])
def test_a_function_whose_row_allows_it_is_called_again(caller, failure):
    transport = caller.transport(failure, failure, GOOD)
    assert caller.call(caller.client(transport), "Get", *ARGUMENTS) == CIRCLE
    assert len(transport.requests) == 3


def test_repeats_end_where_the_row_says(caller):
    transport = caller.transport(Unavailable("x"))
    with pytest.raises(Unavailable):
        caller.call(caller.client(transport), "Get", *ARGUMENTS)
    assert len(transport.requests) == 3


@pytest.mark.parametrize("failure", [Unavailable("x"), Unknown("x", "external")])
def test_a_function_that_no_row_names_is_called_once(caller, failure):
    transport = caller.transport(failure)
    with pytest.raises(type(failure)):
        caller.call(caller.client(transport), "Put", "name", CIRCLE)
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Response(500, "", "", b""),
        Response(400, "", "", b""),
        Response(200, "", "", encode_exception(GET, 0, things.NotFound(name="x"))),
    ],
)
def test_neither_the_unexpected_nor_a_declared_exception_is_tried_again(caller, answer):
    transport = caller.transport(answer)
    with pytest.raises((Unexpected, things.NotFound)):
        caller.call(caller.client(transport), "Get", *ARGUMENTS)
    assert len(transport.requests) == 1


def test_every_attempt_has_a_span_of_its_own_under_one_deadline(caller):
    transport = caller.transport(Unavailable("x"), GOOD)
    caller.call(caller.client(transport, secret=SECRET), "Get", *ARGUMENTS)
    one, other = (from_headers(request.headers) for request in transport.requests)
    assert one.span_id != other.span_id
    assert (one.trace_id, one.deadline) == (other.trace_id, other.deadline)


def test_no_attempt_begins_when_the_wait_would_pass_the_deadline(caller):
    clock = StandingClock()
    transport = caller.transport(Unavailable("x"))
    client = caller.client(transport, clock=clock)
    root = context(clock, 100)
    transport.next = lambda request: (transport.requests.append(request), clock.advance(100), fail())[0]
    with pytest.raises(Unavailable):
        caller.call(client, "Get", *ARGUMENTS, bound_to=root)
    assert len(transport.requests) == 1


def fail():
    raise Unavailable("x")


# -------------------------------------------------------------------- breaker


def test_an_open_breaker_answers_at_once_and_lets_one_call_try_later(caller):
    transport = caller.transport(Unknown("x", "external"))
    client = caller.client(transport, breaker_failures_max=3, breaker_open_ms=40)
    for _ in range(5):
        with pytest.raises((Unknown, Unavailable)):
            caller.call(client, "Put", "name", CIRCLE)
    assert len(transport.requests) == 3
    with pytest.raises(Unavailable, match="circuit breaker is open"):
        caller.call(client, "Put", "name", CIRCLE)
    transport.answers = [Response(200, "", "", encode_result(PUT, 0, None))]
    time.sleep(0.05)
    assert caller.call(client, "Put", "name", CIRCLE) is None
    assert client.core.targets["things"].breaker.state == "closed"


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, "", "", encode_exception(PUT, 0, things.Refused())),
        Response(500, "", "", b""),
        Response(400, "", "", b""),
        Response(502, "Resource Unavailable", "", b""),
        Response(502, "Result Unknown", "", b""),
    ],
)
def test_a_service_that_answers_keeps_its_breaker_closed(caller, answer):
    transport = caller.transport(answer)
    client = caller.client(transport, breaker_failures_max=2)
    for _ in range(5):
        with pytest.raises((things.Refused, Unexpected, Unavailable, Unknown)):
            caller.call(client, "Put", "name", CIRCLE)
    assert len(transport.requests) == 5


def test_an_impatient_caller_cannot_open_the_breaker_for_others(caller):
    transport = caller.transport(Unknown("deadline reached", "external", is_impatience=True))
    client = caller.client(transport, breaker_failures_max=2)
    for _ in range(5):
        with pytest.raises(Unknown):
            caller.call(client, "Put", "name", CIRCLE, bound_to=context(client.core.clock, 50))
    assert client.core.targets["things"].breaker.state == "closed"
    for _ in range(2):
        with pytest.raises(Unknown):
            caller.call(client, "Put", "name", CIRCLE, bound_to=context(client.core.clock, 5000))
    assert client.core.targets["things"].breaker.state == "open"


def test_a_cancelled_trial_leaves_the_breaker_to_the_next_call():
    class Hanging(AsyncAnswers):
        async def send(self, request):
            if len(self.requests) == 1:
                self.requests.append(request)
                await asyncio.sleep(60)
            return self.next(request)

    async def run():
        transport = Hanging(Unknown("x", "external"), Response(200, "", "", encode_result(PUT, 0, None)))
        client = AsyncClient(
            {"things": "http://t"}, services=[ROW], transport=transport, breaker_failures_max=1, breaker_open_ms=0
        )
        put = client.bind(context()).things.Put
        with pytest.raises(Unknown):
            await put("name", CIRCLE)
        trial = asyncio.ensure_future(put("name", CIRCLE))
        await asyncio.sleep(0.01)
        trial.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trial
        return await put("name", CIRCLE)

    assert asyncio.run(run()) is None


# ----------------------------------------------------------------------- log


def test_one_line_tells_of_each_call_with_its_attempts_and_never_its_arguments(caller):
    lines = []
    transport = caller.transport(Unavailable("x"), GOOD)
    with log.written_to(lines.append):
        caller.call(caller.client(transport), "Get", "words of the caller", None, 3)
    assert len(lines) == 1
    for part in (b'"rpc.client"', b'"service":"Things"', b'"function":"Get"', b'"outcome":"ok"', b'"attempts":2'):
        assert part in lines[0]
    assert b"words of the caller" not in lines[0]


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (Response(503, "", "", b""), b'"outcome":"unavailable"'),
        (Response(504, "", "", b""), b'"outcome":"unknown"'),
        (Response(500, "", "", b""), b'"outcome":"unexpected"'),
        (Response(200, "", "", encode_exception(PUT, 0, things.Refused())), b'"outcome":"business"'),
    ],
)
def test_the_line_names_the_outcome(caller, answer, word):
    lines = []
    with log.written_to(lines.append), pytest.raises((Unavailable, Unknown, Unexpected, things.Refused)):
        outcome(caller, answer)
    assert word in lines[0]


@pytest.mark.parametrize("url", ["", "things", "ftp://things", "http://", "http://user@things", "http://things?x=1"])
def test_an_upstream_is_a_plain_url(url):
    with pytest.raises(ValueError):
        BlockingClient({"things": url}, services=[ROW])
