"""Break a zone on purpose and tell the story of its comeback.

Owns: causing the fault outside the inbox, and knowing when it is over. Does not own: the comeback
itself: a drill goes the way of every real fault.
"""

import signal
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from Kernel.contract.arena import Side
from Kernel.contract.errors import Refused
from Kernel.contract.messages import DRILL_HANG
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.bus_keeper import BusKeeper
from Kernel.core.keeper import Keeper
from Kernel.core.succession import Words, takeover_story
from Kernel.core.watchdog import Mode
from Kernel.ports.arena_file import ArenaHandle

HANG_DEADLINE_S = 1.0
CATCH_UP_S = 2.0


class DrillFault(StrEnum):
    """The faults a drill can cause."""

    KILL = "kill"
    STOP = "stop"
    SEGFAULT = "segfault"
    HANG = "hang"


_SIGNALS = {
    DrillFault.KILL: signal.SIGKILL,
    DrillFault.STOP: signal.SIGSTOP,
    DrillFault.SEGFAULT: signal.SIGSEGV,
}


@dataclass(frozen=True, slots=True)
class DrillWatch:
    """A drill under way.

    Args:
        before: None for a bus zone, which has no arena.
        begun: id of the event that it began.
    """

    zone: str
    keeper: Keeper
    began_ns: int
    pid: int
    before: Words | None = None
    paused: bool = False
    arena: ArenaHandle | None = None
    begun: bytes = b""

    def story(self, now_ns: int) -> dict[str, Any] | None:
        """Return what happened, times in ms since the fault, None while it is not over."""
        if isinstance(self.keeper, ArenaKeeper) and self.before is not None:
            if self.keeper.arena is not self.arena:
                return self._moved(self.keeper, self.before, now_ns)
            after = self.keeper.takeover_words()
            told = takeover_story(self.before, after, self.began_ns, self.paused)
            if told is None or not self._has_caught_up(told.served_ms, now_ns):
                return None
            return {
                "noticed_ms": round(told.noticed_ms, 3),
                "served_ms": round(told.served_ms, 3),
                "tick_before": told.tick_before,
                "tick_after": told.tick_after,
                "missed_ticks": told.missed_ticks,
                "epoch": told.epoch,
            }
        active = self.keeper.active
        if active is None or active.pid == self.pid:
            return None
        return {
            "noticed_ms": round(active.born_s * 1e3 - self.began_ns / 1e6, 3),
            "served_ms": round((now_ns - self.began_ns) / 1e6, 3),
        }

    def _moved(self, keeper: ArenaKeeper, before: Words, now_ns: int) -> dict[str, Any] | None:
        """Return the story of a world that went on in an arena of its own, with other columns."""
        if keeper.arena is None or keeper.active is None:
            return None
        after = keeper.takeover_words()
        served_ms = round((now_ns - self.began_ns) / 1e6, 3)
        return {
            "noticed_ms": served_ms,
            "served_ms": served_ms,
            "tick_before": before.tick,
            "tick_after": after.tick,
            "missed_ticks": after.missed_ticks,
            "epoch": after.epoch,
            "moved": True,
        }

    def _has_caught_up(self, served_ms: float, now_ns: int) -> bool:
        """Tell whether the ticks that became late have run, so that the missed ones are known."""
        assert isinstance(self.keeper, ArenaKeeper), "only a world can be late"
        waited_s = (now_ns - self.began_ns) / 1e9 - served_ms / 1e3
        return self.paused or self.keeper.is_on_time() or waited_s > CATCH_UP_S


