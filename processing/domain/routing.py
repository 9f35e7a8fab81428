"""Which terminal a payment goes to: the first candidate of the ruleset that its provider's terms take."""

from processing.domain.errors import Misconfiguration
from processing.domain.money import contains
from processing.domain.payment_tool import is_allowed
from processing.domain.predicates import Circumstances, evaluate, reduce
from processing.domain.state import RejectedRoute, Route
from processing.domain.terms import Candidate, Catalogue, Provider, Terminal
from processing.domain.values import Value

NOBODY_ASKED = "no_route_found:unknown"
EVERYBODY_REFUSED = "no_route_found:forbidden"


class Choice(Value):
    """`provider` is None when no candidate takes the payment."""

    rejected: tuple[RejectedRoute, ...]
    route: Route | None = None
    provider: Provider | None = None


def choose(catalogue: Catalogue, ruleset_id: str, about: Circumstances, *, is_held: bool) -> Choice:
    """`about` knows everything, the payment tool and the cost too. Raises Misconfiguration for a missing document."""
    rejected = []
    for candidate in _found(catalogue.rulesets, ruleset_id, "routing").candidates:
        if not evaluate(candidate.allowed, about):
            continue
        terminal, provider = _entrance(catalogue, candidate)
        reason = _refusal(terminal, provider, about, is_held)
        if reason is None:
            return Choice(route=_route(terminal, provider), provider=provider, rejected=tuple(rejected))
        rejected.append(RejectedRoute(terminal=terminal.id, reason=reason))
    return Choice(rejected=tuple(rejected))


def failure_of(choice: Choice) -> str:
    """The failure, in text, of a choice without a route."""
    return EVERYBODY_REFUSED if choice.rejected else NOBODY_ASKED


def provider_of(catalogue: Catalogue, route: Route) -> Provider:
    return _found(catalogue.providers, route.provider, "provider")


def accounts_of(catalogue: Catalogue, account_set: str, currency: str) -> dict[str, int]:
    """Account name -> ledger account id; {} when the set has none in the currency."""
    return _found(catalogue.account_sets, account_set, "account set").accounts.get(currency, {})


def _found(documents: dict, name: str, kind: str):
    if name not in documents:
        raise Misconfiguration(f"no {kind} {name}")
    return documents[name]


def _entrance(catalogue: Catalogue, candidate: Candidate) -> tuple[Terminal, Provider]:
    terminal = _found(catalogue.terminals, candidate.terminal, "terminal")
    return terminal, _found(catalogue.providers, terminal.provider, "provider")


def _route(terminal: Terminal, provider: Provider) -> Route:
    return Route(
        provider=provider.id,
        terminal=terminal.id,
        adapter=provider.adapter,
        options={**provider.options, **terminal.options},
        changed_cost_allowed=provider.terms.changed_cost_allowed,
    )


def _refusal(terminal: Terminal, provider: Provider, about: Circumstances, is_held: bool) -> str | None:
    terms = provider.terms
    checks = (
        ("forbidden by the terminal", lambda: bool(evaluate(terminal.allow, about))),
        ("forbidden by the provider", lambda: bool(evaluate(terms.allow, about))),
        ("currency", lambda: about.currency in reduce(terms.currencies, about)),
        ("category", lambda: about.category_id in reduce(terms.categories, about)),
        ("payment method", lambda: is_allowed(about.payment_tool, reduce(terms.payment_methods, about))),
        ("amount", lambda: contains(reduce(terms.cash_limit, about), about.cost)),
        ("holds are not taken", lambda: not is_held or terms.holds.allowed),
    )
    return next((reason for reason, holds in checks if not holds()), None)
