"""Parties, shops and webhooks over HTTP."""

import pytest

from rpc.protocol import base, domain, domain_config, party, webhooks

from . import examples

PARTY = domain.Party(id="demo", created_at=examples.CREATED, is_blocked=False, is_suspended=False)
SUSPENDED = domain.Party(id="demo", created_at=examples.CREATED, is_blocked=False, is_suspended=True)


def shop(**changes):
    fields = {
        "id": "TESTSHOP",
        "owner_id": "demo",
        "created_at": examples.CREATED,
        "is_blocked": False,
        "is_suspended": False,
        "category_id": 1,
        "location": domain.ShopLocation(url="https://shop.example"),
        "details": domain.ShopDetails(name="Test shop"),
        "contract_id": "c1",
        "account": domain.ShopAccount(currency="RUB", settlement=11, guarantee=12),
    }
    return domain.Shop(**{**fields, **changes})


def test_a_party_never_seen_before_is_made_when_it_asks_for_itself(v2):
    v2.backend.on("PartyManagement.Get", party.PartyNotFound())
    v2.backend.on("PartyManagement.Create", PARTY)
    token = v2.tokens.issue("demo", ["party:read"], lifetime_s=None, email="owner@shop.example")[0]
    answer = v2.send(v2.requests["getMyParty"], token=token)
    assert (answer.status, answer.json) == (200, {"id": "demo", "isBlocked": False, "isSuspended": False})
    (call,) = v2.backend.calls_of("PartyManagement.Create")
    assert call.arguments == ("demo", party.PartyParams(contact_email="owner@shop.example"))


def test_two_first_requests_at_once_make_one_party(v2):
    answers = iter([party.PartyNotFound(), PARTY])

    def get(party_id):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    v2.backend.on("PartyManagement.Get", get).on("PartyManagement.Create", party.PartyExists())
    assert v2.send(v2.requests["getMyParty"]).json["id"] == "demo"


def test_a_party_that_is_known_is_not_made_again(v2):
    v2.backend.on("PartyManagement.Get", SUSPENDED)
    assert v2.send(v2.requests["getMyParty"]).json["isSuspended"] is True
    assert v2.backend.calls_of("PartyManagement.Create") == []


@pytest.mark.parametrize(
    ("operation_id", "function", "is_suspended"),
    [
        ("activateMyParty", "Activate", False),
        ("suspendMyParty", "Suspend", True),
        ("activatePartyByID", "Activate", False),
        ("suspendPartyByID", "Suspend", True),
    ],
)
def test_a_party_that_is_so_already_is_no_mistake(v2, operation_id, function, is_suspended):
    v2.backend.on(f"PartyManagement.{function}", party.InvalidPartyStatus())
    v2.backend.on("PartyManagement.Get", SUSPENDED if is_suspended else PARTY)
    assert v2.send(v2.requests[operation_id]).status == 204
    v2.backend.on("PartyManagement.Get", PARTY if is_suspended else SUSPENDED)
    refused = v2.send(v2.requests[operation_id])
    assert (refused.status, refused.json["code"]) == (400, "invalidRequest")


@pytest.mark.parametrize(
    ("operation_id", "function", "is_suspended"),
    [
        ("activateShop", "ActivateShop", False),
        ("suspendShop", "SuspendShop", True),
        ("activateShopForParty", "ActivateShop", False),
        ("suspendShopForParty", "SuspendShop", True),
    ],
)
def test_a_shop_that_is_so_already_is_no_mistake(v2, operation_id, function, is_suspended):
    v2.backend.on(f"PartyManagement.{function}", party.InvalidShopStatus())
    v2.backend.on("PartyManagement.GetShop", shop(is_suspended=is_suspended))
    assert v2.send(v2.requests[operation_id]).status == 204
    v2.backend.on("PartyManagement.GetShop", shop(is_suspended=not is_suspended, is_blocked=True))
    refused = v2.send(v2.requests[operation_id])
    assert (refused.status, refused.json["code"]) == (400, "invalidRequest")


@pytest.mark.parametrize("operation_id", ["activateMyParty", "suspendMyParty", "getShops"])
def test_the_contract_has_no_404_for_ones_own_party(v2, operation_id):
    for function in ("Activate", "Suspend", "GetShops"):
        v2.backend.on(f"PartyManagement.{function}", party.PartyNotFound())
    answer = v2.send(v2.requests[operation_id])
    assert (answer.status, answer.json) == (400, {"code": "invalidRequest", "message": "Party not found"})


