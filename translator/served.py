"""An operation of the spec joined with what serves it: checked once, at the start, and then only read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from translator.authorization import Wanted, compile_wanted
from translator.errors import ErrorRules, ErrorTable
from translator.idempotency import Tree
from translator.media_types import compile_consumes
from translator.operation import ANY_TOKEN, Declaration, Handler, pair
from translator.schemas import SpecRefused
from translator.spec import SpecOperation, argument_name


@dataclass(frozen=True, slots=True)
class Served:
    """`function`: None when another process serves the operation, which is 501 here. `wanted`: None when any valid
    token may.
    """

    spec: SpecOperation
    function: Handler | None
    wanted: Wanted | None
    rules: ErrorRules
    features: Tree | None
    consumes: Callable[[bytes | None], bool]


def serve_all(
    operations: Iterable[SpecOperation],
    declarations: Mapping[str, Declaration],
    errors: ErrorTable,
    only_tags: Iterable[str],
    without_tags: Iterable[str],
) -> list[Served]:
    """Every operation, paired; SpecRefused names what is missing, doubled, superfluous or of an unknown tag.

    With `only_tags` or `without_tags` the others are known and answer 501: their functions must exist all the same.
    """
    operations = list(operations)
    names = {argument_name(operation.operation_id) for operation in operations}
    for name, declaration in declarations.items():
        if name not in names:
            raise SpecRefused(f"{declaration.function.__module__}.{name} serves no operation of the spec.")
    here = tag_filter(operations, set(only_tags), set(without_tags))
    return [serve(operation, pair(operation, declarations), errors, here(operation)) for operation in operations]


def tag_filter(operations: list[SpecOperation], only: set[str], without: set[str]) -> Callable[[SpecOperation], bool]:
    """Whether this process serves an operation. SpecRefused for a tag that no operation has."""
    known = {tag for operation in operations for tag in operation.tags}
    for tag in sorted((only | without) - known):
        raise SpecRefused(f"No operation has the tag {tag!r}. The spec's tags: {', '.join(sorted(known))}.")
    return lambda operation: (not only or not only.isdisjoint(operation.tags)) and without.isdisjoint(operation.tags)


def serve(operation: SpecOperation, declaration: Declaration, errors: ErrorTable, here: bool) -> Served:
    """One operation paired with its declaration."""
    if not operation.secured:
        raise SpecRefused(f"Operation {operation.operation_id} needs no token in the spec, which is not supported.")
    in_path = [parameter.name for parameter in operation.parameters if parameter.location == "path"]
    wanted = None
    if declaration.scope != ANY_TOKEN:
        try:
            wanted = compile_wanted(declaration.scope, in_path)
        except SpecRefused as problem:
            raise SpecRefused(f"Operation {operation.operation_id}: {problem}") from problem
    # Only what documents a 404 can pretend that an object does not exist.
    is_masked = 404 in operation.answers and (wanted.is_read if wanted else operation.method == "GET")
    return Served(
        spec=operation,
        function=declaration.function if here else None,
        wanted=wanted,
        rules=ErrorRules(errors, declaration.errors, declaration.not_found, is_masked),
        features=declaration.features,
        consumes=compile_consumes(operation.media_types),
    )
