"""Signals to the kernel, read like everything else: as bytes of a socket in the one loop.

Owns: which signals are caught. Does not own: what each asks for (`Kernel/boot.py`).
"""

import signal
import socket
from dataclasses import dataclass

from fallback.births import hold_for_exec, let_through

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Each asks for an orderly stop; SIGHUP only when the terminal has hung up, see `_is_hangup`."""
CAUGHT_SIGNALS = (*STOP_SIGNALS, signal.SIGQUIT, signal.SIGCHLD)


@dataclass(slots=True)
class Signals:
    """Signals as bytes of a socket: the loop reads them like everything else."""

    reader: socket.socket
    writer: socket.socket

    @classmethod
    def catch(cls) -> "Signals":
        """Have the signals we act on wake the loop instead of interrupting it.

        Those that were held back until now come then.
        """
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        for number in CAUGHT_SIGNALS:
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # started by nohup: the world shall outlive its terminal
            signal.signal(number, lambda _number, _frame: None)
        let_through()
        return cls(reader, writer)

    def read(self) -> bytes:
        """Return the numbers of the signals that came."""
        try:
            return self.reader.recv(256)
        except BlockingIOError:
            return b""

    def hold(self) -> None:
        """We become another program: what came and was not read, and what comes, is for that."""
        hold_for_exec()
        hold_for_exec(self.read())
