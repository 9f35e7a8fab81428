"""The memory behind idempotency: one key, one id, for ever, whoever asks and however many at once."""

import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from processing import ids
from processing.ids import Key, Wanted
from processing.services.ids import IdsService
from processing.storage.port import Database
from rpc.protocol import base
from rpc.protocol import ids as protocol
from tests.processing.asking import Asked, as_party

KEY = Key("createInvoice", "demo", "order-1")


def test_a_key_is_bound_to_the_first_id_for_ever(database: Database, open_database: Callable[[], Database]):
    first = ids.bind(database, KEY, Wanted(b"meaning", id="A", context={"invoice_id": "i1"}))
    assert first == ids.Binding("A", True, b"meaning", {"invoice_id": "i1"})
    again = ids.bind(open_database(), KEY, Wanted(b"another meaning", id="B"))
    assert again == ids.Binding("A", False, b"meaning", {"invoice_id": "i1"})


@pytest.mark.parametrize(
    "other",
    [KEY._replace(operation="createRefund"), KEY._replace(party_id="other"), KEY._replace(external_id="order-2")],
)
def test_keys_are_told_apart_by_operation_party_and_external_id(database: Database, other: Key):
    ids.bind(database, KEY, Wanted(b"", id="A"))
    assert ids.bind(database, other, Wanted(b"", id="B")).id == "B"


def test_a_key_may_be_any_text(database: Database):
    for text in ("a\0b", "'; DROP TABLE bindings; --", "100 % ?", "\u043a\u043e\u0442 \U0001f408", ""):
        key = KEY._replace(external_id=text)
        assert ids.bind(database, key, Wanted(b"\0\xff", id="A")).is_new
        assert ids.bind(database, key, Wanted(b"", id="B")) == ids.Binding("A", False, b"\0\xff", {})


def test_a_repeat_does_not_use_up_a_number(database: Database):
    wanted = Wanted(b"", sequence="invoice.payments")
    assert [ids.bind(database, KEY, wanted).id for _ in range(3)] == ["1", "1", "1"]
    assert ids.bind(database, KEY._replace(external_id="order-2"), wanted).id == "2"


def test_a_sequence_begins_where_its_first_caller_says(database: Database):
    with database.transaction() as tx:
        assert [ids.next_number(tx, "refunds", 100) for _ in range(3)] == [100, 101, 102]
        assert ids.next_number(tx, "payments") == 1


def test_of_fifty_threads_with_one_key_exactly_one_makes_the_object(database: Database):
    with ThreadPoolExecutor(50) as pool:
        bindings = list(pool.map(lambda n: ids.bind(database, KEY, Wanted(b"", id=f"id-{n}")), range(50)))
    assert Counter(binding.is_new for binding in bindings) == {True: 1, False: 49}
    assert len({binding.id for binding in bindings}) == 1


BINDER = textwrap.dedent("""
    import sys
    from concurrent.futures import ThreadPoolExecutor
    from processing.ids import Key, Wanted, bind
    from tests.postgres.fixtures import opened
    database, name = opened(sys.argv[1]), sys.argv[2]
    sys.stdin.readline()
    def run(n):
        key = Key("createInvoice", "demo", f"order-{n % 10}")
        return bind(database, key, Wanted(b"", id=f"{name}-{n}"))
    with ThreadPoolExecutor(25) as pool:
        for n, binding in enumerate(pool.map(run, range(50))):
            print(n % 10, binding.id, binding.is_new)
""")


def test_of_two_processes_with_one_key_exactly_one_makes_the_object(place: str):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", BINDER, place, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    lines = [line.split() for process in processes for line in process.communicate(timeout=60)[0].splitlines()]
    assert len(lines) == 100
    for order in map(str, range(10)):
        answers = [(bound, is_new) for asked, bound, is_new in lines if asked == order]
        assert len({bound for bound, _ in answers}) == 1
        assert Counter(is_new for _, is_new in answers)["True"] == 1


# ------------------------------------------------------------------------------------------------- the service


def params(party_id: str = "demo", **more: object) -> protocol.BindParams:
    key = protocol.Key(operation="createInvoice", party_id=party_id, external_id="order-1")
    return protocol.BindParams(key=key, features=b"f", **(more or {"id": "A"}))


def test_the_service_gives_the_first_binding_back(database: Database):
    service = Asked(IdsService(database), as_party("demo"))
    assert service.Bind(params()) == protocol.Binding(id="A", is_new=True, features=b"f", context={})
    assert service.Get(params().key) == protocol.Binding(id="A", is_new=False, features=b"f", context={})
    assert service.Next("s/demo", 100) == "100"


def test_a_merchant_binds_no_key_of_another(database: Database):
    service = Asked(IdsService(database), as_party("other"))
    with pytest.raises(base.AccessDenied):
        service.Bind(params())
    with pytest.raises(base.AccessDenied):
        service.Get(params().key)


@pytest.mark.parametrize("sequence", ["payments/i1/demo", "payments/i1", "demo", "/", "", "another"])
def test_a_merchant_draws_from_no_sequence_of_another(database: Database, sequence: str):
    service = Asked(IdsService(database), as_party("other"))
    with pytest.raises(base.AccessDenied):
        service.Next(sequence, 1)
    with pytest.raises(base.AccessDenied):
        service.Bind(params("other", sequence=sequence))
    assert service.Next("payments/i1/other", 1) == "1"
    assert Asked(IdsService(database)).Next(sequence, 1) == "1"


def test_a_key_that_was_never_bound_is_not_found(database: Database):
    with pytest.raises(protocol.BindingNotFound):
        Asked(IdsService(database)).Get(params().key)


@pytest.mark.parametrize("wrong", [{"sequence": "s", "id": "A"}, {"context": {}}])
def test_a_binding_needs_an_id_or_a_sequence_and_not_both(database: Database, wrong: dict):
    with pytest.raises(base.InvalidRequest):
        Asked(IdsService(database)).Bind(params(**wrong))
