"""One POST: what honest receivers get, and what hostile ones cannot do."""

import datetime
import ipaddress
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from processing.webhooks.content_signature import verdict
from processing.webhooks.sender import Answer, Sender
from processing.webhooks.verdicts import Outcome
from tests.processing.webhooks.receivers import (
    OK,
    drips,
    floods,
    hangs,
    hangs_after,
    receiver,
    says,
    status,
)
from tests.processing.webhooks.stage import rules

HEAD_200 = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
SYSTEM_TLS = ssl.create_default_context()
STEP_S = 0.3
ALL_S = 3 * STEP_S


def post(url: str, body: bytes = b'{"a":1}', **changed: object) -> Answer:
    return Sender(rules(**changed), tls=SYSTEM_TLS).post(url, body, {"Content-Signature": "alg=RS256; digest=x"})


def is_taken(answer: Answer) -> bool:
    return verdict(answer).outcome is Outcome.DELIVERED


def test_a_receiver_gets_the_exact_bytes_with_their_headers():
    with receiver() as taking:
        answer = post(taking.url, '{"ключ":"значение"}'.encode())
    assert is_taken(answer)
    [arrived] = taking.arrived
    assert arrived.line == "POST /hook?shop=1 HTTP/1.1"
    assert arrived.body == '{"ключ":"значение"}'.encode()
    assert arrived.headers["host"] == f"127.0.0.1:{taking.port}"
    assert arrived.headers["content-signature"] == "alg=RS256; digest=x"
    assert arrived.headers["connection"] == "close"


@pytest.mark.parametrize(
    "code", [201, 202, 204, 206, 300, 301, 302, 303, 304, 307, 308, 400, 401, 404, 410, 429, 500, 503]
)
def test_any_status_but_200_is_a_failure(code: int):
    with receiver(status(code)) as refusing:
        answer = post(refusing.url)
    judged = verdict(answer)
    assert (answer.status, judged.outcome) == (code, Outcome.FAILED)
    assert str(code) in judged.error


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(code: int):
    with receiver() as inside, receiver(status(code, f"Location: {inside.url}")) as redirecting:
        answer = post(redirecting.url)
        assert answer.status == code
        assert redirecting.connections == 1
        assert inside.connections == 0


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
)
def test_a_receiver_that_keeps_its_connection_open_behind_its_answer_costs_no_time(answer: bytes):
    with receiver(hangs_after(answer)) as keeping:
        began = time.monotonic()
        post(keeping.url, timeout_ms=10_000)
        assert time.monotonic() - began < 5


def test_an_interim_answer_is_passed_over():
    with receiver(
        says(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + HEAD_200)
    ) as polite:
        assert is_taken(post(polite.url))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\r\n\r\n",
        b"200 OK\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 099 No\r\n\r\n",
        b"HTTP/1.1 two OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"<html>HTTP/1.1 200 OK</html>\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nHalf: a head",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
    ],
)
def test_what_is_no_answer_is_a_failure(answer: bytes):
    with receiver(says(answer)) as broken:
        got = post(broken.url)
    assert got.status is None
    assert got.error


def test_nobody_listening_is_a_failure():
    with receiver() as gone:
        url = gone.url
    got = post(url)
    assert (got.status, got.error) == (None, "The connection was not accepted by the receiver")


# ----------------------------------------------------------------------------------------------- hostile receivers


def test_a_receiver_that_never_answers_is_given_up_in_time():
    with receiver(hangs) as silent:
        got = post(silent.url)
    assert (got.status, got.error) == (None, "No answer came in time")
    assert STEP_S * 1000 <= got.duration_ms < ALL_S * 1000


def test_a_receiver_that_does_not_read_is_given_up_in_time():
    with receiver(hangs, reads=False) as deaf:
        got = post(deaf.url, b"x" * 50_000_000)
    assert (got.status, got.error) == (None, "The receiver did not take the message in time")
    assert got.duration_ms < ALL_S * 1000


def test_a_receiver_that_hangs_within_its_head_is_given_up_in_time():
    with receiver(hangs_after(b"HTTP/1.1 200 OK\r\nHalf: ")) as half:
        got = post(half.url)
    assert got.status is None
    assert got.duration_ms < ALL_S * 1000


