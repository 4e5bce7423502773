"""Runs work on hostile sources in throw-away children.

Owns: the limits of a child and what is heard of it: a text in shared memory, whatever becomes of
it. Does not own: the work. A child is forked, so what its parent has loaded is there; before the
hostile part it gives up its descriptors and the means to write, fork or grow.
"""

import mmap
import os
import resource
import signal
import struct
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

NOTE_BYTES = 1 << 20
MEMORY_BYTES = 6 << 30
"""Address space: numba and LLVM alone take two gigabytes of it."""
NICE = 5
LENGTH = struct.Struct("<Q")
DESCRIPTORS_MAX = 4096


class Note:
    """Text that outlives the child that wrote it."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, NOTE_BYTES)

    def write(self, text: str) -> None:
        """Put a text, in place of the one before; it is cut to what fits."""
        data = text.encode("utf-8", "backslashreplace")[: NOTE_BYTES - LENGTH.size]
        LENGTH.pack_into(self._shared, 0, 0)
        self._shared[LENGTH.size : LENGTH.size + len(data)] = data
        LENGTH.pack_into(self._shared, 0, len(data))

    def read(self) -> str:
        """Return the text."""
        (length,) = LENGTH.unpack_from(self._shared, 0)
        return self._shared[LENGTH.size : LENGTH.size + length].decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended.

    Args:
        how: "done", "failed" (an exception), "crashed" (a signal) or "hung" (a limit of time).
        text: the last note; of a failure the traceback below it.
    """

    how: str
    text: str


def isolate(work: Callable[[Note], None], processor_s: int, wall_s: float) -> Ended:
    """Run work in a forked child and return how that ended.

    Args:
        processor_s: of the child, from its start.
        wall_s: after which it is killed.
    """
    note = Note()
    child = os.fork()
    if child == 0:
        _live(work, note, processor_s)
    return _bury(child, note, wall_s)


def _live(work: Callable[[Note], None], note: Note, processor_s: int) -> None:
    code = 1
    try:
        os.nice(NICE)
        resource.setrlimit(resource.RLIMIT_CPU, (processor_s, processor_s + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        work(note)
        code = 0
    except BaseException:
        note.write(f"{note.read()[:1000]}\n{traceback.format_exc()}")
    finally:
        os._exit(code)


def give_up_everything() -> None:
    """Close every descriptor and give up writing files, opening any, and forking."""
    os.closerange(0, DESCRIPTORS_MAX)
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC):
        resource.setrlimit(limit, (0, 0))


def _bury(child: int, note: Note, wall_s: float) -> Ended:
    deadline = time.monotonic() + wall_s
    delay_s = 0.0005
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return Ended("hung", note.read())
        time.sleep(delay_s)
        delay_s = min(delay_s * 1.5, 0.02)
    if os.WIFSIGNALED(status):
        timed_out = os.WTERMSIG(status) in {signal.SIGXCPU, signal.SIGKILL}
        return Ended("hung" if timed_out else "crashed", note.read())
    return Ended("done" if os.WEXITSTATUS(status) == 0 else "failed", note.read())
