"""Traits put into quarantine by hand, and released from it.

Owns: sending these inputs, the events, the answers. Does not own: a verdict that quarantines
(`inquest.py`), taking back (`trait_guard.py`), what an input does (`zones/world/trait_inputs.py`).
"""

from typing import Final

from Kernel.contract.errors import MoltError, Refused
from Kernel.contract.inputs import QUARANTINE, RELEASE_TRAIT, Input
from Kernel.contract.trait_registry import ACTIVE, QUARANTINED, SUSPENDED, TraitRow
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.inquest import quarantine_facts
from Kernel.core.parts import Parts
from Kernel.core.posted_trait import Posted, Result, Stage
from Kernel.core.world_traits import flat_name

BY_HAND: Final = "by hand"
LIST_HINT: Final = "molt quarantine"


def find_carried(world: ArenaKeeper, name: str) -> TraitRow:
    """Return the version that is carried, which can be put into quarantine.

    Raises:
        Refused: there is none.
    """
    row = world.traits.named(name)
    if row.status not in (ACTIVE, SUSPENDED):
        raise Refused(
            f"cannot quarantine trait {row.name}: version {row.version} is {row.status}", LIST_HINT
        )
    return row


def find_quarantined(world: ArenaKeeper, name: str) -> list[TraitRow]:
    """Return the versions of a name that are in quarantine, the newest first.

    Raises:
        Refused: none is.
    """
    rows = [
        row
        for row in world.traits.rows()
        if row.status == QUARANTINED and flat_name(row.name) == flat_name(name)
    ]
    if not rows:
        raise Refused(f"cannot release trait '{name}': it is not in quarantine", LIST_HINT)
    return sorted(rows, key=lambda row: row.version, reverse=True)


class TraitSwitch:
    """One trait on its way into quarantine, or out of it.

    Args:
        rows: whose slots the inputs are about; one, but for a release.
        kind: QUARANTINE or RELEASE_TRAIT.
        back: what the carriers go back to.

    Raises:
        Refused: there is no room for an input now.
    """

    def __init__(
        self,
        parts: Parts,
        world: ArenaKeeper,
        rows: list[TraitRow],
        kind: str,
        cause: bytes,
        back: str = "",
    ) -> None:
        inbox, self._log = world.inbox, parts.log
        assert inbox is not None, "a world whose traits can be read has an inbox"
        self._world, self._rows, self._kind, self._cause = world, rows, kind, cause
        self._back = back
        told = parts.log.reserve() if kind == QUARANTINE else cause
        self._posted = [
            Posted(world, inbox, inbox.post(Input(kind, slot=row.slot, cause=told))) for row in rows
        ]
        self._error: MoltError | None = None
        self._applied: int | None = None
        self.stage = Stage.POSTED
        if kind == QUARANTINE:
            self._tell_quarantined(rows[0], told)

    def look(self, _now_s: float) -> None:
        """See whether it was applied."""
        if self.stage is Stage.OVER:
            return
        try:
            ticks = [each.applied_at() for each in self._posted]
        except MoltError as error:
            self._error, self.stage = error, Stage.OVER
            return
        applied = [each for each in ticks if each is not None]
        if len(applied) == len(ticks):
            self._applied, self.stage = max(applied), Stage.OVER
            if self._kind == RELEASE_TRAIT:
                self._tell_released()

    def waiting(self) -> Result | None:
        """Return what waits for its tick, None when it is over."""
        if self.stage is not Stage.POSTED:
            return None
        act = "quarantine" if self._kind == QUARANTINE else "release"
        row = self._rows[0]
        at_tick = self._posted[0].due_tick()
        return {"act": act, "name": row.name, "version": row.version, "at_tick": at_tick}

    def result(self) -> Result | None:
        """Return the answer to who asked, None while it is not known.

        Raises:
            MoltError: it came to nothing.
        """
        if self._error is not None:
            raise self._error
        row = self._rows[0]
        answer: Result = {"name": row.name, "version": row.version, "hash": row.hash}
        if self._kind == QUARANTINE:
            answer["rollback_to"] = self._back
        else:
            answer["versions"] = [each.version for each in self._rows]
        if self._applied is not None:
            return answer | {"applied_at_tick": self._applied}
        pending = self._posted[0].pending()
        return None if pending is None else answer | pending

    def _tell_quarantined(self, row: TraitRow, event_id: bytes) -> None:
        self._log.error(
            "trait.quarantined", zone=self._world.config.name, slot=row.slot, why=BY_HAND,
            **quarantine_facts(row), cause=self._cause, event_id=event_id,
        )  # fmt: skip
        self._world.traits.tell_quarantined(row, BY_HAND, event_id)

    def _tell_released(self) -> None:
        for row in self._rows:
            self._log.info("trait.released", **quarantine_facts(row), cause=self._cause)
        self._world.traits.drop(*(row.hash for row in self._rows))
