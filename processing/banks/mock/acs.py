"""The 3-D Secure page: where the issuing bank asks the payer whether the payment is theirs.

    GET  /acs?creq=...[&sessionData=...]     or the same members in a form by POST: the page
    POST /acs/answer  creq, sessionData, answer=approve|fail|abandon

After approve or fail the payer's browser is sent (303) to the return address that the merchant gave with the order,
with `creq`, a result token `cres` and the merchant's own `sessionData` added to its query. The merchant proves the
answer by bringing `cres` back to the bank. No script and nothing from elsewhere: any HTTP client can use it.
"""

from html import escape
from pathlib import Path
from string import Template
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from processing.banks.mock import cards, money
from processing.banks.mock.bank import Bank
from processing.banks.mock.books import Authorisation

PAGE = Template((Path(__file__).parent / "challenge.html").read_text(encoding="utf-8"))
MESSAGE = Template((Path(__file__).parent / "message.html").read_text(encoding="utf-8"))
SESSION_DATA_CHARS_MAX = 4_000
FORM_BYTES_MAX = 16_384
FIELDS_MAX = 20
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
CURRENCY_WORDS = {"643": "RUB", "840": "USD", "978": "EUR", "826": "GBP", "398": "KZT", "392": "JPY"}


async def show(request: Request, bank: Bank) -> Response:
    """The question; a message where there is nothing (left) to ask."""
    members = request.query_params if request.method == "GET" else await form_of(request)
    creq, session_data = members.get("creq", ""), members.get("sessionData", "")
    authorisation = bank.books.authorisation_by_creq(creq) if creq else None
    if authorisation is None or len(session_data) > SESSION_DATA_CHARS_MAX:
        return message(404, "Nothing to confirm here", "This address belongs to no payment. Go back to the shop.")
    if authorisation.state != "WAITING" or authorisation.cres is not None:
        return message(409, "Already answered", "This payment needs no more answers from you. Go back to the shop.")
    return HTMLResponse(PAGE.substitute(shown(authorisation, creq, session_data)), headers=HEADERS)


async def answer(request: Request, bank: Bank) -> Response:
    """Takes the payer's answer and sends the payer on."""
    members = await form_of(request)
    word, creq = members.get("answer"), members.get("creq", "")
    if word not in ("approve", "fail", "abandon"):
        return message(400, "No answer", "Choose one of the buttons of the page before.")
    authorisation = bank.books.authorisation_by_creq(creq)
    if authorisation is not None and (word == "abandon" or is_silent(authorisation)):
        return message(200, "You may close this page", "The shop is told nothing: it has to notice by itself.")
    answered = bank.authenticate(creq, passed=word == "approve")
    if answered is None:
        return message(409, "Already answered", "This payment needs no more answers from you. Go back to the shop.")
    return RedirectResponse(return_address(answered, members.get("sessionData", "")), 303, headers=HEADERS)


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a urlencoded form; the last one wins. What is no such form counts as empty."""
    body = await request.body()
    try:
        return dict(parse_qsl(body.decode(), max_num_fields=FIELDS_MAX)) if len(body) <= FORM_BYTES_MAX else {}
    except ValueError:
        return {}


def is_silent(authorisation: Authorisation) -> bool:
    return cards.thaw(authorisation.behaviour).authentication == cards.CHALLENGE_SILENT


def return_address(authorisation: Authorisation, session_data: str) -> str:
    """The merchant's return address with what came of it."""
    address = authorisation.return_url or ""
    added = {"creq": authorisation.creq, "cres": authorisation.cres}
    if session_data:
        added["sessionData"] = session_data
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(added)}"


def shown(authorisation: Authorisation, creq: str, session_data: str) -> dict[str, str]:
    """What the page says, safe for HTML."""
    currency = CURRENCY_WORDS.get(authorisation.currency, f"(currency {authorisation.currency})")
    texts = {
        "amount": f"{money.render(authorisation.amount, authorisation.currency)} {currency}",
        "card": authorisation.card[-8:].replace("*", "•"),
        "merchant": authorisation.merchant,
        "reference": authorisation.reference,
        "creq": creq,
        "session_data": session_data,
    }
    return {name: escape(text) for name, text in texts.items()}


def message(status: int, title: str, text: str) -> Response:
    return HTMLResponse(MESSAGE.substitute(title=escape(title), text=escape(text)), status, headers=HEADERS)
