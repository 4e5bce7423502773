"""Try one act in one cage, in a child that is thrown away.

Owns: the child, its limit of time, how it ended, whether it has reached what it wanted, and that
nothing is left of it. Does not own: acts, cages, tables.
"""

import contextlib
import errno
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.cage.primitive import Primitive
from tests.cage.stage import Stage
from zones.runtime.cage import Plan, enclose, seal

_CAGED: Final = b"C"
_PROOF: Final = b"P"
_REFUSED: Final = b"E"
_RAISED: Final = b"X"
_FAILED: Final = b"F"
_BYTES_MAX: Final = 1 << 17
_LOOK_S: Final = 0.005
_HARMFUL: Final = frozenset({"other processes", "shared memory"})
"""Families after which the victim is renewed: they may have changed it."""

PlanFor = Callable[[frozenset[int]], Plan]


class CannotTry(Exception):
    """The cage could not be made, or the child could not be prepared: nothing was tried."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one act.

    Args:
        reached: it got what it wanted.
        how: what it got, or what stopped it: an errno, a signal, "hung", "no effect".
    """

    reached: bool
    how: str


def try_once(primitive: Primitive, stage: Stage, plan_for: PlanFor | None) -> Outcome:
    """Run an act in a child of its own and say whether it has reached its aim.

    Args:
        plan_for: gives the cage for the descriptors that the child keeps; None: no cage.

    Raises:
        CannotTry: it was not tried.
    """
    stage.lay()
    if primitive.family in _HARMFUL:
        stage.renew_victim()
    reader, writer = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if not child:
        os.close(reader)
        _be_tried(primitive, stage, plan_for, writer)
    os.close(writer)
    told, hung = _listen(primitive, stage, reader)
    os.close(reader)
    status = _end(child, stage.victim.pid)
    kind, words = _last_word(told)
    if kind == _FAILED or (not told.startswith(_CAGED) and not hung):
        why = words.decode(errors="replace") or f"status {status:#x}"
        raise CannotTry(f"cannot try {primitive.name}: {why}")
    if primitive.reached(stage, words if kind == _PROOF else b""):
        return Outcome(True, "reached")
    return Outcome(False, _describe(kind, words, status, hung))


def _be_tried(primitive: Primitive, stage: Stage, plan_for: PlanFor | None, writer: int) -> None:
    """The child: it never returns."""
    try:
        carried = primitive.before(stage)
        # Nothing that this process prints shall look like a result of the harness.
        if plan_for is not None:
            plan = plan_for(frozenset({writer, *carried.keep}))
            enclose(plan)
            seal(plan)
        _say(writer, _CAGED, b"")
    except BaseException as error:
        _say(writer, _FAILED, f"{type(error).__name__}: {error}".encode())
        os._exit(1)
    try:
        _say(writer, _PROOF, primitive.act(stage, carried))
    except OSError as error:
        _say(writer, _REFUSED, errno.errorcode.get(error.errno or 0, str(error)).encode())
    except BaseException as error:
        _say(writer, _RAISED, type(error).__name__.encode())
    finally:
        os._exit(0)


def _say(writer: int, kind: bytes, words: bytes) -> None:
    words = words[:65536]
    os.write(writer, kind + len(words).to_bytes(4, "little") + words)


def _last_word(told: bytes) -> tuple[bytes, bytes]:
    """Return the kind and the words of the last whole message."""
    at, last = 0, (b"", b"")
    while at + 5 <= len(told):
        size = int.from_bytes(told[at + 1 : at + 5], "little")
        last = (told[at : at + 1], told[at + 5 : at + 5 + size])
        at += 5 + size
    return last


def _listen(primitive: Primitive, stage: Stage, reader: int) -> tuple[bytes, bool]:
    """Return what the child says, and whether it had to be given up."""
    told = b""
    until_s = time.monotonic() + primitive.limit_s
    while time.monotonic() < until_s and len(told) < _BYTES_MAX:
        if select.select([reader], [], [], _LOOK_S)[0]:
            piece = os.read(reader, 65536)
            if not piece:
                return told, False
            told += piece
        elif told.startswith(_CAGED):
            primitive.during(stage)
        if _last_word(told)[0] in (_PROOF, _REFUSED, _RAISED, _FAILED):
            # Grandchildren may hold the pipe open: the last word is the end.
            return told, False
    return told, True


def _end(child: int, victim: int) -> int:
    """End the child and all that it has left behind; return how it ended."""
    if not _wait(child, 0.05):
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    for _ in range(64):
        left = [pid for pid in _children() if pid != victim]
        if not left:
            break
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
    return status


def _wait(child: int, limit_s: float) -> bool:
    """Wait for an end, without taking the status; tell whether it came."""
    until_s = time.monotonic() + limit_s
    while time.monotonic() < until_s:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG):
            return True
        time.sleep(0.0005)
    return False


def _children() -> list[int]:
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def _describe(kind: bytes, words: bytes, status: int, hung: bool) -> str:
    if kind in (_REFUSED, _RAISED):
        return words.decode(errors="replace")
    if os.WIFSIGNALED(status) and not hung and kind != _PROOF:
        return signal.Signals(os.WTERMSIG(status)).name
    if hung:
        return "hung"
    return "no effect"
