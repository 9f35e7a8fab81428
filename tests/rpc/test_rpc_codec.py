"""Values to bytes and back."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpc.codec import Limits, Malformed, decode, encode
from rpc.idl.runtime import Choice, EnumOf, InvalidValue, ListOf, MapOf, Scalar, SetOf, StructOf
from rpc.protocol import MODULES as PROTOCOL
from rpc.protocol import domain
from tests.rpc.kit import EVERYTHING, things, words

SCALARS = {
    "bool": st.booleans(),
    "double": st.floats(allow_nan=False),
    "string": st.text(max_size=5).filter(
        lambda text: text.isascii() or text.encode("utf-8", "ignore").decode() == text
    ),
    "binary": st.binary(max_size=5),
}


def values(kind, depth=3):
    """Any value of a type; structs that may contain themselves end after `depth`."""
    match kind:
        case Scalar(name=name) if name in SCALARS:
            return SCALARS[name]
        case Scalar():
            return st.integers(kind.lowest, kind.highest)
        case EnumOf(enum):
            return st.sampled_from(sorted(enum.names))
        case ListOf(item):
            return st.lists(values(item, depth), max_size=2)
        case SetOf(item):
            return st.sets(values(item, depth), max_size=2)
        case MapOf(key, value):
            return st.dictionaries(values(key, depth), values(value, depth), max_size=2)
    return structs(kind.struct, depth)


def structs(struct, depth):
    """Any value of a struct."""
    fields = struct.__thrift__.fields
    inner = {
        field.attribute: values(field.type, depth - 1)
        for field in fields
        if field.is_required or depth > 0 or not holds_structs(field.type)
    }
    if issubclass(struct, Choice):
        return st.one_of([made.map(lambda value, name=name: struct(**{name: value})) for name, made in inner.items()])
    required = {field.attribute: inner[field.attribute] for field in fields if field.is_required}
    optional = {name: made for name, made in inner.items() if name not in required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda members: struct(**members))


def holds_structs(kind):
    match kind:
        case StructOf():
            return True
        case ListOf(item) | SetOf(item):
            return holds_structs(item)
        case MapOf(key, value):
            return holds_structs(key) or holds_structs(value)
    return False


@settings(max_examples=150, deadline=None)
@given(structs(things.Everything, 3))
def test_any_value_survives_the_wire(value):
    assert decode(things.Everything, encode(value)) == value


@pytest.mark.parametrize("name", ["Invoice", "Payment", "InvoiceTemplate", "Refund", "Shop"])
def test_any_value_of_our_protocol_survives_the_wire(name):
    @settings(max_examples=40, deadline=None)
    @given(structs(getattr(PROTOCOL["domain"], name), 3))
    def survives(value):
        assert decode(type(value), encode(value)) == value

    survives()


def test_one_of_every_type_survives_the_wire():
    assert decode(things.Everything, encode(EVERYTHING)) == EVERYTHING


def test_the_bytes_are_those_of_the_strict_binary_protocol():
    cash = domain.Cash(amount=258, currency="RUB")
    assert encode(cash) == bytes.fromhex("0a0001 0000000000000102 0b0002 00000003 525542 00")


def test_defaults_fill_what_was_not_sent():
    assert decode(things.Defaults, b"\x00") == things.Defaults()


@pytest.mark.parametrize(
    "value",
    [
        things.Everything(flag=1),
        things.Everything(flag="no"),
        things.Everything(tiny=128),
        things.Everything(small=-32769),
        things.Everything(medium=2**31),
        things.Everything(large=2**63),
        things.Everything(large=True),
        things.Everything(large=5.0),
        things.Everything(ratio="1"),
        things.Everything(text=b"bytes"),
        things.Everything(text="\ud800"),
        things.Everything(secret="text"),
        things.Everything(colour=3),
        things.Everything(colour="RED"),
        things.Everything(names="abc"),
        things.Everything(names=[1]),
        things.Everything(tags=["a", "a"]),
        things.Everything(points=[("a", 1)]),
        things.Everything(points={"a": 1}),
        things.Everything(shades={3: []}),
        things.Everything(shape=things.Point(x=1, y=1)),
        things.Everything(children=[None]),
        things.Point(x=None, y=1),
        things.Point(x=1, y="2"),
        things.NotFound(name=5),
    ],
    ids=repr,
)
def test_a_value_that_breaks_its_type_is_not_written(value):
    with pytest.raises(InvalidValue):
        encode(value)


def test_a_refusal_names_struct_and_field_and_never_the_value():
    with pytest.raises(InvalidValue) as refused:
        encode(things.Everything(secret="4242424242424242"))
    assert "Everything.secret" in str(refused.value)
    assert "4242" not in str(refused.value)


def nodes(depth):
    node = things.Node(name="n")
    for _ in range(depth - 1):
        node = things.Node(name="n", next=node)
    return node


def test_nesting_of_64_passes_both_ways():
    assert decode(things.Node, encode(nodes(64))) == nodes(64)


@pytest.mark.parametrize("depth", [65, 100_000])
def test_deeper_nesting_is_not_written(depth):
    with pytest.raises(InvalidValue):
        encode(nodes(depth))


def test_unknown_enum_numbers_are_read_as_they_are():
    value = decode(things.Point, b"\x08\0\x01\0\0\0\x01\x08\0\x02\0\0\0\x02\x08\0\x03\0\0\0\x63\x00")
    assert value.colour == 99
    assert words.Colour.name_of(value.colour) is None


def test_unknown_enum_numbers_are_not_written():
    with pytest.raises(InvalidValue):
        encode(things.Point(x=1, y=1, colour=99))


def test_special_doubles_survive():
    for number in (math.inf, -math.inf, -0.0, 5e-324):
        read = decode(things.Everything, encode(things.Everything(ratio=number))).ratio
        assert (read, math.copysign(1, read)) == (number, math.copysign(1, number))
    assert math.isnan(decode(things.Everything, encode(things.Everything(ratio=math.nan))).ratio)


def test_each_limit_holds_on_its_own():
    data = encode(things.Everything(text="x" * 100, names=["a"] * 50))
    assert decode(things.Everything, data, limits=Limits(1000, 100, 50))
    for limits in (Limits(100, 100, 50), Limits(1000, 99, 50), Limits(1000, 100, 49)):
        with pytest.raises(Malformed):
            decode(things.Everything, data, limits=limits)
