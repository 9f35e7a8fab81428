"""One object per externalID: what counts as the same request (contract section 3.4)."""

import asyncio
import re
from datetime import timedelta
from itertools import permutations

import pytest
from gateway_kit import START
from hypothesis import given, settings
from hypothesis import strategies as st

from rpc.protocol import ids
from translator.idempotency import Variants, dump, features_of, fresh_id, load, means_the_same

INVOICE = {
    1: ("shopID", None),
    2: ("amount", None),
    3: ("product", None),
    4: ("cart", {1: ("product", None), 2: ("price", None), 3: ("taxMode", {1: ("rate", None)})}),
    5: ("flow", Variants("type", {"Instant": (1, {}), "Hold": (2, {1: ("onHoldExpiration", None)})})),
}
FIRST = {"shopID": "s", "amount": 5, "cart": [{"product": "a", "price": 1}, {"product": "b", "price": 2}]}

# what the repeat changes | same or not
TABLE = [
    ("nothing", {}, True),
    ("description, which does not count", {"description": "x", "metadata": {"a": 1}}, True),
    ("the amount", {"amount": 6}, False),
    ("the amount's type", {"amount": "5"}, False),
    ("the amount, left out", {"amount": None}, False),
    ("the shop", {"shopID": "t"}, False),
    ("a product that the first did not name", {"product": "x"}, True),
    ("a flow that the first did not name", {"flow": {"type": "Hold", "onHoldExpiration": "cancel"}}, True),
    ("the order of the cart", {"cart": FIRST["cart"][::-1]}, True),
    ("a line more", {"cart": [*FIRST["cart"], {"product": "c", "price": 3}]}, False),
    ("a line twice instead of the other", {"cart": [FIRST["cart"][0]] * 2}, False),
    ("a line less", {"cart": FIRST["cart"][:1]}, False),
    ("a price", {"cart": [{"product": "a", "price": 1}, {"product": "b", "price": 3}]}, False),
    ("prices exchanged", {"cart": [{"product": "a", "price": 2}, {"product": "b", "price": 1}]}, False),
    (
        "a tax that the first line did not name",
        {"cart": [{**FIRST["cart"][0], "taxMode": {"rate": "0%"}}, FIRST["cart"][1]]},
        True,
    ),
    ("no cart", {"cart": None}, False),
    ("an empty cart", {"cart": []}, False),
]


@pytest.mark.parametrize(("what", "change", "same"), TABLE, ids=[row[0] for row in TABLE])
def test_a_repeat_with_another(what, change, same):
    first, repeat = features_of(INVOICE, FIRST), features_of(INVOICE, {**FIRST, **change})
    assert means_the_same(first, repeat) is same


VARIANTS = [
    ({"type": "Instant"}, {"type": "Instant"}, True),
    ({"type": "Instant"}, {"type": "Hold", "onHoldExpiration": "cancel"}, False),
    ({"type": "Hold", "onHoldExpiration": "cancel"}, {"type": "Instant"}, False),
    ({"type": "Hold", "onHoldExpiration": "cancel"}, {"type": "Hold", "onHoldExpiration": "capture"}, False),
    ({"type": "Hold"}, {"type": "Hold", "onHoldExpiration": "capture"}, True),
]


@pytest.mark.parametrize(("first", "repeat", "same"), VARIANTS)
def test_another_variant_is_another_meaning(first, repeat, same):
    assert means_the_same(features_of(INVOICE, {"flow": first}), features_of(INVOICE, {"flow": repeat})) is same


def test_the_names_of_fields_and_variants_may_change_and_their_numbers_may_not():
    renamed = {
        1: ("shop", None),
        5: ("processing", Variants("kind", {"Held": (2, {1: ("then", None)})})),
    }
    old = features_of(INVOICE, {"shopID": "s", "flow": {"type": "Hold", "onHoldExpiration": "cancel"}})
    assert old == features_of(renamed, {"shop": "s", "processing": {"kind": "Held", "then": "cancel"}})


def test_values_are_not_readable_in_what_is_stored():
    stored = dump(features_of(INVOICE, {**FIRST, "product": "4242424242424242"}))
    assert b"4242424242424242" not in stored and b"shopID" not in stored


def test_what_is_stored_is_the_same_for_ever():
    assert dump(features_of(INVOICE, {"shopID": "s", "amount": 5, "cart": [{"price": 1}]})) == (
        b'{"format":1,"features":{"1":"60e0b305c28c1914","2":"8b54089fee8d99a0","4":[{"2":"f6fc42039fba3776"}]}}'
    )


def test_features_of_an_unknown_format_are_not_guessed_at():
    with pytest.raises(ValueError, match="format 2"):
        load(b'{"format":2,"features":{}}')


values = st.recursive(
    st.integers(-3, 3) | st.text("ab", max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("123"), inner, max_size=3) | st.lists(inner, max_size=4),
    max_leaves=8,
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "shopID": st.text("ab", max_size=1),
        "amount": st.integers(0, 2),
        "cart": st.lists(
            st.fixed_dictionaries({}, optional={"product": st.text("ab", max_size=1), "price": st.integers(0, 1)}),
            max_size=4,
        ),
    },
)


