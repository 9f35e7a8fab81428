"""What objects point at. A commit that would leave something pointing nowhere is refused whole."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from processing.domain.terms import parse_document
from processing.domain_config.objects import Kind, Ref

Objects = Mapping[Kind, Mapping[str, Any]]


def dangling(objects: Objects) -> list[str]:
    """A sentence for each reference that leads nowhere."""
    broken = []
    for kind, pointers in POINTERS.items():
        for object_id, data in objects.get(kind, {}).items():
            for target in pointers(data):
                if target.id not in objects.get(target.kind, {}):
                    broken.append(f"{target} does not exist, but {Ref(kind, object_id)} refers to it")
    return broken


def _country(data: Any) -> Iterator[Ref]:
    for bloc in data.trade_blocs:
        yield Ref(Kind.TRADE_BLOC, bloc)


def _terms(data: Any) -> Iterator[Ref]:
    document = parse_document(Kind.TERMS, data.json)
    yield Ref(Kind.ROUTING, document.routing)
    yield Ref(Kind.ACCOUNT_SET, document.system_accounts)
    if document.external_accounts is not None:
        yield Ref(Kind.ACCOUNT_SET, document.external_accounts)
    yield from _limits(document)


def _provider(data: Any) -> Iterator[Ref]:
    document = parse_document(Kind.PROVIDER, data.json)
    yield Ref(Kind.ACCOUNT_SET, document.account_set)
    yield from _limits(document.terms)


def _terminal(data: Any) -> Iterator[Ref]:
    yield Ref(Kind.PROVIDER, parse_document(Kind.TERMINAL, data.json).provider)


def _routing(data: Any) -> Iterator[Ref]:
    for candidate in parse_document(Kind.ROUTING, data.json).candidates:
        yield Ref(Kind.TERMINAL, candidate.terminal)


def _account_set(data: Any) -> Iterator[Ref]:
    for currency in parse_document(Kind.ACCOUNT_SET, data.json).accounts:
        yield Ref(Kind.CURRENCY, currency)


def _limits(terms: Any) -> Iterator[Ref]:
    """Currencies and categories that terms name anywhere in their decisions."""
    for codes in _values(terms.currencies):
        for code in codes:
            yield Ref(Kind.CURRENCY, code)
    for categories in _values(terms.categories):
        for category in categories:
            yield Ref(Kind.CATEGORY, str(category))


def _values(selector: Any) -> Iterator[Any]:
    """Every value that a selector can come to."""
    if selector.value is not None:
        yield selector.value
    for decision in selector.decisions:
        yield from _values(decision.then)


POINTERS: Mapping[Kind, Callable[[Any], Iterator[Ref]]] = {
    Kind.COUNTRY: _country,
    Kind.TERMS: _terms,
    Kind.PROVIDER: _provider,
    Kind.TERMINAL: _terminal,
    Kind.ROUTING: _routing,
    Kind.ACCOUNT_SET: _account_set,
}
