"""What the kernel itself shows: a banner, what comes up, one moving line, how it ends.

Owns: stderr beside the log, and which of it who reads gets. People on a terminal: banner, a row for
each zone, a line that moves. Where nothing can move, and for programs and the journal: log lines
alone, one at the start and the end of each phase. Does not own: the words (`screen_words.py`), log
lines of zones (`Kernel/core/logger.py`), stdout.
"""

import os
import platform
from pathlib import Path

from Kernel.console import screen_words as words
from Kernel.console.facts import WORLD_ZONE, degraded_fields, world_fields
from Kernel.console.phases import Phases
from Kernel.console.status_line import StatusLine
from Kernel.core.events import EventLog
from Kernel.core.keeper import Keeper
from Kernel.core.stopping import Stage
from Kernel.core.zone_table import ZoneTable
from Kernel.memory.context_memory import ContextMemory
from Kernel.memory.contexts import DEGRADED
from Kernel.ports.clock import Clock
from Kernel.ports.face import Face, Reader

VERSION = "0.1.0"
REFRESH_S = 0.5
PIPE_REFRESH_S = 10.0
HOLD_UP_S = 2.0
"""A stop that takes longer says whom it waits for, and without a moving line says so as often."""
RESUMED = "the world that is there goes on with its own parameters"
"""Why a scenario was not founded."""
STOP = "kernel"
"""Who is in the phases of a stop."""
WHY_CHARS = 400
"""Of what does not work, so much is remembered."""


