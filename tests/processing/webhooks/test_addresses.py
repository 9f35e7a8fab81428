"""Where webhooks may not go: a table of URLs and addresses by which others were led into their own networks."""

import ipaddress
import socket
import time
from urllib.parse import urlsplit

import pytest
import urllib3
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.webhooks import addresses, resolving
from processing.webhooks.addresses import AddressRefused
from processing.webhooks.resolving import NameUnresolved
from processing.webhooks.sender import Sender
from tests.processing.webhooks.stage import rules

PUBLIC = rules(loopback_allowed=False)
SANDBOX = rules()
ASKED: list[str] = []
SENDER = Sender(PUBLIC, lookup=lambda host, port: ASKED.append(host) or [])

# Refused by its text, before any name is asked for.
REFUSED_URLS = [
    *"""
http://127.0.0.1/
http://127.1/
http://127.0.1/
http://2130706433/
http://017700000001/
http://0177.0.0.1/
http://0x7f.0.0.1/
http://0x7f000001/
http://0x7f.1/
http://127.000.000.001/
http://127.0.0.1.:80/
http://0/
http://0.0.0.0/
http://00000000.0/
http://10.0.0.1/
http://10.255.255.255/
http://100.64.0.1/
http://100.100.100.200/latest/meta-data/
http://168.63.129.16/metadata
http://169.254.169.254/latest/meta-data/
http://169.254.170.2/v2/credentials
http://2852039166/
http://0xA9FEA9FE/
http://0251.0376.0251.0376/
http://169.254.43518/
http://172.16.0.1/
http://172.31.255.255/
http://192.0.0.8/
http://192.0.2.1/
http://192.88.99.1/
http://192.168.0.1/
http://198.18.0.1/
http://198.19.255.255/
http://198.51.100.7/
http://203.0.113.7/
http://224.0.0.1/
http://239.255.255.250:1900/
http://240.0.0.1/
http://255.255.255.255/
http://256.256.256.256/
http://1.2.3/
http://1.2.3.4.5/
http://[::]/
http://[::1]/
http://[0:0:0:0:0:0:0:1]/
http://[::127.0.0.1]/
http://[::ffff:127.0.0.1]/
http://[::ffff:7f00:1]/
http://[::ffff:10.0.0.1]/
http://[::ffff:a9fe:a9fe]/
http://[::ffff:8.8.8.8]/
http://[::ffff:0:127.0.0.1]/
http://[64:ff9b::7f00:1]/
http://[64:ff9b::169.254.169.254]/
http://[64:ff9b:1::a00:1]/
http://[2002:7f00:1::]/
http://[2002:a9fe:a9fe::1]/
http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/
http://[2001:db8::1]/
http://[3fff::1]/
http://[fc00::1]/
http://[fd00:ec2::254]/
http://[fe80::1]/
http://[fe80::1%25eth0]/
http://[fec0::1]/
http://[ff02::1]/
http://[100::1]/
http://[::1
http://::1/
http://[]/
http://localhost/
http://LOCALHOST:8080/
http://localhost./
http://a.localhost/
http://localhost.localdomain/
http://printer.local/
http://metadata.google.internal/computeMetadata/v1/
http://metadata/
http://intranet/
http://kubernetes.default.svc.cluster.local/
http://router.home.arpa/
http://1.0.0.127.in-addr.arpa/
http://shop.example.com./
http://shop..example.com/
http://.example.com/
http://-shop.example.com/
http://shop_1.example.com/
http://shop.example.com%2e/
http://127%2e0%2e0%2e1/
http://%6cocalhost/
http://user@shop.example.com/
http://user:secret@shop.example.com/
http://shop.example.com@127.0.0.1/
http://127.0.0.1#@shop.example.com/
http://shop.example.com#fragment
http://shop.example.com/hook#fragment
http://shop.example.com\\@127.0.0.1/
http:\\\\127.0.0.1/
http:/127.0.0.1/
http:///127.0.0.1/
http://
//shop.example.com/
shop.example.com/hook
ftp://shop.example.com/
file:///etc/passwd
gopher://127.0.0.1:6379/_FLUSHALL
dict://127.0.0.1:11211/stat
jar:http://shop.example.com!/
javascript:alert(1)
unix:///var/run/docker.sock
httpx://shop.example.com/
http+unix://shop.example.com/
http://shop.example.com:22/
http://shop.example.com:25/
http://shop.example.com:0/
http://shop.example.com:00080/
http://shop.example.com:65536/
http://shop.example.com:99999999999/
http://shop.example.com:/
http://shop.example.com:80:80/
http://shop.example.com:+80/
http://shop.example.com:6379/
http://shop.example.com:9200/_search
http://shop.example.com:11211/
http://shop.example.com:2375/containers
https://shop.example.com:6667/
http://shop.example.com/a b
http://shop.example.com/%
http://shop.example.com/%zz
http://shop.example.com/\u0430
http://\u0441hop.example.com/
http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/
http://127\u30020\u30020\u30021/
http://\uff11\uff12\uff17.0.0.1/
http://shop\u00ad.example.com/
http://shop.example.com/<script>
http://shop.example.com/"
http://shop.example.com/{id}
http://shop.example.com/|a
http://shop.example.com/^
http://shop.example.com/`id`
http://0x/
http://example.0x1/
http://example.1/
http://host.internal:8080/
http://db.corp/
http://hidden.onion/
""".strip("\n").split("\n"),
    "",
    " http://shop.example.com/",
    "http://shop.example.com/ ",
    "http://shop.example.com/\n",
    "http://shop.example.com/\r\nX-Injected: 1",
    "http://shop.example.com\t/",
    "http://shop.example.com\x00.example.com/",
    "\x01http://shop.example.com/",
    "http://shop.example.com/" + "a" * 1000,
    "http://" + "a" * 64 + ".example.com/",
    "http://" + "a." * 130 + "com/",
]

