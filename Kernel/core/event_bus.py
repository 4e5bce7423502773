"""The private bus: one ZeroMQ endpoint for each started bus-zone process.

Owns: the sockets of the control road, their limits, what is refused, and the socket files. Does
not own: what a message means (`Kernel/contract/messages.py`), when to look (`Kernel/loop.py`
polls `Endpoint.socket`), nor what silence leads to (`watchdog.py`).

Identity comes from the endpoint: it is made for one process, in a 0700 directory, a PAIR socket
takes one peer, and its file is unlinked when that peer has said hello, so nobody else can come.
Socket files are reached as /proc/self/fd/<directory>/<name>: a path of any length fits into the
108 bytes of a Unix address, for bind and for connect, each with its own descriptor (tried with a
directory of 190 characters). ZeroMQ unlinks whatever has the name it binds to, a regular file
too, and leaves its file behind when it closes: names must be fresh, and we remove them.

Not held: the parts of one ZeroMQ message are buffered until the last, whatever the limits, so a
zone could fill the kernel's memory with one message that never ends. Bus zones run no generated
code; the resource governor sees the growth.
"""

import contextlib
import os
from collections import deque
from dataclasses import dataclass, field

import zmq

from Kernel.contract.codec import MESSAGE_BYTES_MAX
from Kernel.contract.errors import CodecError
from Kernel.contract.messages import (
    Hello,
    Message,
    check_zone,
    pack_message,
    parse_message,
)
from Kernel.contract.policy import Party, Road, is_allowed
from Kernel.contract.refusals import MALFORMED

