"""Time, what is due, what the kernel's loop waits for, and descriptors: all on paper.

Owns: the order in which things happen. Does not own: what happens (`processes.py`, `faults.py`).
Nothing here reads a real clock, so one seed gives one run.
"""

import errno
import heapq
from collections import deque
from collections.abc import Callable
from typing import Any

import zmq

from Kernel.loop import Loop, Source

MS = 1_000_000
SECOND = 1_000_000_000
WALL_S = 1.8e9
"""What o'clock it is at first."""
FIRST_FD = 1_000_000
"""Descriptors on paper are far above real ones, so that neither is ever taken for the other."""

CONSOLE_FD = 999_999


class SimClock:
    """Monotonic time, moved by the schedule alone."""

    def __init__(self) -> None:
        self.ns = 1000 * SECOND
        self.wall_ahead_s = WALL_S

    def now_s(self) -> float:
        """Return monotonic seconds."""
        return self.ns / 1e9

    def now_ns(self) -> int:
        """Return the same in nanoseconds."""
        return self.ns

    def wall_s(self) -> float:
        """Return the hour, which people may set."""
        return self.ns / 1e9 + self.wall_ahead_s


class Schedule:
    """What is to happen when; what is due at one instant happens in the order it was asked for."""

    def __init__(self, clock: SimClock) -> None:
        self._clock = clock
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0

    def after(self, delay_ns: int, act: Callable[[], None]) -> None:
        """Have something done later."""
        assert delay_ns >= 0, "nothing happens in the past"
        self._order += 1
        heapq.heappush(self._heap, (self._clock.ns + delay_ns, self._order, act))

    def run_next(self, limit_ns: int) -> bool:
        """Go on to what is due next and do it; False when nothing is due up to `limit_ns`."""
        if not self._heap or self._heap[0][0] > limit_ns:
            return False
        when_ns, _, act = heapq.heappop(self._heap)
        self._clock.ns = max(self._clock.ns, when_ns)
        act()
        return True

    def run_until(self, limit_ns: int) -> None:
        """Let everything happen that is due up to `limit_ns`, and be there."""
        while self.run_next(limit_ns):
            pass
        self._clock.ns = max(self._clock.ns, limit_ns)


class SimLoop(Loop):
    """The kernel's loop without its poll: who has something to read says so."""

    def __init__(self) -> None:
        self._callbacks: dict[Source, Callable[[int], None]] = {}
        self._ready: dict[Source, Callable[[], bool]] = {}
        self._touched: dict[Source, None] = {}
        self._events: dict[Source, int] = {}
        self._running = True

    def offer(self, source: Source, is_ready: Callable[[], bool]) -> None:
        """Say how to tell whether a source can be read."""
        self._ready[source] = is_ready

    def withdraw(self, source: Source) -> None:
        """Forget a source that is closed."""
        self._ready.pop(source, None)
        self._touched.pop(source, None)

    def touch(self, source: Source) -> None:
        """Say that a source may have become readable."""
        self._touched[source] = None

    def watch(
        self, source: Source, callback: Callable[[int], None], events: int = zmq.POLLIN
    ) -> None:
        """Call `callback(events)` whenever `source` is ready."""
        self._callbacks[source] = callback
        self._events[source] = events
        self._touched[source] = None

    def unwatch(self, source: Source) -> None:
        """Forget what to call; a real descriptor may be closed now, and its number given anew."""
        self._callbacks.pop(source, None)
        self._events.pop(source, None)
        if isinstance(source, int) and source < CONSOLE_FD:
            self._ready.pop(source, None)

    def forget_all(self) -> None:
        """The kernel has died."""
        self._callbacks.clear()
        self._events.clear()
        self._ready.clear()
        self._touched.clear()

    def sources(self) -> list[int]:
        """Return the descriptors that the kernel watches."""
        return [source for source in self._callbacks if isinstance(source, int)]

    @property
    def watched(self) -> int:
        """Return how many sources the kernel watches."""
        return len(self._callbacks)

    def has_news(self) -> bool:
        """Tell whether anything watched can be read; what cannot is looked at no more."""
        for source in list(self._touched):
            ready = self._ready.get(source)
            if source in self._callbacks and ready is not None and ready():
                return True
            del self._touched[source]
        return False

    def serve(self) -> None:
        """Call whoever asked for what is readable now, once each."""
        for source in list(self._touched):
            ready = self._ready.get(source)
            callback = self._callbacks.get(source)
            if callback is not None and ready is not None and ready():
                callback(zmq.POLLIN | self._events[source] & zmq.POLLOUT)