# What a public-looking name may lead to.
REFUSED_ADDRESSES = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.254 100.64.0.1 100.127.255.254 127.0.0.1 127.255.255.254 168.63.129.16
169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.254 192.0.0.1 192.0.0.170 192.0.2.1 192.31.196.1 192.52.193.1
192.88.99.1 192.168.1.1 192.175.48.1 198.18.0.1 198.19.255.254 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1
255.255.255.255 :: ::1 ::2 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:0:8.8.8.8 64:ff9b::808:808
64:ff9b::a00:1 64:ff9b:1::1 100::1 2001::1 2001:10::1 2001:20::1 2001:db8::1 2002::1 2002:808:808::1 2620:4f:8000::1
3fff::1 4000::1 5f00::1 fc00::1 fd12:3456::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 ff0e::1
""".strip().split()

PERMITTED_URLS = """
https://shop.example.com
https://shop.example.com/
HTTPS://Shop.Example.COM/Hooks/Payments
http://shop.example.com:8080/hook?shop=1&x=%20&y=a?b
https://shop.example.com:8443/~user/a;b=c,d/@me/$x!*'()
https://xn--80ak6aa92e.com/
https://a-b.c0.example.co.uk:65535/
https://8.8.8.8/
https://[2606:4700:4700::1111]:8443/
http://172.15.255.255/
http://172.32.0.1/
http://100.128.0.1/
http://192.167.255.255/
http://198.20.0.1/
http://1.1.1.1:443/
""".strip().split()


def answers(*texts: str):
    return lambda host, port: [(None, None, None, "", (text, port)) for text in texts]


def test_the_tables_are_as_long_as_they_should_be():
    assert len(REFUSED_URLS) + len(REFUSED_ADDRESSES) > 180
    assert len(set(REFUSED_URLS)) == len(REFUSED_URLS)


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_an_url_that_could_lead_inside_is_refused(url: str):
    with pytest.raises(AddressRefused):
        addresses.parse(url, PUBLIC)


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_no_connection_and_no_lookup_is_made_for_a_refused_url(url: str):
    ASKED.clear()
    answer = SENDER.post(url, b"{}", {})
    assert (answer.status, ASKED) == (None, [])
    assert answer.error.startswith("The URL")


@pytest.mark.parametrize("address", REFUSED_ADDRESSES)
def test_an_address_that_is_not_public_is_refused_whatever_name_leads_there(address: str):
    target = addresses.parse("https://shop.example.com/", PUBLIC)
    with pytest.raises(AddressRefused):
        resolving.resolve(target, PUBLIC, 1, answers(address))


@pytest.mark.parametrize("address", REFUSED_ADDRESSES)
def test_one_bad_address_among_good_ones_refuses_the_name(address: str):
    target = addresses.parse("https://shop.example.com/", PUBLIC)
    for found in ([address, "8.8.8.8"], ["8.8.8.8", "2606:4700::1", address]):
        with pytest.raises(AddressRefused):
            resolving.resolve(target, PUBLIC, 1, answers(*found))


@pytest.mark.parametrize("url", PERMITTED_URLS)
def test_a_public_url_is_permitted(url: str):
    target = addresses.parse(url, PUBLIC)
    assert target.scheme in ("http", "https")
    assert target.host == target.host.lower()
    assert resolving.resolve(target, PUBLIC, 1, answers("8.8.8.8", "2606:4700::1111"))


def test_every_address_of_a_name_is_kept_in_its_order():
    target = addresses.parse("https://shop.example.com/", PUBLIC)
    found = resolving.resolve(target, PUBLIC, 1, answers("2606:4700::1111", "8.8.8.8", "8.8.8.8"))
    assert [str(address) for address in found] == ["2606:4700::1111", "8.8.8.8"]


@pytest.mark.parametrize(
    "lookup",
    [
        answers(),
        answers("not an address"),
        answers("8.8.8.8", "nonsense"),
        lambda host, port: (_ for _ in ()).throw(socket.gaierror("no such name")),
        lambda host, port: (_ for _ in ()).throw(UnicodeError("label too long")),
        lambda host, port: [()],
    ],
)
def test_a_lookup_that_fails_or_says_nonsense_permits_nothing(lookup):
    target = addresses.parse("https://shop.example.com/", PUBLIC)
    with pytest.raises(NameUnresolved):
        resolving.resolve(target, PUBLIC, 1, lookup)


def test_a_name_is_asked_for_once_and_its_change_of_mind_is_not_seen():
    """DNS rebinding: public at the check, loopback a moment later."""
    minds = [answers("8.8.8.8"), answers("127.0.0.1")]
    target = addresses.parse("https://shop.example.com/", PUBLIC)
    found = resolving.resolve(target, PUBLIC, 1, lambda host, port: minds.pop(0)(host, port))
    assert found == [ipaddress.ip_address("8.8.8.8")]
    assert len(minds) == 1


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://127.8.9.1/", "http://[::1]:8080/", "http://localhost:5000/x"]
)
def test_loopback_is_permitted_where_the_settings_allow_it_and_nowhere_else(url: str):
    assert addresses.parse(url, SANDBOX).path
    with pytest.raises(AddressRefused):
        addresses.parse(url, PUBLIC)


@pytest.mark.parametrize("url", [url for url in REFUSED_URLS if addresses.URL.fullmatch(url) is None])
def test_a_sandbox_permits_no_odd_url(url: str):
    with pytest.raises(AddressRefused):
        addresses.parse(url, SANDBOX)


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://0.0.0.0/",
    ],
)
def test_a_sandbox_permits_loopback_only(url: str):
    with pytest.raises(AddressRefused):
        addresses.parse(url, SANDBOX)


def test_without_http_allowed_only_https_goes():
    strict = rules(http_allowed=False)
    assert addresses.parse("https://shop.example.com/", strict).port == 443
    with pytest.raises(AddressRefused):
        addresses.parse("http://shop.example.com/", strict)


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://Shop.example.com/x", "shop.example.com"),
        ("https://shop.example.com:443/x", "shop.example.com"),
        ("https://shop.example.com:8443/x", "shop.example.com:8443"),
        ("http://shop.example.com:443/x", "shop.example.com:443"),
        ("https://[2606:4700::0001]/x", "[2606:4700::1]"),
        ("http://[2606:4700::1]:8080/x", "[2606:4700::1]:8080"),
    ],
)
def test_the_host_header_names_the_receiver_as_its_url_does(url: str, authority: str):
    assert addresses.parse(url, PUBLIC).authority == authority


@pytest.mark.parametrize("filler", ["a", "/", "?", "%41", "a.", "1.", ":", "[", "a?", "?a%41"])
def test_a_text_of_any_make_is_judged_at_once(filler: str):
    """No text makes the grammar try its parts in every combination."""
    for begin in ("http://shop.example.com/?", "http://shop.example.com/", "http://", "http://["):
        text = (begin + filler * 1000)[: addresses.URL_CHARS_MAX - 1] + " "
        began = time.process_time()
        with pytest.raises(AddressRefused):
            addresses.parse(text, PUBLIC)
        assert time.process_time() - began < 0.5


PIECES = st.sampled_from(
    [
        *"htp:/@[]#?\\.%;&= \t\r\n\x00_-0179afx",
        "http://", "https://", "://", "//", "localhost", "127.0.0.1", "169.254.169.254", "[::1]", "[::ffff:7f00:1]",
        ".com", "shop.example.com", "example.com", "user@", ":80", ":443", ":8080", "0x7f", "%2e", "%40", "\uff0f",
        "\u3002", "8.8.8.8", "[2606:4700::1]",
    ]
)  # fmt: skip
STARTS = [
    "",
    "http://",
    "https://",
    "https://shop.example.com",
    "http://8.8.8.8",
    "https://[2606:4700::1]",
    "http://a.b/",
]


@settings(max_examples=1500, deadline=None)
@given(start=st.sampled_from(STARTS), pieces=st.lists(PIECES, max_size=6))
def test_whatever_is_permitted_names_the_same_host_to_every_reader(start: str, pieces: list[str]):
    """Two libraries that read URLs by other grammars than ours see the host and port that were checked."""
    url = start + "".join(pieces)
    try:
        target = addresses.parse(url, PUBLIC)
    except AddressRefused:
        return
    for read in (urlsplit(url), urllib3.util.parse_url(url)):
        host = (read.hostname or "").strip("[]").lower()
        assert (str(ipaddress.ip_address(host)) if target.address else host) == target.host
        assert (read.port or addresses.PORTS[target.scheme]) == target.port
        assert read.scheme == target.scheme
    assert target.address is None or target.address.is_global
    assert target.path.startswith("/")
    assert not set(target.path) & set(" \t\r\n\x00#\\@") - {"@"}
