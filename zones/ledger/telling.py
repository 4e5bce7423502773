"""How the log says what it has found and done: as events of the archive.

Owns: the form. Does not own: the kinds (`Kernel/contract/kinds_of_world.py`), storing them.
"""

from typing import Any, Final, Protocol

TOLD_MAX: Final = 20
"""Of one sort of event at a time; `molt verify` names all."""


class Tell(Protocol):
    """Takes an event about the log itself; the archive appends it."""

    def __call__(self, kind: str, **payload: Any) -> None:
        """Take one event of a kind of `archive.*`."""
