"""The calls of WebhookManager over the real wire: whose hooks they are, how many there may be, what is refused."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from processing import parties
from processing.services.wire.refusals import answering
from processing.storage.moments import from_ms
from processing.webhooks import hooks, signing
from rpc.client import BlockingClient
from rpc.context import Context
from rpc.protocol import base, webhooks
from rpc.server import rpc_app
from tests.fakes.loopback import listening
from tests.processing.sandbox import NOW, PARTY, SHOP, TRACE
from tests.processing.webhooks.stage import PAIR, Postman, Stage

pytestmark = pytest.mark.usefixtures("both_databases")

URL = "https://shop.example.com/hook"
TYPES = webhooks.InvoiceEventType
SECRET = b"0" * 32


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, post=Postman(), hooks_per_shop_max=3, hooks_per_party_max=2)


@pytest.fixture
def client(stage: Stage) -> Iterator[BlockingClient]:
    app = rpc_app({"/hook": (webhooks.WebhookManager, answering(stage.service))}, secret=SECRET)
    with listening(app) as url:
        yield BlockingClient(upstreams={"processing": url}, secret=SECRET, caller="test")


def calls(client: BlockingClient, party_id: str = PARTY, realm: str = "external"):
    meta = {"user-identity.id": party_id, "user-identity.realm": realm}
    return client.bind(Context.root(meta=meta)).webhooks


def params(url: str = URL, shop_id: str = SHOP, party_id: str = PARTY, types: tuple[int, ...] = (TYPES.INVOICE_PAID,)):
    scope = webhooks.WebhookScope(invoices=webhooks.InvoicesScope(shop_id=shop_id, event_types=list(types)))
    return webhooks.WebhookParams(party_id=party_id, scope=scope, url=url)


def test_a_created_hook_reads_back_as_it_was_asked_for(client: BlockingClient):
    asked = params(types=(TYPES.PAYMENT_CAPTURED, TYPES.INVOICE_PAID, TYPES.PAYMENT_CAPTURED))
    made = calls(client).Create(asked)
    assert made.enabled
    assert (made.party_id, made.url) == (PARTY, URL)
    assert made.scope.invoices.shop_id == SHOP
    assert made.scope.invoices.event_types == [TYPES.PAYMENT_CAPTURED, TYPES.INVOICE_PAID]
    assert load_der_public_key(made.public_key).key_size == 2048
    assert calls(client).Get(made.id) == made
    assert calls(client).GetList(PARTY) == [made]


def test_each_hook_has_a_key_pair_of_its_own(client: BlockingClient):
    first, second = calls(client).Create(params()), calls(client).Create(params())
    assert first.id != second.id
    assert first.public_key != second.public_key


def test_a_hook_of_customers_keeps_its_words(client: BlockingClient):
    kinds = [webhooks.CustomerEventType.CUSTOMER_READY, webhooks.CustomerEventType.BINDING_FAILED]
    scope = webhooks.WebhookScope(customers=webhooks.CustomersScope(shop_id=SHOP, event_types=kinds))
    made = calls(client).Create(webhooks.WebhookParams(party_id=PARTY, scope=scope, url=URL))
    assert made.scope == scope


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1@x.example.com/", "ftp://shop.example.com/", "http://10.0.0.1/", "", "https://x/", URL + "#a"],
)
def test_a_url_that_nothing_may_be_sent_to_is_refused_with_a_sentence(client: BlockingClient, url: str):
    with pytest.raises(base.InvalidRequest) as refused:
        calls(client).Create(params(url))
    assert refused.value.errors[0].startswith("The URL")
    assert calls(client).GetList(PARTY) == []


def test_an_event_type_that_is_not_known_here_is_refused(client: BlockingClient, stage: Stage):
    with pytest.raises(base.InvalidRequest):
        answering(stage.service).Create(external(PARTY), params(types=(TYPES.INVOICE_PAID, 999)))
    assert calls(client).GetList(PARTY) == []


def external(party_id: str) -> Context:
    return Context.root(meta={"user-identity.id": party_id, "user-identity.realm": "external"})


def test_a_shop_that_is_not_the_partys_is_not_found(client: BlockingClient):
    with pytest.raises(webhooks.ShopNotFound):
        calls(client).Create(params(shop_id="nowhere"))
    with pytest.raises(webhooks.ShopNotFound):
        calls(client, "internal", "internal").Create(params(party_id="nobody"))


def test_a_shop_has_a_limit_and_a_deleted_hook_makes_room(client: BlockingClient, stage: Stage):
    made = [calls(client).Create(params(f"{URL}/{number}")) for number in range(3)]
    with pytest.raises(webhooks.LimitExceeded):
        calls(client).Create(params())
    with stage.database.transaction() as tx:
        parties.create_shop(
            tx, PARTY, parties.NewShop("SHOP2", "RUB", 1, "https://a.example.com", "2", None, "default"), NOW
        )
    assert calls(client).Create(params(shop_id="SHOP2"))
    calls(client).Delete(made[0].id)
    assert calls(client).Create(params())


def test_hooks_of_a_whole_party_have_a_limit_of_their_own(stage: Stage):
    for _ in range(2):
        with stage.database.transaction() as tx:
            hooks.require_room(tx, PARTY, None, stage.rules)
        stage.hook(URL, shop_id=None)
    with stage.database.transaction() as tx, pytest.raises(hooks.LimitExceeded):
        hooks.require_room(tx, PARTY, None, stage.rules)
    with stage.database.transaction() as tx:
        hooks.require_room(tx, PARTY, SHOP, stage.rules)


def test_concurrent_creations_do_not_pass_the_limit(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(signing, "make_pair", lambda: PAIR)
    handler = answering(stage.service)

    def create(number: int) -> str:
        try:
            handler.Create(external(PARTY), params(f"{URL}/{number}"))
        except webhooks.LimitExceeded:
            return "refused"
        return "made"

    with ThreadPoolExecutor(8) as pool:
        results = sorted(pool.map(create, range(12)))
    assert results == ["made"] * 3 + ["refused"] * 9


@pytest.mark.parametrize(
    "call",
    [
        lambda webhook, made: webhook.Get(made.id),
        lambda webhook, made: webhook.Delete(made.id),
        lambda webhook, made: webhook.GetDeliveries(made.id, 10),
        lambda webhook, made: webhook.Resend(made.id, "inv1"),
        lambda webhook, made: webhook.GetList(PARTY),
        lambda webhook, made: webhook.Create(params()),
    ],
)
def test_another_party_touches_nothing(client: BlockingClient, call):
    made = calls(client).Create(params())
    with pytest.raises(base.AccessDenied):
        call(calls(client, "stranger"), made)
    assert calls(client).GetList(PARTY) == [made]
    assert calls(client, "an-operator", "internal").GetList(PARTY) == [made]


@pytest.mark.parametrize(
    "call",
    [
        lambda webhook: webhook.Get(404),
        lambda webhook: webhook.Delete(404),
        lambda webhook: webhook.GetDeliveries(404, 10),
        lambda webhook: webhook.Resend(404, "inv1"),
    ],
)
def test_a_hook_that_was_never_made_is_not_found(client: BlockingClient, call):
    with pytest.raises(webhooks.WebhookNotFound):
        call(calls(client))


def test_a_deleted_hook_is_gone_with_what_waited_for_it(client: BlockingClient, stage: Stage):
    made = calls(client).Create(params(types=(TYPES.INVOICE_CREATED,)))
    stage.sandbox.invoice()
    stage.spread()
    calls(client).Delete(made.id)
    stage.deliver()
    assert stage.sent == []
    assert stage.waiting_jobs() == 0
    assert calls(client).GetList(PARTY) == []
    with pytest.raises(webhooks.WebhookNotFound):
        calls(client).Get(made.id)
    with pytest.raises(webhooks.WebhookNotFound):
        calls(client).Delete(made.id)


def test_the_delivery_log_is_told_newest_first_with_its_attempts(client: BlockingClient, stage: Stage):
    answers = iter([200, 500])
    stage.post.status_of = lambda url, body: next(answers)
    made = calls(client).Create(params(types=(TYPES.INVOICE_CREATED, TYPES.PAYMENT_STARTED)))
    stage.sandbox.paying_invoice()
    stage.tell()
    second, first = calls(client).GetDeliveries(made.id, 10)
    assert (first.event_type, first.status) == ("INVOICE_CREATED", webhooks.DeliveryStatus.DELIVERED)
    assert (second.event_type, second.status) == ("PAYMENT_STARTED", webhooks.DeliveryStatus.WAITING)
    assert (second.webhook_id, second.invoice_id, second.trace_id) == (made.id, "inv1", TRACE)
    assert second.next_attempt_at == "2026-03-01T12:00:30.000Z"
    [attempt] = second.attempts
    assert (attempt.at, attempt.http_status) == ("2026-03-01T12:00:00.000Z", 500)
    assert attempt.error == "The answer was 500, not 200"
    assert calls(client).GetDeliveries(made.id, 1) == [second]
    assert calls(client).GetDeliveries(made.id, 0) == []
    assert calls(client).GetDeliveries(made.id, 2**31 - 1) == [second, first]


def test_a_resend_revives_a_hook_that_was_switched_off(client: BlockingClient, stage: Stage):
    stage.post.status_of = lambda url, body: 500
    stage.delivering._rules = replace(stage.rules, retry_delays_s=())
    made = calls(client).Create(params(types=(TYPES.INVOICE_CREATED,)))
    stage.sandbox.invoice()
    stage.tell()
    assert not calls(client).Get(made.id).enabled
    stage.post.status_of = lambda url, body: 200
    assert calls(client).Resend(made.id, "inv1") == 1
    stage.deliver()
    assert calls(client).Get(made.id).enabled
    [delivery] = calls(client).GetDeliveries(made.id, 10)
    assert delivery.status == webhooks.DeliveryStatus.DELIVERED
    assert len(delivery.attempts) == 2


def test_the_private_key_leaves_the_database_sealed_only(client: BlockingClient, stage: Stage):
    made = calls(client).Create(params())
    with stage.database.read() as tx:
        [(sealed, created_at_ms)] = tx.execute("SELECT private_key, created_at_ms FROM webhooks").all()
    assert made.public_key[-200:] not in bytes(sealed)
    private = stage.keys.open(bytes(sealed), f"webhook {made.id}")
    assert signing.content_signature(signing.loaded(private), b"x").startswith("alg=RS256; digest=")
    assert from_ms(created_at_ms) == NOW
