"""A connection that repeats one head has it understood once; what the hour decides is asked every time."""

import asyncio
import json
import re
from types import SimpleNamespace

import pytest
from gateway_kit import ALL_ROLES, JSON, PARTY, START, House

from serving.connection import Connection
from serving.outbox import Outbox
from serving.runs import Runs

SHOP = json.dumps({"name": "abc", "currency": "RUB"}).encode()


class Line:
    """The caller's end of one connection to a gateway."""

    def __init__(self, house, loop):
        self.written = asyncio.Queue()
        worker = SimpleNamespace(
            connections=set(),
            at_work=set(),
            alive=True,
            limits=house.settings.serving,
            loop=loop,
            outbox=Outbox(loop),
            runs=Runs(loop),
            direct=house.gateway.direct,
            error_answer=lambda status: ([], b"broken"),
        )
        self.connection = Connection(worker)
        self.connection.connection_made(self)

    def get_extra_info(self, name):
        return ("203.0.113.9", 5000)

    def write(self, data):
        self.written.put_nowait(bytes(data))

    async def ask(self, data):
        """The answer: status, headers by name, body."""
        self.connection.data_received(data)
        first, *lines = (await self.written.get()).split(b"\r\n")
        headers = dict(line.split(b": ", 1) for line in lines[: lines.index(b"")])
        return SimpleNamespace(status=int(first.split()[1]), headers=headers, body=lines[-1])


def talk(house, story):
    """Runs a story of one connection: `async def story(line)`."""

    async def run():
        return await story(Line(house, asyncio.get_running_loop()))

    return asyncio.run(run())


