"""What must not be found by whoever gets hold of the files, the logs or the process list."""

import json
import secrets
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from processing.vault.cards import passes_luhn
from tests.end_to_end.merchant import TIMEOUT_S, Api
from tests.end_to_end.running import System

JSON = {"Content-Type": "application/json; charset=utf-8"}


def new_card() -> str:
    """A card number that nothing else in the system can hold."""
    start = "4929" + "".join(secrets.choice("123456789") for _ in range(11))
    return next(start + digit for digit in "0123456789" if passes_luhn(start + digit))


def spellings(number: str) -> list[str]:
    """As people and programs write it."""
    groups = [number[place : place + 4] for place in range(0, 16, 4)]
    return [number, " ".join(groups), "-".join(groups)]


def files_of(system: System, *, without: str = "mock_bank.sqlite") -> Iterator[tuple[Path, bytes]]:
    """Everything that the system keeps; the mock bank is somebody else's."""
    for path in system.state.rglob("*"):
        if path.is_file() and not path.name.startswith(without):
            yield path, path.read_bytes()


def misplaced(system: System, api: Api, token: str, number: str) -> list[requests.Response]:
    """A card number where it does not belong: in wrong bodies, paths, headers, at wrong doors."""
    tool = {"paymentToolType": "CardData", "cardNumber": number, "expDate": "12/30", "cvv": "123"}
    bodies = [
        {**tool, "cardNumber": number[:-1] + str((int(number[-1]) + 1) % 10)}, {**tool, "cardNumber": number + "000"},
        {**tool, "cardNumber": " ".join(spellings(number))}, {**tool, "expDate": number}, {**tool, "cvv": number},
        {**tool, "cardHolder": number}, {**tool, "extra": {number: [number]}}, {**tool, "cardNumber": int(number)},
        {**tool, "expDate": "12/9999"},
    ]  # fmt: skip
    texts = [json.dumps({"paymentTool": body, "clientInfo": {"fingerprint": "f"}}) for body in bodies]
    texts += [f'{{"cardNumber": "{number}"', f'{{"{number}": 1, "{number}": 2}}', f'"{number}"', number]
    authorized = {"Authorization": f"Bearer {token}", "X-Request-ID": "leak"}
    doors = [f"{base}/processing/payment-resources" for base in (api.tokens_url, api.api_url)]
    answers = [
        requests.post(door, data=text, headers={**authorized, **JSON}, timeout=TIMEOUT_S)
        for door in doors
        for text in texts
    ]
    headers = [
        {"X-Request-ID": number}, {"Authorization": f"Bearer {number}"}, {"X-Request-Deadline": number},
        {"X-Forwarded-For": number}, {"traceparent": number}, {"X-Amzn-Trace-Id": f"Root={number}"},
        {"Accept": number}, {"User-Agent": number}, {"Origin": f"https://{number}"}, {"Cookie": f"card={number}"},
        {"Content-Type": f"text/plain; card={number}"},
    ]  # fmt: skip
    answers += [
        requests.request(method, f"{api.api_url}/processing/me", headers={**authorized, **one}, timeout=TIMEOUT_S)
        for one in headers
        for method in ("GET", "POST")
    ]
    paths = [number, f"processing/invoices/{number}", f"processing/me?card={number}", f"processing/webhooks/{number}"]
    merchant = {**authorized, "Authorization": f"Bearer {api.token}"}
    answers += [requests.get(f"{api.api_url}/{path}", headers=merchant, timeout=TIMEOUT_S) for path in paths]
    back = f"{system.url('VAULT')}/callbacks/mock"
    query = {"cres": number, "creq": number, "trace": number}
    answers.append(requests.get(f"{back}/return/{number}", params=query, timeout=TIMEOUT_S))
    notice = {"x-notice-signature": number, "x-correlation-id": number}
    answers.append(requests.post(f"{back}/notices", data=number, headers=notice, timeout=TIMEOUT_S))
    answers.append(requests.post(f"{system.url('PROCESSING')}/{number}", data=number, timeout=TIMEOUT_S))
    return answers


def broken(url: str, number: str) -> bytes:
    """The answer to what is not even HTTP."""
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=TIMEOUT_S) as opened:
        opened.sendall(f"{number} /{number} HTTP/{number}\r\n{number}: {number}\r\n\r\n".encode())
        return opened.recv(4096)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_card_number_lies_nowhere_but_sealed_in_the_vault(system: System, version: str):
    """v1 takes any name of a card's holder, and so also a card number."""
    gateways = f"GATEWAY_{version.upper()}", f"GATEWAY_{version.upper()}_TOKENS"
    api = Api(*(f"{system.url(name)}/{version}" for name in gateways), system.api_key, "TESTSHOP")
    number, made = new_card(), api.invoice()
    token = made["invoiceAccessToken"]["payload"]
    answers = misplaced(system, api, token, number)
    assert not [answer.text for answer in answers if number in answer.text or 500 <= answer.status_code != 501]
    for name in (*gateways, "PROCESSING", "VAULT", "WORKERS"):
        assert number.encode() not in broken(system.url(name), number)
    assert api.pay(made, card=number)["status"] == "captured"
    files = dict(files_of(system))
    assert {path.suffix for path in files} > {".log", ".sqlite"}
    found = [path.name for path, held in files.items() for text in spellings(number) if text.encode() in held]
    assert found == []


def test_the_system_still_knows_the_card_that_it_does_not_show(system: System, api: Api, books):
    """The other side of the rule above: what is looked for there is really in use."""
    number, made = new_card(), api.invoice(amount=4321)
    assert api.pay(made, card=number)["status"] == "captured"
    assert books.captured(made) == [4321]
    assert any(path.name.startswith("vault.sqlite") and number[:6].encode() in held for path, held in files_of(system))


def test_files_are_for_their_owner_only(system: System):
    open_to_others = [
        f"{path.relative_to(system.state)} {stat.S_IMODE(path.stat().st_mode):o}"
        for path in [system.state, *system.state.rglob("*")]
        if path.stat().st_mode & 0o077
    ]
    assert open_to_others == []


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="this system shows no processes as files")
def test_no_secret_stands_in_a_log_a_command_line_or_an_environment(system: System, api: Api):
    api.invoice()
    kept = {path.name: held.strip() for path, held in files_of(system) if path.parent.name in ("secrets", "jwt")}
    assert {"rpc.key", "vault.key", "capi.pem", "payment_tool_token.key", "demo_api_key"} <= set(kept)
    needles = {name: max(held.splitlines(), key=len)[-40:] for name, held in kept.items()}
    assert min(map(len, needles.values())) >= 8
    shown = dict(files_of(system))
    places = {str(path.name): held for path, held in shown.items() if path.suffix == ".log"} | processes(system)
    assert len(places) > 12
    found = [(name, place) for name, needle in needles.items() for place, held in places.items() if needle in held]
    assert found == []


def processes(system: System) -> dict[str, bytes]:
    """Command line and environment of each process of the system."""
    mark, found = f"CAPI_STATE_DIRECTORY={system.state}\0".encode(), {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment, command = (entry / "environ").read_bytes(), (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if mark in environment:
            found[f"process {entry.name}"] = command + b"\0" + environment
    return found
