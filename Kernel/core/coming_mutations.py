"""Mutations whose input is on its way into one world, until it is known what became of it.

Owns: their notes, and telling what has come of those that a kernel before has sent: whoever sent
an input may die before the world takes it, and nobody else knows which mutation it is. Does not
own: sending and waiting for it (`trait_addition.py`, `param_change.py`), the guard period that
follows (`trait_guard.py`).

A note is written before the input is sent and deleted once the guard has one of its own, or once it
has come to nothing: between the two a kernel may be killed at any moment.
"""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from Kernel.contract.errors import CodecError
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.guard import Applied, Sent, Watch
from Kernel.core.guard_notes import NONE, Guarded, pack_guarded, parse_guarded

MARK: Final = "coming."
"""Stands in the name of such a note, behind the zone's."""
LOST: Final = "its kernel ended, or the world moved, before the world took it"


class ComingMutations:
    """Those of one world."""

    def __init__(self, world: ArenaKeeper) -> None:
        self._world = world
        self._log = world.parts.log
        self._notes = world.parts.guard_notes
        self._prefix = f"{world.config.name}.{MARK}"
        self._sent: dict[str, Sent] = {}
        self._left: dict[str, Sent] = {}
        world.traits.on_sent = self.expect
        world.traits.on_unsent = self.end
        world.traits.is_left = self._left.__contains__

    def expect(self, sent: Sent) -> None:
        """Note one that is about to be sent; a disk that takes no note costs the note alone."""
        self._sent[sent.applied.code_hash] = sent
        with suppress(OSError):
            self._notes.keep(self._prefix + sent.applied.code_hash, _pack(sent))

    def end(self, code_hash: str, *, is_lost: bool = False) -> None:
        """Forget one: it came in and is under guard, or it has come to nothing.

        Args:
            is_lost: who sent it cannot tell; it is found out here.
        """
        sent = self._sent.pop(code_hash, None)
        if is_lost and sent is not None:
            self._left[code_hash] = sent
            return
        self._left.pop(code_hash, None)
        self._notes.forget(self._prefix + code_hash)

    def owns(self, name: str) -> bool:
        """Tell whether a note is one of these."""
        return name.startswith(self._prefix)

    def take(self, name: str, data: bytes) -> None:
        """Take one up that a kernel before has left; one that is torn is deleted."""
        try:
            sent = _parse(data)
        except CodecError:
            self._notes.forget(name)
            return
        self._left[sent.applied.code_hash] = sent

    def look(self) -> list[Applied]:
        """Tell of those that have come in, or have come to nothing; return the former."""
        came = []
        for code_hash, sent in list(self._left.items()):
            is_over = self._is_over(sent)  # asked before: the world may take it in between
            tick = self._came_at(sent)
            if tick is not None:
                del self._left[code_hash]
                came.append(self._tell_applied(sent, tick))
            elif is_over:
                self.end(code_hash)
                if not self._world.traits.is_asked_for(code_hash):  # else it is tried anew
                    self._tell_failed(sent)
        return came

    def _came_at(self, sent: Sent) -> int | None:
        """Return the tick at which one came in, None: it has not."""
        world, applied = self._world, sent.applied
        if not sent.applied.values:
            row = world.traits.of_hash(applied.code_hash)
            # Of a version that was here before, and is no more, the row may be there all the while.
            return row.since_tick if row is not None and row.since_tick > applied.tick else None
        if world.arena is None or world.tick() <= applied.tick:
            return None
        words, tick = world.arena.words, world.tick()
        for name, value in sent.applied.values.items():
            parameter = world.parameters.get(name)
            if parameter is None or words.parameter(tick, parameter.index) != value:
                return None
        return applied.tick + 1

    def _is_over(self, sent: Sent) -> bool:
        """Tell whether it cannot come in any more: the world has gone on, or back, without it."""
        world = self._world
        has_moved = world.tick() != sent.applied.tick
        return world.inbox is not None and has_moved and not world.inbox.left

    def _tell_applied(self, sent: Sent, tick: int) -> Applied:
        applied = sent.applied
        params = {"params": dict(applied.values), "before": dict(applied.params)}
        told = self._log.info(
            "mutation.applied", mutation_id=applied.mutation_id, trait_name=applied.trait_name,
            version=applied.version, registry_version=self._world.traits.version(),
            tried=sent.tried, tick=tick, cause=applied.told,
            **(params if applied.values else {}),
        )  # fmt: skip
        age_ticks = applied.age_ticks + tick - applied.tick
        return replace(applied, tick=tick, told=told, age_ticks=age_ticks)

    def _tell_failed(self, sent: Sent) -> None:
        applied = sent.applied
        self._log.warning(
            "mutation.failed", mutation_id=applied.mutation_id, error=LOST, stage="execution",
            rollback_to="", trait_name=applied.trait_name, version=applied.version,
            cause=applied.told,
        )  # fmt: skip
        if not sent.applied.values:
            self._world.traits.drop(applied.code_hash)


def _pack(sent: Sent) -> bytes:
    applied = sent.applied
    guarded = Guarded(
        applied.mutation_id,
        applied.trait_name,
        applied.version,
        applied.code_hash,
        NONE,
        Watch(applied.tick, applied.tick, applied.forecast),
        applied.told,
        dict(applied.params),
        values=dict(applied.values),
    )
    told: dict[str, Any] = json.loads(pack_guarded(guarded))
    told |= {"age_ticks": applied.age_ticks, "foretold": applied.foretold}
    return json.dumps(told | {"tried": sent.tried}, separators=(",", ":")).encode()


def _parse(data: bytes) -> Sent:
    """Read a note; the bytes are hostile.

    Raises:
        CodecError: it is none.
    """
    guarded = parse_guarded(data)
    try:
        told = json.loads(data)
        age_ticks, foretold = int(told["age_ticks"]), int(told["foretold"])
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise CodecError(f"cannot use the note of a mutation: {str(error)[:200]}") from error
    applied = Applied(
        guarded.mutation_id,
        guarded.trait_name,
        guarded.version,
        guarded.code_hash,
        guarded.watch.begun,
        guarded.told,
        guarded.watch.forecast,
        age_ticks,
        foretold,
        guarded.params,
        guarded.values,
    )
    return Sent(applied, told.get("tried") is True)
