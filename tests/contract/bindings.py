"""The service Ids in memory, for tests of idempotency: one binding a key, for as long as the test lives."""

from rpc.protocol import ids
from tests.fakes.backend import FakeBackend


class Bindings:
    """Answers Ids.Bind, Ids.Get and Ids.Next of a backend."""

    def __init__(self, backend: FakeBackend) -> None:
        self.bound: dict[ids.Key, ids.Binding] = {}
        self.numbers: dict[str, int] = {}
        backend.on("Ids.Bind", self.bind).on("Ids.Get", self.get).on("Ids.Next", self.next)

    def bind(self, params: ids.BindParams) -> ids.Binding:
        known = self.bound.get(params.key)
        if known is not None:
            return ids.Binding(id=known.id, is_new=False, features=known.features, context=known.context)
        identity = params.id or self.next(params.sequence, params.sequence_from)
        made = ids.Binding(id=identity, is_new=True, features=params.features, context=params.context or {})
        self.bound[params.key] = made
        return made

    def get(self, key: ids.Key) -> ids.Binding:
        if key not in self.bound:
            raise ids.BindingNotFound()
        return self.bound[key]

    def next(self, sequence: str, sequence_from: int) -> str:
        self.numbers[sequence] = self.numbers.get(sequence, sequence_from - 1) + 1
        return str(self.numbers[sequence])
