"""Keep one zone alive: its generations, its watch; bring what happened to those who decide.

Owns: the generations of one zone and the watch over whoever serves. Does not own: decisions
(`supervisor.py`, `ladder.py`, `watchdog.py`), one generation's processes (`line.py`), words of
the arena (`arena_keeper.py`), the bus (`bus_keeper.py`), the loop.
"""

import signal
from typing import Any

from Kernel.config import ZoneConfig
from Kernel.contract.errors import MoltError, Refused
from Kernel.contract.zygote_protocol import Fork, Progress, Unprepared
from Kernel.core import ladder as rungs
from Kernel.core import supervisor as sup
from Kernel.core import watchdog
from Kernel.core.berth import Berth, Death
from Kernel.core.ladder import Ladder, Rules, Rung
from Kernel.core.line import Line
from Kernel.core.parts import Parts
from Kernel.core.watchdog import Mode, Verdict, Watch
from Kernel.ports.process import Exit
from Kernel.ports.stacks import has_stack, keep_stack, read_stack
from Kernel.ports.versions import CHECKOUT, Source

DUMP_S = 0.01
"""How long a hung process may take to dump its stacks before it is ended."""
FINGERPRINT_S = 2.0
"""How often the files of the checkout are looked at while something else serves."""
LEAVE_S = 5.0
"""How long a bus process of a generation that was replaced may take to leave. An arena process that
does not is hung, or still needed because nobody is ready to follow it."""
STOPPED = "Tt"


