"""A merchant's own keys: of any number of repeats one works, the others wait or are given its answer."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given, settings
from hypothesis import strategies as st

from processing import idempotency_keys, sealing
from processing.idempotency_keys import Answer, AttemptOver, IdempotencyKeys, InUse, Key, Request, Reused, Started
from processing.services.idempotency_keys import IdempotencyKeysService
from processing.storage.migrations import migrate
from processing.storage.moments import to_ms
from rpc.protocol import base
from rpc.protocol import idempotency as protocol
from tests.processing import sandbox
from tests.processing.asking import Asked, as_party
from tests.processing.sandbox import NOW, ToldClock

pytestmark = pytest.mark.usefixtures("both_databases")

KEPT = timedelta(days=30)
LEASE = timedelta(seconds=30)
KEY = Key("demo", "order-1")
PAY = Request("createPayment", {"": "a", "/amount": "b"}, "pay1")
MADE = Answer(201, {"ETag": '"1"'}, b'{"id":"pay_1"}', "pay_1")
SEALS = sealing.SealingKeys({1: b"k" * 32})


@pytest.fixture
def keys(tmp_path: Path) -> IdempotencyKeys:
    database = sandbox.open_below(tmp_path)
    migrate(database, NOW)
    return IdempotencyKeys(database, SEALS, KEPT)


def begin(keys: IdempotencyKeys, after_s: float = 0, key: Key = KEY, request: Request = PAY) -> object:
    return keys.begin(key, request, LEASE, NOW + timedelta(seconds=after_s))


def test_a_repeat_of_a_finished_request_gets_its_answer(keys: IdempotencyKeys):
    assert begin(keys) == Started("pay1", 1)
    keys.finish(KEY, 1, MADE, NOW)
    assert [begin(keys, after_s) for after_s in (0, 1, 1_000_000)] == [MADE] * 3


def test_a_repeat_of_a_request_under_way_is_asked_to_come_back(keys: IdempotencyKeys):
    begin(keys)
    assert begin(keys) == InUse(5)
    assert begin(keys, 28.5) == InUse(2)
    assert begin(keys, 29.9) == InUse(1)


def test_a_request_whose_worker_died_is_carried_on_under_the_same_id(keys: IdempotencyKeys):
    begin(keys)
    assert begin(keys, 30, request=PAY._replace(id="another")) == Started("pay1", 2)
    assert isinstance(begin(keys, 59), InUse)
    assert begin(keys, 60) == Started("pay1", 3)


def test_an_attempt_that_was_taken_over_can_say_nothing_any_more(keys: IdempotencyKeys):
    begin(keys)
    begin(keys, 30)
    for say in (lambda: keys.finish(KEY, 1, MADE, NOW), lambda: keys.release(KEY, 1), lambda: keys.suspend(KEY, 1)):
        with pytest.raises(AttemptOver):
            say()
    keys.finish(KEY, 2, MADE, NOW)
    assert begin(keys, 61) == MADE


def test_an_attempt_that_nobody_took_over_may_be_late(keys: IdempotencyKeys):
    begin(keys)
    keys.finish(KEY, 1, MADE, NOW + 10 * LEASE)
    assert begin(keys, 1_000) == MADE


def test_the_first_answer_of_an_attempt_stays(keys: IdempotencyKeys):
    begin(keys)
    keys.finish(KEY, 1, MADE, NOW)
    keys.finish(KEY, 1, MADE._replace(status=500), NOW)
    keys.suspend(KEY, 1)
    keys.release(KEY, 1)
    assert begin(keys, 3) == MADE


def test_a_key_under_which_nothing_happened_is_free_for_another_request(keys: IdempotencyKeys):
    begin(keys)
    keys.release(KEY, 1)
    assert keys.find(KEY, NOW) is None
    assert begin(keys, request=Request("createRefund", {"": "z"}, "ref1")) == Started("ref1", 1)


def test_a_key_under_which_something_may_have_happened_is_never_free(keys: IdempotencyKeys):
    begin(keys)
    keys.suspend(KEY, 1)
    assert begin(keys) == Started("pay1", 2)
    keys.release(KEY, 2)
    assert begin(keys) == Started("pay1", 3)
    assert isinstance(begin(keys, request=Request("createPayment", {"": "z"})), Reused)


@pytest.mark.parametrize(
    ("fingerprint", "pointers"),
    [
        ({"": "a", "/amount": "c"}, ("/amount",)),
        ({"": "a"}, ("/amount",)),
        ({"": "x", "/amount": "b", "/note": "n"}, ("", "/note")),
    ],
)
def test_another_request_under_the_same_key_is_told_where_it_differs(keys: IdempotencyKeys, fingerprint, pointers):
    begin(keys)
    other = PAY._replace(fingerprint=fingerprint)
    assert begin(keys, request=other) == Reused(pointers, "createPayment")
    keys.finish(KEY, 1, MADE, NOW)
    assert begin(keys, 100, request=other) == Reused(pointers, "createPayment")


def test_the_same_body_to_another_operation_is_another_request(keys: IdempotencyKeys):
    begin(keys)
    assert begin(keys, request=PAY._replace(operation="createRefund")) == Reused((), "createPayment")


def test_keys_of_two_parties_have_nothing_to_do_with_each_other(keys: IdempotencyKeys):
    begin(keys)
    assert begin(keys, key=KEY._replace(party_id="other")) == Started("pay1", 1)


def test_a_key_is_known_for_thirty_days_and_then_new(keys: IdempotencyKeys):
    begin(keys)
    keys.finish(KEY, 1, MADE, NOW)
    almost = KEPT.total_seconds() - 1
    assert begin(keys, almost) == MADE
    assert keys.find(KEY, NOW + KEPT) is None
    assert begin(keys, almost + 1, request=PAY._replace(id="new")) == Started("new", 1)


def test_old_keys_are_purged_the_oldest_first(keys: IdempotencyKeys):
    for day in range(5):
        begin(keys, day * 86_400, key=KEY._replace(name=f"k{day}"))
    with keys._database.transaction() as tx:
        assert idempotency_keys.purge(tx, NOW + timedelta(days=3), 2) == 2
        assert idempotency_keys.purge(tx, NOW + timedelta(days=3), 2) == 1
        assert tx.execute("SELECT key FROM idempotency_keys ORDER BY key").all() == [("k3",), ("k4",)]


def test_a_key_that_another_request_takes_right_after_its_release_stays_theirs(keys: IdempotencyKeys, monkeypatch):
    begin(keys)
    found, released = idempotency_keys._row, [None]
    monkeypatch.setattr(
        idempotency_keys, "_row", lambda *asked, **how: released.pop() if released else found(*asked, **how)
    )
    assert begin(keys, request=PAY._replace(id="pay2")) == InUse(5)
    assert keys.find(KEY, NOW).id == "pay1"


def test_a_key_that_is_used_anew_while_it_is_purged_stays(keys: IdempotencyKeys):
    begin(keys)
    anew = NOW + KEPT
    with keys._database.transaction() as tx:

        class Meanwhile:
            execute_each = staticmethod(tx.execute_each)

            def execute(self, sql: str, params: tuple) -> object:
                rows = tx.execute(sql, params)
                tx.execute("UPDATE idempotency_keys SET created_at_ms = ?", (to_ms(anew),))
                return rows

        idempotency_keys.purge(Meanwhile(), anew, 10)
    assert begin(keys, KEPT.total_seconds(), request=PAY._replace(id="pay2")) == Started("pay1", 2)


def test_answers_lie_sealed_and_cannot_be_moved_to_another_key(keys: IdempotencyKeys):
    begin(keys)
    keys.finish(KEY, 1, Answer(201, {}, b"whsec_secret"), NOW)
    begin(keys, key=Key("demo", "order-2"))
    with keys._database.transaction() as tx:
        [(stored,)] = tx.execute("SELECT answer FROM idempotency_keys WHERE key = 'order-1'").all()
        assert b"whsec" not in bytes(stored)
        tx.execute("UPDATE idempotency_keys SET answer = ? WHERE key = 'order-2'", (stored,))
    with pytest.raises(InvalidTag):
        keys.find(Key("demo", "order-2"), NOW)


def test_of_many_at_once_in_two_processes_exactly_one_works(keys: IdempotencyKeys):
    found, gate = [], threading.Barrier(12)
    another = IdempotencyKeys(keys._database, SEALS, KEPT)

    def ask(asked: IdempotencyKeys) -> None:
        gate.wait()
        found.append(type(begin(asked)))

    asking = [threading.Thread(target=ask, args=((keys, another)[number % 2],)) for number in range(12)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert Counter(found) == {Started: 1, InUse: 11}


def test_of_many_that_take_over_at_once_exactly_one_works(keys: IdempotencyKeys):
    begin(keys)
    found, gate = [], threading.Barrier(12)

    def ask() -> None:
        gate.wait()
        found.append(begin(keys, 31))

    asking = [threading.Thread(target=ask) for _ in range(12)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert [each for each in found if isinstance(each, Started)] == [Started("pay1", 2)]


def test_many_keys_of_many_threads_in_two_processes_are_each_worked_on_once(keys: IdempotencyKeys):
    """Everybody wants every key, each in an order of their own."""
    processes = (keys, IdempotencyKeys(keys._database, SEALS, KEPT))
    started: list[str] = []

    def work(number: int) -> None:
        names = [f"k{name}" for name in range(10)]
        random.Random(number).shuffle(names)
        for name in names:
            key, mine = KEY._replace(name=name), processes[number % 2]
            if isinstance(begin(mine, key=key), Started):
                started.append(name)
                mine.finish(key, 1, MADE, NOW)

    working = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in working:
        thread.start()
    for thread in working:
        thread.join()
    assert sorted(started) == sorted(f"k{name}" for name in range(10))
    assert [begin(keys, key=KEY._replace(name=f"k{name}")) for name in range(10)] == [MADE] * 10


# ------------------------------------------------------------------------------------------- whatever the order is


class Model:
    """What a key must do, said as simply as it can be."""

    def __init__(self) -> None:
        self.request: Request | None = None
        self.attempt, self.until, self.answer = 0, 0, None

    def begin(self, request: Request, now: int) -> object:
        if self.request is None:
            self.request, self.attempt, self.until, self.answer = request, 1, now + 30, None
            return Started(request.id, 1)
        if request.fingerprint != self.request.fingerprint:
            return Reused
        if self.answer:
            return self.answer
        if now < self.until:
            return InUse
        self.attempt, self.until = self.attempt + 1, now + 30
        return Started(self.request.id, self.attempt)

    def owns(self, attempt: int) -> bool:
        return self.request is not None and attempt == self.attempt

    def finish(self, attempt: int, answer: Answer) -> bool:
        if self.owns(attempt):
            self.answer = self.answer or answer
        return self.owns(attempt)

    def release(self, attempt: int) -> bool:
        is_mine = self.owns(attempt)
        if is_mine and not self.answer:
            if attempt == 1:
                self.request = None
            else:
                self.until = 0
        return is_mine

    def suspend(self, attempt: int) -> bool:
        if self.owns(attempt) and not self.answer:
            self.until = 0
        return self.owns(attempt)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), st.sampled_from("xy")),
        st.tuples(st.sampled_from(["finish", "release", "suspend"]), st.integers(1, 4)),
        st.tuples(st.just("wait"), st.sampled_from([1, 29, 30, 31])),
    ),
    max_size=25,
)


def is_taken(say: Callable[[], None]) -> bool:
    try:
        say()
    except AttemptOver:
        return False
    return True


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_whatever_is_said_in_whatever_order_a_key_does_what_the_model_does(tmp_path_factory, steps):
    database = sandbox.open_below(tmp_path_factory.mktemp("keys"))
    migrate(database, NOW)
    keys, model, now = IdempotencyKeys(database, SEALS, KEPT), Model(), 0
    for number, (what, word) in enumerate(steps):
        moment = NOW + timedelta(seconds=now)
        if what == "begin":
            request = Request("pay", {"": word}, f"id-{number}")
            found, expected = keys.begin(KEY, request, LEASE, moment), model.begin(request, now)
            assert found == expected or type(found) is expected
        elif what == "wait":
            now += word
        elif what == "finish":
            answer = Answer(200, {}, str(number).encode())
            taken = is_taken(lambda answer=answer, moment=moment, word=word: keys.finish(KEY, word, answer, moment))
            assert taken == model.finish(word, answer)
        else:
            say = getattr(keys, what)
            assert is_taken(lambda say=say, word=word: say(KEY, word)) == getattr(model, what)(word)
    database.close()


# ------------------------------------------------------------------------------------------------ over the protocol


@pytest.fixture
def asked(keys: IdempotencyKeys) -> Asked:
    return Asked(IdempotencyKeysService(keys, ToldClock()), as_party("demo"))


def params(**changed) -> protocol.BeginParams:
    said = {"party_id": "demo", "key": "order-1", "operation": "pay", "fingerprint": {"": "a"}, "lease_s": 30}
    return protocol.BeginParams(**{**said, **changed})


def test_a_key_is_looked_up_while_it_runs_and_after(asked: Asked):
    assert asked.Get("demo", "order-1").status == protocol.KeyStatus.UNKNOWN
    started = asked.Begin(params(id="pay1")).started
    running = asked.Get("demo", "order-1")
    assert (running.status, running.id, running.attempt) == (protocol.KeyStatus.RUNNING, "pay1", started.attempt)
    answer = protocol.Answer(status=201, headers={"a": "b"}, body=b"{}", resource="pay_1")
    asked.Finish("demo", "order-1", 1, answer)
    done = asked.Get("demo", "order-1")
    assert (done.status, done.resource, done.answer) == (protocol.KeyStatus.DONE, "pay_1", answer)
    assert asked.Begin(params()).replay == answer
    assert asked.Begin(params(fingerprint={"": "b"})).reused.pointers == [""]
    assert (done.created_at, done.expires_at) == ("2026-03-01T12:00:00.000Z", "2026-03-31T12:00:00.000Z")


def test_another_partys_key_is_nobodys_business(asked: Asked):
    asked.Begin(params())
    stranger = asked.by(as_party("other"))
    answer = protocol.Answer(status=200, headers={}, body=b"")
    for call in (
        lambda: stranger.Begin(params()),
        lambda: stranger.Finish("demo", "order-1", 1, answer),
        lambda: stranger.Release("demo", "order-1", 1),
        lambda: stranger.Suspend("demo", "order-1", 1),
        lambda: stranger.Get("demo", "order-1"),
    ):
        with pytest.raises(base.AccessDenied):
            call()


@pytest.mark.parametrize(
    "wrong", [{"key": ""}, {"key": "a b"}, {"key": "ключ"}, {"key": "k" * 256}, {"lease_s": 0}, {"lease_s": 3601}]
)
def test_a_key_that_is_none_is_refused(asked: Asked, wrong: dict):
    with pytest.raises(base.InvalidRequest):
        asked.Begin(params(**wrong))


def test_an_attempt_that_is_over_is_told_so_in_the_protocols_words(asked: Asked):
    asked.Begin(params())
    with pytest.raises(protocol.AttemptOver):
        asked.Release("demo", "order-1", 2)
