"""A process on a leash: it does not outlive the test run, however that ends.

Owns: what a child does before it becomes a kernel. Why: a kernel leads a session of its own, so
neither Ctrl-C nor a killed pytest would reach it, and it would run for ever.
"""

import ctypes
import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def die_with_us() -> Callable[[], None]:
    """Return a `preexec_fn`: the child gets SIGKILL when the thread that started it ends."""
    libc = ctypes.CDLL(None)  # loaded here: little is safe between fork and exec
    parent = os.getpid()

    def leash() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the leash was on
            os._exit(1)

    return leash