class Keeper:
    """One zone. Subclasses add how its processes speak: by memory, or by the private bus."""

    def __init__(self, config: ZoneConfig, parts: Parts, rules: Rules = Rules()) -> None:  # noqa: B008
        self.config = config
        self.parts = parts
        self.rules = rules
        self.ladder = Ladder()
        self.lines: dict[int, Line] = {}
        self.unprepared: Unprepared | None = None
        self.stopping = False
        self.notes: list[dict[str, str]] = []
        self.watch = Watch()
        self._serial = 0
        self._restarts_before = 0
        self.served = False
        self._looked_s = 0.0
        self._dump_until_s: dict[int, float] = {}
        self._dump_why: dict[int, str] = {}
        self._fingerprint = ""
        self._fingerprint_s = 0.0
        self._changed = False
        self._slot: Source | None = None
        self._slot_checked = 0
        self.last_end = b""
        """Id of what has ended the last process that served, or has it leave; what follows it is
        caused by that."""
        self.last_service = b""
        """Id of the event that tells who serves."""
        self.given_up = b""
        """Id of the event that tells of having given up."""
        self._promoted = b""

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

    def before_deciding(self) -> None:
        """Look at the zone's own words or messages."""

    def after_deciding(self) -> None:
        """Publish what follows from the state."""

    def what_it_runs(self, pid: int) -> str:
        """Return what a process that hangs was at, for people."""
        return ""

    # What is told of it.

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
        return self._restarts_before + sum(line.state.restarts for line in self.lines.values())

    @property
    def postponed(self) -> bool:
        """Whether something waits for a moment that will not announce itself: look again soon."""
        return bool(self._dump_until_s) or any(line.postponed for line in self.lines.values())

    def state_word(self) -> str:
        """Return one word for people: ready, starting, restarting, waiting or stopped."""
        if self.active is not None:
            return "ready"
        return sup.state_word(self.state, self.config.policy, self.parts.clock.now_s())

    def pids(self) -> list[int]:
        """Return every process of the zone that is not reaped yet."""
        return [pid for line in self.lines.values() for pid in line.pids()]

    def berths(self) -> list[Berth]:
        """Return what is held for each forked process that is not reaped yet."""
        return [berth for line in self.lines.values() for berth in line.berths.values()]

    def berth_of(self, pid: int) -> Berth | None:
        """Return what is held for a process, or None."""
        return next((berth for berth in self.berths() if berth.pid == pid), None)

    # Rounds.

    def learn(self, event: sup.Event) -> None:
        """Let every generation know of something that concerns them all."""
        if isinstance(event, sup.StopAsked):
            self.stopping = True
        for line in self.lines.values():
            line.learn(event)

    def look(self) -> None:
        """One round: look, decide, act."""
        self.before_deciding()
        now_s = self.parts.clock.now_s()
        self._watch_progress(now_s)
        self._end_dumped(now_s)
        if not self.stopping:
            self._climb(now_s)
        for line in list(self.lines.values()):
            line.look(now_s)
            if line.retired_s is not None:
                self._see_off(line, now_s)
        self.after_deciding()

    def next_look_s(self, now_s: float) -> float:
        """Return when this zone must be looked at again at the latest, monotonic seconds."""
        if not self.watch.progress:
            return now_s + self.config.deadline_s
        return watchdog.next_look_s(self.watch, self.config.deadline_s, now_s)

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
        self._dump_until_s.pop(exit_.pid, None)
        why = self._dump_why.pop(exit_.pid, "")
        if not why:
            return
        text = read_stack(berth.stack_fd) or "(it could not dump its stacks)"
        place = ""
        if self.parts.stacks is not None:
            name = f"{self.config.name}-{exit_.pid}"
            try:
                place = str(keep_stack(self.parts.stacks, name, f"{why}\n\n{text}"))
            except OSError as error:
                place = f"not kept: {error.strerror or error}"
        self.parts.log.error(
            "zone.stack", zone=self.config.name, pid=exit_.pid, why=why, file=place,
            top=_top_frame(text), cause=cause,
        )  # fmt: skip

    def kill(self, pid: int, why: str, cause: bytes = b"") -> None:
        """End a process at once and remember why, for the verdict on its death.

        Args:
            cause: id of the event that led to it.
        """
        line = next((each for each in self.lines.values() if pid in each.pids()), None)
        if line is not None:
            line.kill(pid, why, cause)

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

    # The watch.

    def _watch_progress(self, now_s: float) -> None:
        progress = self.progress()
        # Who has not looked himself for long (stopped, starved) must not blame others for it.
        asleep = now_s - self._looked_s > self.config.deadline_s / 2
        looked_s, self._looked_s = self._looked_s, now_s
        if progress is None or self.stopping or asleep:
            self.watch = Watch(progress or (), now_s)
            return
        moved_s = min(max(self.moved_s(now_s), looked_s), now_s)
        told = self.watch.told
        self.watch = watchdog.observe(self.watch, progress, moved_s)
        if told and not self.watch.told:
            self.unnote("watchdog")
        pid = self.watched_pid()
        if self.watch.since_s + self.config.deadline_s * watchdog.LOOK_SHARE > now_s or not pid:
            return
        self._judge(pid, now_s)

    def _judge(self, pid: int, now_s: float) -> None:
        config, watch = self.config, self.watch
        load = self.parts.loads.load(pid)
        match watchdog.judge(watch, config.deadline_s, config.watchdog, load, now_s):
            case Verdict.MEASURE:
                self.watch = watchdog.note(watch, load, now_s)
            case Verdict.STARVED:
                self.watch = watchdog.extend(watch, load, now_s)
                self.parts.log.warning(
                    "zone.starved", zone=config.name, pid=pid, deadline_s=config.deadline_s
                )
            case Verdict.HUNG if config.watchdog is Mode.PASSIVE:
                self._tell_hung(pid)
            case Verdict.HUNG if pid not in self._dump_until_s:
                self._dump(pid, now_s)

    def _tell_hung(self, pid: int) -> None:
        """Passive: what is seen is recorded, and nobody is ended."""
        if self.watch.told:
            return
        self.watch = watchdog.tell(self.watch)
        why = f"no progress in {self.config.deadline_s * 1000:g} ms; its watchdog is passive"
        self.parts.log.warning("zone.hung", zone=self.config.name, pid=pid, why=why)
        self.note("watchdog", f"pid {pid} hangs: {why}", f"kill -9 {pid}")

    def _dump(self, pid: int, now_s: float) -> None:
        """Have a hung process say where it is; one that is stopped cannot, and is ended now."""
        why = f"no progress in {watchdog.limit_s(self.watch, self.config.deadline_s) * 1000:g} ms"
        standing = self.parts.loads.standstill(pid)
        told = [why, f"state {standing.state}", self.what_it_runs(pid)]
        told += [f"waits in {standing.waits_in}"] if standing.waits_in else []
        self._dump_why[pid] = why = ", ".join(each for each in told if each)
        berth = self.berth_of(pid)
        cause = berth.cause if berth is not None else b""
        hung = self.parts.log.note(
            "zone.hung", zone=self.config.name, pid=pid, why=why, cause=cause
        )
        if berth is not None:
            berth.cause = hung
        if standing.state in STOPPED:
            # Somebody has stopped it: as little evidence against its code as a SIGKILL.
            if berth is not None:
                berth.excused = True
            self._end_hung(pid)
            return
        self.parts.processes.send_signal(pid, signal.SIGUSR1)
        self._dump_until_s[pid] = now_s + DUMP_S

    def _end_dumped(self, now_s: float) -> None:
        for pid, until_s in list(self._dump_until_s.items()):
            berth = self.berth_of(pid)
            if berth is None:
                del self._dump_until_s[pid]
            elif now_s >= until_s or has_stack(berth.stack_fd):
                self._end_hung(pid)

    def _end_hung(self, pid: int) -> None:
        self._dump_until_s.pop(pid, None)
        self.kill(pid, self._dump_why.get(pid, "hung"))
        self.watch = Watch((), self.parts.clock.now_s())

    # The ladder.

    def _climb(self, now_s: float) -> None:
        seen = {number: self._rung(line) for number, line in self.lines.items()}
        gave_up = self.ladder.gave_up
        self.ladder, moves = rungs.climb(
            self.ladder,
            seen,
            self.rules,
            now_s,
            has_slot=self._has_slot(seen),
            changed=self._has_changed(seen, now_s),
        )
        for move in moves:
            self._move(move, now_s)
        if self.ladder.gave_up and not gave_up:
            why, blame = self.ladder.gave_up, self._blame(self.ladder.current)
            self.given_up = self.parts.log.error(
                "zone.given_up", zone=self.config.name, why=why, cause=blame
            )

    def _blame(self, number: int) -> bytes:
        """Return the id of the last event that spoke against a generation."""
        line = self.lines.get(number)
        return line.blame if line is not None else b""

    def _rung(self, line: Line) -> Rung:
        return Rung(
            slot=line.source is not CHECKOUT,
            prepared=line.prepared,
            ready=self.is_ready(line),
            serving=line.state.active is not None,
            spent=line.spent(),
        )

    def _has_slot(self, seen: dict[int, Rung]) -> bool:
        """Look for the slot when somebody must be replaced, once: verifying it reads every file."""
        current = seen.get(self.ladder.current)
        needed = self.ladder.count > 0 and (current is None or bool(current.spent))
        if not needed or self.ladder.incoming or self.ladder.slot_spent:
            return False
        if self._slot_checked == self.ladder.count:
            return self._slot is not None
        self._slot_checked = self.ladder.count
        try:
            self._slot = self.parts.versions.fallback()
        except MoltError as error:
            self._slot = None
            self.note("slot fallback", error.message, error.hint)
        return self._slot is not None

    def _has_changed(self, seen: dict[int, Rung], now_s: float) -> bool:
        """Tell whether the checkout has changed, while that is a reason to try it again."""
        current = seen.get(self.ladder.current)
        waits = bool(self.ladder.gave_up) or (current is not None and current.slot)
        if not waits or self.ladder.incoming:
            return False
        if now_s - self._fingerprint_s >= FINGERPRINT_S:
            self._fingerprint_s = now_s
            self._changed = self.parts.versions.fingerprint() != self._fingerprint
        return self._changed

    def _move(self, move: rungs.Move, now_s: float, cause: bytes = b"") -> None:
        """Carry a move of the ladder out.

        Args:
            cause: id of the event that asked for it; b"": the ladder found it by itself.
        """
        match move:
            case rungs.Begin(number, slot):
                self._begin(number, slot, cause or self._blame(self.ladder.current))
            case rungs.Promote(number, before):
                line = self.lines[number]
                if before:
                    why = self.lines[before].spent() if before in self.lines else ""
                    tell = self.parts.log.warning if why else self.parts.log.info
                    self._promoted = tell(
                        "generation.promoted", zone=self.config.name, source=line.source.name,
                        generation=line.facts.get("generation", ""), why=why,
                        cause=cause or (self._blame(before) if why else line.begun),
                    )  # fmt: skip
                self._note_source(line)
                self.hand_over(line, self.lines.get(before))
            case rungs.Retire(number, why):
                line = self.lines[number]
                self.parts.log.info(
                    "generation.retired", zone=self.config.name, source=line.source.name,
                    generation=line.facts.get("generation", ""), why=why,
                    cause=cause or line.blame or self._promoted,
                )  # fmt: skip
                line.retire(now_s)

    def _begin(self, number: int, slot: bool, cause: bytes) -> None:
        source = CHECKOUT
        if slot:
            assert self._slot is not None, "the ladder begins a slot only where there is one"
            source = self._slot
        else:
            self._fingerprint = self.parts.versions.fingerprint()
            self._changed = False
        line = Line(number, source, self, self.served)
        self.lines[number] = line
        if self.stopping:
            line.learn(sup.StopAsked())
        self.on_begun(line)
        if number > 1:
            line.begun = self.parts.log.info(
                "generation.begun", zone=self.config.name, source=source.name, cause=cause
            )

    def on_begun(self, line: Line) -> None:
        """Tell a new generation what the zone knows already."""

    def _note_source(self, line: Line) -> None:
        """Say so while something else than the checkout serves."""
        if line.source is CHECKOUT:
            self.unnote("code")
            return
        self.note(
            "code",
            f"{line.source.name} serves, since the checkout cannot: {self.ladder.broken}",
            "mend it: it is taken up by itself",
        )

    def _see_off(self, line: Line, now_s: float) -> None:
        """End what is left of a generation that was let go, and forget it when it is gone."""
        assert line.retired_s is not None, "asked only of one that was let go"
        line.clear_out()
        if now_s - line.retired_s > LEAVE_S and self.config.policy.kind is sup.Kind.BUS:
            for pid in line.pids():
                self.parts.processes.send_signal(pid, signal.SIGKILL)
        if line.is_gone:
            self._restarts_before += line.state.restarts
            self.served |= line.state.served
            del self.lines[line.number]

    # What the console asks for.

    def renew(self, cause: bytes = b"") -> int:
        """Begin a generation of the checkout as it is now, and return its number.

        Args:
            cause: id of the event that asked for it.

        Raises:
            Refused: one is being made ready already.
        """
        if self.ladder.incoming:
            raise Refused(
                f"cannot renew {self.config.name}: a generation is being made ready", "molt ps"
            )
        self.ladder, moves = rungs.renew(self.ladder)
        now_s = self.parts.clock.now_s()
        for move in moves:
            self._move(move, now_s, cause)
        return self.ladder.incoming

    def warm_former(self) -> int:
        """Return the number of the generation before, which could serve again.

        Raises:
            Refused: there is none that is warm.
        """
        number = self.ladder.former
        if not number or number not in self.lines:
            raise Refused(
                f"cannot go back in {self.config.name}: no generation before is warm", "molt ps"
            )
        return number

    def go_back(self, cause: bytes = b"") -> int:
        """Let the generation before serve again, at once, and return its number.

        Args:
            cause: id of the event that asked for it.

        Raises:
            Refused: there is none that is warm.
        """
        number = self.warm_former()
        now_s = self.parts.clock.now_s()
        seen = {each: self._rung(line) for each, line in self.lines.items()}
        self.ladder, moves = rungs.promote(self.ladder, seen, self.rules, now_s, number)
        for move in moves:
            self._move(move, now_s, cause)
        self.end_untrusted(number)
        return number

    def end_untrusted(self, number: int) -> None:
        """End the active process of any other generation: its code is not asked for anything."""
        for line in self.lines.values():
            active = line.state.active
            if line.number != number and active is not None:
                berth = line.berth_of(active.pid)
                if berth is not None:
                    berth.excused, berth.cause = True, self._promoted
                self.parts.processes.send_signal(active.pid, signal.SIGKILL)

    @property
    def is_service_untold(self) -> bool:
        """Whether it is yet to be told who serves now."""
        return False

    def service_facts(self, line: Line) -> dict[str, str]:
        """Return which generation computes from now on, by its name and by what it was built of."""
        generation = str(line.facts.get("generation", ""))
        return {"generation": generation, "build": str(line.facts.get("build", generation))}


def _top_frame(text: str) -> str:
    """Return the innermost frame of the thread that a dump tells of first, for one log line."""
    frames = (line.strip() for line in text.splitlines() if line.lstrip().startswith("File "))
    return next(frames, "")
