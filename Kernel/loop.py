"""The one loop: wait for an event, let whoever asked for it act, then let every part decide.

Owns: waiting. Does not own: any decision. Blocking poll over ZeroMQ sockets and plain
descriptors (measured: asyncio over ZeroMQ has a quarter of the throughput).
"""

import math
from collections.abc import Callable

import zmq

Source = int | zmq.Socket[bytes]
CAN_READ, CAN_WRITE = int(zmq.POLLIN), int(zmq.POLLOUT)


class Loop:
    """Sources and what to do when one of them is readable (or writable)."""

    def __init__(self) -> None:
        self._poller = zmq.Poller()
        self._callbacks: dict[Source, Callable[[int], None]] = {}
        self._running = True

    def watch(
        self, source: Source, callback: Callable[[int], None], events: int = CAN_READ
    ) -> None:
        """Call `callback(events)` whenever `source` is ready; again: change the events."""
        self._callbacks[source] = callback
        self._poller.register(source, events)

    def unwatch(self, source: Source) -> None:
        """Forget a source; do it before closing it."""
        if self._callbacks.pop(source, None) is not None:
            self._poller.unregister(source)

    def stop(self) -> None:
        """Leave `run` after this round."""
        self._running = False

    def run(self, every_round: Callable[[], float]) -> None:
        """Serve until `stop`. `every_round` decides and returns how long to wait at most, s."""
        timeout_s = 0.0
        while self._running:
            # Rounded up: waking too early would only mean to look again.
            ready = self._poller.poll(max(0, math.ceil(timeout_s * 1000)))
            for source, events in ready:
                callback = self._callbacks.get(source)
                if callback is not None:  # an earlier callback of this round may have closed it
                    callback(events)
            timeout_s = every_round()
