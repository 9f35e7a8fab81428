"""A version's spec, operations and errors -> one ASGI application. The only importer of connexion.

connexion is the spec-first front: it loads the spec and checks it against the Swagger schema, its resolver pairs each
operationId with a function, and it owns the application object. Its chain of middlewares for each request gives way to
one of ours, by the argument it has for that: see ARCHITECTURE.md for what that buys and tests/translator/
test_differences.py for each place where we answer otherwise than the stock chain.
"""

import asyncio
import copy
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from rpc.deadlines import Deadline
from settings import Settings
from settings.clock import Clock, system_clock
from settings.versions import Farewell, Version
from translator import revocations as register
from translator.access_tokens import AccessTokens
from translator.conventions import Conventions
from translator.errors import ErrorTable
from translator.farewells import headers_of, linked
from translator.keyset import load_keyset
from translator.oops import Cats
from translator.openapi3 import is_openapi3, view_for_connexion
from translator.operation import declared
from translator.payment_tool_tokens import PaymentToolTokens
from translator.pipeline import Pipeline
from translator.revocations import Revocations
from translator.routes import Routes
from translator.schemas import SpecRefused
from translator.served import Served, serve_all
from translator.spec import compile_operations, read_spec
from translator.spec_rows import METHODS
from translator.trace import internal_context
from translator.usage import UsageCounts, to_register


