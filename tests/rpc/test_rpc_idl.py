"""Reading the interface language."""

from pathlib import Path

import pytest

from rpc.idl.building import load_modules
from rpc.idl.lexer import IdlError
from rpc.idl.runtime import EnumOf, ListOf, MapOf, StructOf
from tests.rpc.kit import IDL, MODULES, things, words


def load(tmp_path: Path, text: str, **others: str) -> dict:
    for name, content in others.items():
        (tmp_path / f"{name}.thrift").write_text(content)
    path = tmp_path / "main.thrift"
    path.write_text(text)
    return load_modules([path])


def test_a_file_brings_everything_it_includes():
    assert set(MODULES) == {"things", "words"}


def test_the_included_file_comes_first():
    assert list(MODULES) == ["words", "things"]


def test_comments_of_files_services_functions_and_fields_are_kept():
    assert words.__doc__ == "Words that the other file uses.\nSecond line."
    assert things.Things.doc == "Things, and what can be done with them."
    assert things.Things.functions["Echo"].doc == "Gives it back."
    secret = things.Everything.__thrift__.fields[7]
    assert (secret.name, secret.doc) == ("secret", "Not shown")


def test_ordinary_comments_are_nobodys():
    assert things.Point.__thrift__.doc == ""


def test_enum_members_count_on_from_the_one_before():
    assert (words.Colour.RED, words.Colour.GREEN, words.Colour.BLUE) == (1, 2, 16)


def test_an_enum_gives_names_and_numbers_and_none_for_strangers():
    assert words.Colour.name_of(2) == "GREEN"
    assert words.Colour.name_of(3) is None
    assert words.Colour.number_of("BLUE") == 16
    assert words.Colour.number_of("PINK") is None


def test_constants_may_use_enums_and_other_constants():
    assert words.FAVOURITE == words.Colour.GREEN
    assert words.WEIGHTS == {"a": 1, "b": 5}


def test_typedefs_are_followed_through_files_and_forward():
    fields = {field.name: field.type for field in things.Everything.__thrift__.fields}
    assert isinstance(fields["names"], ListOf)
    assert fields["names"].item.name == "string"
    assert fields["children"] == ListOf(StructOf(things.Everything))
    assert isinstance(fields["shades"], MapOf)
    assert fields["shades"].key == EnumOf(words.Colour)


def test_a_service_has_its_parents_functions_first():
    assert list(things.Things.functions) == ["Ping", "Echo", "Get", "Put", "Tell", "Tree"]
    assert things.Things.functions["Tell"].is_oneway


def test_arguments_are_required_unless_the_file_says_otherwise():
    fields = things.Things.functions["Get"].arguments.__thrift__.fields
    assert {field.name: field.is_required for field in fields} == {"name": True, "version": False, "limit": False}


def test_defaults_are_filled_in_and_never_shared():
    one, other = things.Defaults(), things.Defaults()
    assert (one.count, one.names, one.limit, one.yes) == (7, ["a", "b"], 5, True)
    assert one.names is not other.names


