"""A bus zone on paper for a paper kernel: a real peer on the private bus, in the test's hands.

Owns: bringing `chronos` or `archive` up, answering requests. Does not own: snapshots.
"""

import zmq

from Kernel.contract.messages import (
    Drain,
    Hello,
    Message,
    Ready,
    Reply,
    Request,
    pack_message,
    parse_message,
)
from tests.support.paper_kernel import SERVICES, PaperKernel
from tests.support.wait import wait_until

FACTS = {
    "chronos": {"arenas": {"stable": {"snapshots": 3}}},
    "archive": {"arenas": {"stable": {"stored": 7}}, "events": 1204},
}


class PaperArchive:
    """The one process of the zone."""

    def __init__(self, kernel: PaperKernel, zone: str = "archive") -> None:
        self.kernel = kernel
        self.zone = zone
        self.pid = 0
        self._context = zmq.Context()
        self._peer: zmq.Socket = self._context.socket(zmq.PAIR)
        self._peer.setsockopt(zmq.LINGER, 0)

    def serve(self) -> None:
        """Bring the zone up."""
        kernel = self.kernel
        kernel.round()
        zygote = next(
            each for each in kernel.machine.processes.zygotes if each.service == SERVICES[self.zone]
        )
        zygote.prepare({"service": self.zone})
        kernel.round()
        self.pid = kernel.machine.processes.new_pid()
        request = zygote.fork(self.pid)
        self._peer.connect(f"ipc:///proc/self/fd/{kernel.bus_fd}/{request.facts['endpoint']}")
        self.say(Hello(self.pid, self.zone))
        self.say(Ready(FACTS[self.zone]))
        wait_until(f"{self.zone} to serve", self._is_served)

    def _is_served(self) -> bool:
        self.kernel.round(1)
        return self.kernel.zones.services[self.zone].active is not None

    def say(self, message: Message) -> None:
        """Send as the process."""
        self._peer.send(pack_message(message))

    def hear(self, kind: type[Message]) -> Message:
        """Wait for the next message, which must be of this kind, while the kernel goes on."""

        def look() -> bytes | None:
            self.kernel.round(1)
            try:
                return self._peer.recv(zmq.NOBLOCK)
            except zmq.Again:
                return None

        message = parse_message(wait_until(f"a {kind.__name__}", look))
        assert isinstance(message, kind), message
        return message

    def answer_snapshot(self, tick: int | None, error: str = "") -> None:
        """Take a request for a snapshot and say that it was taken, or why not."""
        request = self.hear(Request)
        assert isinstance(request, Request) and request.name == "snapshot"
        result = {} if tick is None else {"tick": tick}
        self.say(Reply(request.request_id, not error, result, error))

    def leave(self) -> None:
        """Wait for the drain and end in order."""
        self.hear(Drain)
        self.kernel.machine.processes.end(self.pid, code=0)
        self.kernel.round()

    def close(self) -> None:
        """Close this end."""
        self._peer.close()
        self._context.term()
