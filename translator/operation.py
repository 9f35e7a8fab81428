"""`@operation`: what a version says about one operationId beside the function that serves it.

    @operation(scope="invoices.{invoiceID}:read", not_found="Invoice not found")
    async def get_invoice_by_id(call, invoice_id): ...

The function's name is its operationId in snake case; its arguments are the parameters of the spec in snake case, the
body under its own name, and an absent optional one is None. It neither catches, nor reads headers, nor builds error
bodies. Without a scope there is no operation: the decorator itself refuses.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType

from translator.errors import PublicError
from translator.idempotency import Tree
from translator.reply import Reply
from translator.schemas import SpecRefused
from translator.spec import SpecOperation, argument_name

Handler = Callable[..., Awaitable[Reply]]
ANY_TOKEN = "*any-token*"  # noqa: S105 - says that every valid token may, whatever its roles
ATTRIBUTE = "__operation__"


@dataclass(frozen=True, slots=True)
class Declaration:
    """The arguments of `@operation`.

    `scope`: wanted role with the spec's parameter names in braces, or ANY_TOKEN.
    `not_found`: message of its 404, also where another party's object is masked as absent.
    `features`: what counts for idempotency; needed when the body has an externalID.
    `errors`: rows that differ from the version's table for this operation.
    """

    function: Handler
    scope: str
    not_found: str = "Not found"
    features: Tree | None = None
    errors: Mapping[type, PublicError] = field(default_factory=dict)


def operation(
    *,
    scope: str,
    not_found: str = "Not found",
    features: Tree | None = None,
    errors: Mapping[type, PublicError] | None = None,
) -> Callable[[Handler], Handler]:
    """Declares the function below it as an operation; see Declaration. TypeError when it is no coroutine function."""

    def declare(function: Handler) -> Handler:
        if not scope or not isinstance(scope, str):
            raise TypeError(f"Operation {function.__name__} declares no scope.")
        if not inspect.iscoroutinefunction(function):
            raise TypeError(f"Operation {function.__name__} must be `async def`.")
        setattr(function, ATTRIBUTE, Declaration(function, scope, not_found, features, errors or {}))
        return function

    return declare


def declared(modules: Iterable[ModuleType]) -> dict[str, Declaration]:
    """Every declaration of the modules by function name. SpecRefused when two modules declare the same."""
    found: dict[str, Declaration] = {}
    for module in modules:
        for name, member in vars(module).items():
            declaration = getattr(member, ATTRIBUTE, None)
            if declaration is None or member.__module__ != module.__name__:
                continue
            if name in found:
                other = found[name].function.__module__
                raise SpecRefused(f"Operation {name} is served twice: in {other} and in {module.__name__}.")
            found[name] = declaration
    return found


def pair(operation: SpecOperation, declarations: Mapping[str, Declaration]) -> Declaration:
    """The declaration that serves an operation of the spec; SpecRefused says what is missing or does not fit."""
    name = argument_name(operation.operation_id)
    declaration = declarations.get(name)
    if declaration is None:
        raise SpecRefused(f"Operation {operation.operation_id} has no function: no module declares {name}.")
    _check_arguments(operation, declaration)
    _check_features(operation, declaration)
    return declaration


def _check_arguments(operation: SpecOperation, declaration: Declaration) -> None:
    arguments = dict.fromkeys(operation.keys())
    try:
        inspect.signature(declaration.function).bind(None, **arguments)
    except TypeError as problem:
        raise SpecRefused(
            f"Operation {operation.operation_id} is called with (call, {', '.join(arguments)}), "
            f"which its function {declaration.function.__module__}.{declaration.function.__name__} refuses: {problem}."
        ) from problem


def _check_features(operation: SpecOperation, declaration: Declaration) -> None:
    if operation.body is None or declaration.features is not None:
        return
    if "externalID" in operation.body.schema.members:
        raise SpecRefused(
            f"Operation {operation.operation_id} takes an externalID but declares no features: "
            "without them a repeated request could not be told from a different one."
        )
