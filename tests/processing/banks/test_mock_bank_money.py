"""What the mock bank holds, takes and gives back."""

import pytest

from tests.processing.banks.foreign_bank import KEY, MERCHANT, BankInMemory, order


@pytest.fixture
def bank() -> BankInMemory:
    return BankInMemory()


def held(bank: BankInMemory, reference: str = "r1") -> str:
    """An authorisation of 10.00 that waits for its capture; returns the bank's id of it."""
    return bank.authorise(reference, capture="later").json["txn"]


def taken(bank: BankInMemory, reference: str = "r1") -> str:
    return bank.authorise(reference).json["txn"]


def test_an_authorisation_with_capture_takes_the_money_at_once(bank: BankInMemory):
    answer = bank.authorise().json
    assert (answer["result"], answer["code"], answer["amount"], answer["currency"]) == (
        "APPROVED",
        "00",
        "10.00",
        "643",
    )
    assert answer["authorisation"] == {
        "state": "TAKEN", "held": "0.00", "taken": "10.00", "returned": "0.00", "disputed": "0.00",
    }  # fmt: skip


def test_rrn_has_twelve_characters_and_the_approval_code_six(bank: BankInMemory):
    answers = [bank.authorise(f"r{n}").json for n in range(20)]
    assert all(len(answer["rrn"]) == 12 and answer["rrn"].isalnum() for answer in answers)
    assert all(len(answer["approvalCode"]) == 6 for answer in answers)
    assert len({answer["rrn"] for answer in answers}) == len({answer["txn"] for answer in answers}) == 20


def test_a_partial_capture_releases_the_rest(bank: BankInMemory):
    txn = held(bank)
    answer = bank.change("captures", "c1", txn, "4.00").json
    assert (answer["result"], answer["amount"]) == ("APPROVED", "4.00")
    assert answer["authorisation"]["held"] == "0.00"
    assert answer["authorisation"]["taken"] == "4.00"


def test_money_is_captured_once(bank: BankInMemory):
    txn = held(bank)
    bank.change("captures", "c1", txn, "4.00")
    second = bank.change("captures", "c2", txn, "4.00").json
    assert (second["result"], second["code"]) == ("DECLINED", "B1")
    assert bank.books()["totals"]["643"]["taken"] == 400


def test_more_than_is_held_cannot_be_captured(bank: BankInMemory):
    txn = held(bank)
    assert bank.change("captures", "c1", txn, "10.01").json["code"] == "B2"
    assert bank.books()["totals"]["643"] == {
        "authorisations": 1, "held": 1000, "taken": 0, "returned": 0, "disputed": 0,
    }  # fmt: skip


def test_refunds_may_be_many_and_never_exceed_what_was_taken(bank: BankInMemory):
    txn = taken(bank)
    results = [bank.change("refunds", f"f{n}", txn, "4.00").json["code"] for n in range(3)]
    assert results == ["00", "00", "B2"]
    assert bank.change("refunds", "f9", txn, "2.00").json["authorisation"]["returned"] == "10.00"


def test_held_money_cannot_be_refunded_nor_taken_money_voided(bank: BankInMemory):
    assert bank.change("refunds", "f1", held(bank, "a"), "1.00").json["code"] == "B1"
    assert bank.change("voids", "v1", taken(bank, "b")).json["code"] == "B1"


def test_a_void_releases_the_hold_and_nothing_can_be_captured_after(bank: BankInMemory):
    txn = held(bank)
    assert bank.change("voids", "v1", txn).json["authorisation"]["state"] == "RELEASED"
    assert bank.change("captures", "c1", txn, "10.00").json["code"] == "B1"


def test_the_same_reference_twice_is_a_duplicate_that_names_the_first(bank: BankInMemory):
    first = bank.authorise().json
    again = bank.authorise(amount="99.00")
    assert again.status == 409
    assert again.json["result"] == "DUPLICATE"
    assert again.json["first"] == first
    assert bank.books()["requests"] == {"r1": 2}
    assert bank.books()["totals"]["643"]["taken"] == 1000


