"""A bus zone's end of the control road.

Owns: the one socket to the kernel, the hello, and the heartbeat, which is sent by the loop that
does the work. Does not own: what a request does (each service), nor who restarts whom.
Made after the fork only: a ZeroMQ context carried over a fork hangs or loses messages in silence.
"""

import time
from typing import Any, NoReturn

import zmq

from Kernel.contract.codec import MESSAGE_BYTES_MAX
from Kernel.contract.errors import CodecError, Refused
from Kernel.contract.messages import (
    DRILL_HANG,
    HEARTBEAT_S,
    TEXT_CHARS_MAX,
    Answer,
    Ask,
    Degraded,
    Drain,
    Heartbeat,
    Hello,
    Message,
    Ready,
    Reply,
    Request,
    pack_message,
    parse_message,
)

QUEUE_MESSAGES_MAX = 256
ANSWERS_KEPT = 64
LINGER_MS = 200
"""How long the last words (a reply before leaving) may take to go out."""
_HEARTBEAT_NS = int(HEARTBEAT_S * 1e9)


class BusClient:
    """The road of one process to its kernel. Says hello at once.

    Args:
        directory_fd: the opened bus directory, inherited; needed only while connecting.
        endpoint_name: the endpoint the kernel made for this process.
        zone: the zone this process hosts.
        pid: its process id as the kernel sees it.

    Attributes:
        progress: counted up by the service with every turn of its loop; heartbeats carry it.
        degraded: what does not work at present; every heartbeat carries it.
        turned_away: requests of others that were refused here; every heartbeat carries it.
        waiting: events of this zone that are not stored yet; every heartbeat carries it.
        unsent: messages the kernel did not take (its queue was full).
        refused: messages from the kernel that could not be read.
    """

    def __init__(self, directory_fd: int, endpoint_name: str, zone: str, pid: int) -> None:
        self.progress = 0
        self.degraded: tuple[Degraded, ...] = ()
        self.turned_away = 0
        self.waiting = 0
        self.unsent = 0
        self.refused = 0
        self._asked = 0
        self._answers: dict[int, Answer] = {}
        self._next_beat_ns = 0
        self._wait_ms = -1
        self._context = zmq.Context(io_threads=1)
        self._socket: zmq.Socket[bytes] = self._context.socket(zmq.PAIR)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.MAXMSGSIZE, MESSAGE_BYTES_MAX)
        self._socket.setsockopt(zmq.RCVHWM, QUEUE_MESSAGES_MAX)
        self._socket.setsockopt(zmq.SNDHWM, QUEUE_MESSAGES_MAX)
        # The endpoint's file is gone once the kernel has our hello: there is nothing to return to.
        self._socket.setsockopt(zmq.RECONNECT_IVL, -1)
        self._socket.connect(f"ipc:///proc/self/fd/{directory_fd}/{endpoint_name}")
        self._send(Hello(pid, zone))

    def ready(self, facts: dict[str, Any]) -> None:
        """Tell the kernel that this zone can serve.

        Raises:
            CodecError: `facts` is not plain data, or too large.
        """
        self._send(Ready(facts))

    def poll(self, timeout_s: float) -> list[Drain | Request]:
        """Wait for a message, at most `timeout_s` and never past the next heartbeat's time.

        Sends the heartbeat when it is due. Returns an empty list on time-out, heartbeat or a
        message that is refused; never more than one message, since looking for a second would
        delay the answer to the first.
        """
        left_ns = self.beat()
        wait_ms = min(int(timeout_s * 1e3), left_ns // 1_000_000 + 1)
        # A receive with a time-out costs one system call less than a poll and a receive.
        if wait_ms != self._wait_ms:
            self._socket.setsockopt(zmq.RCVTIMEO, wait_ms)
            self._wait_ms = wait_ms
        try:
            message = parse_message(self._socket.recv())
        except zmq.Again:
            return []
        except CodecError:
            self.refused += 1
            return []
        if type(message) is Request or type(message) is Drain:
            if isinstance(message, Request) and message.name == DRILL_HANG:
                _hang()
            return [message]
        if type(message) is Answer:
            self._answers[message.request_id] = message
            if len(self._answers) > ANSWERS_KEPT:  # the oldest: nobody takes it
                del self._answers[next(iter(self._answers))]
            return []
        self.refused += 1
        return []

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when something has come in.

        It tells of changes only: whoever waits on it calls `poll(0.0)` until nothing comes, and
        now and then anyway.
        """
        return int(self._socket.getsockopt(zmq.FD))

    def beat(self) -> int:
        """Send the heartbeat if it is due and return the nanoseconds until the next one.

        For work that takes longer than HEARTBEAT_S: call it between steps.
        """
        now_ns = time.monotonic_ns()
        if now_ns >= self._next_beat_ns:
            self._send(
                Heartbeat(self.progress, now_ns, self.degraded, self.turned_away, self.waiting)
            )
            self._next_beat_ns = now_ns + _HEARTBEAT_NS
        return self._next_beat_ns - now_ns

    def reply(self, request: Request, result: dict[str, Any]) -> None:
        """Answer a request that was done; a result that cannot be sent becomes a failure.

        The kernel must never wait for an answer that was lost to its own size.
        """
        try:
            self._send(Reply(request.request_id, True, result))
        except CodecError as error:
            self.refuse(request, error.message)

    def refuse(self, request: Request, error: str) -> None:
        """Answer a request that was not done, with the reason ("cannot ...")."""
        self._send(Reply(request.request_id, False, {}, error[:TEXT_CHARS_MAX]))

    def ask(self, name: str, args: dict[str, Any]) -> int:
        """Ask the kernel for something and return the number of the ask; `poll` hears the answer.

        Args:
            name: one of those the zone `may` ask for, in kernel.yaml; others are refused.
            args: of that name: "trial" takes source (text), and if wanted zone, ticks, seeds,
                scale, add, carriers.

        Raises:
            CodecError: `args` is not plain data, or too large.
            Refused: the kernel takes nothing just now.
        """
        self._asked += 1
        unsent = self.unsent
        self._send(Ask(self._asked, name, args))
        if self.unsent != unsent:
            raise Refused(f"cannot ask the kernel for {name!r}: its queue is full")
        return self._asked

    def take_answer(self, request_id: int) -> Answer | None:
        """Return the answer to an ask once, None while it has not come."""
        return self._answers.pop(request_id, None)

    def close(self) -> None:
        """Close the road; what is not delivered within LINGER_MS is dropped."""
        self._socket.close(linger=LINGER_MS)
        self._context.term()

    def _send(self, message: Message) -> None:
        try:
            self._socket.send(pack_message(message), zmq.DONTWAIT)
        except zmq.Again:
            self.unsent += 1


def _hang() -> NoReturn:
    """Be hung for good, as the kernel's drill asks: its watchdog must find out."""
    while True:
        pass
