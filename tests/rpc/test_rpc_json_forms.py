"""The JSON that people type and read."""

import math

import pytest
from hypothesis import given, settings

from rpc.idl.runtime import InvalidValue, StructOf
from rpc.json_forms import NotConforming, NotJson, arguments_from_json, from_json, parse_json, to_json
from tests.rpc.kit import things, words
from tests.rpc.test_rpc_codec import structs

KIND = StructOf(things.Everything)


def read(data, struct=things.Everything):
    return from_json(StructOf(struct), data)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (things.Everything(), {}),
        (things.Everything(flag=True, tiny=-1, ratio=0.5), {"flag": True, "tiny": -1, "ratio": 0.5}),
        (things.Everything(colour=words.Colour.GREEN), {"colour": "GREEN"}),
        (things.Everything(names=["a"], tags={"b"}), {"names": ["a"], "tags": ["b"]}),
        (things.Everything(shape=things.Shape(circle=1)), {"shape": {"circle": 1}}),
        (things.Everything(shape=things.Shape(nothing=things.Nothing())), {"shape": {"nothing": {}}}),
        (things.Everything(numbered={1: "one"}), {"numbered": {"1": "one"}}),
        (things.Everything(shades={words.Colour.RED: [1]}), {"shades": {"RED": [1]}}),
        (things.Everything(points={"a": things.Point(x=1, y=2)}), {"points": {"a": {"x": 1, "y": 2, "colour": "RED"}}}),
        (things.Everything(secret=b"plain\n"), {"secret": "plain\n"}),
        (things.Everything(secret=b"\xff"), {"secret": {"content_type": "base64", "content": "/w=="}}),
        (things.Everything(text="a\x00"), {"text": {"content_type": "base64", "content": "YQA="}}),
        (things.Everything(text="naïve"), {"text": "naïve"}),
    ],
    ids=repr,
)
def test_each_type_has_one_form_both_ways(value, form):
    assert to_json(KIND, value) == form
    assert read(form) == value


@settings(max_examples=100, deadline=None)
@given(structs(things.Everything, 2))
def test_any_value_survives_its_json_form(value):
    assert from_json(KIND, to_json(KIND, value)) == value


def test_a_map_with_other_keys_is_an_array_of_pairs(tmp_path):
    from rpc.idl.building import load_modules

    (tmp_path / "m.thrift").write_text(
        "struct K { 1: required i32 a }\nstruct M { 1: map<K, i32> k 2: map<bool, i32> b }"
    )
    module = load_modules([tmp_path / "m.thrift"])["m"]
    value = module.M(k={module.K(a=1): 2}, b={True: 3})
    form = {"k": [{"key": {"a": 1}, "value": 2}], "b": [{"key": True, "value": 3}]}
    assert to_json(StructOf(module.M), value) == form
    assert from_json(StructOf(module.M), form) == value
    for wrong in ({"k": [{"key": {"a": 1}}]}, {"k": {}}, {"k": [1]}, {"k": [form["k"][0]] * 2}):
        with pytest.raises(NotConforming):
            from_json(StructOf(module.M), wrong)


def test_defaults_are_filled_in():
    assert read({}, things.Defaults) == things.Defaults()


def test_an_enum_number_without_a_name_stays_a_number():
    assert to_json(KIND, things.Everything(colour=99)) == {"colour": 99}


def test_doubles_that_json_cannot_write_are_words():
    for number in (math.inf, -math.inf):
        assert read(to_json(KIND, things.Everything(ratio=number))).ratio == number
    assert math.isnan(read(to_json(KIND, things.Everything(ratio=math.nan))).ratio)


@pytest.mark.parametrize(
    ("form", "path"),
    [
        ([], ()),
        ({"nope": 1}, ("nope",)),
        ({"flag": 1}, ("flag",)),
        ({"tiny": 128}, ("tiny",)),
        ({"tiny": True}, ("tiny",)),
        ({"large": 2**63}, ("large",)),
        ({"large": 1.0}, ("large",)),
        ({"large": "1"}, ("large",)),
        ({"ratio": "1"}, ("ratio",)),
        ({"ratio": True}, ("ratio",)),
        ({"text": 1}, ("text",)),
        ({"text": None}, ("text",)),
        ({"text": {"content_type": "base64", "content": "/w=="}}, ("text",)),
        ({"text": "\ud800"}, ("text",)),
        ({"secret": {"content_type": "base64", "content": "?"}}, ("secret",)),
        ({"secret": {"content_type": "gzip", "content": ""}}, ("secret",)),
        ({"secret": {"content_type": "base64", "content": 5}}, ("secret",)),
        ({"colour": "PINK"}, ("colour",)),
        ({"colour": 1}, ("colour",)),
        ({"names": "a"}, ("names",)),
        ({"names": ["a", 1]}, ("names", 1)),
        ({"tags": ["a", "a"]}, ("tags", 1)),
        ({"points": {"a": {"x": 1}}}, ("points", "a", "y")),
        ({"points": []}, ("points",)),
        ({"numbered": {"one": "x"}}, ("numbered", "one")),
        ({"numbered": {"1": "x", "01": "y"}}, ("numbered", "01")),
        ({"numbered": {"2147483648": "x"}}, ("numbered", "2147483648")),
        ({"shades": {"RED": ["x"]}}, ("shades", "RED", 0)),
        ({"shades": {"1": []}}, ("shades", "1")),
        ({"shape": {}}, ("shape",)),
        ({"shape": {"circle": 1, "names": []}}, ("shape",)),
        ({"children": [{}, {"children": [{"flag": "x"}]}]}, ("children", 1, "children", 0, "flag")),
    ],
)
def test_a_mistake_is_named_by_its_path(form, path):
    with pytest.raises(NotConforming) as refused:
        read(form)
    assert refused.value.path == path


def test_arguments_are_counted_and_numbered_from_one():
    get = things.Things.functions["Get"]
    assert arguments_from_json(get, ["name", 1, 2]) == ("name", 1, 2)
    with pytest.raises(InvalidValue, match="takes 3 parameters, got 1"):
        arguments_from_json(get, ["name"])
    with pytest.raises(NotConforming) as refused:
        arguments_from_json(get, ["name", "x", 2])
    assert refused.value.path == (2,)


@pytest.mark.parametrize("text", ["", "{", "NaN", "[Infinity]", '{"a": 1, "a": 2}', "[" * 100_000, "'a'"])
def test_only_strict_json_is_read(text):
    with pytest.raises(NotJson, match="here"):
        parse_json(text, "here")
