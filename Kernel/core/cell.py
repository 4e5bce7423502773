"""One temporary process, forked by the zygote of the generation that serves: a trial, or a call.

Owns: asking for it, its limits in time and output, ending it, how it ended. Does not own: what it
does (`zones/world/trial`, `zones/runtime/called.py`), whose turn it is (`cells.py`), what follows
(`trials.py`). It is never restarted.

It is given, besides what its order says: `job`, a sealed file in memory with the bytes of the
job, at its beginning; `result`, a pipe for one JSON document of at most OUTPUT_BYTES_MAX, after
which it leaves with code 0. All that it says is hostile: it has had foreign bytes in its hands.
"""

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from Kernel.contract.errors import CodecError, MoltError, Refused
from Kernel.contract.zygote_protocol import Fork
from Kernel.core.enclosure import Enclosure, Shortage
from Kernel.core.limits import CageKind, Limits
from Kernel.core.parts import Parts
from Kernel.ports.cell_files import open_answer, read_answer, seal_job
from Kernel.ports.process import Exit

OUTPUT_BYTES_MAX = 256 * 1024
BIRTH_S = 10.0
"""How long a zygote may take to answer a Fork."""
NICE = 10


class How(StrEnum):
    """How a cell came to its end."""

    ANSWERED = "answered"
    DIED = "died"  # by itself, with a code or a signal
    KILLED = "killed"  # by SIGKILL, and not by us: somebody outside, or the machine for its memory
    LATE = "late"
    FLOODED = "flooded"
    GIVEN_UP = "given up"  # nobody waits for it any more
    STOPPED = "stopped"  # the kernel is being stopped
    UNBORN = "unborn"  # there never was a process


@dataclass(frozen=True, slots=True)
class CellOrder:
    """What one cell is made for.

    Args:
        role: that of its Fork: "trial" or "call".
        job: the bytes it works on.
        wall_s: how long it may take, from its birth on.
        facts: go into its Fork.
        descriptors: by name; it gets copies, and they stay the caller's.
        limits: what it may take, with all that it forks; held by a control group.
    """

    role: str
    job: bytes
    wall_s: float
    facts: Mapping[str, Any] = field(default_factory=dict)
    descriptors: Mapping[str, int] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class CellEnd:
    """How one has ended.

    Args:
        why: for people: "signal 9 (SIGKILL)"; "" for one that has answered.
        output: what it has said, at most OUTPUT_BYTES_MAX, whole only if it has answered.
        seconds: it lived.
        signal: what has ended it, of its own making or from outside, None for an exit code.
        out_of_memory: the limit of its control group has ended it.
    """

    how: How
    why: str
    output: bytes = b""
    seconds: float = 0.0
    signal: int | None = None
    out_of_memory: bool = False


class Unborn(Protocol):
    """Who is told what becomes of a Fork."""

    def on_born(self, pid: int) -> None:
        """The process exists."""

    def on_unborn(self, why: str) -> None:
        """There will be none."""


class Forker(Protocol):
    """A generation whose zygote can be asked (`line.py`)."""

    def fork_cell(self, unborn: Unborn, message: Fork, descriptors: list[int]) -> None:
        """Ask for a process; raise Refused if nobody can be asked. The serial is filled in."""