@settings(max_examples=300, deadline=None)
@given(values)
def test_everything_means_the_same_as_itself_after_being_stored(value):
    assert means_the_same(load(dump({"1": value})), {"1": value})


@settings(max_examples=300, deadline=None)
@given(bodies, st.randoms())
def test_the_order_of_an_array_never_counts(body, random):
    shuffled = dict(body)
    if "cart" in shuffled:
        shuffled["cart"] = random.sample(shuffled["cart"], len(shuffled["cart"]))
    assert means_the_same(features_of(INVOICE, body), features_of(INVOICE, shuffled))


@settings(max_examples=300, deadline=None)
@given(bodies, st.dictionaries(st.sampled_from(["shopID", "amount", "product"]), st.just("new"), max_size=3))
def test_saying_more_never_conflicts_and_saying_less_always_does(body, more):
    fuller = {**more, **body}
    first, repeat = features_of(INVOICE, body), features_of(INVOICE, fuller)
    assert means_the_same(first, repeat)
    assert means_the_same(repeat, first) is (repeat == first)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=5),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=5),
)
def test_arrays_agree_exactly_when_their_elements_can_be_paired(first, repeat):
    """Against the definition: some order of the repeat in which each element says what the first's does."""

    def record(pair):
        return {name: value for name, value in zip("12", pair, strict=True) if value}

    one, two = list(map(record, first)), list(map(record, repeat))
    paired = len(one) == len(two) and any(all(map(means_the_same, one, order)) for order in permutations(two))
    assert means_the_same(one, two) is paired


def test_fresh_ids_sort_by_time_and_never_repeat():
    ordered = [fresh_id(START + timedelta(milliseconds=number)) for number in range(200)]
    assert ordered == sorted(ordered) and len(set(ordered)) == 200
    assert all(re.fullmatch("[0-9A-Za-z]{17}", one) for one in ordered)
    assert len({fresh_id(START) for _ in range(10_000)}) == 10_000


GOOD = {"name": "abc", "currency": "RUB"}


def test_a_repeat_with_the_same_external_id_gets_the_same_object_and_the_same_status(house):
    first = house.send("POST", "/v9/shops", json={**GOOD, "externalID": "e1", "amount": 1})
    again = house.send("POST", "/v9/shops", json={**GOOD, "externalID": "e1", "amount": 1, "email": "a@b.cd"})
    assert first.status == again.status == 201 and first.json == again.json


def test_same_external_id_with_another_amount_conflicts_and_names_the_first_object(house):
    first = house.send("POST", "/v9/shops", json={**GOOD, "externalID": "e1", "amount": 1})
    second = house.send("POST", "/v9/shops", json={**GOOD, "externalID": "e1", "amount": 2})
    assert second.status == 409
    assert second.json == {
        "externalID": "e1",
        "id": first.json["id"],
        "message": "This externalID has been used by another request",
    }
    assert len(house.platform.calls) == 1


def test_an_external_id_belongs_to_one_party_and_one_operation(house):
    house.send("POST", "/v9/shops", json={**GOOD, "externalID": "e1"})
    ((operation, party, external_id),) = house.platform.bindings
    assert (operation, party, external_id) == ("createShop", "party-1", "e1")
    other = {"authorization": "Bearer " + house.tokens.issue("party-2", ["party:write"], lifetime_s=None)[0]}
    assert house.send("POST", "/v9/shops", json={**GOOD, "externalID": "e1", "amount": 9}, headers=other).status == 201


def test_without_an_external_id_every_request_makes_an_object_and_asks_nobody(house):
    made = {house.send("POST", "/v9/shops", json=GOOD).json["id"] for _ in range(3)}
    assert len(made) == 3 and not house.platform.bindings


def run(house, work):
    results = []

    def answer(call):
        results.append(call)
        return {"id": "x"}

    house.platform.answers["get_shop_by_id"] = answer
    house.send("GET", "/v9/shops/1")
    return asyncio.run(work(results[0]))


def test_ids_of_a_sequence_are_its_numbers_from_where_it_begins(house):
    async def work(call):
        bound = {"externalID": "e1"}
        return [
            await call.id_for({}, sequence="inv/1"),
            await call.id_for({}, sequence="inv/1"),
            await call.id_for(bound, features={}, sequence="inv/1", context={"invoice_id": "1"}),
            await call.id_for(bound, features={}, sequence="inv/1"),
            await call.id_for({}, sequence="inv/1/2", sequence_from=100),
        ]

    assert run(house, work) == ["1", "2", "3", "3", "100"]


def test_a_binding_is_found_again_with_its_context(house):
    async def work(call):
        identity = await call.id_for({"externalID": "e1"}, features={}, context={"invoice_id": "7"})
        found = await call.lookup_id("getShopByID", "e1")
        return identity, found.id, found.context

    identity, found, context = run(house, work)
    assert (identity, context) == (found, {"invoice_id": "7"})


def test_an_external_id_that_nothing_was_made_under_is_404(house):
    house.platform.answers["get_shop_by_id"] = ids.BindingNotFound()
    answer = house.send("GET", "/v9/shops/1")
    assert (answer.status, answer.json) == (404, {"message": "Shop not found"})
