"""The terminal we were started on: whose Ctrl-C it is, and whether it is still there.

Owns: becoming the terminal's foreground process group and giving that back, as a shell does for
a job. Needed under `make run`: make would die of the same Ctrl-C that asks us to stop in order,
and report 130 for a kernel that left with 0.
"""

import os
import signal

_TERMINAL_FD = 0


def has_terminal() -> bool:
    """Tell whether this process has a controlling terminal.

    One that has hung up is none any more before its SIGHUP comes (Linux `__tty_hangup`).
    """
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


class Foreground:
    """The foreground of our terminal, taken for as long as we run."""

    def __init__(self, former_group: int) -> None:
        self._former_group = former_group

    @classmethod
    def take(cls) -> "Foreground | None":
        """Take the foreground; None when there is no terminal or it is not ours to take."""
        try:
            former = os.tcgetpgrp(_TERMINAL_FD)
            if former != os.getpgrp() or os.getpid() == former:
                return None
            os.setpgid(0, 0)
            # A process that is in the background for a moment would be stopped for asking.
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            # Ctrl-Z would stop us and not make, which would hold the terminal for ever.
            signal.signal(signal.SIGTSTP, signal.SIG_IGN)
            os.tcsetpgrp(_TERMINAL_FD, os.getpgrp())
        except OSError:
            return None
        return cls(former)

    def give_back(self) -> None:
        """Give the foreground back to the group that had it."""
        try:
            os.tcsetpgrp(_TERMINAL_FD, self._former_group)
        except OSError:
            return  # the terminal or that group is gone: there is nobody to give it to