class Screen:
    """Writes for whoever reads.

    Args:
        began_s: monotonic seconds at which this boot began.
        memory: of what does not work, told by the kernel before, too.
    """

    def __init__(
        self,
        stream: StatusLine,
        face: Face,
        log: EventLog,
        clock: Clock,
        began_s: float,
        memory: ContextMemory,
    ) -> None:
        self._stream = stream
        self._log = log
        self._clock = clock
        self._people = face.reader is Reader.PEOPLE
        self._moving = face.moving
        self._began_s = began_s
        self._phases = Phases()
        self._shown_s = clock.now_s()
        self._up = False
        self._zones_shown: set[str] = set()
        self._zones_ended = 0
        self._degraded: set[str] = set()
        self._memory = memory
        self._stopping_s: float | None = None
        self._cause = b""
        """Id of the event that tells of the stop."""

    def banner(self, home: Path) -> None:
        """Say who starts, before anything else."""
        values = {"version": VERSION, "pid": os.getpid(), "home": str(home)}
        if self._people:
            self._log.note("kernel.started", **values)
            self._say(
                f"\n  ◉ molt {VERSION}   pid {os.getpid()} · Python {platform.python_version()}"
                f" · home {home}\n"
            )
        else:
            self._log.info("kernel.started", **values)

    def ready(self, zones: ZoneTable, boot_s: float, scenario: str | None = None) -> None:
        """Say that everything is up.

        Args:
            scenario: the one the operator asked for; whether it was founded is said, too.
        """
        self._show_zones(zones)
        self._up = True
        degraded = degraded_fields(zones)
        for what in self._memory.entries(DEGRADED, self._clock.now_s()).keys() - _names(degraded):
            self._mend(what)  # told by the kernel before
        self._remember(degraded)
        tell = self._log.note if self._people else self._log.info
        tell("kernel.ready", boot_s=boot_s, degraded=degraded)
        self._tell_scenario(zones, scenario)
        for each in degraded:
            if self._people:
                self._log.note("kernel.degraded", **each)
                self._say(f"    ▲ {each['what']}: {each['why']}   hint: {each['hint']}")
            else:
                self._log.warning("kernel.degraded", **each)
        if self._people:
            self._say(
                f"\n  Up in {boot_s:.1f} s.   Console: molt status      Stop: Ctrl-C, twice kills\n"
            )

    def _tell_scenario(self, zones: ZoneTable, scenario: str | None) -> None:
        world = zones.arenas.get(WORLD_ZONE)
        if scenario is None or world is None:
            return
        if world.resumed_tick is None:
            if self._people:
                self._log.note("scenario.founded", scenario=scenario)
                self._say(f"    founded by scenario {scenario}")
            else:
                self._log.info("scenario.founded", scenario=scenario)
            return
        told = {"scenario": scenario, "tick": world.resumed_tick, "why": RESUMED}
        if self._people:
            self._log.note("scenario.not_founded", **told)
            self._say(
                f"    ▲ scenario {scenario}: not founded, {RESUMED}\n"
                f"      hint: python manifest.py --home OTHER --scenario {scenario}"
            )
        else:
            self._log.warning("scenario.not_founded", **told)

    def refused(self, message: str, hint: str) -> None:
        """Say last why a boot ends before it was up; the log has told programs already."""
        if self._people:
            self._say(f"\n  {message}" + (f"\n  hint: {hint}" if hint else "") + "\n")

    # Every round.

    def refresh(self, zones: ZoneTable) -> None:
        """Say what has changed; renew the moving line when it is time."""
        if self._stopping_s is not None:
            self._see_stop(zones, self._clock.now_s() - self._stopping_s)
            return
        if not self._up:
            self._show_zones(zones)
        if not self._is_time(PIPE_REFRESH_S if not self._moving else REFRESH_S):
            return
        if not self._up:
            self._show_boot(zones)
            return
        self._tell_degraded(zones)
        if self._moving:
            self._show_world(zones)
        elif WORLD_ZONE in zones.arenas and not self._people:
            self._log_world(zones)

    def _is_time(self, period_s: float) -> bool:
        now_s = self._clock.now_s()
        if now_s - self._shown_s < period_s:
            return False
        self._shown_s = now_s
        return True

    def _show_zones(self, zones: ZoneTable) -> None:
        """Tell of each phase and each zone that has come up since the last look."""
        for keeper in zones.keepers():
            self._log_phase("boot.phase", keeper.config.name, words.boot_phase(keeper))
            if keeper.active is not None and keeper.config.name not in self._zones_shown:
                self._zones_shown.add(keeper.config.name)
                self._tell_up(keeper)

    def _tell_up(self, keeper: Keeper) -> None:
        name, found = keeper.config.name, words.found(keeper)
        took_s = round(self._clock.now_s() - self._began_s, 3)
        tell = self._log.note if self._people else self._log.info
        tell("zone.ready", zone=name, took_s=took_s, found=found)
        if self._people:
            self._say(words.zone_line(name, keeper.state_word(), took_s, found))

    def _log_phase(self, event: str, who: str, phase: str) -> None:
        turns = self._phases.see(who, phase, self._clock.now_s())
        tell = self._log.note if self._moving else self._log.info
        for turn in turns:
            if turn.took_s is None:
                tell(event, zone=turn.who, phase=turn.phase, at="start")
            else:
                tell(event, zone=turn.who, phase=turn.phase, at="end", took_s=turn.took_s)

    def _show_boot(self, zones: ZoneTable) -> None:
        keepers = zones.keepers()
        if self._moving:
            self._stream.show(f"  {words.booting(keepers, self._clock.now_s() - self._began_s)}")
            return
        for keeper in keepers:
            note = keeper.progress_note
            if words.boot_phase(keeper) == "prepare" and note is not None and note.total > 0:
                self._log.info(
                    "boot.progress",
                    zone=keeper.config.name,
                    phase="prepare",
                    done=note.done,
                    total=note.total,
                    what=note.what,
                )

    def _show_world(self, zones: ZoneTable) -> None:
        text = words.ticking(zones)
        if text:
            missed = world_fields(zones.arenas[WORLD_ZONE])["missed_ticks"]
            self._stream.show(f"  {text} · missed {missed} · epoch {zones_epoch(zones)}")

    def _log_world(self, zones: ZoneTable) -> None:
        arena = zones.arenas[WORLD_ZONE]
        if arena.arena is None:
            return
        world = world_fields(arena)
        told = ("tick", "population", "ticks_per_s", "missed_ticks")
        self._log.info("world.ticking", **{key: world[key] for key in told})

    def _tell_degraded(self, zones: ZoneTable) -> None:
        """Log what has stopped working, or works again, since the last look."""
        degraded = degraded_fields(zones)
        for each in degraded:
            if each["what"] not in self._degraded:
                self._log.warning("kernel.degraded", **each)
        for what in self._degraded - _names(degraded):
            self._mend(what)
        self._remember(degraded)

    def _mend(self, what: str) -> None:
        self._log.info("kernel.mended", what=what)
        self._memory.forget(DEGRADED, what)

    def _remember(self, degraded: list[dict[str, str]]) -> None:
        """Keep what does not work: status says for how long, and the next kernel when it works."""
        self._degraded = _names(degraded)
        now_s = self._clock.now_s()
        for each in degraded:
            if self._memory.get(DEGRADED, each["what"], now_s) is None:
                self._memory.put(DEGRADED, each["what"], {"why": each["why"][:WHY_CHARS]}, now_s)

    # The end.

    def stopping(self, cause: bytes = b"") -> bytes:
        """Say that a stop has begun, once; return the id of the event that tells so.

        Args:
            cause: id of the event that led to it.
        """
        if self._stopping_s is not None:
            return self._cause
        self._stopping_s = self._shown_s = self._clock.now_s()
        if self._people:
            self._say("\n  Stopping. (Ctrl-C again kills at once)")
        tell = self._log.note if self._people else self._log.info
        self._cause = tell("kernel.stopping", cause=cause)
        return self._cause

    def _see_stop(self, zones: ZoneTable, passed_s: float) -> None:
        stop = zones.stop
        if stop is not None:
            self._show_ended(zones)
            phase = "" if stop.stage is Stage.DONE else stop.stage.name.lower()
            self._log_phase("stop.phase", STOP, phase)
        holders = zones.leaving.held_up_by()
        if passed_s <= HOLD_UP_S or not holders:
            return
        if self._moving:
            if self._is_time(REFRESH_S):
                self._stream.show(f"  {words.held_up(holders)}")
        elif self._is_time(HOLD_UP_S):
            for each in holders:
                self._log.warning(
                    "stop.held_up",
                    zone=each.zone,
                    doing=each.doing,
                    left_s=round(each.left_s, 1),
                    then=each.then,
                )

    def _show_ended(self, zones: ZoneTable) -> None:
        for each in zones.leaving.ended[self._zones_ended :]:
            self._zones_ended += 1
            tell = self._log.note if self._people else self._log.info
            tell(
                "zone.stopped", zone=each.zone, took_s=round(each.took_s, 3),
                killed=each.killed, cause=self._cause,
            )  # fmt: skip
            if self._people:
                state = "killed" if each.killed else "stopped"
                self._say(words.zone_line(each.zone, state, each.took_s, ""))

    def stopped(self, zones: ZoneTable) -> None:
        """Say where the world stands, and what is not saved."""
        self._show_ended(zones)
        outcome = zones.leaving.outcome()
        ran_s = self._clock.now_s() - self._began_s
        lines = words.end(zones, outcome, ran_s)
        self._tell_end("kernel.stopped", zones, lines)

    def killed(self, zones: ZoneTable) -> None:
        """Say what the second Ctrl-C has left."""
        self._tell_end("kernel.killed", zones, words.killed(zones, zones.leaving.outcome()))

    def _tell_end(self, event: str, zones: ZoneTable, lines: list[str]) -> None:
        if self._people:
            self._say("".join(f"  {line}\n" for line in lines))
        world = zones.arenas.get(WORLD_ZONE)
        values = {"tick": world.tick()} if world is not None and world.arena is not None else {}
        tell = self._log.note if self._people else self._log.info
        tell(event, text=" ".join(lines), cause=self._cause, **values)

    def _say(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()


def zones_epoch(zones: ZoneTable) -> int:
    """Return the epoch of the world: how often the right to write has passed on."""
    return zones.arenas[WORLD_ZONE].takeover_words().epoch


def _names(degraded: list[dict[str, str]]) -> set[str]:
    return {each["what"] for each in degraded}
