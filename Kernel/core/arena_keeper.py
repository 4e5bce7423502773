"""Keep one arena zone: its file, its words.

Owns: what the kernel writes into an arena (permission, drain, anchor at boot) and reads
from it. Does not own: inputs (`inbox_writer.py`), what a tick does, processes (`keeper.py`),
decisions (`succession.py`).
"""

import signal
from pathlib import Path
from typing import Any

from Kernel.config import ZoneConfig
from Kernel.contract.arena import (
    NEVER,
    ArenaWords,
    Header,
    Side,
)
from Kernel.contract.errors import ArenaError, CodecError, Refused
from Kernel.contract.founding_report import FOUNDED, FoundingReport
from Kernel.contract.inputs import QUARANTINE, Input
from Kernel.contract.zygote_protocol import Fork
from Kernel.core import supervisor as sup
from Kernel.core.arena_view import ArenaView
from Kernel.core.blame import Verdict
from Kernel.core.generation_facts import GenerationFacts, parse_facts
from Kernel.core.inbox_writer import InboxWriter
from Kernel.core.inquest import Inquest, find_evidence, place_of
from Kernel.core.ladder import Rules
from Kernel.core.line import Berth, Death, Line
from Kernel.core.parts import Parts
from Kernel.core.succession import decide_permission
from Kernel.ports.arena_file import ArenaHandle
from Kernel.ports.process import Exit

ANCHOR_AHEAD_NS = 2_000_000
CRASHES_MAX = 2
FORK_PATIENCE_NS = 150_000_000
REAPED_S = 0.25
"""A takeover is told when the end of the owner before is known, or after this."""
OF_THE_PAST = ("arena", "snapshots", "world", "replay", "events", "migration")
"""Notes about what a founding has lost; what else is noted is so as long as the note stands."""


