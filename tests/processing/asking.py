"""Calls of services as their callers see them: through the translation of refusals, in a realm."""

from typing import Any

from processing.services.wire.refusals import answering
from rpc.context import Context

INTERNAL = Context.root(meta={"user-identity.id": "operator", "user-identity.realm": "internal"})


def as_party(party_id: str) -> Context:
    """A merchant's call that came through the gateway."""
    return Context.root(meta={"user-identity.id": party_id, "user-identity.realm": "external"})


class Asked:
    """A handler bound to whoever asks: `Asked(handler).Get("demo")`."""

    def __init__(self, handler: Any, context: Context = INTERNAL) -> None:
        self._handler = answering(handler)
        self._context = context

    def by(self, context: Context) -> "Asked":
        """The same handler, asked by somebody else."""
        asked = object.__new__(Asked)
        asked._handler, asked._context = self._handler, context
        return asked

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._handler, name)
        return lambda *arguments: function(self._context, *arguments)