@contextmanager
def spared(*modules: str) -> Iterator[None]:
    """Within the block these modules count as not installed, unless somebody has them already."""
    absent = [name for name in modules if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with warnings.catch_warnings(), spared("flask", "httpx._main"):
    # On its import connexion loads, for its own tests, a client that starlette is about to drop; and, where they are
    # installed, Flask and that client's command line: 6 MB of every gateway process, and half of its start.
    warnings.simplefilter("ignore")
    from connexion.middleware import ConnexionMiddleware
    from connexion.middleware.abstract import SpecMiddleware
    from connexion.resolver import Resolver

OWN_CALL_MS_MAX = 5_000
"""Of the calls that a gateway makes for itself: the register of revocations, the report of uses."""

STARTUP_WAIT_S = 1.0
"""How long a start waits for the revocation register; a silent one does not hold it up, `ready` tells."""


class Gateway:
    """The ASGI application: requests go straight to the pipeline, everything else through connexion's application.

    `direct`: the way of a request of our own server (`serving.exchange`). `operations`: the compiled rows of the spec;
    `ready`: for the probe.
    """

    def __init__(
        self,
        app: Any,
        pipeline: Pipeline,
        served: list[Served],
        tokens: AccessTokens,
        revocations: Revocations,
        clock: Clock,
    ) -> None:
        self._app = app
        self._pipeline = pipeline
        self.direct = pipeline.direct
        self.served = served
        self.operations = tuple(one.spec for one in served)
        self.tokens = tokens
        self._revocations = revocations
        self._clock = clock

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await (self._pipeline if scope["type"] == "http" else self._app)(scope, receive, send)

    def ready(self) -> dict[str, bool]:
        """Whether this process may be sent requests, by reason."""
        return {"revocations_known": self._revocations.is_fresh(self._clock())}


def create_gateway(
    *,
    spec: Path,
    version: Version | None = None,
    operations: Iterable[ModuleType],
    errors: ErrorTable,
    conventions: Conventions,
    rpc: Any,
    settings: Settings,
    clock: Clock = system_clock,
    process: str = "gateway",
    only_tags: Iterable[str] = (),
    without_tags: Iterable[str] = (),
    tokens: AccessTokens | None = None,
    revocations: Revocations | None = None,
    payment_tool_tokens: PaymentToolTokens | None = None,
    responses: str = "count",
    signs: bool = True,
) -> Gateway:
    """The application of one version, or of some of its tags.

    `version`: its table of versions.toml, for what answers say of deprecation and for the counts of use; without it
    neither is there. `conventions`: what the version says at the level of HTTP, outside its operations.
    `rpc`: has `bind(context)` and `close()`, like rpc.client.AsyncClient; closed when the application stops. `process`:
    this process's name among the readers of the revocation register. `only_tags`, `without_tags`: the other operations
    answer 501. `tokens`, `revocations`: made from the settings and the register unless given. `payment_tool_tokens`:
    needed where operations make or open payment tool tokens. `responses`: "strict"
    turns an own answer outside the spec into 500 and a cat, "count" counts and logs it. `signs`: False for operations
    that hand out no access tokens; this process then keeps no key that could make one.

    Raises SpecRefused, or KeyRefused, with a sentence that names what stops the start.
    """
    if responses not in ("strict", "count"):
        raise ValueError(f"responses is 'strict' or 'count', not {responses!r}")
    raw = read_spec(spec)
    compiled = compile_operations(raw)
    farewell_of = _farewells(version, {operation.operation_id for operation in compiled}, settings.docs_url())
    served = serve_all(compiled, declared(operations), errors, conventions, farewell_of, only_tags, without_tags)
    counts = version and UsageCounts(version.name, to_register(_on_own_account(rpc, clock, process)), clock)
    revocations = revocations or _followed(rpc, settings, clock, process)
    tokens = tokens or _tokens(settings, revocations, clock, signs)
    pipeline = partial(
        Pipeline,
        conventions=conventions,
        settings=settings.gateway,
        tokens=tokens,
        payment_tool_tokens=payment_tool_tokens,
        rpc=rpc,
        clock=clock,
        cats=Cats(settings.gateway.cats_directory),
        strict_answers=responses == "strict" or settings.gateway.response_check,
        count_use=counts.count if counts else _uncounted,
        farewell=headers_of(linked(version and version.farewell, settings.docs_url())),
    )
    front = Front(served, pipeline, revocations, rpc, counts)
    app = _connexion_app(raw, served, lambda app: front)
    return Gateway(app, front.pipeline, served, tokens, revocations, clock)


def _on_own_account(rpc: Any, clock: Clock, process: str) -> Callable[[], Any]:
    """A function that binds the client to a new context of the gateway itself."""
    return lambda: rpc.bind(internal_context(process, Deadline.after_ms(OWN_CALL_MS_MAX, clock())))


def _followed(rpc: Any, settings: Settings, clock: Clock, process: str) -> Revocations:
    fetch = register.from_register(_on_own_account(rpc, clock, process), process)
    return Revocations(fetch, clock=clock, age_s_max=settings.gateway.token_cache_s)


def _farewells(version: Version | None, operation_ids: set[str], docs_url: str) -> Callable[[str], Farewell | None]:
    """operationId -> its farewell. SpecRefused when the list of versions names an operation that the spec lacks."""
    if not version:
        return lambda operation_id: None
    for unknown in sorted(set(version.operations) - operation_ids):
        raise SpecRefused(f"versions.toml deprecates {unknown}, which is no operation of {version.name}.")
    return lambda operation_id: linked(version.farewell_of(operation_id), docs_url)


def _uncounted(party_id: str, operation_id: str) -> None:
    """Counts nothing."""


def _tokens(settings: Settings, revocations: Revocations, clock: Clock, signs: bool) -> AccessTokens:
    keyset = load_keyset(
        settings.tokens.verification_directory, settings.tokens.signing_key_file, settings.tokens.payers_key_file
    )
    return AccessTokens(
        keyset if signs else keyset.without_private_keys(),
        revocations,
        clock=clock,
        cache_entries_max=settings.gateway.token_cache_entries_max,
        invoice_token_lifetime_s=settings.tokens.invoice_access_token_lifetime_s,
    )


class Front(SpecMiddleware):
    """The one middleware: connexion hands it the checked spec at the start, and the events of its lifespan."""

    def __init__(
        self,
        served: list[Served],
        pipeline: Callable[[Routes[Served]], Pipeline],
        revocations: Revocations,
        rpc: Any,
        counts: UsageCounts | None,
    ) -> None:
        self._served = {one.spec.operation_id: one for one in served}
        self._make_pipeline = pipeline
        self._revocations = revocations
        self._rpc = rpc
        self._counts = counts
        self.pipeline: Pipeline | None = None

    def add_api(self, specification: Any, *, resolver: Resolver, base_path: str | None = None, **_: Any) -> None:
        """Resolves every operationId and builds the routes."""
        rows = []
        for template, item in specification["paths"].items():
            for method in METHODS:
                if method in item:
                    operation = specification.operation_cls.from_spec(
                        specification, path=template, method=method, resolver=resolver
                    )
                    rows.append((template, method.upper(), self._served[operation.operation_id]))
        try:
            routes = Routes(base_path or specification.base_path, rows)
        except ValueError as problem:
            raise SpecRefused(f"The spec cannot be routed: {problem}.") from problem
        self.pipeline = self._make_pipeline(routes)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self.pipeline(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    async def _live(self, receive: Any, send: Any) -> None:
        """From startup to shutdown follows the revocation register and reports uses; at the end reports the last ones
        and closes the internal connections.
        """
        await receive()
        following = [asyncio.create_task(self._revocations.follow())]
        if self._counts:
            following.append(asyncio.create_task(self._counts.follow()))
        await self._revocations.first_answer(STARTUP_WAIT_S)
        await send({"type": "lifespan.startup.complete"})
        try:
            await receive()
        finally:
            for task in following:
                task.cancel()
            if self._counts:
                await self._counts.report()
            await self._rpc.close()
        await send({"type": "lifespan.shutdown.complete"})


def _connexion_app(
    raw: dict[str, Any], served: list[Served], front: Callable[[Any], SpecMiddleware]
) -> ConnexionMiddleware:
    functions = {one.spec.operation_id: one.function or _served_elsewhere for one in served}
    app = ConnexionMiddleware(_no_app, middlewares=[front])
    try:
        # The parsed spec, not its path: from a path connexion would first run it through a template engine.
        view = view_for_connexion(raw) if is_openapi3(raw) else copy.deepcopy(raw)
        app.add_api(view, resolver=Resolver(functions.__getitem__))
    except Exception as problem:
        raise SpecRefused(f"The spec is not valid: {problem}") from problem
    # connexion would build its stack at the first request; what is wrong must stop the start instead.
    app.app, app.middleware_stack = app._build_middleware_stack()
    return app


async def _served_elsewhere(*_: Any, **__: Any) -> None:
    """Stands for the operations of tags that another process serves."""


async def _no_app(scope: Any, receive: Any, send: Any) -> None:
    """What lies behind the one middleware: nothing gets there."""
    raise RuntimeError("no application behind the gateway")
