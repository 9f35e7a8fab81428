"""What HTTP/1.1 promises about bodies, connections and answers."""

import socket
import time

import pytest

from tests.serving.wire import read

HOST = b"Host: x\r\n"
GET = b"GET /show HTTP/1.1\r\n" + HOST + b"\r\n"
UPGRADE = b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMA\r\n"


def request(path, *headers, method=b"GET", version=b"1.1", body=b""):
    """A whole request."""
    lines = b"".join(header + b"\r\n" for header in headers)
    return method + b" " + path + b" HTTP/" + version + b"\r\n" + HOST + lines + b"\r\n" + body


def bodies(answer):
    """How many answers, and the body of the last."""
    return answer.count(b"HTTP/1.1 "), answer.rpartition(b"\r\n\r\n")[2]


def test_the_application_sees_the_request_as_it_was_sent(served):
    answer = served.ask(request(b"/show/%D1%8F%20a?x=%20&y", b"X-Request-ID:  abc  "))
    assert "GET /show/я a ? x=%20&y | host=x x-request-id=abc".encode() in answer


def test_an_absolute_target_is_read_by_its_path(served):
    assert b"GET /show ? x=1 |" in served.ask(request(b"http://elsewhere/show?x=1"))
    assert b"GET / ? x=1 |" in served.ask(request(b"http://elsewhere?x=1"))
    assert b"GET / ?  |" in served.ask(request(b"http://elsewhere"))


@pytest.mark.parametrize("size", [0, 1, 1000, 3_000_000])
def test_a_body_arrives_whole(served, size):
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    answer = served.ask(request(b"/echo", b"Content-Length: %d" % size, method=b"POST", body=body))
    head, _, echoed = answer.partition(b"\r\n\r\n")
    assert b"content-length: %d" % size in head
    assert echoed == body


def test_a_body_in_chunks_arrives_whole(served):
    answer = served.ask(
        request(b"/echo", b"Transfer-Encoding: chunked", method=b"POST", body=b"3;note=x\r\nabc\r\n"),
        b"2\r\nde\r\n",
        b"0\r\n\r\n",
    )
    assert bodies(answer) == (1, b"abcde")


def test_a_request_may_arrive_byte_by_byte(served):
    whole = request(b"/echo", b"Content-Length: 2", method=b"POST", body=b"ab")
    assert bodies(served.ask(*(whole[place : place + 1] for place in range(len(whole))), pause_s=0.001)) == (1, b"ab")


def test_requests_sent_ahead_are_answered_in_order(served):
    sent = request(b"/slow") + b"".join(request(b"/show?n=%d" % number) for number in range(40))
    answer = served.ask(sent)
    assert answer.count(b"HTTP/1.1 200") == 41
    places = [answer.index(b"? %s |" % text) for text in (b"n=%d" % number for number in range(40))]
    assert places == sorted(places) and answer.index(b"slow") < places[0]


def test_a_caller_that_asks_first_is_told_to_send_its_body(served):
    head = request(b"/echo", b"Content-Length: 2", b"Expect: 100-continue", method=b"POST")
    answer = served.ask(head, b"ab")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    refused = served.ask(request(b"/early", b"Content-Length: 2", b"Expect: 100-continue", method=b"POST"))
    assert refused.startswith(b"HTTP/1.1 401 ")


def test_an_answer_before_the_body_arrives_although_the_body_was_never_read(served):
    body = b"x" * 5_000_000
    answer = served.ask(request(b"/early", b"Content-Length: 5000000", method=b"POST", body=body))
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert answer.endswith(b"early<end>")


@pytest.mark.parametrize(
    ("sent", "ends"),
    [
        (request(b"/show"), False),
        (request(b"/show", b"Connection: close"), True),
        (request(b"/show", version=b"1.0"), True),
        (request(b"/show", b"Connection: keep-alive", version=b"1.0"), False),
    ],
)
def test_the_connection_stays_open_as_long_as_both_want_it(served, sent, ends):
    answer = served.ask(sent)
    assert answer.endswith(b"<end>") is ends
    assert (b"connection: close" in answer) is ends


def test_head_is_answered_like_get_without_the_body(served):
    answer = served.ask(request(b"/stream", method=b"HEAD") + GET)
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert rest.startswith(b"HTTP/1.1 200 OK")


def test_an_answer_of_unknown_length_comes_in_chunks(served):
    answer = served.ask(request(b"/stream") + GET)
    assert b"transfer-encoding: chunked\r\n" in answer
    assert b"\r\n\r\n4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\nHTTP/1.1 200 OK" in answer


def test_an_answer_of_unknown_length_ends_an_old_connection(served):
    answer = served.ask(request(b"/stream", b"Connection: keep-alive", version=b"1.0"))
    assert answer.endswith(b"\r\n\r\none two three<end>")


def test_204_has_neither_body_nor_length(served):
    answer = served.ask(request(b"/none") + GET)
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert b"content-length" not in head
    assert rest.startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("path", [b"/crash", b"/silent", b"/forge"])
def test_a_crash_is_answered_in_the_form_of_the_service(served, path):
    answer = served.ask(request(path))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert answer.endswith(b" /\\_/\\ 500<end>")
    assert b"secret" not in answer and b"forged" not in answer


def test_a_crash_in_the_middle_of_an_answer_cannot_be_taken_for_its_end(served):
    answer = served.ask(request(b"/crash_midway") + GET)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.endswith(b"half<end>")


def test_a_caller_that_closes_its_side_still_gets_its_answer(served):
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
        connection.sendall(request(b"/slow"))
        connection.shutdown(socket.SHUT_WR)
        assert read(connection).endswith(b"slow<end>")


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: 6", (b"abcdef",)),
        (b"Content-Length: 6", (b"ab", b"cd", b"ef")),
        (b"Transfer-Encoding: chunked", (b"6\r\nabc", b"def\r\n0\r\n\r\n")),
    ],
)
def test_an_offer_to_change_the_protocol_is_passed_over_with_its_body(served, framing, body):
    head = request(b"/echo", UPGRADE.strip(), framing, method=b"POST")
    answer = served.ask(
        head + body[0], *body[1:], GET, request(b"/echo", b"Content-Length: 1", method=b"POST", body=b"z")
    )
    assert answer.count(b"HTTP/1.1 200") == 3
    assert b"\r\n\r\nabcdefHTTP/1.1" in answer and answer.endswith(b"\r\n\r\nz")


def test_an_offer_to_change_the_protocol_without_a_body_is_passed_over(served):
    assert served.ask(request(b"/show", UPGRADE.strip()) + GET).count(b"HTTP/1.1 200") == 2


def test_many_connections_at_once_are_served(served):
    sockets = [socket.create_connection(("127.0.0.1", served.port), timeout=5) for _ in range(100)]
    begin = time.monotonic()
    for connection in sockets:
        connection.sendall(request(b"/slow", b"Connection: close"))
    assert all(read(connection).endswith(b"slow<end>") for connection in sockets)
    assert time.monotonic() - begin < 6
    for connection in sockets:
        connection.close()
