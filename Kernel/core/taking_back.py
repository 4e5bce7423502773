"""Mutations that are being taken back, until the world has carried out what takes them back.

Owns: the inputs that do it, sending them again where they found no room or the world has moved,
telling that one has left. Does not own: who is taken back and why, the notes that outlive a kernel
(`trait_guard.py`).
"""

from dataclasses import dataclass, field

from Kernel.contract.errors import Refused
from Kernel.contract.inputs import QUARANTINE, SET_PARAM, Input
from Kernel.contract.trait_registry import QUARANTINED
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.guard_notes import Guarded
from Kernel.core.posted_trait import Posted


@dataclass(slots=True)
class _Leaving:
    guarded: Guarded
    posted: list[Posted] = field(default_factory=list)


class TakingBack:
    """Those of one world."""

    def __init__(self, world: ArenaKeeper) -> None:
        self._world = world
        self._leaving: list[_Leaving] = []

    @property
    def mutations(self) -> list[Guarded]:
        """Which they are."""
        return [each.guarded for each in self._leaving]

    def begin(self, guarded: Guarded) -> None:
        """Take one back; its `told` is the event that says so, its `tripped` why."""
        leaving = _Leaving(guarded)
        self._leaving.append(leaving)
        self._send(leaving)

    def resume(self, guarded: Guarded) -> None:
        """Go on with one that a kernel before has begun to take back."""
        self._leaving.append(_Leaving(guarded))

    def look(self) -> list[Guarded]:
        """Go on with all; tell of those that have left, and return them."""
        left = []
        for leaving in list(self._leaving):
            tick = self._left_at(leaving)
            if tick is not None:
                self._leaving.remove(leaving)
                self._tell(leaving.guarded, tick)
                left.append(leaving.guarded)
        return left

    def _left_at(self, leaving: _Leaving) -> int | None:
        """Return the tick at which one has left, None while it has not."""
        guarded, world = leaving.guarded, self._world
        if not guarded.params:
            row = world.traits.of_hash(guarded.code_hash)
            if row is None or row.status == QUARANTINED:
                return world.tick()
        if len(leaving.posted) < (len(guarded.params) or 1):
            self._send(leaving)
            return None
        try:
            applied = [each.applied_at() for each in leaving.posted]
        except Refused:  # the world has moved to another arena: asked for anew there
            leaving.posted = []
            return None
        known = [each for each in applied if each is not None]
        return max(known) if len(known) == len(applied) else None

    def _send(self, leaving: _Leaving) -> None:
        """Send what takes one back; what finds no room is sent again in the next round."""
        world, guarded = self._world, leaving.guarded
        row = world.traits.of_hash(guarded.code_hash)
        inputs = [
            Input(SET_PARAM, param=name, value=value, cause=guarded.told)
            for name, value in guarded.params.items()
        ]
        if row is not None and not guarded.params:
            inputs = [Input(QUARANTINE, slot=row.slot, cause=guarded.told)]
        inbox = world.inbox
        what = f"guard {guarded.mutation_id}"
        if inbox is None:
            return
        try:
            for given in inputs[len(leaving.posted) :]:
                leaving.posted.append(Posted(world, inbox, inbox.post(given)))
        except Refused as error:
            world.note(what, error.message, "molt status")
        else:
            world.unnote(what)

    def _tell(self, guarded: Guarded, tick: int) -> None:
        self._world.parts.log.warning(
            "mutation.failed", **guarded.about(), error=guarded.tripped, stage="guard",
            rollback_to=guarded.rollback_to, tick=tick, cause=guarded.told,
        )  # fmt: skip
