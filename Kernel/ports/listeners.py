"""The listening sockets of the user bus, kept for the kernel's whole life.

Owns: their files and descriptors. Does not own: accepting on them (the archive), connecting to them
(`Kernel/core/log_sender.py`, zones), what is said (`Kernel/contract/user_bus.py`).

Because the kernel holds them, a connection made while there is no archive waits for the next one
instead of failing, and what its sender has said waits with it.
"""

import os
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress

from Kernel.contract.errors import ConfigError
from Kernel.contract.places import BUS, SCRIBE_SOCKET
from Kernel.contract.user_bus import SCRIBE, endpoint_name
from Kernel.ports.listening import listen

WAITING_MAX = 64
"""Connections of one speaker that may wait to be accepted; one more is refused (EAGAIN)."""


class Listeners:
    """One listening socket for each speaker: SEQPACKET in the bus directory, STREAM for the scribe.

    Args:
        bus_fd: the opened bus directory; the caller's.
        run_fd: the opened HOME/run, where programs find the scribe's; the caller's.
        speakers: zones, "kernel" and "scribe".

    Raises:
        ConfigError: one cannot be made.
    """

    def __init__(self, bus_fd: int, run_fd: int, speakers: Iterable[str]) -> None:
        self._sockets: dict[str, socket.socket] = {}
        self._run_fd = run_fd
        for speaker in speakers:
            is_scribe = speaker == SCRIBE
            folder, folder_fd = (SCRIBE_SOCKET.parent, run_fd) if is_scribe else (BUS, bus_fd)
            name = SCRIBE_SOCKET.name if is_scribe else endpoint_name(speaker)
            kind = socket.SOCK_STREAM if is_scribe else socket.SOCK_SEQPACKET
            try:
                self._sockets[speaker], _inode = listen(folder_fd, name, WAITING_MAX, kind)
            except OSError as error:
                self.close()
                raise ConfigError(
                    f"cannot listen at {name} in {folder}: {error.strerror or error}"
                ) from error

    @property
    def descriptors(self) -> Mapping[str, int]:
        """Return them by the names under which the broker gets them: "listen.<speaker>"."""
        return {f"listen.{name}": each.fileno() for name, each in self._sockets.items()}

    def close(self) -> None:
        """Close all of them. The scribe's file goes with it: nobody will listen there any more."""
        if SCRIBE in self._sockets:
            with suppress(OSError):
                os.unlink(SCRIBE_SOCKET.name, dir_fd=self._run_fd)
        for each in self._sockets.values():
            each.close()
        self._sockets.clear()
