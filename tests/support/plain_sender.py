"""The least a sender of the user bus can do: an outbox in memory on a blocking socket.

Owns: connecting, sending, sending again after the archive was away. No file, no thread: what it
has not been told of when it dies is lost, as the contract allows. The product's sender is
`zones/runtime/user_bus.py`.
"""

import os
import socket
import time
from pathlib import Path
from typing import Final

from Kernel.contract.outbox import Outbox
from Kernel.contract.user_bus import (
    EPOCH_BYTES,
    MESSAGE_BYTES_MAX,
    PROTOCOL,
    Hello,
    Put,
    Rejected,
    Stored,
    Welcome,
    endpoint_name,
    pack_message,
    parse_from_archive,
)

PATIENCE_S: Final = 30.0
AGAIN_S: Final = 0.005
BYTES_MAX: Final = 4 << 20


class PlainSender:
    """One life of a sender.

    Args:
        bus: the folder of the endpoints.
        count_max: how many may be outstanding.
    """

    def __init__(self, bus: Path, zone: str, count_max: int = 1000) -> None:
        self._bus = os.open(bus, os.O_RDONLY | os.O_DIRECTORY)
        self._zone = zone
        self._outbox = Outbox(os.urandom(EPOCH_BYTES), count_max, BYTES_MAX)
        self._socket: socket.socket | None = None
        self._position = 0

    @property
    def settled(self) -> int:
        """Return how many are durable."""
        return self._outbox.first - 1

    def publish(self, record: bytes) -> int:
        """Make one record durable and return its position."""
        self.send(record)
        self.flush()
        return self._position

    def send(self, record: bytes) -> None:
        """Send one of many; waits while as many as there may be are outstanding."""
        while not self._outbox.has_room(len(record)):
            self._push()
            self._take()
        self._outbox.add(record)

    def flush(self) -> None:
        """Wait until all are durable."""
        while len(self._outbox):
            self._push()
            self._take()

    def close(self) -> None:
        """Hang up."""
        self._lose()
        os.close(self._bus)

    def _push(self) -> None:
        """Send all that is not sent."""
        while True:
            road = self._connected()
            batch = self._outbox.take_batch()
            if batch is None:
                return
            try:
                road.send(pack_message(Put(*batch)))
            except OSError:
                self._lose()

    def _take(self) -> None:
        """Wait for one answer; none comes when the archive has gone."""
        try:
            data = self._connected().recv(MESSAGE_BYTES_MAX)
        except ConnectionError:
            data = b""
        if not data:
            self._lose()
            return
        answer = parse_from_archive(data)
        assert not isinstance(answer, Rejected), answer
        if isinstance(answer, Stored):
            self._outbox.on_stored(answer.number)
            self._position = answer.position
        elif isinstance(answer, Welcome):
            self._outbox.on_welcome(answer.stored)

    def _connected(self) -> socket.socket:
        """Return the connection; a new one has said hello, and all counts as not sent."""
        deadline = time.monotonic() + PATIENCE_S
        while self._socket is None:
            road = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            road.settimeout(PATIENCE_S)
            try:
                road.connect(f"/proc/self/fd/{self._bus}/{endpoint_name(self._zone)}")
                hello = Hello(PROTOCOL, self._zone, self._outbox.epoch, self._outbox.first)
                road.send(pack_message(hello))
                data = road.recv(MESSAGE_BYTES_MAX)
            except ConnectionError:
                data = b""
            if not data:  # the archive went while it was greeted
                road.close()
                assert time.monotonic() < deadline, f"no archive in {PATIENCE_S} s"
                time.sleep(AGAIN_S)
                continue
            answer = parse_from_archive(data)
            assert isinstance(answer, Welcome), answer
            self._outbox.on_welcome(answer.stored)
            self._socket = road
        return self._socket

    def _lose(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._outbox.on_lost()
