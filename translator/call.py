"""`Call`: everything an operation knows about its request beside its parameters. One value a request, never stored.

Handlers read it and ask it for ids and tokens; they never see headers, sockets or the token itself.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from rpc.deadlines import Deadline
from rpc.protocol import ids
from translator import idempotency
from translator.access_tokens import AccessTokens, Identity
from translator.errors import Denied
from translator.idempotency import Tree
from translator.payment_tool_tokens import PaymentToolTokens

EXTERNAL_ID = "externalID"
NO_FEATURES = idempotency.dump({})


NO_BODY: Mapping[str, Any] = MappingProxyType({})


class Work(NamedTuple):
    """What a version's conventions know of the work of one request. `id`: of what it makes, the same for every attempt
    at the same work; `attempt`: from 1, more than 1 where an earlier one may have done some of it. `if_revision`: the
    revision of the object that the caller saw, where it may only be changed while it has that.
    """

    id: str | None = None
    attempt: int = 1
    if_revision: int | None = None


NO_WORK = Work()


class Call(msgspec.Struct, eq=False, kw_only=True):
    """One request on its way through one operation. `work`: attempt and revision, in versions that have them."""

    operation_id: str
    identity: Identity
    rpc: Any
    now: datetime
    deadline: Deadline
    request_id: str
    trace_id: str
    client_ip: str | None
    origin: str | None
    features: Tree | None
    tokens: AccessTokens
    payment_tool_tokens: PaymentToolTokens | None
    work: Work = NO_WORK

    __repr__ = object.__repr__  # what it holds is not to be shown

    @property
    def party_id(self) -> str:
        """The party whose token this is."""
        return self.identity.party_id

    def require_party(self, party_id: str | None) -> str:
        """The party to act for: the caller's, also when none is named. Naming another is Denied."""
        if party_id is not None and party_id != self.identity.party_id:
            raise Denied
        return self.identity.party_id

    async def id_for(
        self,
        body: Mapping[str, Any] = NO_BODY,
        *,
        features: Tree | None = None,
        meaning: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
        sequence: str | None = None,
        sequence_from: int = 1,
        context: Mapping[str, str] | None = None,
    ) -> str:
        """The internal id of what this request makes.

        With an externalID in `body` it is bound to the key (operation, party, externalID) for ever: a repeat with equal
        features gets the first id, another one raises Conflict. Without it, a new one. `sequence`: ids are the numbers
        of that sequence, beginning with `sequence_from`, instead of fresh ones. `context` is kept with the binding, for
        `lookup_id`. `features` replaces the operation's own.

        Work that has an id of its own gives that, or the number that the sequence bound to it.

        `body` need not be the request's: where a field is opaque (a payment token), pass a copy that says what it
        means; or `meaning`, which makes the copy when there is an externalID.
        """
        if self.work.id is not None:
            return await self._id_of_work(sequence, sequence_from)
        external_id = body.get(EXTERNAL_ID)
        if external_id is None:
            return await self.rpc.ids.Next(sequence, sequence_from) if sequence else idempotency.fresh_id(self.now)
        tree = features if features is not None else self.features
        if tree is None:
            raise ValueError(f"operation {self.operation_id} declares no features")
        said = idempotency.features_of(tree, meaning(body) if meaning else body)
        binding = await self.rpc.ids.Bind(
            ids.BindParams(
                key=self._key(self.operation_id, external_id),
                id=None if sequence else idempotency.fresh_id(self.now),
                sequence=sequence,
                sequence_from=sequence_from if sequence else None,
                features=idempotency.dump(said),
                context=dict(context) if context else None,
            )
        )
        return idempotency.require_same(binding, said, external_id)

    async def _id_of_work(self, sequence: str | None, sequence_from: int) -> str:
        if sequence is None:
            return self.work.id
        key = self._key(self.operation_id, self.work.id)
        params = ids.BindParams(key=key, sequence=sequence, sequence_from=sequence_from, features=NO_FEATURES)
        return (await self.rpc.ids.Bind(params)).id

    async def lookup_id(self, operation_id: str, external_id: str) -> ids.Binding:
        """What `operation_id` made for this party under that externalID. Raises ids.BindingNotFound, which is a 404."""
        return await self.rpc.ids.Get(self._key(operation_id, external_id))

    def _key(self, operation_id: str, external_id: str) -> ids.Key:
        return ids.Key(operation=operation_id, party_id=self.identity.party_id, external_id=external_id)

    def invoice_token(self, invoice_id: str) -> str:
        """An access token for whoever pays this one invoice."""
        return self.tokens.invoice_token(self.identity.party_id, invoice_id)

    def invoice_template_token(self, template_id: str) -> str:
        """An access token for whoever makes invoices of this one template."""
        return self.tokens.invoice_template_token(self.identity.party_id, template_id)
