"""Keep one zone alive: bring what happened to those who decide and to those who act.

Owns: what is one for all generations of a zone (its settings, serial numbers, notes, who serves),
the order of a round. Does not own: its generations (`generations.py`) and their processes
(`line.py`), the watch over whoever serves (`zone_watch.py`), words of the arena
(`arena_keeper.py`), the bus (`bus_keeper.py`), the loop.
"""

from typing import Any

from Kernel.config import ZoneConfig
from Kernel.contract.zygote_protocol import Fork, Progress, Unprepared
from Kernel.core import supervisor as sup
from Kernel.core.berth import Berth, Death
from Kernel.core.generations import Generations
from Kernel.core.ladder import Ladder, Rules
from Kernel.core.line import Line
from Kernel.core.parts import Parts
from Kernel.core.zone_limits import ZoneLimits
from Kernel.core.zone_strains import Depth
from Kernel.core.zone_watch import ZoneWatch
from Kernel.core.zygote_start import Donor
from Kernel.ports.process import Exit
from Kernel.ports.versions import Source


class Keeper:
    """One zone. Subclasses add how its processes speak: by memory, or by the private bus."""

    def __init__(self, config: ZoneConfig, parts: Parts, rules: Rules = Rules()) -> None:  # noqa: B008
        self.config = config
        self.parts = parts
        self.rules = rules
        self.unprepared: Unprepared | None = None
        self.stopping = False
        self.holds_former = False
        """Keep the generation before warm: something that came in with this one is under guard."""
        self.notes: list[dict[str, str]] = []
        self.generations = Generations(self)
        self.watch = ZoneWatch(self)
        self.limits = ZoneLimits(self)
        self._serial = 0
        self.last_end = b""
        """Id of what has ended the last process that served, or has it leave; what follows it is
        caused by that."""
        self.last_service = b""
        """Id of the event that tells who serves."""

    # What a subclass gives.

    def progress(self) -> tuple[int, ...] | None:
        """Return what must move while the zone is alive, None while nothing is expected to."""
        raise NotImplementedError

    def moved_s(self, now_s: float) -> float:
        """Return when what `progress` tells has last moved, as far as it is known."""
        return now_s

    def watched_pid(self) -> int:
        """Return the process to end when nothing moves, 0 for nobody."""
        raise NotImplementedError

    def standing_by(self) -> dict[int, int]:
        """Return how often each process that stands by has said so, by pid."""
        return {}

    def zygotes(self) -> list[int]:
        """Return the zygotes of its generations."""
        states = (line.state for line in self.lines.values())
        return [state.zygote.pid for state in states if state.zygote is not None]

    def traits_for(self, _source: Source) -> tuple[str, ...]:
        """Return the hashes of the traits that a new generation of a source is to load."""
        return ()

    def donors_for(self, line: Line) -> list[Donor]:
        """Return the generations of which a zygote could be forked for one."""
        return self.generations.donors_for(line)

    def fork_message(self, line: Line, serial: int, role: str) -> tuple[Fork, list[int]]:
        """Return the Fork to send and the descriptors that go with it."""
        raise NotImplementedError

    def has_progressed(self, berth: Berth) -> bool:
        """Tell whether a process that has died had done any work."""
        raise NotImplementedError

    def on_prepared(self, line: Line) -> None:
        """Take the zygote's facts; raise CodecError, or ArenaError for an arena out of reach."""
        self.unprepared = None

    def on_founder_exit(self, line: Line, code: int | None) -> bool:
        """The founder is gone; return whether the arena is there now."""
        raise NotImplementedError

    def forget(self, berth: Berth) -> None:
        """Close what was held for a process that is gone."""
        raise NotImplementedError

    def is_good_moment(self) -> bool:
        """Tell whether a fork would be in nobody's way just now; it is asked again soon."""
        return True

    def is_ready(self, line: Line) -> bool:
        """Tell whether a generation could serve at once."""
        raise NotImplementedError

    def hand_over(self, line: Line, before: Line | None) -> None:
        """Let `line` serve from now on in place of another generation."""
        raise NotImplementedError

    def depth(self) -> Depth:
        """Return how much of what it has said waits to be stored."""
        return Depth()

    def can_be_followed(self) -> bool:
        """Tell whether somebody could take the place of who serves at once."""
        raise NotImplementedError

    def send_off(self) -> None:
        """Ask who serves to leave in order."""
        raise NotImplementedError

    def before_deciding(self) -> None:
        """Look at the zone's own words or messages."""

    def after_deciding(self) -> None:
        """Publish what follows from the state."""

    def what_it_runs(self, pid: int) -> str:
        """Return what a process that hangs was at, for people."""
        return ""

    # What is told of it.

    @property
    def lines(self) -> dict[int, Line]:
        """Its generations by number."""
        return self.generations.lines

    @property
    def ladder(self) -> Ladder:
        """Which of its generations serves, and which are kept or made ready."""
        return self.generations.ladder

    @property
    def line(self) -> Line | None:
        """The generation that serves or is to; before there is one, the first that is begun."""
        return self.lines.get(self.ladder.current) or self.lines.get(self.ladder.incoming)

    @property
    def state(self) -> sup.Generation:
        """The state of `line`, an empty one while there is none."""
        line = self.line
        return line.state if line is not None else sup.Generation(self.config.name)

    @property
    def active(self) -> sup.Process | None:
        """The process that serves, whichever generation it is of."""
        found = (line.state.active for line in self.lines.values() if line.state.active)
        return next(found, None)

    @property
    def facts(self) -> dict[str, Any]:
        """What the zygote of `line` says of its generation."""
        return self.line.facts if self.line is not None else {}

    @property
    def progress_note(self) -> Progress | None:
        """How far the zygote of `line` says its preparing is, None when it says nothing."""
        return self.line.progress_note if self.line is not None else None

    @property
    def restarts(self) -> int:
        """Processes that took the place of one that had served, since boot."""
        return self.generations.restarts

    @property
    def postponed(self) -> bool:
        """Whether something waits for a moment that will not announce itself: look again soon."""
        return self.watch.is_dumping or any(line.postponed for line in self.lines.values())

    def state_word(self) -> str:
        """Return one word for people: ready, paused, starting, restarting, waiting or stopped."""
        if self.active is not None:
            return "paused" if self.is_stopped else "ready"
        return sup.state_word(self.state, self.config.policy, self.parts.clock.now_s())

    @property
    def is_stopped(self) -> bool:
        """Whether who serves stands still because the governor has stopped it."""
        return self.limits.governor.is_stopped

    def pids(self) -> list[int]:
        """Return every process of the zone that is not reaped yet."""
        return [pid for line in self.lines.values() for pid in line.pids()]

    def forked_pids(self) -> list[int]:
        """Return its processes but the zygotes, which run no generated code."""
        return [berth.pid for berth in self.berths() if berth.pid]

    def flooded_s(self) -> float | None:
        """Return when a line of its stderr was left out last, None for never."""
        found = [line.flooded_s for line in self.lines.values()]
        return max((each for each in found if each is not None), default=None)

    def berths(self) -> list[Berth]:
        """Return what is held for each forked process that is not reaped yet."""
        return [berth for line in self.lines.values() for berth in line.berths.values()]

    def berth_of(self, pid: int) -> Berth | None:
        """Return what is held for a process, or None."""
        return next((berth for berth in self.berths() if berth.pid == pid), None)

    @property
    def is_service_untold(self) -> bool:
        """Whether it is yet to be told who serves now."""
        return False

    def service_facts(self, line: Line) -> dict[str, str]:
        """Return which generation computes from now on, by its name and by what it was built of."""
        generation = str(line.facts.get("generation", ""))
        return {"generation": generation, "build": str(line.facts.get("build", generation))}

    # Rounds.

    def learn(self, event: sup.Event) -> None:
        """Let every generation know of something that concerns them all."""
        if isinstance(event, sup.StopAsked):
            self.stopping = True
            self.limits.governor.close()
        for line in self.lines.values():
            line.learn(event)

    def look(self) -> None:
        """One round: look, decide, act."""
        self.before_deciding()
        now_s = self.parts.clock.now_s()
        self.watch.look(now_s)
        self.limits.look(now_s)
        self.generations.look(now_s)
        self.after_deciding()

    def next_look_s(self, now_s: float) -> float:
        """Return when this zone must be looked at again at the latest, monotonic seconds."""
        return self.watch.next_look_s(now_s)

    def next_serial(self) -> int:
        """Return the number of the next process of the zone."""
        self._serial += 1
        return self._serial

    def on_unprepared(self, message: Unprepared) -> None:
        """Keep what a service said about why it cannot be made ready."""
        self.unprepared = message

    def on_exit(self, exit_: Exit) -> bool:
        """Take the end of a process; False if it is not one of this zone's."""
        return any(line.on_exit(exit_) for line in list(self.lines.values()))

    def on_process_exit(self, line: Line, berth: Berth, exit_: Exit, death: Death) -> None:
        """Remember what ended who served; keep the stacks of one that was hung."""
        # Of a generation that was let go no death is told: then what had it leave is known.
        cause = death.event_id or berth.cause
        if death.role == "active" and cause:
            self.last_end = cause
        self.watch.keep_stack(berth, exit_, cause)

    def kill(self, pid: int, why: str, cause: bytes = b"") -> None:
        """End a process at once and remember why, for the verdict on its death.

        Args:
            cause: id of the event that led to it.
        """
        line = next((each for each in self.lines.values() if pid in each.pids()), None)
        if line is not None:
            line.kill(pid, why, cause)

    def replace_active(self, why: str, cause: bytes) -> None:
        """Have who serves leave in order, and the next one take its place.

        Args:
            cause: id of the event that led to it.
        """
        active = self.active
        berth = self.berth_of(active.pid) if active is not None else None
        assert berth is not None, "asked only while somebody serves"
        drained = self.parts.log.info(
            "zone.drained", zone=self.config.name, pid=berth.pid, why=why, cause=cause
        )
        berth.excused, berth.cause = True, drained
        self.last_end = drained
        self.limits.governor.let_go()
        self.send_off()

    def begin_afresh(self, cause: bytes) -> None:
        """Begin a generation by exec, which takes over when it is warm."""
        self.generations.renew(cause, fresh=True)

    def end_stopped_zygote(self, pid: int, why: str) -> None:
        """End a zygote that somebody outside has stopped."""
        for line in self.lines.values():
            if line.state.zygote is not None and line.state.zygote.pid == pid:
                line.end_stopped_zygote(why)

    def note(self, what: str, why: str, hint: str) -> None:
        """Show something that does not work as it should, until it is forgotten by `unnote`."""
        fields = {"what": f"{self.config.name}: {what}", "why": why, "hint": hint}
        if fields in self.notes:
            return
        self.unnote(what)
        self.notes.append(fields)
        self.parts.log.warning("zone.degraded", zone=self.config.name, why=why, hint=hint)

    def unnote(self, what: str) -> None:
        """Forget what was noted about `what`."""
        name = f"{self.config.name}: {what}"
        self.notes = [each for each in self.notes if each["what"] != name]
