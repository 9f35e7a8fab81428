"""A caller that sends one head again and again is understood as the parser would understand it, every time."""

import random
import re

import httptools
import pytest

from serving import usual_heads
from tests.serving.test_exchanges import request

PLAIN = (b"accept: application/json", b"Authorization: Bearer abc.def", b"x-request-id: 5c7f-2b1e")
LENGTH = b"content-length: 5"


def head(*lines, target=b"/direct?a=1", method=b"POST"):
    return b"\r\n".join((method + b" " + target + b" HTTP/1.1", b"host: a.example", *lines, b"", b""))


def asked(number, body, *headers):
    identity = b"X-Request-ID: req-%d" % number
    return request(b"/direct", identity, b"Content-Length: %d" % len(body), *headers, method=b"POST", body=body)


def answered(answer):
    """The bodies of all good answers."""
    return re.split(rb"HTTP/1\.1 200 OK\r\n(?:.+\r\n)+\r\n", answer)[1:]


class Parsed:
    """What the general parser makes of some bytes."""

    def __init__(self, data):
        self.url, self.headers, self.body, self.begun, self.done = b"", [], b"", 0, 0
        parser = httptools.HttpRequestParser(self)
        parser.feed_data(data)
        self.method = parser.get_method().decode()

    def target(self):
        path, _, query = self.url.partition(b"?")
        return path, query

    def on_message_begin(self):
        self.begun += 1

    def on_url(self, part):
        self.url += part

    def on_header(self, name, value):
        self.headers.append((name.lower(), value))

    def on_body(self, part):
        self.body += part

    def on_message_complete(self):
        self.done += 1


def learnt(data):
    parsed = Parsed(data)
    return usual_heads.known(data, parsed.method, *parsed.target(), parsed.headers)


def mutated(data, draw):
    """The bytes with a few of them changed, left out, doubled, or put elsewhere."""
    for _ in range(draw.choice((1, 1, 2, 3))):
        place, size = draw.randrange(len(data)), draw.choice((1, 1, 2, 9))
        doubled = data[place : place + size] * 2
        piece = draw.choice((b"", b"\r\n", b" ", b"0", b"-", b"x", b":", b"\0", b"\xff", b"9", doubled))
        data = data[:place] + piece + data[place + draw.choice((0, size)) :]
    return data


@pytest.mark.parametrize("lines", [(*PLAIN, LENGTH), (LENGTH, *PLAIN), PLAIN[:2], (LENGTH,)])
def test_whatever_is_taken_for_the_usual_request_reads_the_same_to_the_parser(lines):
    body = b"hello" if LENGTH in lines else b""
    usual, draw, taken = learnt(head(*lines) + body), random.Random(7), 0
    for _ in range(4000):
        data = mutated(head(*lines) + body, draw)
        found = usual_heads.read(usual, data)
        if found is not None:
            taken += 1
            parsed = Parsed(data)
            assert (parsed.begun, parsed.done) == (1, 1)
            assert (usual.method, usual.path, usual.query) == (parsed.method, *parsed.target())
            assert (list(found[0].items()), found[1]) == (parsed.headers, parsed.body)
    assert taken > 20


def test_another_id_and_another_length_are_the_usual_head_still():
    usual = learnt(head(*PLAIN, LENGTH) + b"hello")
    data = head(*PLAIN[:2], b"x-request-id: other", b"content-length: 12") + b"good morning"
    named, body = usual_heads.read(usual, data)
    assert (named[b"x-request-id"], named[b"content-length"], body) == (b"other", b"12", b"good morning")
    assert usual.named[b"x-request-id"] == b"5c7f-2b1e"


@pytest.mark.parametrize(
    "changed",
    [
        (b"authorization: Bearer abc.def", b"authorization: Bearer abc.deg"),
        (b"content-length: 5", b"content-length: 4"),
        (b"content-length: 5", b"content-length: 05"),
        (b"content-length: 5", b"content-length: +5"),
        (b"5c7f-2b1e", b""),
        (b"5c7f-2b1e", b"a b"),
        (b"5c7f-2b1e", b"a\rb"),
        (b"5c7f-2b1e", b"x" * 65),
        (b"hello", b"hello!"),
        (b"hello", b"hell"),
    ],
)
def test_anything_else_that_differs_is_left_to_the_parser(changed):
    data = head(*PLAIN[:1], b"authorization: Bearer abc.def", PLAIN[2], LENGTH) + b"hello"
    assert usual_heads.read(learnt(data), data) is not None
    assert usual_heads.read(learnt(data), data.replace(*changed)) is None


@pytest.mark.parametrize(
    "line",
    [
        b"connection: keep-alive",
        b"expect: 100-continue",
        b"x-request-id: twice",
        b"accept: twice",
        b"te: trailers",
    ],
)
def test_a_head_that_says_more_is_not_remembered(line):
    assert learnt(head(*PLAIN, LENGTH) + b"hello") is not None
    assert learnt(head(*PLAIN, LENGTH, line) + b"hello") is None


def test_chunks_are_not_remembered():
    assert learnt(head(*PLAIN, b"transfer-encoding: chunked") + b"0\r\n\r\n") is None


def test_each_request_of_a_connection_gets_its_own_answer(served):
    texts = [b"text %d " % number * number for number in range(1, 12)]
    answer = served.ask(*(asked(number, text) for number, text in enumerate(texts)))
    assert answered(answer) == texts


def test_after_usual_requests_one_in_pieces_and_two_at_once_are_understood(served):
    usual, other = asked(1, b"usual"), asked(2, b"other", b"Accept: */*")
    parts = (usual, usual, other[:20], other[20:], usual, usual + other, usual[:-2], usual[-2:] + usual, usual)
    answer = served.ask(*parts)
    assert answered(answer) == b"usual usual other usual usual other usual usual usual".split()


def test_after_usual_requests_a_broken_one_is_refused_as_ever(served):
    usual = asked(1, b"usual")
    answer = served.ask(usual, usual, usual.replace(b"req-1", b"req\x001"))
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 2 and b"HTTP/1.1 400 Bad Request\r\n" in answer


def test_a_usual_request_may_be_the_last(served):
    usual = asked(1, b"usual")
    answer = served.ask(usual, usual, asked(1, b"usual", b"Connection: close"))
    assert answered(answer.removesuffix(b"<end>")) == [b"usual"] * 3 and answer.endswith(b"<end>")
