"""PostgreSQL behind the port: the conformance suite, and what only this implementation promises."""

import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from processing.storage import events
from processing.storage.migrations import migrate, missing
from processing.storage.pg_waiting import Waiting, merged
from processing.storage.port import Conflict, OutcomeUnknown, Unavailable
from processing.storage.postgres import PostgresDatabase, translated
from tests.postgres.server import Server, running
from tests.processing.storage.conformance import *  # noqa: F403
from tests.processing.storage.port_calls import NOW, append, claim, enqueue, feed, in_parallel, rows, schedule


@pytest.fixture
def open_database(postgres_url: str) -> Callable[[], PostgresDatabase]:
    return lambda: PostgresDatabase(postgres_url)


@pytest.fixture(scope="module")
def durable() -> Iterator[Server]:
    """A server that may be restarted, and that syncs to the disk."""
    with running(is_durable=True) as server:
        if server is None or server.data is None:
            pytest.skip("no PostgreSQL that may be restarted")
        yield server


@pytest.fixture
def restartable(durable: Server) -> Iterator[PostgresDatabase]:
    database = PostgresDatabase(durable.url, busy_timeout_ms=2000)
    migrate(database, NOW)
    yield database
    database.close()


# ------------------------------------------------------------------------------------------------------ the text


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("SELECT a FROM b WHERE c = ? AND d = ?", "SELECT a FROM b WHERE c = $1 AND d = $2"),
        ("SELECT '?' WHERE a = ?", "SELECT '?' WHERE a = $1"),
        ("SELECT 'it''s ?', ? WHERE b LIKE '%'", "SELECT 'it''s ?', $1 WHERE b LIKE '%'"),
        ("SELECT a FROM b WHERE c IN () AND d = ?", "SELECT a FROM b WHERE c IN (NULL) AND d = $1"),
    ],
)
def test_marks_outside_of_quotes_are_numbered(ours: str, theirs: str):
    assert translated(ours) == theirs


INSERT = "INSERT INTO a (b, c) VALUES ($1, $2)"


def test_rows_of_one_table_that_follow_each_other_are_written_by_one_statement():
    rows = [Waiting(INSERT, (number, "x")) for number in range(3)]
    other = Waiting("UPDATE a SET b = $1", (7,))
    assert list(merged([*rows, other, rows[0]])) == [
        Waiting("INSERT INTO a (b, c) VALUES ($1, $2), ($3, $4), ($5, $6)", [0, "x", 1, "x", 2, "x"]),
        other,
        rows[0],
    ]


@pytest.mark.parametrize(
    "alone",
    [
        Waiting(INSERT, (1, 2), Conflict("somebody was quicker")),
        Waiting(INSERT, (1, 2), None, True),
        Waiting(f"{INSERT} ON CONFLICT (b) DO NOTHING", (1, 2)),
        Waiting("INSERT INTO a (b, c) SELECT $1, $2", (1, 2)),
        Waiting("UPDATE a SET b = $1 WHERE c = $2", (1, 2)),
    ],
)
def test_what_is_asked_about_or_may_meet_itself_stays_a_statement_of_its_own(alone: Waiting):
    assert list(merged([alone, alone])) == [alone, alone]


def test_a_fresh_database_is_brought_up_by_the_same_files(empty_postgres_url: str):
    several = [PostgresDatabase(empty_postgres_url) for _ in range(4)]
    todo = [migration.number for migration in missing(several[0])]
    ran = in_parallel([lambda each=each: migrate(each, NOW) for each in several])
    assert sorted(ran) == [[], [], [], todo]
    assert missing(several[0]) == []
    for each in several:
        each.close()


def test_every_table_and_guard_of_sqlite_is_there(database: PostgresDatabase, tmp_path: object):
    from processing.storage.sqlite import SqliteDatabase

    lite = SqliteDatabase(tmp_path / "x.sqlite")
    migrate(lite, NOW)
    with lite.read() as tx:
        named = tx.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'").all()
    lite.close()
    with database.read() as tx:
        theirs = tx.execute(
            "SELECT 'table', tablename FROM pg_tables WHERE schemaname = 'public'"
            " UNION SELECT 'index', indexname FROM pg_indexes WHERE schemaname = 'public'"
            " UNION SELECT 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal"
        ).all()
    assert set(map(tuple, named)) <= set(theirs)


