"""An application of ours that is called without ASGI keeps every promise of those that are called by it."""

import socket
import time

import pytest

from tests.serving.test_exchanges import bodies, request
from tests.serving.wire import read


def post(body, *headers):
    return request(b"/direct", b"Content-Length: %d" % len(body), *headers, method=b"POST", body=body)


def test_a_body_that_came_whole_is_at_hand(served):
    answer = served.ask(post(b"abc"))
    assert bodies(answer) == (1, b"abc")
    assert b"x-body: at hand\r\n" in answer and b"x-peer: 127.0.0.1\r\n" in answer
    assert b"content-length: 3\r\n" in answer and b"\r\ndate: " in answer


def test_a_body_on_its_way_is_waited_for(served):
    whole = post(b"abc" * 1000)
    answer = served.ask(whole[:-500], whole[-500:], pause_s=0.1)
    assert bodies(answer) == (1, b"abc" * 1000)
    assert b"x-body: later\r\n" in answer


def test_head_is_answered_without_the_body(served):
    answer = served.ask(request(b"/direct", b"Content-Length: 3", method=b"HEAD", body=b"abc"))
    assert b"x-body: at hand\r\n" in answer and answer.endswith(b"\r\n\r\n")


def test_requests_sent_ahead_are_answered_in_order(served):
    answer = served.ask(
        post(b"one") + request(b"/echo", b"Content-Length: 3", method=b"POST", body=b"two") + post(b"3")
    )
    assert answer.index(b"\r\n\r\none") < answer.index(b"\r\n\r\ntwo") < answer.index(b"\r\n\r\n3")


def test_a_caller_that_asks_first_is_told_to_send_its_body(served):
    whole = post(b"abc", b"Expect: 100-continue")
    answer = served.ask(whole[:-3], whole[-3:], pause_s=0.1)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("target", [b"/direct?crash", b"/direct?forge", b"/crash"])
def test_a_crash_is_answered_in_the_same_form_either_way(served, target):
    answer = served.ask(request(target))
    assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"secret" not in answer and b"connection: close\r\n" in answer


@pytest.mark.parametrize("break_", [b"%0D%0A", b"%0A", b"%0D", b"%00", b"%0D%0A%0D%0A"])
def test_a_header_that_all_answers_have_cannot_carry_a_line_break_either(served, break_):
    for _ in range(2):
        answer = served.ask(request(b"/direct?forge-constant=" + break_))
        assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n") and b"secret" not in answer


def test_probes_stand_before_it(served):
    assert b'"status":"passing"' in served.ask(request(b"/health"))
    assert b'"status":"passing"' in served.ask(request(b"/%68ealth"))


def test_a_large_answer_to_a_slow_reader_arrives_whole(served):
    body = b"x" * 5_000_000
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(post(body, b"Connection: close"))
        time.sleep(0.3)
        assert read(connection).endswith(b"\r\n\r\n" + body + b"<end>")