def request(house, method="GET", target="/v9/shops?limit=1", token=None, body=None, **headers):
    """The bytes of a request; each has an id of its own."""
    request.number = getattr(request, "number", 0) + 1
    lines = [f"{method} {target} HTTP/1.1", "Host: a.example", f"Authorization: Bearer {token or house.token}"]
    lines += [f"X-Request-ID: r-{request.number}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [] if body is None else [f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


USUAL = 4
"""So many requests with one head, and what the first was found to say is used again."""


async def statuses(line, *requests):
    return [(await line.ask(data)).status for data in requests]


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    house.platform.answers = {"get_shops": [], "get_shop_by_id": lambda call: {"id": call.party_id, "name": "abc"}}
    return house


def test_a_head_is_understood_once_and_answers_as_ever(house):
    async def story(line):
        answers = [
            await line.ask(request(house, "POST", "/v9/shops", body=SHOP, Content_Type=JSON)) for _ in range(USUAL + 1)
        ]
        return answers, line.connection.usual

    answers, usual = talk(house, story)
    assert usual.meaning is not None
    assert [answer.status for answer in answers] == [201] * len(answers)
    assert len({answer.headers[b"x-request-id"] for answer in answers}) == len(answers)
    assert len({json.loads(answer.body)["id"] for answer in answers}) == len(answers)
    assert all(set(answer.headers) == set(answers[0].headers) for answer in answers)


def test_what_is_kept_of_a_request_does_not_show_its_token(house):
    shown = []

    def look(call):
        exchange = line_of[0].connection.exchange
        shown.extend(map(repr, (call, exchange, exchange.usual, exchange.usual and exchange.usual.meaning)))
        return []

    line_of, house.platform.answers["get_shops"] = [], look

    async def story(line):
        line_of.append(line)
        await statuses(line, *(request(house) for _ in range(USUAL)))
        return repr(line.connection.usual.meaning.token)

    shown.append(talk(house, story))
    assert len(shown) == 4 * USUAL + 1
    assert not any(house.token in text for text in shown)


def test_a_token_revoked_between_two_requests_is_refused_at_the_second(house):
    token, token_id = house.tokens.issue(PARTY, ALL_ROLES, lifetime_s=None)

    async def story(line):
        before = await statuses(line, *(request(house, token=token) for _ in range(USUAL)))
        house.revocations.revoke(token_id)
        return before, await statuses(line, *(request(house, token=token) for _ in range(2)))

    assert talk(house, story) == ([200] * USUAL, [401] * 2)


def test_a_token_that_ends_between_two_requests_is_refused_at_the_second(house):
    token = house.tokens.issue(PARTY, ALL_ROLES, lifetime_s=60)[0]

    async def story(line):
        before = await statuses(line, *(request(house, token=token) for _ in range(USUAL)))
        house.clock.advance(seconds=59)
        last = await statuses(line, request(house, token=token))
        house.clock.advance(seconds=1)
        return before + last, await statuses(line, *(request(house, token=token) for _ in range(2)))

    assert talk(house, story) == ([200] * (USUAL + 1), [401] * 2)


def test_another_token_on_the_same_connection_is_not_taken_for_the_first(house):
    other = house.tokens.issue("party-2", ALL_ROLES, lifetime_s=None)[0]
    poor = house.tokens.issue("party-3", ["invoices:write"], lifetime_s=None)[0]
    order = [house.token] * USUAL + [other] * USUAL + [poor] * USUAL + ["x.y.z"] * USUAL + [house.token, poor, other]

    async def story(line):
        return await statuses(line, *(request(house, token=token) for token in order))

    assert talk(house, story) == [200] * 2 * USUAL + [401] * 2 * USUAL + [200, 401, 200]
    parties = [PARTY] * USUAL + ["party-2"] * USUAL + [PARTY, "party-2"]
    assert [call.party_id for _, call, _ in house.platform.calls] == parties


def test_what_one_connection_was_found_to_say_is_not_known_of_another(house):
    async def run():
        loop = asyncio.get_running_loop()
        lines = [Line(house, loop), Line(house, loop)]
        tokens = [house.token, house.tokens.issue("party-2", ALL_ROLES, lifetime_s=None)[0]]
        for _ in range(USUAL):
            for line, token in zip(lines, tokens, strict=True):
                await line.ask(request(house, token=token))
        return lines

    one, other = asyncio.run(run())
    assert one.connection.usual.meaning is not other.connection.usual.meaning
    assert [call.party_id for _, call, _ in house.platform.calls] == [PARTY, "party-2"] * USUAL


@pytest.mark.parametrize(("header", "status"), [("Accept", 406), ("X_Request_Deadline", 400)])
def test_a_header_that_changes_is_judged_anew(house, header, status):
    good, bad = {"Accept": ("*/*", "text/html"), "X_Request_Deadline": ("2s", "soon")}[header]

    async def story(line):
        return await statuses(
            line, *(request(house, **{header: value}) for value in [good] * USUAL + [bad] * USUAL + [good])
        )

    assert talk(house, story) == [200] * USUAL + [status] * USUAL + [200]


def test_a_target_that_changes_is_another_object(house):
    async def story(line):
        targets = ["/v9/shops/1"] * USUAL + ["/v9/shops/2"] * USUAL + ["/v9/nowhere", "/v9/shops/1"]
        return await statuses(line, *(request(house, target=target) for target in targets))

    assert talk(house, story) == [200] * 2 * USUAL + [404, 200]
    assert [arguments["shop_id"] for _, _, arguments in house.platform.calls] == ["1"] * USUAL + ["2"] * USUAL + ["1"]


def test_the_type_of_a_body_matters_as_soon_as_there_is_one(house):
    async def story(line):
        bodies = [b""] * USUAL + [b"hello", b""]
        return await statuses(
            line, *(request(house, "POST", "/v9/shops", body=body, Content_Type="text/plain") for body in bodies)
        )

    assert talk(house, story) == [400] * USUAL + [415, 400]


def test_a_request_id_and_a_body_are_looked_at_in_each_request(house):
    good = request(house, "POST", "/v9/shops", body=SHOP, Content_Type=JSON)
    long_id = re.sub(rb"X-Request-ID: [^\r]+", b"X-Request-ID: " + b"x" * 33, good)
    bad_body = request(house, "POST", "/v9/shops", body=b"{}", Content_Type=JSON)

    async def story(line):
        return await statuses(line, *[good] * USUAL, long_id, bad_body, good)

    assert talk(house, story) == [201] * USUAL + [400, 400, 201]


def test_a_deadline_given_as_a_span_is_counted_from_each_request(house):
    async def story(line):
        for _ in range(USUAL):
            await line.ask(request(house, X_Request_Deadline="2s"))
            house.clock.advance(minutes=1)

    talk(house, story)
    assert [(call.deadline.at - START).total_seconds() for _, call, _ in house.platform.calls] == [2, 62, 122, 182]


def test_each_request_counts_against_the_rate(tmp_path):
    house = House(tmp_path, env={"CAPI_GATEWAY_PARTY_REQUESTS_PER_S_MAX": "1"})
    house.platform.answers["get_shops"] = []

    async def story(line):
        return await statuses(line, *(request(house) for _ in range(4)))

    assert talk(house, story) == [200, 200, 429, 429]


def test_parts_of_a_trace_that_are_drawn_are_drawn_for_each_request(house):
    parents = []
    house.platform.bind = keeping(house.platform.bind, parents)

    async def story(line):
        root = "Root=1-5759e988-bd862e3fe1be46a994272793"
        return await statuses(line, *(request(house, X_Amzn_Trace_Id=root) for _ in range(USUAL)))

    assert talk(house, story) == [200] * USUAL
    assert len(set(parents)) == USUAL


def keeping(bind, parents):
    """The platform's `bind`, which notes the W3C parents."""

    def noting(context):
        parents.append(context.traceparent)
        return bind(context)

    return noting
