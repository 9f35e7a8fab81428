"""Parties and shops: who may see, suspend and block them, and what a shop is made of."""

import pytest

from processing.domain_config.configuration import Configuration
from processing.domain_config.seeding import seed
from processing.ledger import book
from processing.services.party import PartyManagementService
from processing.storage.port import Database
from rpc.protocol import base, domain, party
from tests.processing.asking import Asked, as_party
from tests.processing.sandbox import NOW, ToldClock


@pytest.fixture
def operator(database: Database) -> Asked:
    seed(database, NOW)
    asked = Asked(PartyManagementService(database, ToldClock(), Configuration(database)))
    asked.Create("demo", party.PartyParams(contact_email="demo@example.com"))
    asked.CreateShop("demo", shop_params())
    return asked


@pytest.fixture
def merchant(operator: Asked) -> Asked:
    return operator.by(as_party("demo"))


@pytest.fixture
def stranger(operator: Asked) -> Asked:
    return operator.by(as_party("other"))


def shop_params(shop_id: str = "TESTSHOP", **more: object) -> party.ShopParams:
    said = {"currency": "RUB", "category_id": 1, "contract_id": "default", **more}
    return party.ShopParams(
        id=shop_id,
        location=domain.ShopLocation(url="https://shop.example.com"),
        details=domain.ShopDetails(name="Test shop", description="Tea"),
        **said,
    )


def test_a_party_is_what_it_was_created_as(merchant: Asked):
    assert merchant.Get("demo") == domain.Party(
        id="demo",
        created_at="2026-03-01T12:00:00.000Z",
        is_blocked=False,
        is_suspended=False,
        contact_email="demo@example.com",
    )


def test_a_party_is_created_once(operator: Asked):
    with pytest.raises(party.PartyExists):
        operator.Create("demo", party.PartyParams())


def test_a_newcomer_creates_itself_and_nobody_else(stranger: Asked):
    assert stranger.Create("other", party.PartyParams()).id == "other"
    with pytest.raises(base.AccessDenied):
        stranger.Create("third", party.PartyParams())


def test_a_party_id_is_checked(operator: Asked):
    with pytest.raises(base.InvalidRequest):
        operator.Create("a.b", party.PartyParams())


def test_a_shop_has_two_ledger_accounts_of_its_currency(operator: Asked, database: Database):
    shop = operator.CreateShop("demo", shop_params("EURSHOP", currency="EUR"))
    assert shop.owner_id == "demo"
    assert shop.account.currency == "EUR"
    assert shop.account.settlement != shop.account.guarantee
    with database.read() as tx:
        for account_id in (shop.account.settlement, shop.account.guarantee):
            account = book.get_account(tx, account_id)
            assert (account.currency, account.own_amount) == ("EUR", 0)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"currency": "XXX"}, "currency XXX is not configured"),
        ({"category_id": 77}, "category 77 is not configured"),
        ({"contract_id": "none"}, "terms none are not configured"),
    ],
)
def test_a_shop_is_made_of_what_is_configured(operator: Asked, wrong: dict, sentence: str):
    with pytest.raises(base.InvalidRequest) as refusal:
        operator.CreateShop("demo", shop_params("NEW", **wrong))
    assert refusal.value.errors == [sentence]
    assert [shop.id for shop in operator.GetShops("demo")] == ["TESTSHOP"]


def test_a_shop_id_is_the_party_s_own(operator: Asked, stranger: Asked):
    with pytest.raises(party.ShopExists):
        operator.CreateShop("demo", shop_params())
    stranger.Create("other", party.PartyParams())
    operator.CreateShop("other", shop_params())
    assert [shop.owner_id for shop in stranger.GetShops("other")] == ["other"]


def test_what_is_not_there_is_not_found(operator: Asked):
    for call in (operator.Get, operator.GetShops, operator.Suspend, operator.Activate):
        with pytest.raises(party.PartyNotFound):
            call("nobody")
    with pytest.raises(party.PartyNotFound):
        operator.GetShop("nobody", "TESTSHOP")
    with pytest.raises(party.PartyNotFound):
        operator.CreateShop("nobody", shop_params())
    for call in (operator.GetShop, operator.SuspendShop, operator.ActivateShop):
        with pytest.raises(party.ShopNotFound):
            call("demo", "nowhere")


def test_a_party_suspends_and_activates_itself(merchant: Asked):
    merchant.Suspend("demo")
    assert merchant.Get("demo").is_suspended
    with pytest.raises(party.InvalidPartyStatus):
        merchant.Suspend("demo")
    merchant.Activate("demo")
    assert not merchant.Get("demo").is_suspended
    with pytest.raises(party.InvalidPartyStatus):
        merchant.Activate("demo")


def test_a_block_is_stronger_than_the_party_s_wish(operator: Asked, merchant: Asked):
    operator.Block("demo", "looked at")
    for call in (merchant.Suspend, merchant.Activate):
        with pytest.raises(party.InvalidPartyStatus):
            call("demo")
    with pytest.raises(party.InvalidPartyStatus):
        operator.Block("demo", "again")
    operator.Unblock("demo", "cleared")
    assert not merchant.Get("demo").is_blocked
    with pytest.raises(party.InvalidPartyStatus):
        operator.Unblock("demo", "again")


def test_a_party_suspends_and_activates_its_shop(merchant: Asked):
    merchant.SuspendShop("demo", "TESTSHOP")
    assert merchant.GetShop("demo", "TESTSHOP").is_suspended
    with pytest.raises(party.InvalidShopStatus):
        merchant.SuspendShop("demo", "TESTSHOP")
    merchant.ActivateShop("demo", "TESTSHOP")
    with pytest.raises(party.InvalidShopStatus):
        merchant.ActivateShop("demo", "TESTSHOP")


def test_a_blocked_shop_stays_as_it_is(operator: Asked, merchant: Asked):
    operator.BlockShop("demo", "TESTSHOP", "looked at")
    assert merchant.GetShop("demo", "TESTSHOP").is_blocked
    for call in (merchant.SuspendShop, merchant.ActivateShop):
        with pytest.raises(party.InvalidShopStatus):
            call("demo", "TESTSHOP")
    operator.UnblockShop("demo", "TESTSHOP", "cleared")
    with pytest.raises(party.InvalidShopStatus):
        operator.UnblockShop("demo", "TESTSHOP", "again")


def test_another_party_is_neither_seen_nor_touched(stranger: Asked):
    for call in (stranger.Get, stranger.Suspend, stranger.Activate, stranger.GetShops):
        with pytest.raises(base.AccessDenied):
            call("demo")
    for call in (stranger.GetShop, stranger.SuspendShop, stranger.ActivateShop):
        with pytest.raises(base.AccessDenied):
            call("demo", "TESTSHOP")


def test_blocking_and_opening_shops_are_the_operator_s(merchant: Asked):
    calls = [
        lambda: merchant.Block("demo", "r"),
        lambda: merchant.Unblock("demo", "r"),
        lambda: merchant.BlockShop("demo", "TESTSHOP", "r"),
        lambda: merchant.UnblockShop("demo", "TESTSHOP", "r"),
        lambda: merchant.CreateShop("demo", shop_params("MINE")),
    ]
    for call in calls:
        with pytest.raises(base.AccessDenied):
            call()
