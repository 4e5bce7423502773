"""Who a process belongs to: it dies with the kernel, and the kernel is its parent.

Owns: PDEATHSIG, re-parenting by a double fork. Does not own: what the child then does.
PDEATHSIG is set only after the re-parenting is seen, because it follows the parent of that
moment; the check afterwards closes the gap in which the kernel may have died already.
"""

import ctypes
import errno
import os
import resource
import signal
import struct
import time
from collections.abc import Callable

from Kernel.contract.errors import MoltError

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NAME = 15
REPARENT_S = 5.0
NO_ROOM = 75
"""Exit code of the process between when there was no room for the child."""
_SCHED_OTHER = 0
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
# struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period
_SCHED_ATTR = struct.Struct("<IIQiIQQQ")


class CannotFork(MoltError):
    """No process, descriptor or memory is left for one process more."""


def die_with(parent_pid: int) -> None:
    """Have the OS kill this process when `parent_pid` dies; leave at once if it has died."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        os._exit(0)


def refuse_core_dumps() -> None:
    """Have the OS write no core dump: a dying process would keep its memory for seconds.

    Its heir waits for that memory to be let go. The limit is not heeded where dumps go into a
    pipe, hence also the flag.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def set_process_name(name: str) -> None:
    """Show `name` (at most 15 bytes) in ps and top."""
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def open_threads() -> int:
    """Return a descriptor of the folder that lists the threads of this process.

    For whoever will have no path to it any more.
    """
    return os.open("/proc/self/task", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def ask_short_slices(slice_ns: int, threads: int) -> None:
    """Ask the scheduler to run the threads of this process soon and briefly.

    A woken thread with a shorter slice preempts one with a longer (EEVDF, Linux 6.12 and later:
    `kernel/sched/fair.c`, PREEMPT_SHORT). Where two cores are all there is, an heir is often woken
    on the core on which its predecessor is being torn down, and waited 1 to 3 ms for the end of
    that. Kernels that know no slices ignore it: only speed is lost.

    Args:
        threads: from `open_threads`.
    """
    number = _SCHED_SETATTR.get(os.uname().machine)
    if number is None:
        return
    attributes = _SCHED_ATTR.pack(_SCHED_ATTR.size, _SCHED_OTHER, 0, os.nice(0), 0, slice_ns, 0, 0)
    libc = ctypes.CDLL(None)
    for thread in os.listdir(threads):
        libc.syscall(number, int(thread), attributes, 0)


def fork_for(kernel_pid: int, child: Callable[[], None], announce: Callable[[int], None]) -> None:
    """Fork twice: the grandchild runs `child` as a child of the kernel, and ends with it.

    `child` must not return normally to Python's own end: it is followed by os._exit.

    Raises:
        CannotFork, MoltError: as `fork_apart` does.
    """
    if fork_apart(kernel_pid, announce):
        child()
        os._exit(0)


def fork_apart(kernel_pid: int, announce: Callable[[int], None]) -> bool:
    """Fork twice; return True in the grandchild, by then a child of the kernel, a subreaper.

    Who was called returns False, when the process between is reaped. The grandchild goes on with
    the frames of its caller: one that lives on as the caller does must go back to where that
    began, or each in a row of such forks is deeper in its stack.

    Args:
        announce: called in the process between, with the grandchild's pid, before it leaves.

    Raises:
        CannotFork: the machine has no room for one process more: there is no child. Raised in the
            caller only, so that no copy of it goes on by catching it.
        MoltError: the process between died; the child, if there was one, ends itself. The kernel
            waits for news that will not come, so the caller should end: a new zygote is quicker.
    """
    try:
        told_reader, told_writer = os.pipe()
    except OSError as error:
        raise CannotFork(f"cannot fork: {error.strerror}", "ulimit -n") from error
    zygote = os.getpid()
    try:
        between = os.fork()
    except OSError as error:
        os.close(told_reader)
        os.close(told_writer)
        raise CannotFork(f"cannot fork: {error.strerror}", "ulimit -u") from error
    if between:
        os.close(told_reader)
        os.close(told_writer)
        status = os.waitpid(between, 0)[1]
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == NO_ROOM:
            raise CannotFork(f"cannot fork: {os.strerror(errno.EAGAIN)}", "ulimit -u")
        if status:
            raise MoltError("cannot fork: the process between died before it had announced a child")
        return False
    die_with(zygote)
    between = os.getpid()
    try:
        grandchild = os.fork()
    except OSError:
        os._exit(NO_ROOM)
    if grandchild:
        announce(grandchild)
        os.write(told_writer, b"!")
        os._exit(0)
    os.close(told_writer)
    told = os.read(told_reader, 1)  # nothing: who should have announced us died before it could
    os.close(told_reader)
    if not told:
        os._exit(1)
    deadline = time.monotonic() + REPARENT_S
    while (parent := os.getppid()) != kernel_pid:
        # Handed to anybody else, the kernel is dead: nobody would end us with it.
        if parent != between or time.monotonic() > deadline:
            os._exit(1)
        time.sleep(0.0002)
    die_with(kernel_pid)
    return True
