"""The private bus over sockets on paper: the real `PrivateBus`, without ZeroMQ's threads.

Owns: what arrives when. Does not own: what is admitted (`Kernel/core/event_bus.py`).
"""

import errno
from collections import deque
from collections.abc import Callable

import zmq

from Kernel.contract.messages import Message, pack_message, parse_message
from Kernel.core.event_bus import QUEUE_MESSAGES_MAX, PrivateBus
from tests.sim.machine import Descriptors, SimLoop


class PaperSocket:
    """The kernel's end of a PAIR socket."""

    def __init__(self, loop: SimLoop, descriptors: Descriptors) -> None:
        if descriptors.refused:
            raise zmq.ZMQError(errno.EMFILE)
        self._loop = loop
        self._descriptors = descriptors
        self._fd = descriptors.open(self)
        self._arrived: deque[bytes] = deque()
        self.hear: Callable[[Message], None] | None = None
        self.name = ""
        self.closed = False
        loop.offer(self, lambda: bool(self._arrived))

    def setsockopt(self, _option: int, _value: int) -> None:
        """Take an option."""

    def getsockopt(self, _option: int) -> int:
        """Return the events: whether there is more to read."""
        return int(zmq.POLLIN) if self._arrived else 0

    def bind(self, address: str) -> None:
        """Be found by this name."""
        self.name = address.rsplit("/", 1)[-1]

    def recv(self, _flags: int) -> bytes:
        """Return the oldest message, or raise zmq.Again."""
        if not self._arrived:
            raise zmq.Again
        return self._arrived.popleft()

    def send(self, data: bytes, _flags: int) -> None:
        """Send to the peer, or raise zmq.Again while there is none."""
        if self.hear is None:
            raise zmq.Again
        self.hear(parse_message(data))

    def deliver(self, message: Message) -> None:
        """Take a message from the peer; a full queue makes it wait, so it is not sent again."""
        if not self.closed and len(self._arrived) < QUEUE_MESSAGES_MAX:
            self._arrived.append(pack_message(message))
            self._loop.touch(self)

    def close(self, linger: int = 0) -> None:
        """Close it; what was not delivered is dropped."""
        if not self.closed:
            self.closed = True
            self._loop.withdraw(self)
            self._descriptors.close(self._fd)


class SimBus(PrivateBus):
    """The kernel's bus, its sockets ours."""

    def __init__(self, loop: SimLoop, descriptors: Descriptors) -> None:
        self._bus_dir_fd = -1
        self._endpoints = {}
        self._context = self  # type: ignore[assignment]
        self._loop = loop
        self._descriptors = descriptors
        self.sockets: dict[str, PaperSocket] = {}

    def socket(self, _kind: int) -> PaperSocket:
        """Make a socket, as a ZeroMQ context does."""
        return PaperSocket(self._loop, self._descriptors)

    def term(self) -> None:
        """End, as a ZeroMQ context does."""

    def open_endpoint(self, zone: str, serial: int):
        """Make the endpoint for one process, and let it be found."""
        endpoint = super().open_endpoint(zone, serial)
        socket: PaperSocket = endpoint.socket  # type: ignore[assignment]
        self.sockets[endpoint.name] = socket
        return endpoint

    def _unlink(self, name: str) -> None:
        self.sockets.pop(name, None)
