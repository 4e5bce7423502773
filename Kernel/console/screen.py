"""What the kernel itself shows: a banner, what came up, one moving line, how it ended.

Owns: stderr as people see it. On a terminal: banner, table, a sticky status line. Elsewhere: log
lines only. Does not own: log lines of zones (`Kernel/core/logger.py`), stdout.
"""

import os
import platform
from pathlib import Path

from Kernel.console.facts import WORLD_ZONE, degraded_fields, world_fields
from Kernel.console.status_line import StatusLine
from Kernel.core.logger import Log
from Kernel.core.zone_table import ZoneTable
from Kernel.ports.clock import Clock

VERSION = "0.1.0"
REFRESH_S = 0.5
PIPE_REFRESH_S = 10.0
HOLD_UP_S = 2.0
RESUMED = "the world that is there goes on with its own parameters"
"""Why a scenario was not founded."""


class Screen:
    """Writes for people; knows whether somebody sits there."""

    def __init__(self, stream: StatusLine, log: Log, clock: Clock) -> None:
        self._stream = stream
        self._log = log
        self._clock = clock
        self._terminal = stream.isatty()
        self._shown_s = clock.now_s()
        self._up = False
        self._stopping_s: float | None = None

    def banner(self, home: Path) -> None:
        """Say who starts, before anything else."""
        if self._terminal:
            self._say(
                f"\n  ◉ molt {VERSION}   pid {os.getpid()} · Python {platform.python_version()}"
                f" · home {home}\n"
            )
        else:
            self._log.info("kernel.started", version=VERSION, pid=os.getpid(), home=str(home))

    def ready(self, zones: ZoneTable, boot_s: float, scenario: str | None = None) -> None:
        """Say what came up.

        Args:
            scenario: the one the operator asked for; whether it was founded is said, too.
        """
        self._up = True
        world = zones.arenas.get(WORLD_ZONE)
        founded = scenario if world is not None and world.resumed_tick is None else None
        resumed_tick = world.resumed_tick if world is not None and scenario else None
        if not self._terminal:
            self._log.info("kernel.ready", boot_s=boot_s, degraded=degraded_fields(zones))
            if founded:
                self._log.info("scenario.founded", scenario=scenario)
            if resumed_tick is not None:
                self._log.warning(
                    "scenario.not_founded", scenario=scenario, tick=resumed_tick, why=RESUMED
                )
            return
        for keeper in zones.keepers():
            doing = ""
            if keeper is world:
                fields = world_fields(world)
                begins = "founded ·" if world.resumed_tick is None else "goes on at"
                doing = f"{begins} tick {_number(fields['tick'])} · {fields['population']} molbots"
                doing += f" · scenario {founded}" if founded else ""
            self._say(f"    {keeper.config.name:<10} {keeper.state_word():<10} {doing}".rstrip())
        if resumed_tick is not None:
            self._say(
                f"    ▲ scenario {scenario}: not founded, {RESUMED}\n"
                f"      hint: python manifest.py --home OTHER --scenario {scenario}"
            )
        for each in degraded_fields(zones):
            self._say(f"    ▲ {each['what']}: {each['why']}   hint: {each['hint']}")
        self._say(f"\n  Up in {boot_s:.1f} s.   Console: molt status      Stop: Ctrl-C\n")

    def refresh(self, zones: ZoneTable) -> None:
        """Renew the moving line: the world, or whom a stop waits for."""
        now_s = self._clock.now_s()
        period_s = REFRESH_S if self._terminal else PIPE_REFRESH_S
        if not self._up or now_s - self._shown_s < period_s or WORLD_ZONE not in zones.arenas:
            return
        self._shown_s = now_s
        if self._stopping_s is not None:
            if now_s - self._stopping_s > HOLD_UP_S:
                self._stream.show(f"  waiting for {', '.join(zones.held_up_by())}")
            return
        arena = zones.arenas[WORLD_ZONE]
        if arena.arena is None:
            return
        world = world_fields(arena)
        if not self._terminal:
            self._log.info(
                "world.ticking",
                tick=world["tick"],
                population=world["population"],
                ticks_per_s=world["ticks_per_s"],
                missed_ticks=world["missed_ticks"],
            )
            return
        state = "paused" if world["paused"] else f"{world['ticks_per_s']:.1f}/s"
        self._stream.show(
            f"  tick {_number(world['tick'])} · {state} · {world['population']} molbots"
            f" · missed {world['missed_ticks']} · epoch {zones_epoch(zones)}"
        )

    def stopping(self) -> None:
        """Say that a stop has begun."""
        if self._stopping_s is not None:
            return
        self._stopping_s = self._clock.now_s()
        if self._terminal:
            self._say("\n  Stopping. (Ctrl-C again to kill)")
        else:
            self._log.info("kernel.stopping")

    def stopped(self, zones: ZoneTable) -> None:
        """Say where the world stands."""
        arena = zones.arenas.get(WORLD_ZONE)
        if arena is None or arena.arena is None:
            text = "Stopped before the world was up; it is as it was."
            values: dict[str, int] = {}
        else:
            text = f"Stopped at tick {_number(arena.tick())}. Nothing lost."
            values = {"tick": arena.tick()}
        if self._terminal:
            self._say(f"  {text}\n")
        else:
            self._log.info("kernel.stopped", **values)

    def _say(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()


def zones_epoch(zones: ZoneTable) -> int:
    """Return the epoch of the world: how often the right to write has passed on."""
    return zones.arenas[WORLD_ZONE].takeover_words().epoch


def _number(value: int) -> str:
    return f"{value:,}".replace(",", "\N{THIN SPACE}")
