"""A kernel, a zygote and what they fork, as real processes with nothing in them.

Run as `python -m tests.support.kin MODE`. The process is the kernel: a child subreaper. It forks a
zygote tied to it, which has `fork_for` make one child that sleeps. Every pid is printed, one line
each (`zygote 12`, `child 14`), then the kernel reaps and reports (`reaped 14`) until it is killed.
MODE says what goes wrong: `well`; `between`: the process between dies before it has announced;
`held`: it never comes to announce; `late`: it announces when the kernel has just been killed.
"""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

from Kernel.contract.errors import MoltError
from zones.runtime.kinship import die_with, fork_for

PR_SET_CHILD_SUBREAPER = 36


def say(word: str, pid: int) -> None:
    """Print one line in one write: several processes share the pipe."""
    os.write(1, f"{word} {pid}\n".encode())


def be_child() -> None:
    """Say who is there and whose child it is, then wait for the end."""
    say("child", os.getpid())
    say("parent", os.getppid())
    while True:
        signal.pause()


def announce(mode: str, pid: int, kernel_pid: int) -> None:
    """Be the process between."""
    say("between", os.getpid())
    say("born", pid)
    if mode == "between":
        os.kill(os.getpid(), signal.SIGKILL)
    if mode == "held":
        signal.pause()
    if mode == "late":
        os.kill(kernel_pid, signal.SIGKILL)
        while Path(f"/proc/{kernel_pid}/statm").read_text()[0] != "0":
            time.sleep(0.001)


def be_zygote(kernel_pid: int, mode: str) -> None:
    """Have one child forked for the kernel, then wait for the end."""
    die_with(kernel_pid)
    try:
        fork_for(kernel_pid, be_child, lambda pid: announce(mode, pid, kernel_pid))
    except MoltError:
        say("unforked", os.getpid())
    else:
        say("forked", os.getpid())
    while True:
        signal.pause()


def main(mode: str) -> None:
    """Be the kernel."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    kernel_pid = os.getpid()
    zygote = os.fork()
    if not zygote:
        be_zygote(kernel_pid, mode)
    say("zygote", zygote)
    while True:
        try:
            pid, _ = os.waitpid(-1, 0)
            say("reaped", pid)
        except ChildProcessError:
            time.sleep(0.01)


if __name__ == "__main__":
    main(sys.argv[1])