def test_a_reference_is_unique_over_all_kinds_of_operations(bank: BankInMemory):
    txn = taken(bank)
    bank.change("refunds", "f1", txn, "1.00")
    assert bank.change("refunds", "f1", txn, "1.00").status == 409
    assert bank.change("refunds", "r1", txn, "1.00").status == 409
    assert bank.books()["totals"]["643"]["returned"] == 100


def test_another_merchants_reference_and_transaction_are_not_seen(bank: BankInMemory):
    txn = held(bank)
    foreign = {"merchant": "999999", "reference": "c1", "txn": txn, "amount": "1.00", "currency": "643"}
    assert bank.call("POST", "/gateway/v1/captures", foreign).status == 404
    assert bank.call("GET", "/gateway/v1/operations?merchant=999999&reference=r1").status == 404
    assert bank.call("GET", f"/gateway/v1/authorisations/{txn}?merchant=999999").status == 404


def test_an_operation_is_found_by_the_banks_id_and_by_the_merchants_reference(bank: BankInMemory):
    made = bank.authorise().json
    by_id = bank.call("GET", f"/gateway/v1/authorisations/{made['txn']}?merchant={MERCHANT}").json
    assert by_id == bank.look_up("r1").json == made
    capture = bank.change("captures", "c1", held(bank, "r2"), "3.00").json
    assert bank.look_up("c1").json == capture


def test_an_unknown_reference_is_not_found(bank: BankInMemory):
    answer = bank.look_up("never")
    assert (answer.status, answer.json["code"]) == (404, "25")


def test_voiding_an_unknown_original_closes_its_reference_for_ever(bank: BankInMemory):
    assert bank.change("voids", "v1", originalReference="r1").json["result"] == "APPROVED"
    late = bank.authorise("r1")
    assert (late.status, late.json["first"]["code"]) == (409, "17")
    assert bank.change("voids", "v2", originalReference="r1").json["result"] == "APPROVED"
    assert bank.books()["totals"] == {}


def test_voiding_by_original_reference_releases_what_is_held(bank: BankInMemory):
    held(bank)
    assert bank.change("voids", "v1", originalReference="r1").json["authorisation"]["state"] == "RELEASED"


def test_a_currency_other_than_the_authorisations_is_refused(bank: BankInMemory):
    txn = held(bank)
    assert bank.change("captures", "c1", txn, "1.00", currency="840").status == 400
    assert bank.change("captures", "c2", txn, "1.00").json["result"] == "APPROVED"


@pytest.mark.parametrize(
    ("amount", "currency", "minor"), [("100", "392", 100), ("1.250", "414", 1250), ("0.01", "978", 1)]
)
def test_amounts_have_the_decimals_of_their_currency(bank: BankInMemory, amount: str, currency: str, minor: int):
    answer = bank.authorise(amount=amount, currency=currency).json
    assert (answer["amount"], answer["currency"]) == (amount, currency)
    assert bank.books()["totals"][currency]["taken"] == minor


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("amount", {"amount": 10}),
        ("amount", {"amount": "10"}),
        ("amount", {"amount": "0.00"}),
        ("amount", {"amount": "-1.00"}),
        ("amount", {"currency": "RUB"}),
        ("merchant", {"merchant": "12"}),
        ("reference", {"reference": ""}),
        ("reference", {"reference": "two words"}),
        ("capture", {"capture": "maybe"}),
        ("initiator", {"initiator": None}),
        ("returnUrl", {"returnUrl": "javascript:alert(1)"}),
        ("card", {"card": None}),
        ("pan", {"card": {"pan": "4242", "expiry": "3012"}}),
        ("expiry", {"card": {"pan": "4242424242424242", "expiry": "3013"}}),
        ("cvc", {"card": {"pan": "4242424242424242", "expiry": "3012", "cvc": "12"}}),
    ],
)
def test_a_request_that_breaks_a_rule_names_the_field_and_changes_nothing(
    bank: BankInMemory, field: str, changes: dict
):
    answer = bank.call("POST", "/gateway/v1/authorisations", order("r1") | changes)
    assert (answer.status, answer.json["code"], answer.json["field"]) == (400, "30", field)
    assert bank.books()["operations"] == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(bank: BankInMemory, body: bytes):
    assert bank.call("POST", "/gateway/v1/authorisations", body).status == 400


