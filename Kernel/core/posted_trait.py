"""An input about a trait on its way into a world: applied, refused, or waiting for its tick.

Owns: which of these it is, and the answer while it waits. Does not own: sending it
(`inbox_writer.py`), what led to it (`trait_addition.py`, `trait_changes.py`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from Kernel.contract.errors import Refused
from Kernel.contract.inputs import (
    ADD_TRAIT,
    QUARANTINE,
    REFUSALS,
    RELEASE_TRAIT,
    REMOVE_TRAIT,
    SET_PARAM,
)
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.inbox_writer import InboxWriter, Ticket

Result = dict[str, Any]
_ACTS = {
    ADD_TRAIT: "add the trait",
    REMOVE_TRAIT: "remove the trait",
    RELEASE_TRAIT: "release the trait",
    QUARANTINE: "quarantine the trait",
    SET_PARAM: "set the parameter",
}


class Stage(StrEnum):
    """How far a trait is."""

    QUEUED = "waiting for its turn"
    PREPARING = "preparing"
    WAITING = "waiting for the generation that is being made ready"
    RENEWING = "loading"
    POSTED = "waiting for its tick"
    OVER = "over"


@dataclass(slots=True)
class Posted:
    """An input on its way, by the inbox it was sent to."""

    world: ArenaKeeper
    inbox: InboxWriter
    ticket: Ticket

    def applied_at(self) -> int | None:
        """Return the tick at which it was carried out, None while it waits.

        Raises:
            Refused: the world took it and changed nothing, or has moved to another arena.
        """
        inbox = self.world.inbox
        if inbox is None:
            return None
        if inbox is not self.inbox:
            raise Refused(
                "cannot tell how it ended: the world has moved to another arena", "molt trait list"
            )
        applied = inbox.applied_at(self.ticket)
        refusal = inbox.refusal(self.ticket) if applied is not None else 0
        if refusal:
            why = REFUSALS[refusal] if refusal < len(REFUSALS) else f"reason {refusal}"
            raise Refused(f"cannot {_ACTS[self.ticket.input.kind]}: {why}", "molt trait list")
        return applied

    @property
    def is_lost(self) -> bool:
        """Whether nobody can tell any more: the world has moved to another arena."""
        return self.world.inbox is not None and self.world.inbox is not self.inbox

    def due_tick(self) -> int:
        """Return the tick at which it is to be carried out, as long as it has not been."""
        return max(self.ticket.input.at_tick, self.world.tick() + 1)

    def pending(self) -> Result | None:
        """Return what to answer while it waits for a tick that is not the next; None: it is."""
        world, at_tick = self.world, self.ticket.input.at_tick
        if not world.is_holding() and at_tick <= world.tick() + 1:
            return None
        return {
            "pending": {"at_tick": self.due_tick()},
            "paused": world.is_holding(),
            "applied_at_tick": None,
        }
