"""Each version's tables against its spec and against the IDL: nothing missing, nothing that the contract lacks."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

from rpc.idl.runtime import Declared
from translator.operation import declared
from translator.reply import Reply
from translator.spec import argument_name, compile_operations, read_spec

from .house import versions
from .reach import raisable, reached

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = [version.name for version in versions()]
OPERATIONS = {version.name: compile_operations(read_spec(version.spec)) for version in versions()}
EVERY = [
    pytest.param(version, operation, id=f"{version}-{operation.operation_id}")
    for version, operations in OPERATIONS.items()
    for operation in operations
]
every_version = pytest.mark.parametrize("version", VERSIONS)
every_version_with_features = pytest.mark.parametrize(
    "version", [name for name in VERSIONS if (ROOT / f"capi_{name}" / "features.py").exists()]
)
every_operation = pytest.mark.parametrize(("version", "operation"), EVERY)
# Codes that a contract lists and that cannot happen here, each with its reason.
NEVER_GIVEN = {
    "ambiguousPartyID": "a token names one party, so none has to be guessed",
}


def tables(version):
    return importlib.import_module(f"capi_{version}.errors").ERRORS


def rules(version):
    """Exceptions that all operations of a version answer alike."""
    return importlib.import_module(f"capi_{version}.conventions").RULES


def is_silent(version, row):
    """Whether every operation of the version may answer so, listed or not."""
    conventions = importlib.import_module(f"capi_{version}.conventions").CONVENTIONS
    return conventions.is_silent(Reply(row.status, {"code": row.code, "message": ""}))


def faults(version):
    """Exceptions that are ours to prevent: 500 when they happen all the same."""
    return importlib.import_module(f"capi_{version}.errors").FAULTS


def declarations(version):
    return declared(importlib.import_module(f"capi_{version}.operations").MODULES)


def codes_of(operation):
    """The codes that the contract lists for an operation's 400; None where it leaves them open."""
    answer = operation.answers.get(400)
    if answer is None:
        return set()
    listed = members(answer.node, operation)["code"].get("enum")
    return None if listed is None else set(listed)


def members(node, operation):
    if "$ref" in node:
        spec = next(version.spec for version in versions() if operation in OPERATIONS[version.name])
        node = definitions(read_spec(spec))[node["$ref"].rpartition("/")[2]]
    return node["properties"]


def definitions(spec):
    return spec["components"]["schemas"] if "openapi" in spec else spec["definitions"]


@every_version
def test_every_operation_of_the_spec_has_exactly_one_function(version):
    assert sorted(argument_name(one.operation_id) for one in OPERATIONS[version]) == sorted(declarations(version))


@every_version
def test_one_module_serves_one_tag(version):
    by_name = {argument_name(one.operation_id): one for one in OPERATIONS[version]}
    tags: dict[str, set[str]] = {}
    for name, declaration in declarations(version).items():
        tags.setdefault(declaration.function.__module__, set()).update(by_name[name].tags)
    for module, own in tags.items():
        assert own == {"".join(word.title() for word in module.rpartition(".")[2].split("_"))}


@every_version
def test_every_function_asks_for_a_scope_of_its_own_right(version):
    """A function that changes something asks for a right to write, one that only shows asks for a right to read."""
    by_name = {argument_name(one.operation_id): one for one in OPERATIONS[version]}
    for name, declaration in declarations(version).items():
        is_read = by_name[name].method == "GET"
        assert declaration.scope.endswith(":read" if is_read else ":write") or (
            is_read and ":" not in declaration.scope
        )


