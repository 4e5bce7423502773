"""Calls: files and functions that people have run in a sealed process, each with its end.

Owns: which call may run, what is told of each, how its end is put. Does not own: their processes
(`cells.py`), what a cell does (`zones/runtime/called.py`), the command (`call_commands.py`).

They are asked for over the console alone. The bytes of a call go through the kernel unread; what
its process answers is checked here, as it has run them.
"""

import hashlib
import math
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from Kernel.contract.call_job import (
    ARGUMENT_CHARS_MAX,
    ARGUMENTS_MAX,
    JOB_BYTES_MAX,
    CallJob,
    JobKind,
    Outcome,
    Told,
    pack_job,
    parse_told,
)
from Kernel.contract.errors import CodecError, MoltError, Refused
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.call_code import CallCode
from Kernel.core.cell import CellEnd, CellOrder, How, parse_answer
from Kernel.core.cell_queue import QueueLimits, Words
from Kernel.core.cells import Cells, Stay
from Kernel.core.function_cache import SECRET_BYTES, FunctionCache
from Kernel.core.limits import LIMITS_HINT, CallLimits
from Kernel.core.parts import Parts

ROLE: Final = "call"
TIMEOUT_S: Final = 10.0
"""How long a call may take where nobody says so, and no limit is shorter."""
GRACE_S: Final = 1.0
"""A cell interrupts what it runs and tells where it was; so long after that it is killed."""
HINT: Final = "molt help run"
_WORDS: Final = Words("run", "call", "calls", "molt ps")
_SEALED: Final = (
    "it asked the system for something this process may not do: processes, threads, sockets, "
    "signals, new machine code and all that is like them"
)

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallWish:
    """What somebody asked for.

    Args:
        name: of the file or function, for people.
        args: words for a file.
        timeout_s: None: as long as usual.
        cause: id of the event that it was asked for.
    """

    kind: JobKind
    name: str
    payload: bytes
    args: tuple[str, ...] = ()
    timeout_s: float | None = None
    cause: bytes = b""


def plan_call(wish: CallWish, limits: CallLimits) -> CallJob:
    """Return the job for a wish that may be granted.

    Raises:
        Refused: it is too large or would take too long.
    """
    most = min(limits.source_bytes, JOB_BYTES_MAX)
    if len(wish.payload) > most:
        raise Refused(
            f"cannot run {wish.name}: it has {len(wish.payload)} bytes, the limit is {most} "
            "(call.source_kb)",
            LIMITS_HINT,
        )
    if len(wish.args) > ARGUMENTS_MAX or any(len(w) > ARGUMENT_CHARS_MAX for w in wish.args):
        raise Refused(
            f"cannot run {wish.name}: it takes at most {ARGUMENTS_MAX} words of "
            f"{ARGUMENT_CHARS_MAX} characters each",
            HINT,
        )
    timeout_s = min(TIMEOUT_S, limits.wall_s) if wish.timeout_s is None else wish.timeout_s
    if not 0 < timeout_s <= limits.wall_s:
        raise Refused(
            f"cannot run {wish.name} for {timeout_s:g} s: the limit is {limits.wall_s:g} s "
            "(call.wall_s)",
            LIMITS_HINT,
        )
    return CallJob(wish.kind, wish.name, wish.payload, wish.args, timeout_s, limits.output_bytes)


def put_end(end: CellEnd) -> Told:
    """Return how a call ended, in the words of its answer if that can be believed."""
    match end.how:
        case How.ANSWERED:
            try:
                return parse_told(parse_answer(end.output))
            except CodecError as error:
                return _ended(Outcome.NONSENSE, f"it ended without a sound answer: {error.message}")
        case How.LATE:
            return _ended(Outcome.HUNG, f"it could not be interrupted: {end.why}")
        case How.FLOODED:
            return _ended(Outcome.FLOODED, end.why)
        case How.GIVEN_UP:
            return _ended(Outcome.GIVEN_UP, end.why)
        case How.STOPPED:
            return _ended(Outcome.STOPPED, end.why)
        case _:
            return _put_death(end)


def _put_death(end: CellEnd) -> Told:
    if end.out_of_memory:
        return _ended(Outcome.OUT_OF_MEMORY, end.why)
    if end.signal == signal.SIGSYS:
        return _ended(Outcome.DIED, _SEALED)
    return _ended(Outcome.DIED, f"its process ended without an answer: {end.why}")


def _ended(outcome: Outcome, why: str) -> Told:
    error: dict[str, Any] = {"type": outcome.value, "message": why, "line": 0, "frames": []}
    return Told(outcome, None, "", 0, error)


class Call:
    """One call, until its answer is taken.

    Args:
        code: what its file compiles to, on its way in or out.

    Attributes:
        told: the id of the newest event about it.
    """

    def __init__(self, wish: CallWish, job: CallJob, code: CallCode) -> None:
        self.wish = wish
        self.job = job
        self.code = code
        self.told = wish.cause
        self.began_s: float | None = None
        self._answer: Result | None = None
        self._error: MoltError | None = None

    def result(self) -> Result | None:
        """Return the answer to who asked, None while it is not known.

        Raises:
            Refused: there was no process for it.
        """
        if self._error is not None:
            raise self._error
        return self._answer

    def end(self, told: Told, seconds: float) -> None:
        """Keep how it ended."""
        self._answer = {
            "file": self.job.name,
            "ok": told.outcome is Outcome.RETURNED,
            "outcome": told.outcome.value,
            "result": told.result,
            "printed": told.printed,
            "dropped_bytes": told.dropped_bytes,
            "error": told.error,
            "seconds": round(seconds, 4),
        }

    def refuse(self, error: MoltError) -> None:
        """Keep why it never ran."""
        self._error = error


