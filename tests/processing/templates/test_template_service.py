"""Invoice templates over the protocol: revisions that guard changes, fields that go, pages of what a party has."""

import threading
from pathlib import Path

import pytest

from processing.services.templating import TemplatingService
from rpc.protocol import base, domain, payment_processing
from tests.processing.asking import Asked, as_party
from tests.processing.sandbox import PARTY, SHOP, Sandbox

pytestmark = pytest.mark.usefixtures("both_databases")

DETAILS = domain.InvoiceTemplateDetails(
    single_line=domain.TemplateSingleLine(product="Tea", price=domain.TemplatePrice(unlimited=True))
)
DAY = domain.LifetimeInterval(years=0, months=0, days=1)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


@pytest.fixture
def asked(sandbox: Sandbox) -> Asked:
    return Asked(TemplatingService(sandbox.machines, sandbox.facts), as_party(PARTY))


def params(template_id: str = "t1", **said) -> payment_processing.TemplateParams:
    given = {"id": template_id, "party_id": PARTY, "shop_id": SHOP, "lifetime": DAY, "details": DETAILS}
    return payment_processing.TemplateParams(**{**given, **said})


def update(**said) -> payment_processing.TemplateUpdate:
    return payment_processing.TemplateUpdate(**said)


def test_a_template_begins_with_revision_1_and_each_update_counts(asked: Asked):
    assert asked.Create(params()).revision == 1
    assert asked.Create(params()).revision == 1
    assert [asked.Update("t1", update(name=name)).revision for name in ("a", "b")] == [2, 3]
    assert asked.Get("t1").revision == 3


def test_a_change_of_what_somebody_else_has_changed_is_refused(asked: Asked):
    asked.Create(params(name="first"))
    assert asked.Update("t1", update(name="second", if_revision=1)).name == "second"
    with pytest.raises(payment_processing.RevisionMismatch) as mismatch:
        asked.Update("t1", update(name="third", if_revision=1))
    assert mismatch.value.revision == 2
    with pytest.raises(payment_processing.RevisionMismatch):
        asked.Delete("t1", 1)
    assert asked.Get("t1").name == "second"
    asked.Delete("t1", 2)
    with pytest.raises(payment_processing.TemplateRemoved):
        asked.Get("t1")


def test_of_two_changes_of_one_revision_at_once_one_is_made(asked: Asked):
    asked.Create(params())
    gate, made, refused = threading.Barrier(6), [], []

    def change(number: int) -> None:
        gate.wait()
        try:
            made.append(asked.Update("t1", update(name=f"n{number}", if_revision=1)).name)
        except payment_processing.RevisionMismatch:
            refused.append(number)

    threads = [threading.Thread(target=change, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(refused)) == (1, 5)
    assert asked.Get("t1").name == made[0]


def test_two_updates_at_once_lose_neither(asked: Asked):
    asked.Create(params())
    gate = threading.Barrier(2)

    def change(**said) -> None:
        gate.wait()
        asked.Update("t1", update(**said))

    threads = [threading.Thread(target=change, kwargs={field: "new"}) for field in ("name", "description")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = asked.Get("t1")
    assert (found.name, found.description, found.revision) == ("new", "new", 3)


def test_fields_that_are_cleared_are_gone_and_those_that_are_given_stay(asked: Asked):
    fields = payment_processing.TemplateField
    asked.Create(params(name="n", description="d", context=base.Content(type="application/json", data=b"{}")))
    changed = asked.Update("t1", update(name="new", cleared=[fields.NAME, fields.DESCRIPTION]))
    assert (changed.name, changed.description) == ("new", None)
    assert changed.context is not None
    with pytest.raises(base.InvalidRequest):
        asked.Update("t1", update(cleared=[99]))


def test_templates_are_listed_by_id_page_by_page_without_those_removed(asked: Asked):
    for template_id in "cabd":
        asked.Create(params(template_id))
    asked.Delete("b")
    assert [found.id for found in asked.GetList(PARTY, None, None, 2)] == ["a", "c"]
    assert [found.id for found in asked.GetList(PARTY, SHOP, "c", 2)] == ["d"]
    assert asked.GetList(PARTY, "another", None, 2) == []
    for limit in (0, 1001):
        with pytest.raises(base.InvalidRequest):
            asked.GetList(PARTY, None, None, limit)
    with pytest.raises(base.AccessDenied):
        asked.by(as_party("other")).GetList(PARTY, None, None, 2)


def test_a_template_stored_before_there_were_revisions_has_the_first(asked: Asked, sandbox: Sandbox):
    asked.Create(params())
    with sandbox.database.transaction() as tx:
        [(body,)] = tx.execute("SELECT body FROM templates").all()
        assert "revision" not in body
    assert asked.Get("t1").revision == 1