class Cell:
    """One of them.

    Args:
        line: the generation it is forked from.
        name: of its control group, which no other cell has; "": its role's.

    Attributes:
        pid: 0 before it is born.

    Raises:
        Refused: the zygote cannot be asked, or the machine has no room.
    """

    def __init__(self, parts: Parts, line: Forker, order: CellOrder, name: str = "") -> None:
        self.pid = 0
        self._parts = parts
        self._order = order
        self._output = bytearray()
        self._end: CellEnd | None = None
        self._ended_as: How | None = None
        self._why = ""
        self._asked_s = self._born_s = parts.clock.now_s()
        self._answer_fd = -1
        self._shortage = Shortage.NONE
        self._enclosure = Enclosure(
            parts.cgroups, name or order.role, CageKind.SEALED, order.limits
        )
        try:
            self._ask(line)
        except MoltError:
            self._enclosure.close()
            raise

    def _ask(self, line: Forker) -> None:
        """Send the Fork; nothing of an attempt that fails stays open."""
        opened: list[int] = []
        try:
            job = seal_job(self._order.job)
            opened.append(job)
            ours, theirs = open_answer()
            opened += [theirs, ours]
            named = {**self._order.descriptors, "job": job, "result": theirs}
            named |= self._enclosure.descriptors()
            facts = {"nice": NICE, **self._order.facts}
            line.fork_cell(self, Fork(0, self._order.role, list(named), facts), [*named.values()])
            self._answer_fd = opened.pop()
            self._parts.loop.watch(ours, self._on_words)
        except OSError as error:
            why = error.strerror or str(error)
            raise Refused(f"cannot fork a {self._order.role}: {why}", "molt doctor") from error
        finally:
            for fd in opened:
                os.close(fd)

    # What happens to it.

    def on_born(self, pid: int) -> None:
        """It exists; one that nobody waits for any more is ended at once."""
        self.pid, self._born_s = pid, self._parts.clock.now_s()
        if self._ended_as is not None or self._end is not None:
            self._kill()

    def on_unborn(self, why: str) -> None:
        """There will be none."""
        if self._end is None:
            self._finish(self._ended_as or How.UNBORN, self._why or why)

    def on_exit(self, exit_: Exit) -> bool:
        """Take its end; False if that is of another process."""
        if not self.pid or exit_.pid != self.pid or self._end is not None:
            return False
        while self._read():
            pass
        if self._ended_as is not None:
            how, why = self._ended_as, self._why
        elif exit_.code == 0:
            how, why = How.ANSWERED, ""
        elif exit_.signal == signal.SIGKILL:
            self._shortage = self._enclosure.shortage(exit_)
            how, why = How.KILLED, self._why_killed()
        else:
            how, why = How.DIED, exit_.describe()
        self._finish(how, why, exit_.signal)
        return True

    def _why_killed(self) -> str:
        if self._shortage is Shortage.OF_GROUP:
            return f"out of memory: it may take {self._order.limits.memory_mb} MB"
        if self._shortage is Shortage.OF_MACHINE:
            return "out of memory: the machine had none left"
        return "it was killed from outside, or for want of memory"

    def look(self, now_s: float) -> None:
        """End it when it takes too long; one whose zygote does not answer is waited for no more."""
        if self._end is not None or now_s < self.due_s():
            return
        if not self.pid:
            why = self._why or f"the zygote has not answered in {BIRTH_S:g} s"
            self._finish(self._ended_as or How.UNBORN, why)
        elif self._ended_as is None:
            self._stop(How.LATE, f"it has not ended in {self._order.wall_s:g} s")

    def give_up(self, why: str, how: How = How.GIVEN_UP) -> None:
        """End it: nobody waits for it any more, or the kernel is being stopped."""
        if self._end is None and self._ended_as is None:
            self._stop(how, why)

    # What is told of it.

    @property
    def end(self) -> CellEnd | None:
        """How it ended, None while its process is there or may still come."""
        return self._end

    def due_s(self) -> float:
        """Return when it must be looked at again at the latest, monotonic seconds."""
        return self._born_s + self._order.wall_s if self.pid else self._asked_s + BIRTH_S

    # Its end.

    def _stop(self, how: How, why: str) -> None:
        self._ended_as, self._why = how, why
        if self.pid:
            self._kill()

    def _kill(self) -> None:
        self._parts.processes.send_signal(self.pid, signal.SIGKILL)

    def _finish(self, how: How, why: str, signal_number: int | None = None) -> None:
        self._close()
        self._enclosure.close()
        seconds = self._parts.clock.now_s() - self._born_s if self.pid else 0.0
        own = self._shortage is Shortage.OF_GROUP
        self._end = CellEnd(how, why, bytes(self._output), seconds, signal_number, own)

    def _on_words(self, _events: int) -> None:
        self._read()

    def _read(self) -> bool:
        """Take what it has said; False when there is no more of it now."""
        if self._answer_fd < 0:
            return False
        data = read_answer(self._answer_fd)
        if data is None:
            return False
        self._output += data
        if len(self._output) > OUTPUT_BYTES_MAX:
            del self._output[OUTPUT_BYTES_MAX:]
            if self._ended_as is None:
                self._stop(How.FLOODED, f"it says more than {OUTPUT_BYTES_MAX} bytes")
            self._close()
        elif not data:
            self._close()
        return self._answer_fd >= 0

    def _close(self) -> None:
        if self._answer_fd >= 0:
            self._parts.loop.unwatch(self._answer_fd)
            os.close(self._answer_fd)
            self._answer_fd = -1


def parse_answer(output: bytes) -> dict[str, Any]:
    """Return what a cell has answered: one JSON object, numbers finite.

    Raises:
        CodecError: it is none.
    """
    if len(output) > OUTPUT_BYTES_MAX:
        raise CodecError(f"cannot use an answer of {len(output)} bytes")
    try:
        told = json.loads(output, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"cannot use an answer: {str(error)[:200]}") from error
    if type(told) is not dict:
        raise CodecError(f"cannot use an answer: a {type(told).__name__} is no object")
    return told


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")