class Calls:
    """All calls of one kernel.

    Args:
        limits: asked each time, as settings may change.
        secret: of the cache, SECRET_BYTES.

    Attributes:
        cache: what files have compiled to.
    """

    def __init__(
        self,
        parts: Parts,
        limits: Callable[[], CallLimits],
        secret: bytes = bytes(SECRET_BYTES),
        at_once: Callable[[int], int] = lambda most: most,
    ) -> None:
        self.cache = FunctionCache(lambda: limits().cache, secret)
        self._parts = parts
        self._limits = limits
        self._at_once = at_once
        self.cells = Cells(parts, ROLE, _WORDS, self._queue_limits)
        self._under_way: list[tuple[Call, Stay]] = []

    def ask(self, world: ArenaKeeper, wish: CallWish) -> Call:
        """Have a call run as soon as there is a place.

        Args:
            world: whose zygote forks its process; it sees nothing of the world.

        Raises:
            Refused: it may not, or too many wait.
        """
        try:
            job = plan_call(wish, self._limits())
            call = Call(wish, job, CallCode(self.cache, job))
            stay = self.cells.ask(
                world, lambda: self._order(call, world), lambda: self._begun(call, stay)
            )
        except Refused as error:
            self._tell_refused(wish, error)
            raise
        self._under_way.append((call, stay))
        self._note(call, stay)
        return call

    def give_up(self, call: Call) -> None:
        """End one that nobody waits for any more."""
        for each, stay in self._under_way:
            if each is call:
                self.cells.give_up(stay, "nobody waits for its answer any more")

    def look(self) -> None:
        """One round."""
        self.cells.look()
        for call, stay in self._under_way:
            if stay.end is not None:
                self._finish(call, stay, stay.end)
                self.cells.forget(stay)
        self._under_way = [each for each in self._under_way if each[1].end is None]

    def close(self) -> None:
        """Run no more and end all there are: the kernel is being stopped."""
        self.cells.close()

    def fields(self) -> list[dict[str, Any]]:
        """Return those that run and wait, as programs read it, in their order."""
        now_s = self._parts.clock.now_s()
        return [
            {
                "state": "running" if stay.runs else "queued",
                "before": self.cells.before(stay),
                "pid": stay.pid or None,
                "name": call.wish.name,
                "timeout_s": call.job.timeout_s,
                "seconds": round(now_s - (call.began_s or stay.asked_s), 1),
            }
            for call, stay in self._under_way
        ]

    def _queue_limits(self) -> QueueLimits:
        limits = self._limits()
        return QueueLimits(self._at_once(limits.at_once), limits.queued)

    def _order(self, call: Call, world: ArenaKeeper) -> CellOrder:
        limits = self._limits().each
        facts = {
            "uncaged": world.config.uncaged,
            "limits": {
                "memory_bytes": limits.memory_bytes,
                "cpu_s": math.ceil(call.job.timeout_s + GRACE_S) + 1,
                "processes": 0,
                "descriptors": limits.descriptors,
                "file_bytes": 0,
            },
        }
        wall_s = call.job.timeout_s + GRACE_S
        code = call.code.descriptors(self._parts.clock.now_s())
        return CellOrder(ROLE, pack_job(call.job), wall_s, facts, code, limits)

    def _begun(self, call: Call, stay: Stay) -> None:
        wish, call.began_s = call.wish, self._parts.clock.now_s()
        call.code.born()
        call.told = self._parts.log.info(
            "call.begun", name=wish.name, job=wish.kind.value, bytes=len(wish.payload),
            code_hash=hashlib.sha256(wish.payload).hexdigest(), timeout_s=float(call.job.timeout_s),
            kept=call.code.was_kept, cause=call.told,
        )  # fmt: skip
        self._note(call, stay)

    def _note(self, call: Call, stay: Stay) -> None:
        self.cells.note(stay, call.told, {"name": call.wish.name})

    def _finish(self, call: Call, stay: Stay, end: CellEnd) -> None:
        call.code.end(self._parts.clock.now_s())
        if end.how is How.UNBORN:
            refused = Refused(f"cannot run {call.job.name}: {end.why}", stay.hint or "molt ps")
            self._tell_refused(call.wish, refused)
            call.refuse(refused)
            return
        told = put_end(end)
        why = told.error["message"] if told.error is not None else ""
        say = self._parts.log.info if told.outcome is Outcome.RETURNED else self._parts.log.warning
        call.told = say(
            "call.ended", name=call.job.name, outcome=told.outcome.value, why=why[:400],
            pid=stay.cell.pid if stay.cell is not None else 0, took_s=round(end.seconds, 4),
            cause=call.told,
        )  # fmt: skip
        call.end(told, end.seconds)

    def _tell_refused(self, wish: CallWish, error: Refused) -> None:
        self._parts.log.warning("call.refused", name=wish.name, why=error.message, cause=wish.cause)
