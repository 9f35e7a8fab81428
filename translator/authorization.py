"""What a token allows: the role grammar and the first-match rule of `resource_access` (contract section 3.6).

A role is `<scope>:<read|write>`; a scope is resources with ids between them, `invoices.42.payments`; `*` or nothing in
place of an id means any. A token's rules are sorted, deeper ones first and an id before `*`, and the first rule whose
scope is a prefix of the wanted one decides alone: `invoices.*.payments:read` beside `invoices:write` gives no right to
write payments.

Roles are compiled once per token, wanted scopes once per operation. Who owns an object is not decided here: the
platform refuses objects of another party.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from translator.schemas import SpecRefused

Step = tuple[str, str | None]
"""A resource and the id of one such thing, None meaning any or none in particular."""
Scope = tuple[Step, ...]

HIERARCHY: Mapping[str, Mapping] = {
    "party": {"invoice_templates": {"invoice_template_invoices": {}}},
    "customers": {"bindings": {}},
    "invoices": {"payments": {}},
    "payment_resources": {},
    "payouts": {},
}
PERMISSIONS = ("read", "write")


class BadRole(ValueError):
    """A text that is no role; the message says why."""


@dataclass(frozen=True, slots=True)
class Roles:
    """The rights of one token: (scope, permissions), the deciding order first."""

    rules: tuple[tuple[Scope, frozenset[str]], ...]

    def allows(self, wanted: Scope, permission: str) -> bool:
        for scope, permissions in self.rules:
            if is_prefix(scope, wanted):
                return permission in permissions
        return False


def compile_roles(texts: Iterable[str]) -> Roles:
    """The roles of a token. Texts that are no roles, or name resources unknown here, give nothing and harm nothing."""
    granted: dict[Scope, set[str]] = {}
    for text in texts:
        try:
            scope, permission = parse_role(text)
        except BadRole:
            continue
        granted.setdefault(scope, set()).add(permission)
    ordered = sorted(granted, key=priority, reverse=True)
    return Roles(tuple((scope, frozenset(granted[scope])) for scope in ordered))


def priority(scope: Scope) -> tuple[int, tuple[bool, ...]]:
    """Deeper is higher; of equal depth the one that has an id earlier is higher."""
    return len(scope), tuple(identity is not None for _, identity in scope)


def is_prefix(rule: Scope, wanted: Scope) -> bool:
    """Whether every step of the rule covers the wanted one; an id covers only itself."""
    if len(rule) > len(wanted):
        return False
    for (name, identity), (resource, wanted_id) in zip(rule, wanted, strict=False):
        if name != resource or (identity is not None and identity != wanted_id):
            return False
    return True


def parse_role(text: str) -> tuple[Scope, str]:
    """`invoices.42.payments:read` -> ((("invoices", "42"), ("payments", None)), "read"). Raises BadRole."""
    if not isinstance(text, str):
        raise BadRole("a role is a text")
    scope, colon, permission = text.rpartition(":")
    if not colon or permission not in PERMISSIONS:
        raise BadRole(f"{text!r} does not end in :read or :write")
    parts = scope.split(".")
    steps: list[Step] = []
    level: Mapping[str, Mapping] = HIERARCHY
    for place in range(0, len(parts), 2):
        resource = parts[place]
        identity = parts[place + 1] if place + 1 < len(parts) else "*"
        if resource not in level:
            raise BadRole(f"{text!r} names the resource {resource!r}, which is not known there")
        if not identity:
            raise BadRole(f"{text!r} has an empty id")
        steps.append((resource, None if identity == "*" else identity))
        level = level[resource]
    return tuple(steps), permission


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an operation asks of a token. `scope`: from the path and query values of the request to the wanted scope."""

    scope: Callable[[Mapping[str, str]], Scope]
    permission: str

    @property
    def is_read(self) -> bool:
        return self.permission == "read"


def compile_wanted(template: str, parameters: Iterable[str], scope_id: Callable[[str], str] | None = None) -> Wanted:
    """`invoices.{invoiceID}.payments:read` -> Wanted. SpecRefused when it is no role or names another parameter.

    `scope_id`: from what stands in the path to the id as roles have it, where a version writes ids otherwise.
    """
    known = set(parameters)
    try:
        steps, permission = parse_role(template)
    except BadRole as problem:
        raise SpecRefused(f"its scope is wrong: {problem}.") from problem
    holes = {place: identity[1:-1] for place, (_, identity) in enumerate(steps) if identity and identity[0] == "{"}
    for name in holes.values():
        if name not in known:
            raise SpecRefused(f"its scope names the parameter {name!r}, which it does not have.")
    if not holes:
        return Wanted(lambda values: steps, permission)

    def scope(values: Mapping[str, str]) -> Scope:
        return tuple(
            (resource, values[holes[place]] if place in holes else identity)
            for place, (resource, identity) in enumerate(steps)
        )

    if scope_id is None:
        return Wanted(scope, permission)
    return Wanted(lambda values: scope({name: scope_id(value) for name, value in values.items()}), permission)
