"""The whole log as lines of JSON on a descriptor, live from this boot on (`--events-fd`).

Owns: following the archive, how far the feed is, who waits for whom. Does not own: the form of a
line (`Kernel/contract/event_text.py`), the descriptor (`Kernel/ports/line_writer.py`).

The kernel follows the archive as any follower does. While the reader of the lines takes none it
asks the archive for none: what it has missed is in the log, and is served from there afterwards.
An archive that comes back is asked for what is next. Each round does a bounded part of the work.
"""

import json
from collections import deque
from collections.abc import Callable
from typing import Final

from Kernel.contract.envelope import parse_envelope
from Kernel.contract.errors import CodecError
from Kernel.contract.event_text import VERSION, event_line
from Kernel.contract.user_bus import (
    PROTOCOL,
    Follow,
    Records,
    pack_message,
    parse_from_archive,
)
from Kernel.core.events import EventLog
from Kernel.loop import CAN_WRITE, Loop
from Kernel.ports.clock import Clock
from Kernel.ports.event_road import EventRoad, EventRoads
from Kernel.ports.line_writer import LineWriter

LINES_PER_TURN_MAX: Final = 64
"""Some 45 µs each on a busy machine: a flood of events takes 3 ms of a round and no more."""
RETRY_S: Final = 1.0


class EventFeed:
    """The feed of one kernel.

    Args:
        start: tells the newest position of the ledger at the start of this kernel, None while the
            archive has not answered yet.
    """

    def __init__(
        self,
        roads: EventRoads,
        writer: LineWriter,
        start: Callable[[], int | None],
        clock: Clock,
        loop: Loop,
        log: EventLog,
    ) -> None:
        self._roads = roads
        self._writer: LineWriter | None = writer
        self._start = start
        self._clock = clock
        self._loop = loop
        self._log = log
        self._road: EventRoad | None = None
        self._next = 0
        self._records: deque[bytes] = deque()
        self._unwritten = b""
        self._retry_s = 0.0
        self._waits_to_write = False
        self._listens = False

    @property
    def has_more(self) -> bool:
        """Whether there is work that nobody will announce: look again at once."""
        return bool(self._records) and not self._unwritten

    def look(self) -> None:
        """One round: connect when there is no connection, turn some records into lines."""
        if self._writer is None:
            return
        if self._road is None and self._clock.now_s() >= self._retry_s:
            self._connect()
        self._go_on()

    def close(self) -> None:
        """End; what was not written is in the ledger."""
        self._hang_up()
        if self._writer is not None:
            if self._waits_to_write:
                self._loop.unwatch(self._writer.fileno())
            self._writer.close()
            self._writer = None
        self._records.clear()
        self._unwritten = b""

    def _connect(self) -> None:
        newest = self._start()
        if newest is None:
            return
        self._next = self._next or newest + 1
        self._retry_s = self._clock.now_s() + RETRY_S
        try:
            self._road = self._roads.connect()
            self._road.send(pack_message(Follow(PROTOCOL, self._next)))
        except OSError:
            self._hang_up()
            return
        self._listen()

    def _hang_up(self) -> None:
        if self._road is None:
            return
        if self._listens:
            self._loop.unwatch(self._road.fileno())
            self._listens = False
        self._road.close()
        self._road = None

    def _listen(self) -> None:
        """Read from the bus only while there is nothing to do with what was read before."""
        wanted = self._road is not None and not self._records and not self._unwritten
        if wanted is self._listens or self._road is None:
            return
        self._listens = wanted
        if wanted:
            self._loop.watch(self._road.fileno(), lambda _events: self._on_road())
        else:
            self._loop.unwatch(self._road.fileno())

    def _on_road(self) -> None:
        if self._road is None or self._records:
            return
        try:
            data = self._road.receive()
            if data is None:
                return
            message = parse_from_archive(data) if data else None
        except (OSError, CodecError):
            message = None
        if message is None:
            self._hang_up()
        elif isinstance(message, Records):
            self._take(message)

    def _take(self, message: Records) -> None:
        """Keep what is next. Positions that the ledger has lost are passed over, as it does."""
        first, records = message.first_position, message.records
        self._next = max(self._next, first)
        self._records.extend(records[self._next - first :])
        self._go_on()

    def _go_on(self) -> None:
        """Turn some records into lines and write them."""
        lines: list[str] = []
        while self._records and len(lines) < LINES_PER_TURN_MAX and not self._unwritten:
            lines.append(_line(self._next, self._records.popleft()))
            self._next += 1
        if lines:
            self._unwritten = ("\n".join(lines) + "\n").encode()
        self._write()
        self._listen()

    def _write(self) -> None:
        if self._writer is None or not self._unwritten:
            return
        try:
            count = self._writer.write(self._unwritten)
        except OSError as error:
            self._log.warning("kernel.feed_ended", why=error.strerror or str(error))
            self.close()
            return
        self._unwritten = self._unwritten[count:]
        waits = bool(self._unwritten)
        if waits is not self._waits_to_write:
            self._waits_to_write = waits
            if waits:
                self._loop.watch(self._writer.fileno(), lambda _events: self._go_on(), CAN_WRITE)
            else:
                self._loop.unwatch(self._writer.fileno())


def _line(position: int, record: bytes) -> str:
    try:
        return event_line(position, parse_envelope(record))
    except CodecError as error:  # the archive has checked it: a record that was damaged since
        return json.dumps({"v": VERSION, "position": position, "unreadable": error.message})
