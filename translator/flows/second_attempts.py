"""Changes that an earlier attempt at the same work may have made: a refusal of the second may be its success."""

from collections.abc import Awaitable, Collection

from translator.call import Call


async def once(call: Call, change: Awaitable[None], refusal: type[Exception], past: Collection[int]) -> None:
    """Awaits the change. In a later attempt a `refusal` whose status is among `past`, those that the change may have
    led to, means that it was made before: nothing is raised.

    The object itself, read after this, tells what happened to it.
    """
    try:
        await change
    except refusal as problem:
        if call.work.attempt == 1 or problem.status not in past:
            raise
