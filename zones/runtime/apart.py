"""Run a piece of work in a throw-away child: sealed, with limits, for a short time.

Owns: the fork, the limits, how it ended. Does not own: what the work is, the cage (`cage.py`). For
work that has to do with a foreign source: it may hang, crash, eat memory or reach for whatever it
finds, and the caller goes on all the same. What comes back is bytes, to be parsed as hostile. A
child of a fork: whoever calls must have no threads that matter to the work.

What the work needs of files is loaded by the caller before: once it is sealed there is none. Layers
that this machine has not got are left out, as `molt doctor cage` tells; that generated code is then
refused is decided by the kernel.
"""

import os
import resource
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from Kernel.contract.errors import MoltError
from Kernel.contract.signal_words import describe_signal
from zones.runtime import cage
from zones.runtime.cage import Layer, Plan
from zones.runtime.kinship import die_with, refuse_core_dumps

RESULT_BYTES_MAX: Final = 64 * 1024
FAILED: Final = 70
"""Exit code of a child whose work raised; its last words are the result."""
SEALED: Final = Plan("sealed")
_DONE_HERE: Final = frozenset({Layer.DESCRIPTORS, Layer.RLIMITS})


class ApartFailed(MoltError):
    """The work came to no result.

    Args:
        why: for people, as it follows "it".
        crashed: a signal of its own making has ended it; it did not merely take too long.
    """

    def __init__(self, why: str, crashed: bool = False) -> None:
        super().__init__(f"cannot finish: it {why}")
        self.why = why
        self.crashed = crashed


@dataclass(frozen=True, slots=True)
class Limits:
    """What the child may use.

    Args:
        wall_s: it is ended after this.
        cpu_s: of processor time, whole seconds.
        memory_bytes: besides what the caller has mapped.
        file_bytes: the longest file it may write, 0: none.
        nice: added to its niceness.
    """

    wall_s: float
    cpu_s: int
    memory_bytes: int
    file_bytes: int = 0
    nice: int = 0


def run_apart(work: Callable[[], bytes], limits: Limits, plan: Plan | None = SEALED) -> bytes:
    """Return what `work` returns, done in a child.

    Args:
        plan: its cage; descriptors and limits are those of this module all the same. None: the work
            closes its cage itself, before it turns to what is foreign.

    Raises:
        ApartFailed: it raised, crashed, took too long, or said too much.
    """
    if plan is not None:
        plan = replace(plan, without=plan.without | cage.machine_report().missing | _DONE_HERE)
    reader, writer = os.pipe2(os.O_CLOEXEC)
    parent = os.getpid()
    child = os.fork()
    if not child:
        os.close(reader)
        _live(work, limits, plan, writer, parent)
    os.close(writer)
    try:
        data, why = _collect(reader, child, limits.wall_s)
    finally:
        os.close(reader)
        status = os.waitpid(child, 0)[1]
    code = os.waitstatus_to_exitcode(status)
    if why:
        raise ApartFailed(why)
    if code < 0:
        if -code in (signal.SIGXCPU, signal.SIGKILL):
            raise ApartFailed(f"was ended by signal {-code}: it took too much")
        if -code == signal.SIGSYS:
            raise ApartFailed("was ended: it made a system call that its cage does not allow", True)
        raise ApartFailed(f"crashed by {describe_signal(-code)}", True)
    if code == FAILED:
        raise ApartFailed(f"failed: {data.decode(errors='replace')}")
    if code:
        raise ApartFailed(f"left with exit code {code}")
    return data


def _collect(reader: int, child: int, wall_s: float) -> tuple[bytes, str]:
    """Return what the child says, and why it was ended, "" where it was not."""
    data = bytearray()
    until_s = time.monotonic() + wall_s
    poller = select.poll()  # not select(): it knows no descriptor beyond 1023
    poller.register(reader, select.POLLIN)
    while True:
        left_s = until_s - time.monotonic()
        if left_s <= 0 or not poller.poll(left_s * 1000):
            os.kill(child, signal.SIGKILL)
            return bytes(data), f"took longer than {wall_s:g} s"
        piece = os.read(reader, RESULT_BYTES_MAX)
        if not piece:
            return bytes(data), ""
        data += piece
        if len(data) > RESULT_BYTES_MAX:
            os.kill(child, signal.SIGKILL)
            return b"", f"said more than {RESULT_BYTES_MAX} bytes"


def _live(
    work: Callable[[], bytes],
    limits: Limits,
    plan: Plan | None,
    writer: int,
    parent: int,
) -> None:
    """The child: it never returns."""
    code = FAILED
    try:
        die_with(parent)
        refuse_core_dumps()
        _let_go(writer)
        _limit(limits)
        try:
            if plan is not None:
                cage.enclose(plan)
                cage.seal(plan)
            data, code = work(), 0
        except MoltError as error:
            data = error.message.encode()
        except Exception as error:  # of a foreign source it may be anything
            data = f"{type(error).__name__}: {error}"[:2000].encode(errors="replace")
        while data:
            data = data[os.write(writer, data) :]
    finally:
        os._exit(code)


def _let_go(writer: int) -> None:
    """Close everything but the way back, and tie the standard streams to nothing."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.closerange(3, writer)
    os.closerange(writer + 1, max(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 1024))


def _limit(limits: Limits) -> None:
    with open("/proc/self/statm", encoding="ascii") as file:
        mapped_bytes = int(file.read().split()[0]) * resource.getpagesize()
    most = mapped_bytes + limits.memory_bytes
    for what, limit in (
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_AS, most),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(what, (limit, limit))
    if limits.nice:
        os.nice(limits.nice)
