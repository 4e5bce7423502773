"""What `molt run` does in a running kernel.

Owns: turning its request into a wish. Does not own: calls (`Kernel/core/calls.py`), looks
(`render_call.py`).
"""

from Kernel.console.request import Request
from Kernel.contract.call_job import JobKind
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.calls import Call, Calls, CallWish

UNNAMED = "code"


def begin_call(calls: Calls, world: ArenaKeeper, request: Request) -> Call:
    """Have a file or a pickled function run.

    Raises:
        Refused: not now, or not this one.
    """
    kind = JobKind.PICKLE if request.flag("pickle") else JobKind.SOURCE
    wish = CallWish(
        kind,
        request.text("name") or UNNAMED,
        request.content("source"),
        request.strings("args"),
        request.number("timeout_s"),
        request.cause,
    )
    return calls.ask(world, wish)
