"""The platform as the operator reaches it: signed calls in the internal realm, each command under its own trace."""

from rpc.client import BlockingClient, Bound, options_of
from rpc.context import Context
from rpc.deadlines import Deadline
from settings import Settings, SettingsError
from settings.clock import Clock, system_clock

COMMAND_MS_MAX = 30_000


def bound_to(settings: Settings, clock: Clock = system_clock) -> Bound:
    """A client whose calls share one trace and one deadline. SettingsError without the secret of internal calls."""
    try:
        options = options_of(settings)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"the secret of internal calls cannot be read: {error}. The first start of the platform makes it."
        ) from error
    context = Context.root(
        meta={"user-identity.id": "operator", "user-identity.realm": "internal"},
        deadline=Deadline.after_ms(COMMAND_MS_MAX, clock()),
    )
    return BlockingClient(**options, caller="console", clock=clock).bind(context)