def begin_drill(keeper: Keeper, fault: DrillFault, now_ns: int, cause: bytes = b"") -> DrillWatch:
    """Cause the fault in the zone's active process.

    Args:
        cause: id of the event that asked for it.

    Raises:
        Refused: nobody serves there, or no heir is ready to take an arena over.
    """
    watch = _watch(keeper, now_ns)
    if keeper.config.watchdog is Mode.PASSIVE and fault in (DrillFault.HANG, DrillFault.STOP):
        name = keeper.config.name
        raise Refused(
            f"cannot drill {fault} in {name}: its watchdog is passive, nobody would end it",
            f"molt drill kill {name}",
        )
    berth = keeper.berth_of(watch.pid)
    assert berth is not None, "an active process has a berth"
    begun = keeper.parts.log.info(
        "drill.begun", zone=watch.zone, fault=fault.value, pid=watch.pid, cause=cause
    )
    berth.excused, berth.cause = True, begun
    if fault is not DrillFault.HANG:
        keeper.parts.processes.send_signal(watch.pid, _SIGNALS[fault])
    elif isinstance(keeper, ArenaKeeper):
        keeper.set_drill(Side.DRILL_HANG)
        keeper.knock(watch.pid)
    elif isinstance(keeper, BusKeeper):
        keeper.request(DRILL_HANG, {}, HANG_DEADLINE_S)
    return replace(watch, begun=begun)


def begin_soft_restart(keeper: Keeper, now_ns: int, cause: bytes = b"") -> DrillWatch:
    """Hand an arena over to the heir at the next tick boundary; restart a bus process in order.

    Args:
        cause: id of the event that asked for it.

    Raises:
        Refused: as `begin_drill`.
    """
    watch = _watch(keeper, now_ns, "hand over")
    keeper.replace_active("a soft restart", cause)
    return watch


def check_drill(keeper: Keeper) -> None:
    """Do nothing, but refuse what `begin_drill` and `begin_soft_restart` would.

    Raises:
        Refused: as `begin_drill`.
    """
    _watch(keeper, 0)


def check_going_back(keeper: Keeper) -> int:
    """Do nothing, but refuse what `begin_going_back` would; return which generation it would be.

    Raises:
        Refused: as `begin_going_back`.
    """
    _watch(keeper, 0, "go back in", needs_heir=False)
    return keeper.generations.warm_former()


def begin_renewal(keeper: Keeper, now_ns: int, cause: bytes = b"") -> "RenewalWatch":
    """Make a generation of the checkout as it is now, and let it take over when it is ready.

    Raises:
        Refused: nobody serves there, or a generation is being made ready already.
    """
    watch = _watch(keeper, now_ns, "renew", needs_heir=False)
    return RenewalWatch(watch, keeper.generations.renew(cause, fresh=True))


def begin_going_back(keeper: Keeper, now_ns: int, cause: bytes = b"") -> DrillWatch:
    """Let the generation before serve again, at once.

    Raises:
        Refused: nobody serves there, or no generation before is warm.
    """
    watch = _watch(keeper, now_ns, "go back in", needs_heir=False)
    keeper.generations.go_back(cause)
    return watch


@dataclass(frozen=True, slots=True)
class RenewalWatch:
    """A new generation on its way to serve."""

    drill: DrillWatch
    number: int

    def story(self, now_ns: int) -> dict[str, Any] | None:
        """Return what happened, None while it is not over.

        Raises:
            Refused: it could not be made ready; who served goes on.
        """
        keeper = self.drill.keeper
        line = keeper.lines.get(self.number)
        if line is None or line.retired_s is not None:
            why = keeper.ladder.broken or "it was replaced"
            raise Refused(f"cannot renew {self.drill.zone}: {why}; the one before goes on")
        if keeper.ladder.current != self.number or line.state.active is None:
            return None
        story = self.drill.story(now_ns)
        generation = line.facts.get("generation", "")
        return None if story is None else {"generation": generation, **story}


def _watch(
    keeper: Keeper, now_ns: int, act: str = "drill", *, needs_heir: bool = True
) -> DrillWatch:
    name = keeper.config.name
    active, heir = keeper.active, keeper.state.heir
    if active is None:
        raise Refused(f"cannot {act} {name}: it is {keeper.state_word()}", "molt ps")
    if not isinstance(keeper, ArenaKeeper):
        return DrillWatch(name, keeper, now_ns, active.pid)
    if needs_heir and keeper.config.policy.heir and (heir is None or not heir.ready):
        raise Refused(
            f"cannot {act} {name}: its heir is not ready yet",
            f"molt wait --for zone.{name}=ready",
        )
    return DrillWatch(
        name,
        keeper,
        now_ns,
        active.pid,
        keeper.takeover_words(),
        keeper.is_holding(),
        keeper.arena,
    )