@every_operation
def test_every_declared_exception_has_a_public_error_that_the_contract_lists(version, operation):
    """A row for each exception that can come out of an operation, and its status and code in the operation's spec."""
    declaration = declarations(version)[argument_name(operation.operation_id)]
    codes = codes_of(operation)
    for exception in sorted(raisable(declaration.function), key=lambda one: one.__name__):
        if exception in rules(version) or exception in faults(version):
            continue
        row = declaration.errors.get(exception) or tables(version).get(exception)
        assert row is not None, f"{exception.__thrift__.full_name} has no public error"
        if is_silent(version, row):
            continue
        assert row.status in operation.answers, f"{exception.__thrift__.full_name}: {row.status} is not in the spec"
        if row.status == 400 and codes is not None:
            assert row.code in codes, f"{exception.__thrift__.full_name}: {row.code} is not in the spec"


@every_operation
def test_an_operation_overrides_only_what_can_happen_to_it(version, operation):
    declaration = declarations(version)[argument_name(operation.operation_id)]
    assert set(declaration.errors) <= raisable(declaration.function)


@every_version
def test_no_row_stands_for_what_cannot_happen(version):
    possible = set().union(*(raisable(one.function) for one in declarations(version).values()))
    idle = [one.__name__ for one in tables(version) if issubclass(one, Declared) and one not in possible]
    assert idle == []


@every_version
def test_every_code_of_the_contract_can_be_given(version):
    """By a row, by the translator, by a shape that says `Problem("code", ...)`; any other is named with its reason."""
    codes = [codes_of(operation) for operation in OPERATIONS[version]]
    if None in codes:
        return
    listed = set().union(*codes)
    given = {row.code for row in tables(version).values()} | {"invalidRequest"}
    given |= {row.code for one in declarations(version).values() for row in one.errors.values()}
    given |= codes_of_problems(ROOT / f"capi_{version}")
    assert given - {None} <= listed
    assert listed - given - codes_of_problems(ROOT / "translator") == set(NEVER_GIVEN) & listed


def codes_of_problems(folder):
    """What the modules below say by `Problem("code", ...)`."""
    return {code for file in folder.rglob("*.py") for code in re.findall(r'Problem\(\s*"(\w+)"', file.read_text())}


@every_version
def test_messages_are_sentences_of_our_own_and_end_without_a_full_stop(version):
    for exception, row in tables(version).items():
        if isinstance(row.message, str):
            assert row.message[0].isupper(), exception
            assert not row.message.endswith("."), exception


@every_version
def test_every_operation_that_makes_something_by_an_external_id_uses_it(version):
    for name, declaration in declarations(version).items():
        if declaration.features:
            assert "Ids.Bind" in reached(declaration.function), name


@every_version_with_features
def test_a_feature_has_a_number_of_its_own(version):
    """A number written twice in one table would silently drop the first field."""
    module = importlib.import_module(f"capi_{version}.features")
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Dict):
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            assert len(keys) == len(set(keys)), f"line {node.lineno}"
            numbers = [
                value.elts[0].value
                for value in node.values
                if isinstance(value, ast.Tuple) and isinstance(value.elts[0], ast.Constant)
            ]
            assert len(numbers) == len(set(numbers)), f"line {node.lineno}"


@every_version_with_features
def test_the_numbers_of_features_are_those_that_were_stored(version):
    """The file lists every number ever given; a changed line makes stored requests mean something else."""
    module = importlib.import_module(f"capi_{version}.features")
    file = Path(__file__).parent / version / "features.txt"
    trees = {name: tree for name, tree in vars(module).items() if is_table_of_an_operation(version, tree)}
    lines = [line for name, tree in sorted(trees.items()) for line in listing(name, tree)]
    assert lines == file.read_text().splitlines()


def is_table_of_an_operation(version, tree):
    return any(declaration.features is tree for declaration in declarations(version).values())


def listing(place, below):
    """One line a number: `INVOICE 6 cart 3 price`."""
    if below is None:
        return
    if isinstance(below, dict):
        for number, (name, deeper) in below.items():
            yield f"{place} {number} {name}"
            yield from listing(f"{place} {number} {name}", deeper)
        return
    for name, (number, deeper) in below.by_name.items():
        yield f"{place} {number} {name}"
        yield from listing(f"{place} {number} {name}", deeper)
