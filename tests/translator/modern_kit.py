"""A gateway over the modern spec with v3's conventions, and the platform behind it: things that are made and paid once
per id, and the keys of idempotency as their IDL describes them.
"""

from typing import Any

import modern_operations
from gateway_kit import Bound, House, Platform
from modern_spec import modern_spec

from capi_v3.conventions import conventions_of
from settings import load
from tests.fakes.idempotency_keys import FakeIdempotencyKeys

SECRET = b"k" * 32
DIGEST = "sha256:0"


class ModernPlatform(Platform):
    """`things`: id -> what was made; `paid`: id -> how often money moved. `before`, `after`: function name ->
    exception raised instead of the effect, and behind it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.keys: Any = None
        self.things: dict[str, dict[str, Any]] = {}
        self.paid: dict[str, int] = {}
        self.before: dict[str, Exception] = {}
        self.after: dict[str, Exception] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.deadlines: list[Any] = []

    def bind(self, context: Any) -> "ModernBound":
        return ModernBound(self, context)


class ModernBound(Bound):
    def __init__(self, platform: ModernPlatform, context: Any) -> None:
        super().__init__(platform, context)
        self.idempotency_keys = platform.keys
        self.things = Things(platform)
        platform.deadlines.append(context.deadline)


class Things:
    """The service behind the operations."""

    def __init__(self, platform: ModernPlatform) -> None:
        self.platform = platform

    def __getattr__(self, name: str) -> Any:
        async def function(call: Any, **arguments: Any) -> Any:
            platform = self.platform
            platform.asked.append((name, arguments))
            if name in platform.before:
                raise platform.before[name]
            effect = {"Create": self._create, "Get": self._get, "Pay": self._pay}.get(name, self._answered)
            answer = effect(**arguments)
            if name in platform.after:
                raise platform.after[name]
            return platform.answers.get(name, answer)

        return function

    def _answered(self, **arguments: Any) -> Any:
        return {"id": arguments.get("id", "none"), "data": []}

    def _create(self, id: str, name: str) -> Any:
        return self.platform.things.setdefault(id, {"id": id, "name": name, "links": {"self": f"/v9/things/{id}"}})

    def _get(self, id: str, expand: Any = None) -> Any:
        return self.platform.things.get(id, {"id": id})

    def _pay(self, id: str) -> Any:
        self.platform.paid.setdefault(id, 1)
        return {"id": id, "version": 1}


def modern_house(tmp_path: Any, spec: Any = None, **env: Any) -> House:
    """A house; `house.platform.keys` are the keys of idempotency."""
    platform = ModernPlatform()
    settings = load(env={name: str(value) for name, value in env.items()})
    house = House(
        tmp_path,
        spec=spec or modern_spec(),
        modules=[modern_operations],
        platform=platform,
        conventions=conventions_of(settings, platform, SECRET, DIGEST),
        env=env,
    )
    platform.keys = FakeIdempotencyKeys(house.clock)
    return house