class ArenaKeeper(ArenaView):
    """One arena zone.

    Args:
        folders: where the arena may lie, best first.
        snapshots: the folder a lost arena is restored from.

    Attributes:
        resumed_tick: the tick at which this boot found its world, in an arena or a snapshot; None:
            it has found none yet, or has founded one by the settings.
        restored: what the founder has told, where it restored the world of this boot.
    """

    def __init__(
        self,
        config: ZoneConfig,
        parts: Parts,
        folders: list[Path],
        snapshots: Path,
        rules: Rules = Rules(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(config, parts, rules)
        self.resumed_tick: int | None = None
        self.restored: FoundingReport | None = None
        self._folders = folders
        self._snapshots = snapshots
        self._inspect: Path | None = None
        self._crashes = 0  # of founders that looked at it
        self._told: dict[int, GenerationFacts] = {}
        self._columns = b""
        self._causes = False
        self._moving_from: Path | None = None
        self._left: ArenaHandle | None = None
        self._doors: dict[int, tuple[int, int]] = {}  # serial -> (door, ring) eventfds
        self._schema_hash = b""
        self._period_ns = 0
        self._inquest = Inquest(config.name, parts.log)
        self._drained_pid = 0
        self._anchored = False
        self._untold: tuple[dict[str, Any], float] | None = None
        self.inbox: InboxWriter | None = None

    # The arena.

    @property
    def inspects(self) -> bool:
        """Whether a founder looks at an arena that is there, instead of founding one."""
        return self._inspect is not None

    def on_prepared(self, line: Line) -> None:
        """Take the arena that is there, if it fits this generation; else have one founded.

        Raises:
            CodecError: the generation does not say what it must.
        """
        super().on_prepared(line)
        try:
            told = parse_facts(line.facts)
        except (KeyError, TypeError, ValueError) as error:
            raise CodecError(f"cannot use the facts of {self.config.name}: {error!r}") from error
        self._told = {number: each for number, each in self._told.items() if number in self.lines}
        self._told[line.number] = told
        if self.arena is not None:
            fits = self._fits(line)
            line.learn(sup.Founded() if fits else sup.Unfounded())
            line.learn(sup.Held(not fits))  # a founder must not work beside a world that ticks
            if line.number == self.ladder.current:
                self._use(told)
                if not fits and self._moving_from is None:
                    self._begin_move()  # started again, it has loaded a checkout that has changed
            return
        self._use(told)
        if self._moving_from is not None:
            line.learn(sup.Held(line.number != self.ladder.current))  # one founder is enough
            return
        path = self.parts.arenas.find(self._folders, self.config.name)
        # A founder that can looks at it first: it knows the columns. One that cannot would put
        # another arena in its place.
        self._inspect = path if line.facts.get("inspects") is True else None
        if path is not None and self._inspect is None and self._open(path):
            self.resumed_tick = self.tick()
            line.learn(sup.Founded())

    def _use(self, told: GenerationFacts) -> None:
        self._schema_hash, self._period_ns = told.schema_hash, told.period_ns
        self._causes = told.causes
        if self.inbox is not None:
            self.inbox.causes = told.causes
        self.parameters, self.phases = told.parameters, told.phases

    def _fits(self, line: Line) -> bool:
        """Tell whether a generation computes in the columns of the arena that is open."""
        told = self._told.get(line.number)
        return told is not None and self.arena is not None and told.schema_hash == self._columns

    def _open(self, path: Path) -> bool:
        try:
            arena = self.parts.arenas.open(path, self._schema_hash)
        except OSError as error:  # no descriptors, no memory: the arena itself may be well
            raise ArenaError(f"cannot open {path}: {error.strerror or error}") from error
        except ArenaError as error:
            self._set_aside(path, str(error))
            return False
        words = arena.words
        words.put(Header.PERMISSION, 0)
        words.put(Header.DRAIN_AT, NEVER)
        words.put(Header.FLIGHT, 0)
        words.put(Header.OWNER, 0)
        words.put(Header.FOUND_OWNER, 0)
        words.put(Header.PERIOD_NS, self._period_ns)
        self._inquest.resume(words)
        self.arena = arena
        if self._left is not None:
            self.parts.arenas.close(self._left)
            self._left = None
        self._columns = words.get_bytes(Header.SCHEMA_HASH, 32)
        self._anchored = False
        self.inbox = InboxWriter(self.config.name, words, arena.side, self._knock_active)
        self.inbox.causes = self._causes
        self._tell_differences(words)
        elsewhere = self.parts.arenas.why_elsewhere(path, self._folders)
        if elsewhere:
            self.note("shared memory", elsewhere, "df -h /dev/shm")
        return True

    def _tell_differences(self, words: ArenaWords) -> None:
        """Say which settings a world that is there does not follow: they are for founding only."""
        wanted, found = self.facts.get("seed"), words.get(Header.SEED)
        if wanted is not None and wanted != found:
            self.note(
                "settings",
                f"cannot give a world that is there another seed: it has {found}, "
                f"the settings say {wanted}",
                f"set world.seed back to {found}, or: python manifest.py --home OTHER",
            )

    def reader_descriptors(self) -> dict[str, int] | None:
        """Return descriptors for a zone that may read this arena."""
        if self.arena is None:
            return None
        name = self.config.name
        return {f"arena.{name}": self.arena.read_only_fd, f"side.{name}": self.arena.side_fd}

    # What Keeper asks for.

    def fork_message(self, line: Line, serial: int, role: str) -> tuple[Fork, list[int]]:
        """Return the Fork for a founder or an heir."""
        if role == "founder":
            facts = {
                "zone": self.config.name,
                "folders": [str(folder) for folder in self._folders],
                "snapshots": str(self._snapshots),
            }
            if self._moving_from is not None:
                facts["migrate_from"] = str(self._moving_from)
            elif self._inspect is not None:
                facts["inspect"] = str(self._inspect)
            return Fork(serial, role, [], facts), []
        assert self.arena is not None, "an heir is forked onto an arena that is there"
        doors = self.parts.doors
        door = doors.make()
        try:
            ring = doors.make()
        except OSError:
            doors.close(door)
            raise
        self._doors[serial] = (door, ring)
        self.parts.loop.watch(ring, lambda _events: self._on_ring(line, serial, ring))
        names = ["arena", "side", "mutex", "door", "ring"]
        descriptors = [self.arena.fd, self.arena.side_fd, self.arena.mutex_fd, door, ring]
        urgent = self.served and self.active is None  # nobody ticks: it is waited for
        return Fork(serial, role, names, {"nice": self.config.nice, "urgent": urgent}), descriptors

    def _on_ring(self, line: Line, serial: int, ring: int) -> None:
        if self.parts.doors.heard(ring):
            line.on_ready(serial)

    def forget(self, berth: Berth) -> None:
        """Close the eventfds of a process that is gone; a drill that hung it ends with it."""
        if berth.excused:
            self.set_drill(0)
        door, ring = self._doors.pop(berth.serial, (-1, -1))
        if ring >= 0:
            self.parts.loop.unwatch(ring)
            self.parts.doors.close(door)
            self.parts.doors.close(ring)

    def on_founder_exit(self, line: Line, code: int | None) -> bool:
        """Map the arena the founder has seen to, and tell what it says."""
        if self.arena is not None:
            # Another was quicker. Opened again it would get a second right to write.
            return self._fits(line)
        path = self.parts.arenas.find(self._folders, self.config.name)
        report = self.parts.arenas.take_report(self._folders, self.config.name)
        if code is None and path is not None and path == self._inspect:
            self._count_crash(path)
        try:
            if code != 0 or path is None:
                return False
            if not self._open(path):  # it would make another one like it
                line.learn(sup.Condemned("its founder made an arena that does not fit it"))
                return False
        except ArenaError as error:  # no descriptors, no memory: the next founder is tried later
            self.parts.log.warning("zone.not_started", zone=self.config.name, why=error.message)
            return False
        self._inspect = self._moving_from = None
        # A new world begins at tick 0; a report says so of one that was kept there.
        kept = report is not None and report.did != FOUNDED
        self.resumed_tick = self.tick() if kept else self.tick() or None
        self.restored = report if report is not None and report.replayed is not None else None
        for each in self.lines.values():
            if each is not line:
                each.learn(sup.Founded() if self._fits(each) else sup.Unfounded())
                each.learn(sup.Held(not self._fits(each)))
        for note in report.notes if report is not None else ():
            if note.degraded:
                self.note(note.what, note.why, note.hint)
            else:
                self.parts.log.info("arena.founded", zone=self.config.name, told=note.why)
        return True

    def _count_crash(self, path: Path) -> None:
        """A founder died of a signal while it looked at an arena: at the second one it goes."""
        self._crashes += 1
        if self._crashes < CRASHES_MAX:
            return
        self._inspect = None
        self._set_aside(path, f"cannot inspect {path}: {self._crashes} founders died of it")

    def _set_aside(self, path: Path, why: str) -> None:
        try:
            aside = self.parts.arenas.set_aside(path)
        except OSError as error:  # a folder that is gone, or cannot be written any more
            why = f"{why}; it cannot be set aside: {error.strerror or error}"
            self.note("arena", why, f"ls -ld {path.parent}")
            return
        self.note("arena", f"{why}; it was set aside as {aside.name}", f"ls {aside.parent}")

    def has_progressed(self, berth: Berth) -> bool:
        """Standing by is an heir's work; a commit, or holding still, is an owner's.

        Who has served is remembered: an heir that takes over sets the words back one by one, and
        between two of them they speak of nobody.
        """
        if berth.has_served:
            return True
        if self.arena is None or not berth.was_ready:
            return False
        return self._is_settled() or self.arena.words.get(Header.OWNER) != berth.pid

    def _is_settled(self) -> bool:
        """Tell whether the owner has done its first tick, or holds still on purpose."""
        assert self.arena is not None
        return self.arena.words.get(Header.FIRST_COMMIT_NS) > 0 or self.is_holding()

    def is_good_moment(self) -> bool:
        """Between two ticks, or when the owner has had FORK_PATIENCE_NS to find its beat.

        Forking takes a core away for some ms: 200k entities took 15 ms for a tick instead of 8.
        """
        if self.arena is None or self.active is None:
            return True
        words, now_ns = self.arena.words, self.parts.clock.now_ns()
        if now_ns - words.get(Header.TAKEN_OVER_NS) > FORK_PATIENCE_NS or self.is_holding():
            return True
        return self.is_on_time() and words.get(Header.FLIGHT) == 0

    def progress(self) -> tuple[int, ...] | None:
        """Return the words that move while somebody ticks, or waits on purpose."""
        if self.arena is None or not self.watched_pid():
            return None
        words, side = self.arena.words, self.arena.side
        liveness = int.from_bytes(side[Side.LIVENESS : Side.LIVENESS + 8], "little")
        # Who is watched belongs to it: an heir whose turn it is begins with a deadline of its own.
        return (words.get(Header.COMMIT), liveness, words.get(Header.EPOCH), self.watched_pid())

    def kill(self, pid: int, why: str, cause: bytes = b"") -> None:
        """End a process; a drill that made it hang ends with it, or its heir would hang too."""
        super().kill(pid, why, cause)
        if self.arena is not None:
            self.set_drill(0)

    def watched_pid(self) -> int:
        """Return the active process, or the heir that should have taken over by now."""
        active = self.active
        return active.pid if active is not None else self._permitted()

    def _permitted(self) -> int:
        """Return who may take over now: one of the current generation, else of the one before."""
        order = (self.ladder.current, self.ladder.former)
        return decide_permission(
            [self.lines[number].state for number in order if number in self.lines]
        )

    def is_ready(self, line: Line) -> bool:
        """Tell whether an heir of this generation stands by, or one of it serves.

        One that needs other columns can have no heir before the world is moved: it is ready when
        its zygote is.
        """
        moving = self._moving_from is not None and self.arena is None
        if line.prepared and (moving or (self.arena is not None and not self._fits(line))):
            return True
        heir = line.state.heir
        return line.state.active is not None or (heir is not None and heir.ready)

    def hand_over(self, line: Line, before: Line | None) -> None:
        """Name an heir of `line` as the next writer; who serves is drained when there is one.

        A generation of other columns gets an arena of its own first: whoever has mapped the old
        one leaves, a founder makes the new one of it, and heirs are forked onto that.
        """
        told = self._told.get(line.number)
        if told is not None:
            self._use(told)
            self._move_back(line, told)
        if self.arena is not None and line.prepared and not self._fits(line):
            self._begin_move()
        elif self.arena is None and self._moving_from is not None:
            for each in self.lines.values():  # it is this one's turn to make the new arena
                each.learn(sup.Held(each is not line))
        for founder in (each.state.founder for each in self.lines.values() if each is not line):
            if founder is not None:  # two must not make the same arena
                self.parts.processes.send_signal(founder.pid, signal.SIGKILL)
        self._publish_permission()

    def _begin_move(self) -> None:
        assert self.arena is not None, "a world moves from one arena to another"
        self._moving_from = self.arena.path
        self.last_end = self.parts.log.warning(
            "arena.moving", zone=self.config.name, path=str(self.arena.path), tick=self.tick(),
            cause=self._promoted,
        )  # fmt: skip

    def _move_back(self, line: Line, told: GenerationFacts) -> None:
        """Take the old arena up again when no founder could make a new one of it."""
        path = self._moving_from
        if path is None or self.arena is not None or told.schema_hash != self._columns:
            return
        self._moving_from = None
        if self._open(path):
            line.learn(sup.Founded())
            line.learn(sup.Held(False))

    def _go_on_moving(self) -> None:
        """Empty the old arena: standing heirs are ended, the owner leaves after its tick."""
        if self._moving_from is None or self.arena is None:
            return
        active = self.active
        for line in self.lines.values():
            line.learn(sup.Held(True))
            for berth in line.berths.values():
                if berth.pid and (active is None or berth.pid != active.pid):
                    berth.excused, berth.cause = True, self.last_end
                    self.parts.processes.send_signal(berth.pid, signal.SIGKILL)
        if active is not None:
            self._drain_once(active)
        elif not self.berths():
            # Closed when the next one is open: its descriptors must have other numbers, by which
            # readers are told that it is another one.
            self._left, self.arena, self.inbox = self.arena, None, None
            for line in self.lines.values():
                line.learn(sup.Unfounded())
                line.learn(sup.Held(line.number != self.ladder.current))

    def what_it_runs(self, pid: int) -> str:
        """Return the phase and trait slot of the flight word, for people."""
        if self.arena is None:
            return ""
        return place_of(self.arena.words.get(Header.FLIGHT), self.phases)

    def moved_s(self, now_s: float) -> float:
        """Return when the world has last committed: nearer the truth than when we looked."""
        return now_s if self.arena is None else self.arena.words.get(Header.COMMIT_NS) / 1e9

    def on_process_exit(self, line: Line, berth: Berth, exit_: Exit, death: Death) -> None:
        """Weigh a death that may be the fault of the code that was running."""
        super().on_process_exit(line, berth, exit_, death)
        if berth.excused or line.retired_s is not None or self.arena is None:
            return
        evidence = find_evidence(self.arena.words, berth, exit_)
        if evidence is None:
            return
        verdict, why, told = self._inquest.take(
            self.arena.words, line, evidence, self.phases, death.event_id
        )
        if verdict is Verdict.TRAIT:
            self._quarantine(evidence.slot, why, told)
        elif verdict is Verdict.GENERATION:
            line.blame = told
            line.learn(sup.Condemned(why))

    def _quarantine(self, slot: int, why: str, evidence: bytes) -> None:
        assert self.inbox is not None, "an arena comes with its inbox"
        log = self.parts.log
        event_id = log.reserve()  # the world tells that it has applied this event's input
        try:
            self.inbox.post(Input(QUARANTINE, slot=slot, cause=event_id))
        except Refused as error:
            self.note(f"trait slot {slot}", f"{error.message}; {why}", "molt status")
            return
        log.error(
            "trait.quarantined", zone=self.config.name, slot=slot, why=why, cause=evidence,
            event_id=event_id,
        )  # fmt: skip

    def before_deciding(self) -> None:
        """See whether an heir has taken over and done its first tick."""
        self._go_on_moving()
        if self.arena is None:
            return
        owner = self.arena.words.get(Header.OWNER)
        for line in self.lines.values():
            if line.state.heir is not None and line.state.heir.pid == owner and self._is_settled():
                self._learn_took_over(line, owner)
        self._tell_takeover()

    def _learn_took_over(self, line: Line, owner: int) -> None:
        assert self.arena is not None
        words = self.arena.words
        first = not line.state.served
        for other in self.lines.values():
            if other is not line:
                other.learn(sup.Succeeded())
        line.learn(sup.TookOver(owner))
        berth = line.berth_of(owner)
        if berth is not None:
            berth.has_served = True
        self.served = True
        current = self.lines.get(self.ladder.current)
        if current is not None and current is not line:
            why = self._inquest.counterproof(current, words.get(Header.TAKEN_OVER_TICK))
            if why:
                current.blame = self.last_end
                current.learn(sup.Condemned(why))
        self._tell_takeover(at_once=True)
        told = {
            "pid": owner,
            "epoch": words.get(Header.EPOCH),
            "tick_found": words.get(Header.TAKEN_OVER_TICK),
            "found_owner": words.get(Header.FOUND_OWNER),
            "found_flight": words.get(Header.FOUND_FLIGHT),
            "first": first,
        }
        self._untold = told | self.service_facts(line), self.parts.clock.now_s() + REAPED_S
        self._tell_takeover()

    def _tell_takeover(self, at_once: bool = False) -> None:
        """Tell of a takeover once the end of the owner before is told: that is its cause.

        The right to write passes on at the very moment of a death, which the kernel is told a
        little later.
        """
        if self._untold is None:
            return
        told, until_s = self._untold
        before = self.berth_of(int(told["found_owner"])) if told["found_owner"] else None
        if before is not None and not at_once and self.parts.clock.now_s() < until_s:
            return
        self._untold = None
        cause = before.cause if before is not None and before.cause else self.last_end
        self.last_service = self.parts.log.info(
            "zone.taken_over", zone=self.config.name, cause=cause, **told
        )

    @property
    def is_service_untold(self) -> bool:
        """Whether it is yet to be told who serves now."""
        return self._untold is not None

    def after_deciding(self) -> None:
        """Publish who may write next."""
        if self.arena is None:
            return
        if self.inbox is not None:
            self.inbox.send_later_ones()
        self.sample_pace()
        self._let_rest()
        self._publish_permission()
        self._drain_replaced()

    def _publish_permission(self) -> None:
        if self.arena is None:
            return
        words = self.arena.words
        closed = self.stopping or self._moving_from is not None
        wanted = 0 if closed else self._permitted()
        if wanted == words.get(Header.PERMISSION):
            return
        if wanted and not self._anchored:  # the first process of this boot
            words.put(Header.ANCHOR_TICK, words.get(Header.COMMIT) + 1)
            words.put(Header.ANCHOR_NS, self.parts.clock.now_ns() + ANCHOR_AHEAD_NS)
            self._anchored = True
        words.put(Header.PERMISSION, wanted)
        self.knock(wanted)

    def _let_rest(self) -> None:
        """Forget what a founding has lost once the world ticks on: log and events have told it.

        A fact of the past is no fault of the present, and would hide the next one.
        """
        assert self.arena is not None
        first_ns = self.arena.words.get(Header.FIRST_COMMIT_NS)
        healthy_ns = self.config.policy.healthy_after_s * 1e9
        if self.notes and first_ns and self.parts.clock.now_ns() - first_ns >= healthy_ns:
            for what in OF_THE_PAST:
                self.unnote(what)

    def _drain_replaced(self) -> None:
        """Have the active process of a generation that was replaced leave, once it can be followed.

        Each is asked once: a second word might meet the one who has taken over in between.
        """
        line, active = self.lines.get(self.ladder.current), self.active
        if line is None or line.state.active is not None or self.stopping:
            return
        heir = line.state.heir
        if active is not None and heir is not None and heir.ready:
            self._drain_once(active)

    def _drain_once(self, active: sup.Process) -> None:
        if active.pid != self._drained_pid:
            self._drained_pid = active.pid
            berth = self.berth_of(active.pid)
            if berth is not None and not berth.cause:
                berth.cause = self.last_end if self._moving_from is not None else self._promoted
            self.drain()

    def _knock_active(self) -> None:
        active = self.active
        if active is not None:
            self.knock(active.pid)

    # What the console asks for.

    def knock(self, pid: int) -> None:
        """Ring the door of a process, so that it looks at the words now."""
        berth = self.berth_of(pid)
        if berth is not None and berth.serial in self._doors:
            self.parts.doors.ring(self._doors[berth.serial][0])

    def drain(self) -> None:
        """Have the active process leave after the tick it is in."""
        if self.arena is None:
            return
        self.arena.words.put(Header.DRAIN_AT, self.arena.words.get(Header.COMMIT))
        active = self.active
        if active is not None:
            self.knock(active.pid)

    def set_drill(self, value: int) -> None:
        """Set the drill word (`Side.DRILL`): a fault on purpose, outside the inbox."""
        if self.arena is None:
            return
        self.arena.side[Side.DRILL] = value
