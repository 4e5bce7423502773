"""The temporary processes of one kind: each waits for its place, runs, and has an end.

Owns: starting them in their order, once there is a world to start them from; ending them all. Does
not own: whose turn it is (`cell_queue.py`), one process (`cell.py`), what is asked and answered
(`trials.py`). One object for each kind, with limits of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from Kernel.contract.errors import MoltError, Refused
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.cage_report import cage_refusal
from Kernel.core.cell import Cell, CellEnd, CellOrder, How
from Kernel.core.cell_queue import Queue, QueueLimits, Words, admit, before, begin, leave
from Kernel.core.lost_cells import CellNote, pack_note
from Kernel.core.parts import Parts
from Kernel.ports.process import Exit

PATIENCE_S = 30.0
"""How long one whose turn it is waits for a generation that can fork it: one may be made ready."""
STOPPED = "the kernel is being stopped"


@dataclass(slots=True)
class Stay:
    """One that was admitted, until whoever asked has taken its end.

    Args:
        world: whose zygote forks it.
        order: makes what it is given, when it is its turn; raises MoltError if it cannot.
        begun: called when it has been asked for.

    Attributes:
        end: how it ended, None before.
        hint: what helps, where one was never born.
    """

    number: int
    world: ArenaKeeper
    order: Callable[[], CellOrder]
    begun: Callable[[], None]
    asked_s: float
    turn_s: float | None = None
    cell: Cell | None = None
    end: CellEnd | None = None
    hint: str = ""

    @property
    def pid(self) -> int:
        """Return its process, 0 before it is born."""
        return self.cell.pid if self.cell is not None else 0

    @property
    def runs(self) -> bool:
        """Whether it was begun and is not over."""
        return self.cell is not None and self.end is None


class Cells:
    """All of one kind.

    Args:
        role: of their Fork.
        words: how they are spoken of.
        limits: says how many there may be; asked each time, as settings may change.

    Attributes:
        postponed: one waits for a moment that will not announce itself: look again soon.
    """

    def __init__(
        self, parts: Parts, role: str, words: Words, limits: Callable[[], QueueLimits]
    ) -> None:
        self.postponed = False
        self._parts = parts
        self._role = role
        self._words = words
        self._limits = limits
        self._queue = Queue()
        self._stays: dict[int, Stay] = {}
        self._number = 0
        self._closed = ""

    def ask(
        self,
        world: ArenaKeeper,
        order: Callable[[], CellOrder],
        begun: Callable[[], None] = lambda: None,
    ) -> Stay:
        """Admit one more; it begins at once or waits for its place.

        Raises:
            Refused: as many run and wait as may, the cage does not hold code that nobody vouches
                for, or the kernel is being stopped.
        """
        if self._closed:
            raise Refused(f"cannot {self._words.act}: {self._closed}", self._words.hint)
        refused = cage_refusal(world.cage(), world.config.uncaged, self._words.act)
        if refused is not None:
            raise refused
        queue = admit(self._queue, self._number + 1, self._limits(), self._words)
        self._number, self._queue = self._number + 1, queue
        now_s = self._parts.clock.now_s()
        stay = Stay(self._number, world, order, begun, now_s)
        self._stays[stay.number] = stay
        return stay

    def note(self, stay: Stay, newest: bytes, about: Mapping[str, str]) -> None:
        """Write down what the next kernel must know, should this one be killed before its end.

        Args:
            newest: id of the newest event about it.
            about: what it is, the keys of `lost_cells.ABOUT`.
        """
        try:
            data = pack_note(CellNote(self._role, newest, about))
            self._parts.cell_notes.keep(self._name(stay), data)
        except OSError as error:
            self._parts.log.warning(
                "note.not_written", what=f"that a {self._role} is under way",
                why=error.strerror or str(error), cause=newest,
            )  # fmt: skip

    def forget(self, stay: Stay) -> None:
        """Delete what `note` wrote: its end is told."""
        self._parts.cell_notes.forget(self._name(stay))

    def before(self, stay: Stay) -> int:
        """Return how many wait longer than this one."""
        return before(self._queue, stay.number)

    def give_up(self, stay: Stay, why: str, how: How = How.GIVEN_UP) -> None:
        """End one that nobody waits for any more, whether it runs or waits.

        One that runs has its end once its process is gone.
        """
        if stay.end is not None:
            return
        if stay.cell is None:
            self._finish(stay, CellEnd(how, why))
        else:
            stay.cell.give_up(why, how)
            self._see(stay)

    def close(self) -> None:
        """Admit no more and end all there are: the kernel is being stopped."""
        self._closed = STOPPED
        for stay in list(self._stays.values()):
            self.give_up(stay, STOPPED, How.STOPPED)

    def on_exit(self, exit_: Exit) -> bool:
        """Take the end of a process; False if it is of none of these."""
        for stay in self._stays.values():
            if stay.cell is not None and stay.cell.on_exit(exit_):
                self._see(stay)
                return True
        return False

    def look(self) -> None:
        """One round: whose turn it is begins, who takes too long is ended."""
        now_s = self._parts.clock.now_s()
        self._queue, begun = begin(self._queue, self._limits())
        for number in begun:
            self._stays[number].turn_s = now_s
        self.postponed = False
        for stay in list(self._stays.values()):
            if stay.cell is not None:
                stay.cell.look(now_s)
                self._see(stay)
            elif stay.turn_s is not None:
                self._start(stay, now_s)

    def next_look_s(self) -> float:
        """Return when one must be looked at again at the latest, monotonic seconds."""
        due = [stay.cell.due_s() for stay in self._stays.values() if stay.cell is not None]
        waits = [
            stay.turn_s + PATIENCE_S
            for stay in self._stays.values()
            if stay.cell is None and stay.turn_s is not None
        ]
        return min((*due, *waits), default=float("inf"))

    def pids(self) -> list[int]:
        """Return every process of them that is not reaped yet."""
        return [stay.pid for stay in self._stays.values() if stay.pid]

    def _start(self, stay: Stay, now_s: float) -> None:
        """Fork it, as soon as there is a generation to fork it from and nobody is disturbed."""
        assert stay.turn_s is not None, "asked only of those whose turn it is"
        world, line = stay.world, stay.world.line
        late = now_s >= stay.turn_s + PATIENCE_S
        if line is None or not line.can_fork or world.arena is None:
            if late:
                why = f"no generation of {world.config.name} could fork it in {PATIENCE_S:g} s"
                self._finish(stay, CellEnd(How.UNBORN, why))
            return
        able = line.facts.get("cells")
        if not isinstance(able, list) or self._role not in able:
            why = f"the generation that serves {world.config.name} is of before there were any"
            self._finish(stay, CellEnd(How.UNBORN, why))
            return
        if not late and not world.is_good_moment():
            self.postponed = True
            return
        try:
            stay.cell = Cell(self._parts, line, stay.order(), self._name(stay))
        except MoltError as error:
            stay.hint = error.hint
            self._finish(stay, CellEnd(How.UNBORN, error.message))
            return
        stay.begun()

    def _name(self, stay: Stay) -> str:
        return f"{self._role}-{stay.number}"

    def _see(self, stay: Stay) -> None:
        if stay.cell is not None and stay.cell.end is not None and stay.end is None:
            self._finish(stay, stay.cell.end)

    def _finish(self, stay: Stay, end: CellEnd) -> None:
        stay.end = end
        self._queue = leave(self._queue, stay.number)
        del self._stays[stay.number]