@pytest.mark.parametrize("statement", ["UPDATE events SET body = ''", "DELETE FROM events", "TRUNCATE events"])
def test_what_happened_is_not_changed(database: PostgresDatabase, statement: str):
    append(database, "i1", 0)
    with pytest.raises(Exception, match=r"not changed|not deleted|not emptied"), database.transaction() as tx:
        tx.execute(statement)
    assert len(feed(database)) == 1


# --------------------------------------------------------------------------------------------- waiting and refusing


def test_writers_of_different_machines_do_not_wait_for_each_other(database: PostgresDatabase):
    append(database, "before", 0)
    with database.transaction() as tx:
        first = events.append(tx, "slow", 0, "[]", kind="invoice", trace_id="t", now=NOW)
        second = in_parallel([lambda: append(database, "quick", 0)])[0]
        assert second.id == first.id + 1
        assert [record.machine_id for record in feed(database)] == ["before"]
    assert [record.machine_id for record in feed(database)] == ["before", "slow", "quick"]


def test_a_transaction_that_gives_up_does_not_hold_the_feed(database: PostgresDatabase):
    append(database, "before", 0)
    with pytest.raises(ZeroDivisionError), database.transaction() as tx:
        events.append(tx, "never", 0, "[]", kind="invoice", trace_id="t", now=NOW)
        in_parallel([lambda: append(database, "i1", 0)])
        raise ZeroDivisionError
    assert [record.machine_id for record in feed(database)] == ["before", "i1"]


def test_a_reader_cannot_ask_too_late_what_is_settled(database: PostgresDatabase):
    with pytest.raises(RuntimeError, match="before it reads"), database.read() as tx:
        tx.execute("SELECT 1")
        tx.settled("events")


def test_work_that_another_transaction_claims_is_passed_over(database: PostgresDatabase):
    schedule(database, "i1", NOW)
    schedule(database, "i2", NOW)
    with database.transaction() as tx:
        tx.execute(f"SELECT key FROM jobs WHERE key = 'i1'{tx.row_lock}")
        began = time.monotonic()
        assert in_parallel([lambda: [each.key for each in claim(database)]]) == [["i2"]]
        assert time.monotonic() - began < 10


def test_who_waits_too_long_for_a_row_is_unavailable(database: PostgresDatabase, postgres_url: str):
    append(database, "i1", 0)
    impatient = PostgresDatabase(postgres_url, busy_timeout_ms=30)
    with database.transaction() as tx:
        events.append(tx, "i1", 1, "[]", kind="invoice", trace_id="t", now=NOW)
        with pytest.raises(Unavailable, match="lock"):
            append(impatient, "i1", 1)
    append(impatient, "i1", 2)
    impatient.close()


def test_a_statement_that_takes_too_long_is_unavailable(postgres_url: str):
    hasty = PostgresDatabase(postgres_url, statement_timeout_ms=50)
    with pytest.raises(Unavailable, match="timeout"), hasty.transaction() as tx:
        tx.execute("SELECT pg_sleep(5)")
    append(hasty, "i1", 0)
    hasty.close()


def test_when_every_connection_is_busy_the_next_is_refused_in_time(postgres_url: str):
    small = PostgresDatabase(postgres_url, connections_max=1, busy_timeout_ms=50)
    with small.transaction(), pytest.raises(Unavailable, match="busy"), small.read():
        pass
    append(small, "i1", 0)
    small.close()


def test_two_that_wait_for_each_other_are_told_apart_as_a_conflict(database: PostgresDatabase):
    append(database, "a", 0)
    append(database, "b", 0)
    together = threading.Barrier(2)

    def cross(first: str, second: str) -> str:
        try:
            with database.transaction() as tx:
                events.append(tx, first, 1, "[]", kind="invoice", trace_id="t", now=NOW)
                together.wait(5)
                events.append(tx, second, 1, "[]", kind="invoice", trace_id="t", now=NOW)
        except Conflict:
            return "conflict"
        return "done"

    assert sorted(in_parallel([lambda: cross("a", "b"), lambda: cross("b", "a")])) == ["conflict", "done"]


