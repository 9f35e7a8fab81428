"""Bytes that are no request, or that two servers could read differently, are refused by the server itself."""

import pytest

HOST = b"Host: x\r\n"
GET = b"GET /show HTTP/1.1\r\n" + HOST + b"\r\n"


def post(*headers, body=b"", version=b"1.1"):
    """A POST to /echo."""
    lines = b"".join(header + b"\r\n" for header in headers)
    return b"POST /echo HTTP/" + version + b"\r\n" + HOST + lines + b"\r\n" + body


CHUNKED = b"Transfer-Encoding: chunked"
REFUSED = {
    "both lengths": (post(b"Content-Length: 5", CHUNKED, body=b"0\r\n\r\n" + GET), 400),
    "two different lengths": (post(b"Content-Length: 5", b"Content-Length: 6", body=b"hello!"), 400),
    "two equal lengths": (post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"), 400),
    "a list of lengths": (post(b"Content-Length: 5, 5", body=b"hello"), 400),
    "a negative length": (post(b"Content-Length: -5", body=b"hello"), 400),
    "a signed length": (post(b"Content-Length: +5", body=b"hello"), 400),
    "a length with an underscore": (post(b"Content-Length: 1_0", body=b"hellohello"), 400),
    "a hexadecimal length": (post(b"Content-Length: 0x5", body=b"hello"), 400),
    "a length that wraps 64 bits": (post(b"Content-Length: 18446744073709551621", body=b"hello"), 400),
    "an unknown coding": (post(b"Transfer-Encoding: gzip"), 400),
    "an unknown coding before chunks": (post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), 400),
    "identity": (post(b"Transfer-Encoding: identity"), 400),
    "almost chunked": (post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"), 400),
    "chunked after a vertical tab": (post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"), 400),
    "chunked with a space before the colon": (post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"), 400),
    "chunked twice": (post(CHUNKED, b"Transfer-Encoding: identity", body=b"0\r\n\r\n"), 400),
    "chunked in HTTP/1.0": (post(CHUNKED, body=b"5\r\nhello\r\n0\r\n\r\n", version=b"1.0"), 400),
    "a chunk size of letters": (post(CHUNKED, body=b"zz\r\nhello\r\n0\r\n\r\n"), 400),
    "a negative chunk": (post(CHUNKED, body=b"-5\r\nhello\r\n0\r\n\r\n"), 400),
    "a chunk that wraps 64 bits": (post(CHUNKED, body=b"10000000000000005\r\nhello\r\n0\r\n\r\n"), 400),
    "a chunk without its end": (post(CHUNKED, body=b"5\r\nhelloXX0\r\n\r\n"), 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /show\r\n\r\n", 400),
    "HTTP/1.9": (b"GET /show HTTP/1.9\r\n" + HOST + b"\r\n", 400),
    "words": (b"hello there\r\n\r\n", 400),
    "a method in small letters": (b"get /show HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a line without carriage return": (b"GET /show HTTP/1.1\nHost: x\n\n", 400),
    "no Host": (b"GET /show HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (b"GET /show HTTP/1.1\r\n" + HOST * 2 + b"\r\n", 400),
    "a zero byte in a header": (b"GET /show HTTP/1.1\r\n" + HOST + b"A: b\x00c\r\n\r\n", 400),
    "a space in a header name": (b"GET /show HTTP/1.1\r\n" + HOST + b"A b: c\r\n\r\n", 400),
    "a header without a name": (b"GET /show HTTP/1.1\r\n" + HOST + b": c\r\n\r\n", 400),
    "a folded header": (b"GET /show HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n", 400),
    "a target without a slash": (b"GET show HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a target with a fragment": (b"GET /show#x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a target beyond ASCII": (b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a target with a control character": (b"GET /a\x01b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a tunnel": (b"CONNECT x:80 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a long target": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "an endless target": (b"GET /" + b"a" * 500_000, 414),
    "many headers": (b"GET /show HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 200 + b"\r\n", 431),
    "a long header": (b"GET /show HTTP/1.1\r\n" + HOST + b"A: " + b"b" * 20_000 + b"\r\n\r\n", 431),
    "an endless header": (b"GET /show HTTP/1.1\r\n" + HOST + b"A: " + b"b" * 3_000_000, 431),
    "an endless header name": (b"GET /show HTTP/1.1\r\n" + HOST + b"b" * 3_000_000, 431),
    "an endless chunk extension": (post(CHUNKED, body=b"5;" + b"x" * 3_000_000), 431),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_broken_request_is_refused_once_in_the_form_of_the_service(served, case):
    request, status = REFUSED[case]
    answer = served.ask(request)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1, "what follows a broken request must not be served"
    assert answer.endswith(b"\r\n\r\n /\\_/\\ %d<end>" % status)
    assert b"content-type: text/plain; charset=utf-8\r\n" in answer
    assert b"connection: close\r\n" in answer


def test_a_broken_request_behind_a_good_one_ends_the_connection_after_the_good_answer(served):
    answer = served.ask(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\njunk\r\n\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.endswith(b"slow<end>")


def test_a_body_that_breaks_off_in_a_chunk_is_answered_by_the_server(served):
    answer = served.ask(post(CHUNKED), b"3\r\nabc\r\n", b"zz\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_header_cannot_be_smuggled_in_as_a_trailer(served):
    request = b"POST /show HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n\r\n3\r\nabc\r\n0\r\nAuthorization: Bearer x\r\n\r\n"
    assert b"authorization" not in served.ask(request)


def test_the_server_is_none_the_worse_for_any_of_it(served):
    assert served.ask(GET).startswith(b"HTTP/1.1 200 OK")
