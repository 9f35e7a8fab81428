"""What an operation's function can ask of the platform, and which declared exceptions can come back through it.

Read from the source, not from a run: follows calls into the version's own modules, the translator's flows and `Call`.
An exception that a function on the way catches, and does not raise again, goes no further.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache
from types import FunctionType, ModuleType
from typing import Any

from rpc.services import BY_NAME
from translator.call import Call

FOLLOWED = ("capi_", "translator.flows", "translator.call")


def raisable(function: Any) -> frozenset[type]:
    """Classes of declared exceptions that may leave `function`."""
    return frozenset(_raisable(function, frozenset()))


def reached(function: Any) -> frozenset[str]:
    """Names "Service.Function" of everything it may call."""
    return frozenset(_reached(function, frozenset()))


def _reached(function: Any, on_the_way: frozenset[Any]) -> Iterator[str]:
    for node in ast.walk(tree_of(function)):
        if found := remote(node):
            yield f"{found[0].service.name}.{found[1]}"
        elif (next_one := followed(node, function)) and next_one not in on_the_way:
            yield from _reached(next_one, on_the_way | {function})


def _raisable(function: Any, on_the_way: frozenset[Any]) -> set[type]:
    return within(tree_of(function), function, on_the_way)


def within(node: ast.AST, function: Any, on_the_way: frozenset[Any]) -> set[type]:
    """What may be raised by this part of a function."""
    if isinstance(node, ast.Try):
        return within_try(node, function, on_the_way)
    found: set[type] = set()
    if called := remote(node):
        row, name = called
        found |= set(row.service.functions[name].throws)
    elif (next_one := followed(node, function)) and next_one not in on_the_way:
        found |= _raisable(next_one, on_the_way | {function})
    for child in ast.iter_child_nodes(node):
        found |= within(child, function, on_the_way)
    return found


def within_try(node: ast.Try, function: Any, on_the_way: frozenset[Any]) -> set[type]:
    found = within_all(node.body, function, on_the_way)
    for handler in node.handlers:
        raises_again = any(isinstance(one, ast.Raise) and one.exc is None for one in ast.walk(handler))
        if handler.type is not None and not raises_again:
            found.discard(resolve(handler.type, function))
        found |= within_all(handler.body, function, on_the_way)
    return found | within_all([*node.orelse, *node.finalbody], function, on_the_way)


def within_all(nodes: list[ast.stmt], function: Any, on_the_way: frozenset[Any]) -> set[type]:
    return set().union(*(within(node, function, on_the_way) for node in nodes))


def remote(node: ast.AST) -> tuple[Any, str] | None:
    """(row, function) of `<anything>.rpc.<row>.<function>` and `rpc.<row>.<function>`."""
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Attribute):
        return None
    row, holder = BY_NAME.get(node.value.attr), node.value.value
    is_rpc = (isinstance(holder, ast.Attribute) and holder.attr == "rpc") or (
        isinstance(holder, ast.Name) and holder.id == "rpc"
    )
    if row is None or not is_rpc:
        return None
    assert node.attr in row.service.functions, f"{row.service.name} has no {node.attr}"
    return row, node.attr


def followed(node: ast.AST, function: Any) -> Any:
    """The function of ours that a name or attribute means; None for anything else."""
    if not isinstance(node, ast.Name | ast.Attribute):
        return None
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("call", "self"):
        found = vars(Call).get(node.attr)
    else:
        found = resolve(node, function)
    return found if isinstance(found, FunctionType) and found.__module__.startswith(FOLLOWED) else None


def resolve(node: ast.AST, function: Any) -> Any:
    """What a name, or a name in a module, means where `function` was written."""
    if isinstance(node, ast.Name):
        return function.__globals__.get(node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        holder = function.__globals__.get(node.value.id)
        return getattr(holder, node.attr, None) if isinstance(holder, ModuleType) else None
    return None


@cache
def tree_of(function: Any) -> ast.AST:
    """The body of a function; its decorators are not what it does."""
    definition = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    return ast.Module(body=definition.body, type_ignores=[])
