"""Ids of v3: what kind of thing an id names can be seen, and an id of another kind names nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capi_v3.shapes import ids
from translator.errors import NotFound

PART = st.from_regex(ids.PART, fullmatch=True)
READERS = {
    "inv_": ids.invoice_id_to_thrift,
    "pay_": ids.payment_id_to_thrift,
    "ref_": ids.refund_id_to_thrift,
    "lnk_": ids.payment_link_id_to_thrift,
    "shp_": ids.shop_id_to_thrift,
    "whe_": ids.endpoint_id_to_thrift,
    "evt_": ids.event_id_to_thrift,
}


@given(PART, PART, PART)
def test_an_id_that_was_given_out_is_understood(invoice, payment, refund):
    assert ids.invoice_id_to_thrift(ids.INVOICE + invoice) == invoice
    assert ids.payment_id_to_thrift(ids.payment_id_to_json(invoice, payment)) == (invoice, payment)
    assert ids.refund_id_to_thrift(ids.refund_id_to_json(invoice, payment, refund)) == (invoice, payment, refund)


@given(st.integers(0, 10**17))
def test_an_event_is_named_by_its_number(number):
    assert ids.event_id_to_thrift(f"evt_{number}") == number


@pytest.mark.parametrize("prefix", READERS)
@pytest.mark.parametrize("rest", ["", "a b", "a/b", "é", "a\n", "%61", "-" * 65, "+1", "٣"])
def test_a_text_that_is_no_id_names_nothing(prefix, rest):
    with pytest.raises(NotFound):
        READERS[prefix](prefix + rest)


@pytest.mark.parametrize("prefix", sorted(set(READERS) - {"shp_"}))
@pytest.mark.parametrize("rest", [".", "..", "a.", ".a", "a.b.c.d"])
def test_an_id_has_no_more_and_no_fewer_parts_than_its_kind(prefix, rest):
    with pytest.raises(NotFound):
        READERS[prefix](prefix + rest)


@pytest.mark.parametrize("text", ["evt_01", "evt_1_0", "evt_-1", "evt_1.0"])
def test_an_event_has_one_name_only(text):
    with pytest.raises(NotFound):
        ids.event_id_to_thrift(text)


@pytest.mark.parametrize("name", ["my.shop", "TESTSHOP", "shop-1", "a"])
def test_a_shop_is_named_as_whoever_opened_it_liked(name):
    assert ids.shop_id_to_thrift(f"shp_{name}") == name


IDS = {"inv_": "inv_a", "pay_": "pay_a.1", "ref_": "ref_a.1.2", "lnk_": "lnk_a", "shp_": "shp_a", "whe_": "whe_a"}
OTHERS = [(prefix, text) for prefix in READERS for kind, text in {**IDS, "": "a", "_": "_a"}.items() if kind != prefix]


@pytest.mark.parametrize(("prefix", "text"), OTHERS)
def test_an_id_of_another_kind_names_nothing(prefix, text):
    with pytest.raises(NotFound):
        READERS[prefix](text)


@pytest.mark.parametrize(
    ("text", "role"),
    [("inv_1Bz", "1Bz"), ("pay_1Bz.2", "1Bz"), ("ref_1Bz.2.100", "1Bz"), ("lnk_1C0", "1C0"), ("x", ""), ("inv_", "")],
)
def test_a_role_is_about_the_invoice_that_an_object_belongs_to(text, role):
    assert ids.scope_id(text) == role
