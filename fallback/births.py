"""Signals while a process is between two sets of handlers: at the birth of a child, and at an exec.

Owns: which signals are held back then. Does not own: what each asks for. A child begins as our
copy, with our handlers and our wake-up descriptor: until its exec, a signal to it would be told to
us as if it were ours. A process that execs has no handlers until the new program has made its own:
a signal would end it.
Standard library only: the kernel uses it, too.
"""

import contextlib
import ctypes
import os
import signal
from collections.abc import Callable, Iterable, Iterator

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""Each ends a process that has no handler for it."""
_AT_BIRTH = (*ENDING, signal.SIGCHLD)
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


@contextlib.contextmanager
def held_at_birth() -> Iterator[None]:
    """Hold signals back while a child is started; it lets go of them itself, see `newborn`."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _AT_BIRTH)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def newborn(nice: int = 0) -> Callable[[], None]:
    """Return the `preexec_fn` of a child: deaf to what is meant for us, and it dies with us.

    Args:
        nice: added to its niceness.
    """
    parent = os.getpid()

    def prepare() -> None:
        signal.set_wakeup_fd(-1)
        for number in _AT_BIRTH:
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup is for the children, too
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _AT_BIRTH)
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            os.kill(os.getpid(), signal.SIGKILL)
        os.nice(nice)

    return prepare


def hold_for_exec(unread: Iterable[int] = ()) -> None:
    """Hold back what would end us, until `let_through`; an exec keeps both the hold and what came.

    Args:
        unread: numbers of signals that were caught and will not be acted on here: they are sent
            once more, for who comes after us.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    for number in unread:
        if number in ENDING:
            # To this thread, which blocks it and survives the exec; another might not.
            signal.raise_signal(number)


def let_through() -> None:
    """Handlers stand now: take what came while signals were held back."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
