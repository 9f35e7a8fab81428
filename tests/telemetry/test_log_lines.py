"""One event, one JSON line, whatever is put into it."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest

from telemetry import foreign_logs, log
from telemetry.redaction import CARD


@pytest.fixture
def lines():
    """The lines written during a test, parsed."""
    written = []
    with log.written_to(lambda line: written.append(json.loads(line))):
        yield written


def test_a_line_tells_when_who_and_what(lines):
    log.configure("capi_v2")
    log.info("http.request", status=201, duration_ms=4.2)
    (line,) = lines
    assert line.items() >= {"level": "info", "process": "capi_v2", "event": "http.request", "status": 201}.items()
    assert line["time"].endswith("Z") and len(line["time"]) == len("2026-01-31T12:00:00.000Z")


def test_bound_fields_stand_in_every_line_within_and_in_none_after(lines):
    with log.bound(trace_id="abc", party="demo"):
        log.info("one")
        with log.bound(party="other"):
            log.info("two", party="third")
        log.info("three")
    log.info("four")
    assert [(line.get("trace_id"), line.get("party")) for line in lines] == [
        ("abc", "demo"),
        ("abc", "third"),
        ("abc", "demo"),
        (None, None),
    ]


def test_tasks_and_threads_do_not_see_each_others_fields(lines):
    async def one(name):
        with log.bound(trace_id=name):
            await asyncio.sleep(0)
            log.info("task", name=name)

    async def many():
        await asyncio.gather(*(one(name) for name in "abc"))

    asyncio.run(many())
    thread = threading.Thread(target=lambda: log.info("thread"))
    with log.bound(trace_id="main"):
        thread.start()
        thread.join()
    assert all(line["trace_id"] == line["name"] for line in lines if line["event"] == "task")
    assert "trace_id" not in lines[-1]


def test_cards_and_secrets_never_reach_a_line(lines):
    with log.bound(request_id="4242-4242-4242-4242"):
        log.info(
            "x 4242424242424242",
            body={"cvv": "123", "deep": ["4242 4242 4242 4242"]},
            number=4242424242424242,
            authorization="Bearer abc",
            error=ValueError("4242.4242.4242.4242"),
        )
    text = json.dumps(lines)
    assert "4242" not in text and "Bearer" not in text and '"123"' not in text
    assert lines[0]["request_id"] == CARD


def test_a_trace_id_of_the_gateway_is_kept_even_where_its_digits_satisfy_luhn(lines):
    made = "14242424242424242008"
    with log.bound(trace_id=made):
        log.info("x", note="4242424242424242")
    assert (lines[0]["trace_id"], lines[0]["note"]) == (made, CARD)


@pytest.mark.parametrize("said", ["4242424242424242", "x4242424242424242", "42424242424242420000"])
def test_a_trace_id_that_somebody_else_made_up_is_no_way_around_the_redaction(lines, said):
    with log.bound(trace_id=said):
        log.info("x")
    assert "4242424242424242" not in lines[0]["trace_id"]


def test_a_trace_id_cannot_carry_anything_else(lines):
    log.info("x", trace_id='a","level":"error\n4242 4242 4242 4242')
    assert lines[0]["level"] == "info"
    assert "4242" not in lines[0]["trace_id"]


@pytest.mark.parametrize(
    "value", ["\ud800", 2**80, float("nan"), object(), {1: {2}}, b"\xff", "\u202e", {"a": {"b": "\udfff"}}]
)
def test_no_value_breaks_a_line(lines, value):
    log.info("x", value=value)
    assert lines[0]["event"] == "x"


def test_a_value_cannot_break_out_of_its_line():
    written = []
    with log.written_to(written.append):
        log.info("a\nb", value='c"}\n{"event":"forged"}')
    assert len(written) == 1
    assert written[0].count(b"\n") == 1
    assert json.loads(written[0])["event"] == "a\\nb"


def test_a_long_value_is_cut_after_it_was_redacted(lines):
    log.configure("x", field_chars_max=50)
    log.info("x", body="y" * 40 + "4242424242424242" + "z" * 100)
    log.configure("x")
    assert lines[0]["body"].startswith("y" * 40 + CARD[:6])
    assert "42424" not in lines[0]["body"]


def test_an_exception_is_told_without_its_variables(lines):
    secret_variable = "swordfish"
    try:
        raise KeyError("4242424242424242")
    except KeyError:
        log.error("failed", exc_info=True)
    assert lines[0]["exception"][-1] == f"KeyError: '{CARD}'"
    assert secret_variable in ("swordfish",) and "swordfish" not in "".join(lines[0]["exception"][:-3])


def test_lines_below_the_level_are_not_written(lines):
    log.configure("x", level="warning")
    log.info("quiet")
    log.debug("quiet")
    log.warning("loud")
    log.configure("x")
    assert [line["event"] for line in lines] == ["loud"]


def test_a_full_disk_does_not_fail_the_work():
    def refuse(line):
        raise OSError(28, "No space left on device")

    with log.written_to(refuse):
        assert log.info("x") is None


def test_libraries_write_our_lines(lines):
    foreign_logs.adopt()
    try:
        logging.getLogger("some.library").warning("card %s", "4242424242424242")
        logging.getLogger("some.library").info("not shown")
    finally:
        logging.getLogger().handlers.clear()
    assert [(line["event"], line["message"]) for line in lines] == [("library.some.library", f"card {CARD}")]


def test_a_closed_output_is_survived():
    program = "import os; os.close(1); from telemetry import log; log.info('x'); log.error('y')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=20)
    assert done.returncode == 0 and done.stderr == b""


def test_a_line_costs_microseconds():
    sink = os.open(os.devnull, os.O_WRONLY)
    best = 1.0
    with log.written_to(lambda line: os.write(sink, line)), log.bound(trace_id="12345678901234567890", span_id="req-a"):
        for _ in range(7):
            begin = time.perf_counter()
            for _ in range(2000):
                log.info("http.request", method="POST", path="/v2/processing/invoices", status=201, duration_ms=4.25)
            best = min(best, (time.perf_counter() - begin) / 2000)
    os.close(sink)
    assert best < 40e-6, f"{best * 1e6:.1f} us; 4-6 us on an idle machine"


@pytest.fixture
def held_lines(tmp_path):
    """A process that holds lines back; gives what stands in its file by now, line by line."""
    file = tmp_path / "log"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    before = log._State.write
    log.configure("held", descriptor=descriptor)
    log.hold_back()
    yield lambda: [json.loads(line) for line in file.read_bytes().splitlines()]
    log.flush()
    log._State.write = staticmethod(before)
    log.configure("tests")
    os.close(descriptor)


@pytest.fixture
def held(held_lines):
    """The same, the events alone."""
    return lambda: [line["event"] for line in held_lines()]


def test_a_server_writes_the_lines_of_several_requests_at_once(held):
    log.info("one")
    log.info("two")
    assert held() == []
    log.flush()
    assert held() == ["one", "two"]


@pytest.mark.parametrize("write", [log.warning, log.error])
def test_what_somebody_must_look_at_is_written_at_once_and_in_its_place(held, write):
    log.info("before")
    write("trouble")
    assert held() == ["before", "trouble"]


def test_so_many_lines_as_a_process_may_hold_are_written_without_being_asked(held):
    for _ in range(log.HELD_LINES_MAX):
        log.info("x")
    assert len(held()) == log.HELD_LINES_MAX


def test_lines_longer_than_a_pipe_takes_at_once_are_whole_all_the_same(held):
    for size in (10, 3000, 3000, 5000, 10):
        log.info("x", text="y" * min(size, 3900), more="z" * min(size, 3900))
    log.flush()
    assert held() == ["x"] * 5


def test_lines_of_several_threads_are_all_written_once(held):
    def write(name):
        for number in range(300):
            log.info(f"{name}{number}")
            if number % 7 == 0:
                log.flush()

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.flush()
    assert sorted(held()) == sorted(f"{name}{number}" for name in "abcd" for number in range(300))


def test_a_process_that_ends_writes_what_it_held():
    code = "from telemetry import log; log.hold_back(); log.info('last words')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(done.stdout)["event"] == "last words"


def test_a_field_named_like_a_member_of_every_line_takes_its_place(lines):
    log.info("x", process="other")
    assert lines[0]["process"] == "other"


def test_a_forked_process_does_not_repeat_the_lines_of_its_parent(held):
    log.info("of the parent")
    child = os.fork()
    if not child:
        log.flush()
        os._exit(0)
    os.waitpid(child, 0)
    assert held() == []


class Unwritable:
    """A value without a readable form."""

    def __str__(self):
        raise ValueError


def test_a_line_that_waits_to_be_put_into_words_tells_the_moment_it_was_spoken(held_lines):
    log.told("info", "http.request", {"status": 201})
    spoken_by = datetime.now(UTC)
    time.sleep(0.05)
    log.info("later")
    log.flush()
    first, second = held_lines()
    assert datetime.fromisoformat(first["time"]) <= spoken_by < datetime.fromisoformat(second["time"])
    assert (first["event"], first["status"], second["event"]) == ("http.request", 201, "later")


def test_a_line_that_waits_carries_the_fields_that_were_bound_when_it_was_spoken(held_lines):
    with log.bound(party="one"):
        log.told("info", "http.request", {"status": 200})
    with log.bound(party="other"):
        log.flush()
    (line,) = held_lines()
    assert line["party"] == "one"


def test_one_line_that_cannot_be_written_costs_no_other(held):
    log.told("info", "before", {})
    log.told("info", "broken", {"value": Unwritable()})
    log.told("info", "after", {})
    log.flush()
    assert held() == ["before", "after"]
