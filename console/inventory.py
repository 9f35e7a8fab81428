"""The inventory of the public API as one HTML page without any outside asset: versions, digests, who uses what."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 75rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; font-variant-numeric: tabular-nums }
caption { text-align: left; font-weight: 600; padding: .5rem 0 }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid #8885; vertical-align: top }
td.number, th.number { text-align: right }
code { overflow-wrap: anywhere; font-size: .85em }
.deprecated { color: #b45309 } .retired { color: #888 }
"""


def page(rows: Sequence[Any], used: Sequence[Any] | None, days: int, now: datetime) -> str:
    """The page. `rows`: of console.versions; `used`: rows of usage.thrift, None when nobody knows."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n<meta http-equiv="Content-Security-Policy"'
        " content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>Versions of the public API</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>Versions of the public API</h1>\n<p>As of {now:%Y-%m-%d %H:%M} UTC; uses of the last {days} days.</p>\n"
        f"{versions_table(rows)}\n{use_tables(rows, used)}\n</body>\n</html>\n"
    )


def versions_table(rows: Sequence[Any]) -> str:
    """One row a version."""
    head = (
        "Version", "Status", "Released", "Deprecated", "Sunset", "Path", "Ports", "Operations", "Digest of the spec",
        "Parties", "Calls",
    )  # fmt: skip
    body = [
        (
            row.version.name,
            f'<span class="{row.version.status}">{escape(row.version.status)}</span>',
            str(row.version.released),
            str(row.version.deprecated or ""),
            str(row.version.sunset or ""),
            f"<code>{escape(row.version.base_path)}</code>",
            f"{row.version.port}, {row.version.tokens_port}",
            str(row.operations),
            f"<code>{row.digest}</code>",
            "not known" if row.parties is None else str(row.parties),
            "not known" if row.calls is None else str(row.calls),
        )
        for row in rows
    ]
    return table("Versions", head, body)


def use_tables(rows: Sequence[Any], used: Sequence[Any] | None) -> str:
    """A table of uses for each version."""
    if used is None:
        return "<p>Uses are not known: the platform did not answer.</p>"
    return "\n".join(
        use_table(row.version.name, [each for each in used if each.version == row.version.name]) for row in rows
    )


def use_table(name: str, used: Sequence[Any]) -> str:
    """Who uses what of one version."""
    body = [(escape(each.party_id), escape(each.operation), str(each.count), escape(each.last_at)) for each in used]
    caption = f"Who uses {escape(name)}"
    return (
        table(caption, ("Party", "Operation", "Calls", "Last"), body) if body else f"<p>Nobody uses {escape(name)}.</p>"
    )


def table(caption: str, head: Iterable[str], body: Iterable[Sequence[str]]) -> str:
    """A table; cells are HTML already."""
    columns = "".join(f'<th scope="col">{name}</th>' for name in head)
    lines = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in body)
    return (
        f"<table>\n<caption>{caption}</caption>\n<thead><tr>{columns}</tr></thead>\n"
        f"<tbody>\n{lines}\n</tbody>\n</table>"
    )


def serve(port: int, made: Callable[[], str]) -> None:
    """Answers every GET of this machine with a page made anew, until interrupted. Port 0: any free one."""
    with ThreadingHTTPServer(("127.0.0.1", port), handler_of(made)) as server:
        server.serve_forever()


def handler_of(made: Callable[[], str]) -> type[BaseHTTPRequestHandler]:
    """The handler whose answer is always the page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = made().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent: a terminal is not a log."""

    return Handler