@pytest.mark.parametrize(
    ("operation_id", "message"),
    [
        ("getShopByID", "Shop not found"),
        ("getShopByIDForParty", "Shop not found"),
        ("activateShop", "Shop not found"),
        ("suspendShopForParty", "Shop not found"),
    ],
)
def test_a_shop_that_does_not_exist_is_not_found(v2, operation_id, message):
    for function in ("GetShop", "ActivateShop", "SuspendShop"):
        v2.backend.on(f"PartyManagement.{function}", party.ShopNotFound())
    answer = v2.send(v2.requests[operation_id])
    assert (answer.status, answer.json) == (404, {"message": message})


def test_the_party_of_the_path_is_the_one_that_is_asked_about(v2):
    v2.backend.on("PartyManagement.GetShops", base.AccessDenied())
    answer = v2.send(v2.operation("getShopsForParty", path={"partyID": "somebody"}))
    assert (answer.status, answer.json) == (404, {"message": "Party not found"})
    assert v2.backend.calls[-1].arguments == ("somebody",)


def test_a_shop_reads_as_the_contract_says(v2):
    v2.backend.on("PartyManagement.GetShop", shop())
    assert v2.send(v2.requests["getShopByID"]).json == {
        "id": "TESTSHOP",
        "createdAt": "2026-03-01T12:00:00.000Z",
        "isBlocked": False,
        "isSuspended": False,
        "categoryID": 1,
        "location": {"locationType": "ShopLocationUrl", "url": "https://shop.example"},
        "details": {"name": "Test shop"},
        "contractID": "c1",
        "account": {"currency": "RUB", "guaranteeID": 12, "settlementID": 11},
    }


# ---------------------------------------------------------------- webhooks


def test_a_webhook_belongs_to_the_party_of_the_token(v2):
    v2.send(v2.requests["createWebhook"])
    (call,) = v2.backend.calls_of("WebhookManager.Create")
    assert call.arguments[0].party_id == "demo"


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (webhooks.LimitExceeded(), 429, None),
        (webhooks.ShopNotFound(), 400, "invalidShopID"),
        (base.InvalidRequest(errors=["No such address"]), 400, "invalidRequest"),
    ],
    ids=lambda value: "",
)
def test_a_refused_webhook_says_why(v2, refusal, status, code):
    v2.backend.on("WebhookManager.Create", refusal)
    answer = v2.send(v2.requests["createWebhook"])
    assert (answer.status, answer.json.get("code")) == (status, code)
    assert answer.json["message"]


@pytest.mark.parametrize("webhook_id", ["x", "-1", "1.0", "02", "0", "9223372036854775808"])
@pytest.mark.parametrize("operation_id", ["getWebhookByID", "deleteWebhookByID"])
def test_a_webhook_is_called_by_a_number(v2, operation_id, webhook_id):
    answer = v2.send(v2.operation(operation_id, path={"webhookID": webhook_id}))
    assert (answer.status, answer.json) == (404, {"message": "Webhook not found"})
    assert v2.backend.calls == []


def test_deleting_a_webhook_that_is_gone_succeeds(v2):
    v2.backend.on("WebhookManager.Delete", webhooks.WebhookNotFound())
    answer = v2.send(v2.requests["deleteWebhookByID"])
    assert (answer.status, answer.body) == (204, b"")


def test_reading_a_webhook_that_is_gone_does_not(v2):
    v2.backend.on("WebhookManager.Get", webhooks.WebhookNotFound())
    answer = v2.send(v2.requests["getWebhookByID"])
    assert (answer.status, answer.json) == (404, {"message": "Webhook not found"})


@pytest.mark.parametrize("operation_id", ["getCategoryByRef", "getCountryByID", "getTradeBlocByID"])
def test_what_a_dictionary_does_not_hold_is_not_found(v2, operation_id):
    v2.backend.on("Repository.CheckoutObject", domain_config.ObjectNotFound())
    answer = v2.send(v2.requests[operation_id])
    assert answer.status == 404
    assert answer.json["message"].endswith("not found")