QUEUE_MESSAGES_MAX = 256
"""Messages waiting in each direction of one endpoint before its sender is told "full"."""
REFUSALS_KEPT = 16
# Plain numbers: arithmetic on enum members costs microseconds each time.
_DONTWAIT, _EVENTS, _POLLIN = int(zmq.DONTWAIT), int(zmq.EVENTS), int(zmq.POLLIN)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One message that was not accepted: whose endpoint, what was said, and why not."""

    zone: str
    request: str
    reason: str


@dataclass(slots=True)
class Counters:
    """What went over one endpoint. `refused` counts malformed, `forbidden` unauthorised ones."""

    received: int = 0
    sent: int = 0
    full: int = 0
    refused: int = 0
    forbidden: int = 0


@dataclass(slots=True, eq=False)
class Endpoint:
    """The kernel's end of the road to one process.

    Args:
        name: its file in the bus directory; given to the process, used once.
        socket: for the kernel's poller; nobody else sends or receives on it.
        hello: what the process said first, None before.
        refusals: the newest REFUSALS_KEPT, oldest first; whoever records them may clear it.
    """

    zone: str
    serial: int
    name: str
    socket: zmq.Socket[bytes]
    hello: Hello | None = None
    counters: Counters = field(default_factory=Counters)
    refusals: deque[Refusal] = field(default_factory=lambda: deque(maxlen=REFUSALS_KEPT))

    def is_taken_from(self, pid: int) -> bool:
        """Tell whether somebody else than the process it was made for sits here.

        That one says hello before all else: who begins otherwise is somebody else, too.
        """
        if self.hello is None:
            return bool(self.counters.refused or self.counters.forbidden)
        return self.hello.pid != pid


class PrivateBus:
    """All endpoints of this kernel. Never blocks, never raises for what a zone does.

    Args:
        bus_dir_fd: the opened bus directory (0700), kept open by the caller until close_all().
            Socket files left there by a kernel that was killed are removed.
    """

    def __init__(self, bus_dir_fd: int) -> None:
        self._bus_dir_fd = bus_dir_fd
        self._context = zmq.Context(io_threads=1)
        self._endpoints: dict[str, Endpoint] = {}
        for name in os.listdir(bus_dir_fd):
            self._unlink(name)

    def open_endpoint(self, zone: str, serial: int) -> Endpoint:
        """Make the endpoint for one process that is about to be started.

        Args:
            serial: how many processes were started for this zone before; makes the name unique.

        Raises:
            CodecError: `zone` is not a zone name.
            zmq.ZMQError: the socket cannot be bound (out of descriptors, directory gone).
        """
        check_zone(zone)
        name = f"{zone}-{serial}"
        assert serial >= 0 and name not in self._endpoints, "an endpoint is used once"
        socket: zmq.Socket[bytes] = self._context.socket(zmq.PAIR)
        try:
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.MAXMSGSIZE, MESSAGE_BYTES_MAX)
            socket.setsockopt(zmq.RCVHWM, QUEUE_MESSAGES_MAX)
            socket.setsockopt(zmq.SNDHWM, QUEUE_MESSAGES_MAX)
            socket.bind(f"ipc:///proc/self/fd/{self._bus_dir_fd}/{name}")
        except BaseException:
            socket.close()
            raise
        endpoint = Endpoint(zone, serial, name, socket)
        self._endpoints[name] = endpoint
        return endpoint

    def receive(self, endpoint: Endpoint, messages_max: int = 1) -> list[Message]:
        """Return what has arrived, at most `messages_max`; what is refused counts too.

        One by default: the poller says if there is more, looking for it would delay the first
        one, and a zone that talks without end gets its turn like the others. The parts of a
        multi-part message count as messages: nothing here depends on parts.
        """
        messages: list[Message] = []
        socket = endpoint.socket
        for _ in range(messages_max):
            try:
                message = parse_message(socket.recv(_DONTWAIT))
            except zmq.Again:
                break
            except CodecError as error:
                endpoint.counters.refused += 1
                endpoint.refusals.append(Refusal(endpoint.zone, MALFORMED, error.message))
                continue
            if endpoint.hello is None or not _may_say(message.KIND):
                if not self._admit(endpoint, message):
                    continue
            elif type(message) is Hello:
                self._forbid(endpoint, message.KIND, "said hello again")
                continue
            messages.append(message)
            # Asked, because the exception of an empty queue costs three times the question.
            if messages_max == 1 or not int(socket.getsockopt(_EVENTS)) & _POLLIN:
                break
        endpoint.counters.received += len(messages)
        return messages

    def send(self, endpoint: Endpoint, message: Message) -> bool:
        """Queue one message; False when the zone does not take them (it is not sent then).

        Raises:
            CodecError: the message is out of range, see `pack_message`.
        """
        data = pack_message(message)
        try:
            endpoint.socket.send(data, _DONTWAIT)
        except zmq.Again:
            endpoint.counters.full += 1
            return False
        endpoint.counters.sent += 1
        return True

    def close(self, endpoint: Endpoint) -> None:
        """Close one endpoint; what was not delivered is dropped. Closing twice does nothing."""
        if self._endpoints.pop(endpoint.name, None) is not None:
            endpoint.socket.close(linger=0)
            self._unlink(endpoint.name)

    def close_all(self) -> None:
        """Close every endpoint and the ZeroMQ context; the bus is of no use afterwards."""
        for endpoint in list(self._endpoints.values()):
            self.close(endpoint)
        self._context.term()

    def _admit(self, endpoint: Endpoint, message: Message) -> bool:
        """Return whether a message that is not plainly allowed may pass: only a first hello."""
        kind = message.KIND
        if not _may_say(kind):
            self._forbid(endpoint, kind, f"may not say {kind}")
        elif not isinstance(message, Hello):
            self._forbid(endpoint, kind, f"said {kind} before hello")
        elif message.zone != endpoint.zone:
            self._forbid(endpoint, kind, f"claims to be zone {message.zone!r}")
        else:
            endpoint.hello = message
            self._unlink(endpoint.name)
            return True
        return False

    def _forbid(self, endpoint: Endpoint, request: str, reason: str) -> None:
        endpoint.counters.forbidden += 1
        why = f"cannot accept a message: {endpoint.zone} {reason}"
        endpoint.refusals.append(Refusal(endpoint.zone, request, why))

    def _unlink(self, name: str) -> None:
        """Remove a socket file; where it may not be removed, a read-only home, it does no harm."""
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self._bus_dir_fd)


def _may_say(kind: str) -> bool:
    return is_allowed(Road.BUS, kind, Party.ZONE)
