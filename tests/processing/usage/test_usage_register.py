"""How often each party calls each operation of each version: what the platform keeps of gateways' reports."""

from datetime import timedelta

import pytest

from processing import usage as counts
from processing.services.usage import UsageService
from processing.services.wire.times import to_text
from processing.storage.port import Database
from rpc.protocol import base, usage
from tests.processing.asking import Asked, as_party
from tests.processing.sandbox import NOW


@pytest.fixture
def service(database: Database) -> Asked:
    return Asked(UsageService(database))


def row(operation: str = "getShops", party_id: str = "demo", count: int = 1, version: str = "v9", days: int = 0):
    at = to_text(NOW + timedelta(days=days))
    return usage.UsageRow(version=version, operation=operation, party_id=party_id, count=count, last_at=at)


def asked(service: Asked, **query: str) -> list[tuple[str, str, str, int]]:
    return [(r.version, r.operation, r.party_id, r.count) for r in service.Get(usage.UsageQuery(**query))]


def test_reports_of_several_gateways_add_up(service: Asked):
    service.Report([row(count=2), row("getShopByID")])
    service.Report([row(count=3)])
    assert asked(service) == [("v9", "getShops", "demo", 5), ("v9", "getShopByID", "demo", 1)]


def test_the_last_use_is_the_latest_whichever_report_came_first(service: Asked):
    later = to_text(NOW + timedelta(seconds=9))
    service.Report([usage.UsageRow(version="v9", operation="x", party_id="demo", count=1, last_at=later)])
    service.Report([row("x")])
    assert [each.last_at for each in service.Get(usage.UsageQuery())] == [later]


def test_days_are_kept_apart_so_that_use_of_the_last_month_can_be_told(service: Asked):
    service.Report([row(count=7, days=-40), row(count=2, days=-29), row(count=1)])
    assert asked(service) == [("v9", "getShops", "demo", 10)]
    assert asked(service, since=to_text(NOW - timedelta(days=30))) == [("v9", "getShops", "demo", 3)]


def test_one_version_or_one_party_can_be_asked_for(service: Asked):
    service.Report([row(), row(version="v8"), row(party_id="other")])
    assert asked(service, version="v8") == [("v8", "getShops", "demo", 1)]
    assert asked(service, party_id="other") == [("v9", "getShops", "other", 1)]


def test_a_party_reads_its_own_use_and_nobody_elses(service: Asked):
    service.Report([row(), row(party_id="other", count=4)])
    merchant = service.by(as_party("demo"))
    assert asked(merchant, party_id="demo") == [("v9", "getShops", "demo", 1)]
    for query in ({"party_id": "other"}, {}):
        with pytest.raises(base.AccessDenied):
            asked(merchant, **query)
    with pytest.raises(base.AccessDenied):
        merchant.Report([row()])


@pytest.mark.parametrize("wrong", [row(count=0), row(operation=""), row(party_id="x" * 257)])
def test_a_report_that_no_gateway_makes_counts_nothing(service: Asked, wrong: usage.UsageRow):
    with pytest.raises(base.InvalidRequest):
        service.Report([row(), wrong])
    assert asked(service) == []


def test_days_long_past_are_forgotten_a_little_at_a_time(service: Asked, database: Database):
    service.Report([row(f"operation{number}", days=-500) for number in range(3)] + [row(days=-1), row()])
    for wanted in (2, 1, 0):
        with database.transaction() as tx:
            assert counts.purge(tx, NOW - timedelta(days=400), 2) == wanted
    assert asked(service) == [("v9", "getShops", "demo", 2)]
