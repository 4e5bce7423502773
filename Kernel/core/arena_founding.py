"""How an arena zone comes by its arena: found, founded, or moved from another one.

Owns: founders and what they are told, whose columns the arena has, the move of a world to other
columns, what is noted of all that. Does not own: files (`Kernel/ports/arena_file.py`), making an
arena (`zones/world/founder.py`), who may write it and what is written (`arena_keeper.py`).
"""

import signal
from pathlib import Path

from Kernel.config import ZoneConfig
from Kernel.contract.arena import ArenaWords, Header
from Kernel.contract.errors import ArenaError, CodecError
from Kernel.contract.founding_report import FOUNDED, FoundingReport
from Kernel.contract.zygote_protocol import Fork
from Kernel.core import supervisor as sup
from Kernel.core.arena_view import ArenaView
from Kernel.core.generation_facts import GenerationFacts, parse_facts
from Kernel.core.inbox_writer import InboxWriter
from Kernel.core.ladder import Rules
from Kernel.core.line import Line
from Kernel.core.parts import Parts
from Kernel.ports.arena_file import ArenaHandle

CRASHES_MAX = 2
OF_THE_PAST = ("arena", "snapshots", "world", "replay", "events", "migration")
"""Notes about what a founding has lost; what else is noted is so as long as the note stands."""


class ArenaFounding(ArenaView):
    """An arena zone, as far as its arena comes and goes.

    Args:
        folders: where the arena may lie, best first.
        snapshots: the folder a lost arena is restored from.

    Attributes:
        inbox: comes and goes with the arena.
        resumed_tick: the tick at which this boot found its world, in an arena or a snapshot; None:
            it has found none yet, or has founded one by the settings.
        restored: what the founder has told, where it restored the world of this boot.
    """

    def __init__(
        self, config: ZoneConfig, parts: Parts, folders: list[Path], snapshots: Path, rules: Rules
    ) -> None:
        super().__init__(config, parts, rules)
        self.inbox: InboxWriter | None = None
        self.resumed_tick: int | None = None
        self.restored: FoundingReport | None = None
        self._folders = folders
        self._snapshots = snapshots
        self._inspect: Path | None = None
        self._crashes = 0  # of founders that looked at it
        self._told: dict[int, GenerationFacts] = {}
        self._used: GenerationFacts | None = None
        self._columns = b""
        self._moving_from: Path | None = None
        self._left: ArenaHandle | None = None

    # What the keeper of the arena gives.

    def on_opened(self, arena: ArenaHandle, told: GenerationFacts) -> None:
        """Make an arena that was just opened ready for whoever is to write it."""
        raise NotImplementedError

    def drain_once(self, active: sup.Process) -> None:
        """Have the active process leave after the tick it is in."""
        raise NotImplementedError

    # The arena that is there, or is to be founded.

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
        self._used = told
        if self.inbox is not None:
            self.inbox.causes = told.causes
        self.parameters, self.phases = told.parameters, told.phases

    def _fits(self, line: Line) -> bool:
        """Tell whether a generation computes in the columns of the arena that is open."""
        told = self._told.get(line.number)
        return told is not None and self.arena is not None and told.schema_hash == self._columns

    def _open(self, path: Path) -> bool:
        assert self._used is not None, "a generation is prepared before an arena is opened for it"
        try:
            arena = self.parts.arenas.open(path, self._used.schema_hash)
        except OSError as error:  # no descriptors, no memory: the arena itself may be well
            raise ArenaError(f"cannot open {path}: {error.strerror or error}") from error
        except ArenaError as error:
            self._set_aside(path, str(error))
            return False
        self.arena = arena
        self.on_opened(arena, self._used)
        if self._left is not None:
            self.parts.arenas.close(self._left)
            self._left = None
        self._columns = arena.words.get_bytes(Header.SCHEMA_HASH, 32)
        self._tell_differences(arena.words)
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

    # Founders.

    def founder_message(self, serial: int) -> Fork:
        """Return the Fork for a founder."""
        facts = {
            "zone": self.config.name,
            "folders": [str(folder) for folder in self._folders],
            "snapshots": str(self._snapshots),
        }
        if self._moving_from is not None:
            facts["migrate_from"] = str(self._moving_from)
        elif self._inspect is not None:
            facts["inspect"] = str(self._inspect)
        return Fork(serial, "founder", [], facts)

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

    # Moving to other columns.

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
        """Give a generation of other columns an arena of its own before its heirs are forked.

        Whoever has mapped the old one leaves, and a founder makes the new one of it.
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

    def _begin_move(self) -> None:
        assert self.arena is not None, "a world moves from one arena to another"
        self._moving_from = self.arena.path
        self.last_end = self.parts.log.warning(
            "arena.moving", zone=self.config.name, path=str(self.arena.path), tick=self.tick(),
            cause=self.generations.promoted,
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
            self.drain_once(active)
        elif not self.berths():
            # Closed when the next one is open: its descriptors must have other numbers, by which
            # readers are told that it is another one.
            self._left, self.arena, self.inbox = self.arena, None, None
            for line in self.lines.values():
                line.learn(sup.Unfounded())
                line.learn(sup.Held(line.number != self.ladder.current))
