"""Connections of the kernel to its own endpoint on the user bus, never waiting.

Owns: the sockets. Does not own: what is said (`Kernel/core/log_sender.py`, `event_feed.py`), the
listening side (`listeners.py`).
"""

import socket
from typing import Protocol

from Kernel.contract.user_bus import MESSAGE_BYTES_MAX, endpoint_name


class EventRoad(Protocol):
    """One connection; a simulation gives its own."""

    def fileno(self) -> int:
        """Return what the loop polls."""

    def send(self, data: bytes) -> bool:
        """Send one message whole; False while the other side takes none.

        Raises:
            OSError: the connection is lost.
        """

    def receive(self) -> bytes | None:
        """Return the next message, None while there is none, b"" at the end.

        Raises:
            OSError: the connection is lost.
        """

    def close(self) -> None:
        """Close it."""


class EventRoads(Protocol):
    """Makes connections."""

    def connect(self) -> EventRoad:
        """Return a new connection; whether anybody has taken it up cannot be told.

        Raises:
            OSError: none can be made now.
        """


class SocketRoad:
    """A SEQPACKET socket that does not block."""

    def __init__(self, road: socket.socket) -> None:
        self._road = road

    def fileno(self) -> int:
        """Return its descriptor."""
        return self._road.fileno()

    def send(self, data: bytes) -> bool:
        """Send one message whole; False while the other side takes none."""
        try:
            self._road.send(data)
        except BlockingIOError:
            return False
        return True

    def receive(self) -> bytes | None:
        """Return the next message, None while there is none, b"" at the end."""
        try:
            return self._road.recv(MESSAGE_BYTES_MAX)
        except BlockingIOError:
            return None

    def close(self) -> None:
        """Close it."""
        self._road.close()


class SocketRoads:
    """Connections to the endpoint of one speaker.

    Args:
        bus_fd: the opened bus directory; the caller's.
    """

    def __init__(self, bus_fd: int, speaker: str) -> None:
        self._address = f"/proc/self/fd/{bus_fd}/{endpoint_name(speaker)}"

    def connect(self) -> SocketRoad:
        """Return a new connection."""
        road = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            road.setblocking(False)
            road.connect(self._address)
        except OSError:
            road.close()
            raise
        return SocketRoad(road)