class Descriptors:
    """The kernel's table of descriptors: numbers for things on paper."""

    def __init__(self) -> None:
        self._things: dict[int, Any] = {}
        self._next = FIRST_FD
        self.refused = False

    def open(self, thing: Any) -> int:
        """Return a number for a thing.

        Raises:
            OSError: EMFILE, while descriptors are exhausted.
        """
        if self.refused:
            raise OSError(errno.EMFILE, "Too many open files")
        self._next += 1
        self._things[self._next] = thing
        return self._next

    def thing(self, fd: int) -> Any:
        """Return what a descriptor stands for."""
        return self._things[fd]

    def close(self, fd: int) -> None:
        """Close one; closing twice is a bug of whoever does it."""
        del self._things[fd]

    def close_all(self) -> None:
        """The kernel has died: the operating system closes what it held."""
        self._things.clear()
        self.refused = False

    @property
    def count(self) -> int:
        """Return how many are open."""
        return len(self._things)


class Door:
    """An eventfd: rings add up to one until somebody hears."""

    def __init__(self) -> None:
        self.rung = False
        self.on_ring: Callable[[], None] = lambda: None
        self.tell_kernel: Callable[[], None] = lambda: None


class SimDoors:
    """The kernel's port of doors."""

    def __init__(self, descriptors: Descriptors, loop: SimLoop) -> None:
        self._descriptors = descriptors
        self._loop = loop

    def make(self) -> int:
        """Return the descriptor of a new door."""
        door = Door()
        fd = self._descriptors.open(door)
        self._loop.offer(fd, lambda: door.rung)
        door.tell_kernel = lambda: self._loop.touch(fd)
        return fd

    def ring(self, door: int) -> None:
        """Wake whoever waits at the other side."""
        thing: Door = self._descriptors.thing(door)
        thing.rung = True
        thing.on_ring()

    def heard(self, door: int) -> bool:
        """Take the ring of a door."""
        thing: Door = self._descriptors.thing(door)
        heard, thing.rung = thing.rung, False
        return heard

    def close(self, door: int) -> None:
        """Close the kernel's descriptor."""
        self._descriptors.close(door)
        self._loop.withdraw(door)


class RoadEnd:
    """One end of a SEQPACKET pair, as `Kernel/contract/zygote_protocol.py` uses a socket."""

    def __init__(
        self,
        fd: int,
        on_arrival: Callable[[], None],
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        self._fd = fd
        self._on_close = on_close
        self._queue: deque[tuple[bytes, list[Any]]] = deque()
        self._on_arrival = on_arrival
        self._closed = False
        self._shut = False
        self._reset = False
        self.peer: RoadEnd | None = None

    def fileno(self) -> int:
        """Return the descriptor, -1 once closed."""
        return -1 if self._closed else self._fd

    def sendmsg(self, buffers: list[bytes], ancillary: list[tuple[int, int, Any]]) -> None:
        """Send one message, with descriptors."""
        assert self.peer is not None
        if self._closed or self.peer._closed or self.peer._shut:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        rights = [(level, kind, payload.tobytes()) for level, kind, payload in ancillary]
        self.peer._queue.append((b"".join(buffers), rights))
        self.peer._on_arrival()

    def recvmsg(self, *_: int) -> tuple[bytes, list[Any], int, None]:
        """Receive one message; b"" when the other side has hung up."""
        if self._reset:
            self._reset = False
            raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        if self._queue:
            data, rights = self._queue.popleft()
            return data, rights, 0, None
        assert self.peer is not None
        if self.peer._closed or self._shut:
            return b"", [], 0, None
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    def shutdown(self, _how: int) -> None:
        """Receive no more than is there."""
        self._shut = True

    def readable(self) -> bool:
        """Tell whether a receive would return at once."""
        assert self.peer is not None
        return not self._closed and (bool(self._queue) or self.peer._closed or self._shut)

    def close(self) -> None:
        """Close this end; the other is told if it left something unread."""
        if self._closed:
            return
        self._closed = True
        self._on_close()
        assert self.peer is not None
        self.peer._reset = bool(self._queue)
        self._queue.clear()
        self.peer._on_arrival()
