"""A message that holds one struct is written and read without what stands around it: that must make no difference."""

import random

import pytest

from rpc.codec import LIMITS, Limits, Malformed
from rpc.idl.runtime import InvalidValue
from rpc.messages import decode_call, decode_reply, encode_call, encode_exception, encode_result
from rpc.protocol import base, domain, payment_processing
from tests.rpc.kit import things

INVOICING = payment_processing.Invoicing
CREATE, GET = INVOICING.functions["Create"], things.Things.functions["Get"]
SHAPE = things.Shape(point=things.Point(x=1, y=2))
UNKNOWN_FIELD = b"\x08\0\x63\0\0\0\x01"


def params(**changes):
    line = domain.CartLine(product="Tea", quantity=2, price=domain.Cash(amount=100, currency="RUB"))
    details = domain.InvoiceDetails(product="Order", cart=[line])
    context = base.Content(type="application/json", data=b"{}")
    needed = {"id": "1", "party_id": "p", "shop_id": "s", "currency": "RUB", "due": "2026-03-01T12:00:00Z"}
    return payment_processing.InvoiceParams(**{**needed, "details": details, "context": context, **changes})


def numbered(message, function, number):
    """The message under another sequence number, by which it is read with all that may stand around the struct."""
    place = 8 + len(function.name)
    return message[:place] + number.to_bytes(4) + message[place + 4 :]


def outcome_of(function, message, sequence, limits=LIMITS):
    try:
        return decode_reply(function, message, sequence, limits)
    except Malformed as refusal:
        return str(refusal)
    except things.NotFound as declared:
        return declared


def test_a_call_is_written_the_same_whatever_its_number():
    assert CREATE.call is not None
    framed, general = encode_call(CREATE, (params(),)), encode_call(CREATE, (params(),), 7)
    assert numbered(framed, CREATE, 7) == general
    assert decode_call(INVOICING, framed).arguments == (params(),)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (params(), params()),
        (5,),
        (None,),
        (params(id=5),),
        (params(id="\ud800"),),
        (params(details=domain.InvoiceDetails(product="Order", cart=[domain.Cash(amount=1, currency="RUB")])),),
    ],
    ids=["none", "too many", "number", "nothing", "wrong field", "half a character", "wrong item"],
)
def test_unsuitable_arguments_are_refused_in_the_same_words(arguments):
    texts = set()
    for sequence in (0, 7):
        with pytest.raises(InvalidValue) as refused:
            encode_call(CREATE, arguments, sequence)
        texts.add(str(refused.value))
    assert len(texts) == 1


ANSWERS = [
    encode_result(GET, 0, SHAPE),
    encode_result(GET, 0, things.Shape(circle=3)),
    encode_exception(GET, 0, things.NotFound(name="x")),
    encode_result(GET, 0, SHAPE)[:-1] + UNKNOWN_FIELD + b"\0",
    encode_result(GET, 0, SHAPE)[:-3] + UNKNOWN_FIELD + b"\0\0\0",
    encode_result(GET, 0, SHAPE)[:-1] + encode_exception(GET, 0, things.NotFound(name="x"))[15:],
    encode_result(GET, 0, SHAPE) + b"\0",
    encode_result(GET, 0, SHAPE)[:15] + b"\0",
    b"",
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_means_the_same_whatever_its_number(answer):
    assert GET.reply is not None
    assert outcome_of(GET, answer, 0) == outcome_of(GET, numbered(answer, GET, 7), 7)


def test_an_answer_with_any_bytes_changed_means_the_same_whatever_its_number():
    dice = random.Random(1)
    for answer in ANSWERS[:6]:
        for _ in range(300):
            data = bytearray(answer)
            for _ in range(dice.randint(1, 2)):
                data[dice.randrange(15, len(data))] = dice.choice((0, 1, 2, 8, 11, 12, dice.randrange(256)))
            assert outcome_of(GET, bytes(data), 0) == outcome_of(GET, numbered(bytes(data), GET, 7), 7)


def test_an_answer_beyond_the_limits_is_refused_whatever_its_number():
    answer = encode_result(GET, 0, things.Shape(names=["ab", "c"]))
    for limits in (Limits(len(answer) - 1, 9, 9), Limits(999, 1, 9), Limits(999, 9, 1)):
        assert isinstance(outcome_of(GET, answer, 0, limits), str)
        assert isinstance(outcome_of(GET, numbered(answer, GET, 7), 7, limits), str)


def test_structs_that_may_contain_themselves_are_read_with_the_whole_message():
    assert things.Things.functions["Echo"].reply is None
    assert things.Things.functions["Tree"].call is None


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (things.Everything(points={"a": things.Point(x="1", y=2)}), "Point.x: i32 expected, str found"),
        (things.Everything(points={"a": 5}), "Everything.points: Point expected, int found"),
        (things.Everything(shape=things.Shape(point=things.Point(x=1, y=2**31))), "Point.y: i32 expected, int found"),
        (things.Everything(children=[things.Everything(tiny="x")]), "Everything.tiny: i8 expected, str found"),
        (things.Node(name="a", next=things.Node(name=b"b")), "Node.name: string expected, bytes found"),
        (things.Node(name="a", others=[things.Node(name="b", others=[3])]), "Node.others: Node expected, int found"),
    ],
    ids=["map", "no struct", "union", "itself", "next", "others"],
)
def test_a_wrong_value_within_another_is_named_by_the_struct_it_stands_in(value, place):
    with pytest.raises(InvalidValue, match=place):
        type(value).__thrift__.check(value)
