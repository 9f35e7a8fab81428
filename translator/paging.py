"""The Link header of a list that has more (RFC 8288): the same request with the cursor of its next piece."""

from urllib.parse import quote, unquote_plus

from translator.reply import Header

SAFE = "-._~"
CURSORS = {"after", "before"}


def next_link(path: bytes, query: bytes, cursor: str) -> Header:
    """`path` and `query` as they were asked for; `after` and `before` of the query give way to the cursor."""
    pairs = [pair.partition(b"=") for pair in query.split(b"&") if pair]
    kept = [name + b"=" + value for name, _, value in pairs if unquote_plus(name.decode("latin-1")) not in CURSORS]
    asked = b"&".join([*kept, b"after=" + quote(cursor, safe=SAFE).encode()])
    return (b"link", b'<%b?%b>; rel="next"' % (path, asked))