def test_a_body_beyond_the_bound_is_refused(bank: BankInMemory):
    assert bank.call("POST", "/gateway/v1/authorisations", b" " * 20_000).status == 413


@pytest.mark.parametrize("path", ["/gateway/v1/operations", "/books", "/operator/chargebacks"])
def test_nothing_is_told_without_the_api_key(bank: BankInMemory, path: str):
    method = "POST" if path.startswith("/operator") else "GET"
    assert bank.call(method, path, key=KEY[:-1]).status == 401
    assert bank.call(method, path, key="").status == 401


def test_an_expired_card_is_declined_from_the_first_day_of_the_next_month(bank: BankInMemory):
    card = {"pan": "4242424242424242", "cvc": "123"}
    assert bank.authorise("r1", card=card | {"expiry": "2603"}).json["result"] == "APPROVED"
    assert bank.authorise("r2", card=card | {"expiry": "2602"}).json["code"] == "54"


def test_neither_number_nor_cvc_of_a_card_is_kept(bank: BankInMemory, tmp_path):
    kept = BankInMemory(tmp_path / "books.sqlite")
    kept.authorise("r1", "4000000000000002", card={"pan": "4000000000000002", "expiry": "3012", "cvc": "987"})
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"r1" in raw
    assert b"4000000000000002" not in raw
    assert b"987" not in raw


def test_the_books_of_one_payment_show_its_operations_only(bank: BankInMemory):
    txn = held(bank, "r1")
    bank.change("captures", "c1", txn, "10.00")
    held(bank, "r2")
    shown = bank.call("GET", "/books?reference=r1").json
    assert [row["reference"] for row in shown["operations"]] == ["c1", "r1"]
    assert [row["reference"] for row in shown["authorisations"]] == ["r1"]


def test_books_survive_the_bank(tmp_path):
    first = BankInMemory(tmp_path / "books.sqlite")
    txn = held(first)
    first.bank.books.close()
    second = BankInMemory(tmp_path / "books.sqlite")
    assert second.look_up("r1").json["txn"] == txn
    assert second.authorise("r1").status == 409
    assert second.authorise("r2").json["txn"] != txn


def test_a_chargeback_takes_from_what_could_be_refunded(bank: BankInMemory):
    txn = taken(bank)
    dispute = {"merchant": MERCHANT, "txn": txn, "amount": "7.00", "currency": "643", "levy": "1.50", "reason": "fraud"}
    opened = bank.call("POST", "/operator/chargebacks", dispute).json
    assert (opened["amount"], opened["levy"], opened["reference"]) == ("7.00", "1.50", "r1")
    assert bank.change("refunds", "f1", txn, "4.00").json["code"] == "B2"
    assert bank.change("refunds", "f2", txn, "3.00").json["code"] == "00"
    assert bank.call("POST", "/operator/chargebacks", dispute).status == 409


@pytest.mark.parametrize("levy", [None, "0.00", "-1.00"])
def test_no_dispute_is_free_of_charge(bank: BankInMemory, levy: str | None):
    dispute = {"merchant": MERCHANT, "txn": taken(bank), "amount": "7.00", "currency": "643", "reason": "fraud"}
    refused = bank.call("POST", "/operator/chargebacks", {**dispute, "levy": levy})
    assert (refused.status, refused.json["field"]) == (400, "levy")
