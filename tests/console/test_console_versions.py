"""What an operator is told of the versions: dates, digests, and who still uses what."""

import threading
import urllib.request
from datetime import date
from html.parser import HTMLParser
from http.server import ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from console import inventory, versions
from rpc.failures import Unavailable
from rpc.protocol import usage
from settings import load
from settings.versions import known_versions

AT = "2026-03-01T12:00:00.000Z"
USED = [
    usage.UsageRow(version="v2", operation="getShops", party_id="demo", count=41, last_at=AT),
    usage.UsageRow(version="v2", operation="createInvoice", party_id="demo", count=1, last_at=AT),
    usage.UsageRow(version="v2", operation="getShops", party_id="<other>", count=2, last_at=AT),
]


@pytest.fixture
def platform(monkeypatch) -> SimpleNamespace:
    """`queries`: what was asked; `answer`: what is answered, or raised."""
    stand_in = SimpleNamespace(queries=[], answer=USED)

    def get(query: usage.UsageQuery) -> list:
        stand_in.queries.append(query)
        if isinstance(stand_in.answer, Exception):
            raise stand_in.answer
        return [row for row in stand_in.answer if query.version in (None, row.version)]

    monkeypatch.setattr(versions, "bound_to", lambda settings: SimpleNamespace(usage=SimpleNamespace(Get=get)))
    return stand_in


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    status = versions.main(arguments)
    said = capsys.readouterr()
    return status, said.out, said.err


def test_every_version_is_listed_with_its_spec_and_its_use(platform, capsys):
    status, out, _ = run(capsys)
    line = next(line for line in out.splitlines() if line.startswith("v2 "))
    assert status == 0
    assert {each.name for each in known_versions(load({}))} == {line.split()[0] for line in out.splitlines()[1:]}
    assert "/v2" in line and "sha256:" in line
    assert line.split()[-2:] == ["2", "44"]


def test_who_uses_a_version_is_told_with_operation_count_and_time(platform, capsys):
    _, out, _ = run(capsys, "v2")
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["demo", "getShops", "41", AT],
        ["demo", "createInvoice", "1", AT],
        ["<other>", "getShops", "2", AT],
    ]


def test_one_party_or_one_operation_can_be_looked_at(platform, capsys):
    _, out, _ = run(capsys, "v2", "--party", "demo", "--operation", "createInvoice")
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [["demo", "createInvoice"]]
    _, out, _ = run(capsys, "v2", "--party", "nobody")
    assert out == "Nobody used that of v2 in the last 30 days.\n"


def test_uses_count_as_far_back_as_asked(platform, capsys, monkeypatch):
    monkeypatch.setattr(versions, "system_clock", lambda: versions.datetime(2026, 3, 11))
    run(capsys, "v2", "--days", "10")
    assert platform.queries[0].since == "2026-03-01T00:00:00.000Z"


def test_a_silent_platform_leaves_the_table_without_its_uses(platform, capsys):
    platform.answer = Unavailable("refused")
    status, out, err = run(capsys)
    assert (status, out.splitlines()[1].split()[-2:]) == (0, ["?", "?"])
    assert "Uses are not known" in err
    assert run(capsys, "v2")[0] == 1


def test_an_unknown_version_is_named_with_those_there_are(platform, capsys):
    status, _, err = run(capsys, "v99")
    assert status == 1
    assert "there is no version v99" in err and "v2" in err


def test_help_teaches_with_examples(capsys):
    with pytest.raises(SystemExit):
        versions.main(["--help"])
    assert "who still uses v1" in capsys.readouterr().out


class Page(HTMLParser):
    """What a page refers to, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.addresses += [value for name, value in attributes if name in ("href", "src", "action")]

    def handle_data(self, data: str) -> None:
        self.text.append(data.strip())


def test_the_inventory_page_shows_everything_and_asks_nobody_for_anything(platform, capsys, tmp_path):
    file = tmp_path / "inventory.html"
    assert run(capsys, "--html", str(file))[0] == 0
    page = Page(file.read_text())
    assert page.addresses == []
    assert "default-src 'none'" in file.read_text()
    assert {"v2", "/v2", "getShops", "<other>", "41"} <= set(page.text)
    assert any(text.startswith("sha256:") and len(text) == 71 for text in page.text)


def test_a_deprecated_version_is_seen_on_the_page():
    version = SimpleNamespace(
        name="v0", status="deprecated", released=date(2020, 1, 1), deprecated=date(2026, 1, 1), sunset=None,
        base_path="/v0", port=1, tokens_port=2,
    )  # fmt: skip
    page = inventory.page([versions.Row(version, 3, "sha256:00", None, None)], None, 30, versions.system_clock())
    assert '<span class="deprecated">deprecated</span>' in page
    assert "2026-01-01" in page and "not known" in page


def test_the_page_is_made_anew_at_each_look():
    made = iter(("one", "two"))
    with ThreadingHTTPServer(("127.0.0.1", 0), inventory.handler_of(lambda: next(made))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        assert [urllib.request.urlopen(url, timeout=5).read() for _ in range(2)] == [b"one", b"two"]
        server.shutdown()