def test_a_transaction_in_which_a_statement_failed_does_not_commit(database: PostgresDatabase):
    with pytest.raises(Unavailable), database.transaction() as tx, pytest.raises(Exception, match="nowhere"):
        tx.execute("SELECT 1 FROM nowhere")
    append(database, "i1", 0)


def test_a_server_that_is_not_there_is_unavailable(tmp_path: object):
    absent = PostgresDatabase(f"postgresql:///x?host={tmp_path}")
    with pytest.raises(Unavailable), absent.transaction():
        pass
    with pytest.raises(Unavailable), absent.read():
        pass
    with pytest.raises(Unavailable):
        absent.watch()
    absent.close()


# ------------------------------------------------------------------------------------------------------- restarts


def test_after_a_restart_of_the_server_work_goes_on(restartable: PostgresDatabase, durable: Server):
    append(restartable, "r1", 0)
    durable.restart()
    append(restartable, "r1", 1)
    assert len(feed(restartable)) >= 2


def test_a_restart_under_a_transaction_is_unavailable_and_leaves_nothing(
    restartable: PostgresDatabase, durable: Server
):
    with pytest.raises(Unavailable), restartable.transaction() as tx:
        events.append(tx, "cut", 0, "[]", kind="invoice", trace_id="t", now=NOW)
        durable.restart()
        tx.execute("SELECT 1")
    assert append(restartable, "cut", 0).sequence == 1


def test_a_restart_before_the_commit_s_answer_is_an_unknown_outcome(restartable: PostgresDatabase, durable: Server):
    with pytest.raises(OutcomeUnknown), restartable.transaction() as tx:
        events.append(tx, "unsure", 0, "[]", kind="invoice", trace_id="t", now=NOW)
        durable.restart("immediate")
    assert append(restartable, "sure", 0).sequence == 1


def test_what_was_acknowledged_before_a_power_cut_is_there(restartable: PostgresDatabase, durable: Server):
    acknowledged: list[int] = []
    stop = threading.Event()

    def write() -> None:
        n = 0
        while not stop.is_set():
            try:
                acknowledged.append(append(restartable, f"cut{n}", 0).id)
            except (Unavailable, OutcomeUnknown, Conflict):
                time.sleep(0.01)
            n += 1

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(2):
        time.sleep(0.2)
        durable.restart("immediate")
    time.sleep(0.2)
    stop.set()
    writer.join()
    stored = {record.id for record in feed(restartable, limit=10**6)}
    assert len(acknowledged) > 20
    assert set(acknowledged) <= stored


def test_a_watcher_says_when_it_hears_nothing_any_more(restartable: PostgresDatabase, durable: Server):
    watch = restartable.watch()
    durable.restart()
    with pytest.raises(Unavailable):
        watch.wait(5)
    watch.close()
    again = restartable.watch()
    schedule(restartable, "i1", NOW)
    assert again.wait(5)
    again.close()


# ------------------------------------------------------------------------------------------------ several processes

CLAIMER = textwrap.dedent("""
    import sys
    from datetime import datetime, timedelta
    from processing.storage import jobs
    from processing.storage.postgres import PostgresDatabase
    database, now = PostgresDatabase(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
    sys.stdin.readline()
    idle = 0
    while idle < 20:
        with database.transaction() as tx:
            claims = jobs.claim(tx, "delivery", now=now, lease=timedelta(seconds=60), limit=5)
            idle = 0 if claims else idle + 1
        for claim in claims:
            with database.transaction() as tx:
                assert jobs.complete(tx, claim)
            print(claim.key, claim.payload, claim.attempts)
    database.close()
""")


def test_two_processes_share_the_work_and_do_each_piece_once_and_in_order(
    database: PostgresDatabase, postgres_url: str
):
    for key in range(20):
        enqueue(database, f"k{key}", "0", "1", "2", "3", "4")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIMER, postgres_url, NOW.isoformat()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    done = [line.split() for process in processes for line in process.communicate(timeout=60)[0].splitlines()]
    assert [process.returncode for process in processes] == [0, 0]
    assert rows(database) == 0
    assert sorted((key, payload) for key, payload, _ in done) == sorted(
        (f"k{key}", str(n)) for key in range(20) for n in range(5)
    )
    assert {attempts for *_, attempts in done} == {"1"}