def test_words_that_python_needs_get_an_underscore():
    assert things.Awkward(class_="x", which="y").class_ == "x"
    assert things.AwkwardChoice(value_="x").which() == "value_"
    assert things.NotFound(name="x", args_="y").args_ == "y"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("struct A { 1: required B b }", "unknown type B"),
        ("struct A { 1: i32 a; 1: i32 b }", "same id"),
        ("struct A { 1: i32 a; 2: i32 a }", "same name"),
        ("struct A { 0: i32 a }", "field id 0"),
        ("struct A { -1: i32 a }", "field id -1"),
        ("struct A { 40000: i32 a }", "field id 40000"),
        ("struct A { i32 a }", "int expected"),
        ("struct A { 1: i32 a.b }", "no name of a field"),
        ("struct A {} struct A {}", "defined twice"),
        ("enum E { A = 1 B = 1 }", "repeats"),
        ("enum E { A = 9999999999 }", "32 bits"),
        ("struct A { 1: i32 a = true }", "does not fit"),
        ("struct A { 1: i8 a = 200 }", "does not fit"),
        ("struct A { 1: i32 a = NOPE }", "not defined"),
        ("struct A { 1: A a = {} }", "struct cannot"),
        ("const i32 A = ;", "a value expected"),
        ("senum A {}", "a definition expected"),
        ("service S { i32 F() throws (1: i32 x) }", "must throw exceptions"),
        ("exception X {} service S { i32 F() throws (1: X a, 2: X b) }", "must throw exceptions"),
        ("service S { oneway i32 F() }", "oneway"),
        ("service S extends T {}", "no service"),
        ("service S extends S {}", "no service"),
        ("service S { void F() void F() }", "two functions"),
        ("struct A { 1: string a = 'x }", "unexpected character"),
        ("struct A { 1: i32 a", "int expected"),
        ("typedef A B typedef B A struct C { 1: A a }", "unknown type"),
        ("struct A { 1: " + "list<" * 100 + "i32" + ">" * 100 + " a }", "nested too deep"),
        ("const list<i32> A = " + "[" * 100 + "]" * 100, "nested too deep"),
        ('include "gone.thrift"', "is not there"),
        ("\xff".encode("latin-1").decode("latin-1"), "unexpected character"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(tmp_path: Path, text: str, complaint: str):
    with pytest.raises(IdlError) as refused:
        load(tmp_path, text)
    assert complaint in str(refused.value)
    assert "main.thrift" in str(refused.value)


def test_a_circle_of_includes_is_refused(tmp_path: Path):
    with pytest.raises(IdlError, match="includes itself"):
        load(tmp_path, 'include "other.thrift"', other='include "main.thrift"')


def test_only_included_files_can_be_named(tmp_path: Path):
    (tmp_path / "far.thrift").write_text("struct F {}")
    near = 'include "far.thrift"\nstruct N { 1: far.F f }'
    assert load(tmp_path, 'include "near.thrift"\nstruct A { 1: near.N n }', near=near)
    with pytest.raises(IdlError, match=r"unknown type far\.F"):
        load(tmp_path, 'include "near.thrift"\nstruct A { 1: far.F f }', near=near)


def test_two_files_of_one_name_are_refused(tmp_path: Path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "main.thrift").write_text("struct A {}")
    (tmp_path / "main.thrift").write_text("struct A {}")
    with pytest.raises(IdlError, match="another file of that name"):
        load_modules([tmp_path / "main.thrift", tmp_path / "sub" / "main.thrift"])


def test_a_file_that_is_not_text_is_refused(tmp_path: Path):
    (tmp_path / "main.thrift").write_bytes(b"\xff\xfe")
    with pytest.raises(IdlError, match="not UTF-8"):
        load_modules([tmp_path / "main.thrift"])


def test_both_quotes_separators_and_comments_are_understood(tmp_path: Path):
    text = """
    namespace * x.y
    cpp_include "<vector>"
    struct A {
      1: string a = "say \\"hi\\"\\n", /* between */ 2: string b = 'single';
      3: double c = -1.5e3 # hash
      4: bool d = 1 (deprecated)
      5: list<string> (x = "y") e = ['p', "q";]
    } (deprecated)
    """
    made = load(tmp_path, text)["main"].A()
    assert (made.a, made.b, made.c, made.d, made.e) == ('say "hi"\n', "single", -1500.0, True, ["p", "q"])


def test_our_own_protocol_has_the_files_that_code_imports():
    from rpc import protocol

    names = {"base", "domain", "party", "vault", "ledger", "domain_config", "bank_adapter", "payment_processing"}
    assert names | {"webhooks", "search", "ids", "access_keys"} <= set(protocol.MODULES)


def test_our_own_protocol_says_of_each_field_whether_it_must_be_there():
    from rpc import protocol
    from rpc.idl import tree

    silent = [
        f"{name}.{node.name}.{field.name}"
        for name, module in protocol.MODULES.items()
        for node in module.__thrift__.definitions.values()
        if isinstance(node, tree.Struct) and node.kind != "union"
        for field in node.fields
        if not field.requiredness
    ]
    assert silent == []


def test_the_idl_of_these_tests_lies_beside_them():
    assert (IDL / "things.thrift").is_file()
