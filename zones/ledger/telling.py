"""How the log says what it has found and done, as events of the archive, and that it is at work.

Owns: the form. Does not own: the kinds (`Kernel/contract/kinds_of_world.py`), storing them.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

TOLD_MAX: Final = 20
"""Of one sort of event at a time; `molt verify` names all."""


STEP_ROWS: Final = 256
"""Of long work there is a pulse after so many rows or pages, some ms at most."""

Pulse = Callable[[], None]
"""Called between the steps of long work: who does it is alive, and gets on."""


def unwatched() -> None:
    """Be the pulse of work that nobody watches."""


class Tell(Protocol):
    """Takes an event about the log itself; the archive appends it."""

    def __call__(self, kind: str, **payload: Any) -> None:
        """Take one event of a kind of `archive.*`."""