def test_a_receiver_that_hangs_after_its_head_has_answered():
    with receiver(hangs_after(HEAD_200)) as hanging:
        began = time.monotonic()
        got = post(hanging.url)
    assert is_taken(got)
    assert time.monotonic() - began < 5


def test_a_head_that_drips_within_each_reads_time_still_ends_with_the_total():
    """Each byte comes in time; all of them would take half a minute."""
    with receiver(drips(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000, 0.03)) as dripping:
        got = post(dripping.url)
    assert (got.status, got.error) == (None, "No answer came in time")
    assert ALL_S * 1000 <= got.duration_ms < ALL_S * 1000 + 3000


def test_a_head_without_end_is_cut():
    with receiver(floods(b"HTTP/1.1 200 OK\r\nX: ")) as endless:
        got = post(endless.url, timeout_ms=5000)
    assert (got.status, got.error) == (None, "The head of the answer has no end")


def test_a_body_without_end_is_read_a_little_and_left():
    endless = floods(HEAD_200)
    with receiver(endless) as pouring:
        began = time.monotonic()
        got = post(pouring.url, answer_bytes_max=100_000)
        assert time.monotonic() - began < 5
    assert is_taken(got)
    # What the kernel buffers on the way comes on top of what was read.
    assert endless.poured < 30_000_000


def test_a_failing_body_without_end_is_still_that_failure():
    with receiver(floods(b"HTTP/1.1 500 Oh\r\nContent-Encoding: gzip\r\n\r\n")) as bomb:
        assert post(bomb.url).status == 500


def test_a_receiver_that_answers_before_it_reads_is_heard():
    with receiver(OK, reads=False) as hasty:
        assert post(hasty.url, b"x" * 2_000_000).status in (200, None)
        assert post(hasty.url).status == 200


def test_a_resolver_that_hangs_is_given_up_in_time():
    def slow(host: str, port: int) -> list:
        time.sleep(2)
        return []

    got = Sender(rules(), lookup=slow).post("https://shop.example.com/", b"{}", {})
    assert (got.status, got.error) == (None, "The host's name was not resolved in time")
    assert got.duration_ms < ALL_S * 1000


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch):
    with receiver(status(500)) as proxy, receiver() as taking:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert is_taken(post(taking.url))
        assert proxy.connections == 0


# ------------------------------------------------------------------------------------------------------------ TLS


def certified(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate of `name`, and a client's that trusts it. Both IP and DNS names."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    try:
        known = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        known = x509.DNSName(name)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([known]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + pem
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=pem.decode())


def at_loopback(host: str, port: int) -> list:
    return [(None, None, None, "", ("127.0.0.1", port))]


def test_https_names_the_host_in_sni_and_connects_to_the_checked_address(tmp_path: Path):
    server, client = certified(tmp_path, "shop.example.com")
    named = []
    server.sni_callback = lambda connection, name, context: named.append(name)
    with receiver(tls=server) as taking:
        sender = Sender(rules(), lookup=at_loopback, tls=client)
        got = sender.post(f"https://shop.example.com:{taking.port}/hook", b"{}", {})
    assert is_taken(got)
    assert named == ["shop.example.com"]
    assert taking.arrived[0].headers["host"] == f"shop.example.com:{taking.port}"


def test_a_certificate_of_another_name_is_not_accepted(tmp_path: Path):
    server, client = certified(tmp_path, "other.example.com")
    with receiver(tls=server) as taking:
        sender = Sender(rules(), lookup=at_loopback, tls=client)
        got = sender.post(f"https://shop.example.com:{taking.port}/hook", b"{}", {})
    assert got.status is None
    assert got.error.startswith("The receiver's certificate was not accepted")
    assert taking.arrived == []


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(tmp_path: Path):
    server, _ = certified(tmp_path, "127.0.0.1")
    with receiver(tls=server) as taking:
        got = post(taking.url)
    assert got.error.startswith("The receiver's certificate was not accepted")
    assert taking.arrived == []


def test_a_plain_receiver_behind_an_https_url_is_a_failure(tmp_path: Path):
    with receiver(hangs, reads=False) as silent, receiver(says(b"HTTP/1.1 200 OK\r\n\r\n"), reads=False) as plain:
        for each, why in ((silent, "TLS was not agreed on in time"), (plain, "TLS was not agreed on")):
            got = post(each.url.replace("http:", "https:"))
            assert (got.status, got.error) == (None, why)
