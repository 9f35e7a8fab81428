"""An operation of the spec joined with what serves it: checked once, at the start, and then only read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from settings.versions import Farewell
from translator.authorization import Wanted, compile_wanted
from translator.conventions import Around, Conventions
from translator.error_rules import ErrorRules
from translator.errors import ErrorTable
from translator.farewells import headers_of
from translator.idempotency import Tree
from translator.media_types import compile_consumes
from translator.operation import ANY_TOKEN, Declaration, Handler, pair
from translator.reply import Header
from translator.schemas import SpecRefused
from translator.spec import SpecOperation, argument_name


@dataclass(frozen=True, slots=True)
class Served:
    """`function`: None when another process serves the operation, which is 501 here. `around`: what is called in its
    place where the version's conventions put something around it. `wanted`: None when any valid token may. `farewell`:
    headers of its every answer while it is deprecated.
    """

    spec: SpecOperation
    function: Handler | None
    around: Around | None
    wanted: Wanted | None
    scope: str
    rules: ErrorRules
    features: Tree | None
    consumes: Callable[[bytes | None], bool]
    farewell: tuple[Header, ...]


def serve_all(
    operations: Iterable[SpecOperation],
    declarations: Mapping[str, Declaration],
    errors: ErrorTable,
    conventions: Conventions,
    farewell_of: Callable[[str], Farewell | None],
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
    return [
        serve(
            operation,
            pair(operation, declarations),
            errors,
            conventions,
            here(operation),
            headers_of(farewell_of(operation.operation_id)),
        )
        for operation in operations
    ]


def tag_filter(operations: list[SpecOperation], only: set[str], without: set[str]) -> Callable[[SpecOperation], bool]:
    """Whether this process serves an operation. SpecRefused for a tag that no operation has."""
    known = {tag for operation in operations for tag in operation.tags}
    for tag in sorted((only | without) - known):
        raise SpecRefused(f"No operation has the tag {tag!r}. The spec's tags: {', '.join(sorted(known))}.")
    return lambda operation: (not only or not only.isdisjoint(operation.tags)) and without.isdisjoint(operation.tags)


def serve(
    operation: SpecOperation,
    declaration: Declaration,
    errors: ErrorTable,
    conventions: Conventions,
    here: bool,
    farewell: tuple[Header, ...] = (),
) -> Served:
    """One operation paired with its declaration."""
    if not operation.secured:
        raise SpecRefused(f"Operation {operation.operation_id} needs no token in the spec, which is not supported.")
    in_path = [parameter.name for parameter in operation.parameters if parameter.location == "path"]
    wanted = None
    if declaration.scope != ANY_TOKEN:
        try:
            wanted = compile_wanted(declaration.scope, in_path, conventions.scope_id)
        except SpecRefused as problem:
            raise SpecRefused(f"Operation {operation.operation_id}: {problem}") from problem
    # Only what documents a 404 can pretend that an object does not exist.
    is_masked = 404 in operation.answers and (wanted.is_read if wanted else operation.method == "GET")
    function = declaration.function if here else None
    return Served(
        spec=operation,
        function=function,
        around=conventions.around(operation, declaration) if here else None,
        wanted=wanted,
        scope=declaration.scope,
        rules=ErrorRules(errors, declaration.errors, declaration.not_found, is_masked, conventions),
        features=declaration.features,
        consumes=compile_consumes(operation.media_types),
        farewell=farewell,
    )
