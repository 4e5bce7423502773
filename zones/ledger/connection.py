"""One connection of the user bus, as the archive sees it: what comes in, what has to go out.

Owns: reading and writing one socket without ever waiting, and the bounds on both. Does not own:
what the messages mean (`bus_server.py`, `followers.py`).
"""

import socket
from collections import deque
from typing import Final

from Kernel.contract.user_bus import (
    MESSAGE_BYTES_MAX,
    FromArchive,
    FromSender,
    pack_message,
    parse_from_sender,
)
from zones.ledger.poller import READ, WRITE, Poller, Ready

BUFFER_BYTES: Final = MESSAGE_BYTES_MAX + 1
"""One more than a message may have, so that a longer one is seen to be."""
ANSWERS_MAX: Final = 64
"""Answers that wait for a sender to read them; then nothing more is read from it either."""
SEND_BUFFER_BYTES: Final = 4 * 1024 * 1024
"""Asked for, so that a follower takes some messages ahead; Linux gives what wmem_max allows."""


class Gone(Exception):
    """The other side has hung up."""


class Connection:
    """One accepted SEQPACKET socket.

    Args:
        zone: whose endpoint it came in by: that is who it is.
        ready: called when something has come in.

    Attributes:
        is_writable: False while the socket takes nothing more.
        rests: it is not read at present.
    """

    def __init__(self, zone: str, sock: socket.socket, poller: Poller, ready: Ready) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self.zone: Final = zone
        self.fd: Final = sock.fileno()
        self._socket = sock
        self._poller = poller
        self._ready = ready
        self._answers: deque[bytes] = deque()
        self._wanted = READ
        self._is_closed = False
        self.is_writable = True
        self.rests = False
        poller.add(self.fd, READ, self._on_ready)

    def read(self, buffer: bytearray) -> FromSender | None:
        """Return the next message, None when there is none at present.

        Args:
            buffer: of more than MESSAGE_BYTES_MAX; shared by all, what is in it is used up.

        Raises:
            Gone: there will be none any more.
            CodecError: it is no message of ours.
        """
        try:
            size = self._socket.recv_into(buffer)
        except BlockingIOError:
            return None
        except OSError as error:
            raise Gone from error
        if not size:
            raise Gone
        return parse_from_sender(memoryview(buffer)[:size])

    def say(self, message: FromArchive) -> None:
        """Send a message, now or when the socket takes it again."""
        if self._is_closed:
            return
        data = pack_message(message)
        if self._answers or not self._send(data):
            self._answers.append(data)
            self._want()

    def offer(self, message: FromArchive) -> bool:
        """Send a message if the socket takes it now; False: it was not sent."""
        if self._answers or not self._send(pack_message(message)):
            self.is_writable = False
            self._want()
            return False
        return True

    def rest(self, rests: bool) -> None:
        """Read nothing from it, or read it again: what it says stays in its socket meanwhile."""
        self.rests = rests
        self._want()

    def close(self) -> None:
        """Hang up."""
        self._is_closed = True
        self._poller.drop(self.fd)
        self._socket.close()

    def _on_ready(self, events: int) -> None:
        if events & WRITE:
            self.is_writable = True
            while self._answers and self._send(self._answers[0]):
                self._answers.popleft()
            self._want()
        if events & READ:
            self._ready(self.fd)

    def _send(self, data: bytes) -> bool:
        """Return False when the socket is full; of one that is broken the reading will tell."""
        try:
            self._socket.send(data)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def _want(self) -> None:
        """Wait for room while something is to go out, and read nothing while too much is."""
        wanted = 0 if self.rests or len(self._answers) >= ANSWERS_MAX else READ
        if self._answers or not self.is_writable:
            wanted |= WRITE
        if wanted != self._wanted:
            self._wanted = wanted
            self._poller.change(self.fd, wanted)
