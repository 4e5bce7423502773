"""The kernel as a sender on the user bus: its events go to the ledger, and nothing waits for it.

Owns: what is kept until it is stored, the connection to the archive and its loss, what an earlier
kernel left behind, what is dropped when there is no room. Does not own: events (`events.py`),
numbers and batches (`Kernel/contract/outbox.py`), the file and the socket (`Kernel/ports`).

Every event is written to the write-ahead file when it happens, without a sync: a kernel that is
killed leaves it to the next one, which sends it first, under its old epoch. While the archive is
away everything is kept, here and there, up to COUNT_MAX and BYTES_MAX. Then noise is dropped first:
what repeats itself (SHARES) may use only a part of the room, so that verdicts, deaths and takeovers
find some. What was dropped is counted, told by `kernel.events_dropped`, and a degraded state.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from Kernel.contract.ahead import HEADER_BYTES, pack_entry, pack_header, parse_ahead
from Kernel.contract.envelope import KERNEL, Envelope, pack_envelope
from Kernel.contract.errors import CodecError
from Kernel.contract.event_text import iso_time
from Kernel.contract.outbox import Outbox
from Kernel.contract.user_bus import (
    PROTOCOL,
    FromArchive,
    Hello,
    Put,
    Records,
    Rejected,
    Standing,
    Stored,
    Welcome,
    pack_message,
    parse_from_archive,
)
from Kernel.core.events import EventLog
from Kernel.loop import CAN_READ, CAN_WRITE, Loop
from Kernel.ports.ahead_file import FILES_MAX, AheadFiles
from Kernel.ports.clock import Clock
from Kernel.ports.event_road import EventRoad, EventRoads

COUNT_MAX: Final = 16_384
BYTES_MAX: Final = 8 * 1024 * 1024
"""What is kept while the archive is away; events of the kernel take about 300 bytes."""
AWAY_S: Final = 5.0
"""An event that waits for longer is told as a degraded state."""
RETRY_S: Final = 1.0
"""How long to wait before connecting again when the last connection was of no use."""
WRITE_AGAIN_S: Final = 5.0
"""How long to wait before a disk that took no more is tried again."""
MESSAGES_PER_TURN_MAX: Final = 32
FILE_SLACK_BYTES: Final = 1024 * 1024
"""The file is made anew when so much of it, and half of it, is settled."""
SHARES: Final = {
    **dict.fromkeys(("command.taken", "command.refused"), 0.75),
    **dict.fromkeys(
        (
            "boot.phase",
            "config.differs",
            "kernel.degraded",
            "kernel.mended",
            "request.refused",
            "stop.held_up",
            "stop.phase",
            "zone.degraded",
            "zone.not_started",
            "zone.starved",
        ),
        0.5,
    ),
}
"""The part of the room that a kind may use; any other may use all of it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How the kernel's events stand.

    Args:
        count: events that are not stored yet; of this life, and of the earlier one being sent.
        waits_s: for how long the oldest of this life has waited, seconds.
        dropped: events of this life that will never be stored.
    """

    count: int
    waits_s: float
    dropped: int


class LogSender:
    """The one sender of a kernel.

    Args:
        epoch: random bytes, new for each life.
        log: tells what becomes of events; a `Recorder`, whose events come back by `add`.
    """

    def __init__(
        self,
        roads: EventRoads,
        files: AheadFiles,
        clock: Clock,
        loop: Loop,
        epoch: bytes,
        log: EventLog,
    ) -> None:
        self._roads = roads
        self._files = files
        self._clock = clock
        self._loop = loop
        self._log = log
        self._own = Outbox(epoch, COUNT_MAX, BYTES_MAX)
        self._since: deque[float] = deque()
        self._earlier: deque[str] = deque()
        self._runs: deque[Outbox] = deque()
        self._rejected: set[int] = set()
        self._road: EventRoad | None = None
        self._welcomed = False
        self._full = False
        self._retry_s = 0.0
        self._dropped: Counter[str] = Counter()
        self._untold: Counter[str] = Counter()
        self._unkept = ""
        self._write_again_s = 0.0
        self._answered = False
        self._standing = ""
        self._began_s = clock.now_s()
        self.newest_at_start: int | None = None
        """The newest position in the ledger when it first answered; None before."""

    def begin(self) -> None:
        """Take up what earlier lives have left; begin a file of our own."""
        self._earlier.extend(self._files.earlier())
        while len(self._earlier) > FILES_MAX:
            name = self._earlier.popleft()
            self._untold["(an earlier kernel's)"] += sum(len(run) for run in self._load(name))
            self._files.forget(name)
        self._write(self._begin_file)

    # What is kept.

    def add(self, envelope: Envelope) -> None:
        """Keep one event until it is stored; never waits, never fails."""
        try:
            record = pack_envelope(envelope)
        except CodecError:
            self._drop(envelope.kind)
            return
        share = SHARES.get(envelope.kind, 1.0)
        crowded = len(self._own) >= COUNT_MAX * share or self._own.size_bytes >= BYTES_MAX * share
        if len(self._own) and (crowded or not self._own.has_room(len(record))):
            self._drop(envelope.kind)
            return
        number = self._own.add(record)
        self._since.append(self._clock.now_s())
        if not self._unkept:
            self._write(lambda: self._files.append(pack_entry(number, record)))

    def waiting(self) -> Waiting:
        """Return how they stand."""
        return Waiting(
            count=len(self._own) + sum(len(run) for run in self._runs),
            waits_s=self._clock.now_s() - self._since[0] if self._since else 0.0,
            dropped=self._dropped.total(),
        )

    @property
    def has_lost(self) -> bool:
        """Whether some events of this life are stored nowhere, or in memory alone."""
        return bool(self._dropped) or bool(self._unkept)

    def degraded(self, broker_since_s: float | None) -> list[dict[str, str]]:
        """Return what does not work as it should.

        Args:
            broker_since_s: since when the archive's process serves, None: it does not, which is
                told as its zone's state; while nobody has answered yet only that is.
        """
        now_s = self._clock.now_s()
        found: list[dict[str, str]] = []
        since_s = self._began_s if self._runs else self._since[0] if self._since else now_s
        if not self._answered:
            since_s = now_s if broker_since_s is None else max(since_s, broker_since_s)
        if now_s - since_s > AWAY_S:
            date = iso_time(self._clock.wall_s() - (now_s - since_s))
            why = f"no event of the kernel was stored since {date}" + (
                f": {self._standing}" if self._standing else ""
            )
            found.append({"what": "events", "why": why, "hint": "molt ps"})
        elif self._dropped:
            why = f"{self._dropped.total()} events of the kernel found no room and are lost"
            found.append({"what": "events", "why": why, "hint": "molt logs kernel"})
        if self._unkept:
            why = f"the kernel keeps its events in memory only: {self._unkept}"
            found.append({"what": "events ahead", "why": why, "hint": "df -h"})
        return found

    def _drop(self, kind: str) -> None:
        self._dropped[kind] += 1
        self._untold[kind] += 1

    def _tell_dropped(self) -> None:
        crowded = len(self._own) > COUNT_MAX // 2 or self._own.size_bytes > BYTES_MAX // 2
        if crowded or not self._untold:
            return
        untold, self._untold = self._untold, Counter()
        self._log.error(
            "kernel.events_dropped",
            count=untold.total(),
            kinds=dict(untold.most_common(32)),
            why="there was no room for them while the archive was away",
        )

    # The file.

    def _write(self, act: Callable[[], None]) -> None:
        """Change the file; a disk that takes no more is tried again later."""
        try:
            act()
        except OSError as error:
            self._unkept = error.strerror or str(error)
            self._write_again_s = self._clock.now_s() + WRITE_AGAIN_S
        else:
            self._unkept = ""

    def _begin_file(self) -> None:
        entries = [pack_entry(number, record) for number, record in self._own.kept()]
        self._files.begin(pack_header(self._own.epoch) + b"".join(entries))

    def _tidy_file(self) -> None:
        """Empty the file when everything is settled; make it anew when most of it is."""
        if self._unkept:
            if self._clock.now_s() >= self._write_again_s:
                self._write(self._begin_file)
        elif not len(self._own) and self._files.size > HEADER_BYTES:
            self._files.cut(HEADER_BYTES)
        elif self._files.size > 2 * self._own.size_bytes + FILE_SLACK_BYTES:
            self._write(self._begin_file)

    def _load(self, name: str) -> list[Outbox]:
        """Return what an earlier life has left in a file, each run of numbers by itself."""
        try:
            data = self._files.read(name)
        except OSError as error:
            self._log.warning("kernel.ahead_cut", bytes=0, why=f"cannot read {name}: {error}")
            return []
        ahead = parse_ahead(data)
        if ahead.whole_bytes < len(data):
            why = f"the end of {name} was torn"
            self._log.warning("kernel.ahead_cut", bytes=len(data) - ahead.whole_bytes, why=why)
        runs: list[Outbox] = []
        for number, record in ahead.entries:
            if number < 1 or (runs and number < runs[-1].next_number):
                continue  # written a second time
            if not runs or number != runs[-1].next_number:
                runs.append(Outbox(ahead.epoch, COUNT_MAX, BYTES_MAX, number))
            runs[-1].add(record)
        return runs

    # The road.

    def look(self) -> None:
        """One round: connect if there is no connection, send what is there to send."""
        if self._road is None and self._clock.now_s() >= self._retry_s:
            self._connect()
        self._send_more()
        self._tell_dropped()
        self._tidy_file()

    def close(self) -> None:
        """Hang up. What is not stored is left to the next kernel."""
        self._hang_up()
        self._files.close()

    @property
    def _current(self) -> Outbox:
        return self._runs[0] if self._runs else self._own

    def _connect(self) -> None:
        self._retry_s = self._clock.now_s() + RETRY_S
        try:
            self._road = self._roads.connect()
        except OSError:  # out of descriptors, or too many wait there already: later
            return
        self._loop.watch(self._road.fileno(), self._on_road, CAN_READ)
        self._say_hello()

    def _say_hello(self) -> None:
        """Begin with an epoch: what earlier lives have left goes first."""
        while not self._runs and self._earlier:
            runs = self._load(self._earlier[0])
            if runs:
                self._runs.extend(runs)
            else:
                self._files.forget(self._earlier.popleft())
        current = self._current
        self._welcomed = False
        self._transmit(pack_message(Hello(PROTOCOL, KERNEL, current.epoch, current.first)))

    def _hang_up(self) -> None:
        if self._road is None:
            return
        self._loop.unwatch(self._road.fileno())
        self._road.close()
        self._road = None
        self._current.on_lost()
        self._welcomed = self._full = False

    def _transmit(self, data: bytes) -> bool:
        assert self._road is not None
        try:
            sent = self._road.send(data)
        except OSError:
            self._hang_up()
            return False
        if not sent:
            self._full = True
            self._loop.watch(self._road.fileno(), self._on_road, CAN_READ | CAN_WRITE)
        return sent

    def _send_more(self) -> None:
        while self._road is not None and self._welcomed and not self._full:
            batch = self._current.take_batch()
            if batch is None:
                return
            first, records = batch
            if not self._transmit(pack_message(Put(first, records))) and self._road is not None:
                self._current.untake(first)

    def _on_road(self, events: int) -> None:
        if events & CAN_WRITE and self._full and self._road is not None:
            self._full = False
            self._loop.watch(self._road.fileno(), self._on_road, CAN_READ)
        for _ in range(MESSAGES_PER_TURN_MAX):
            if self._road is None or not self._receive():
                break
        self._send_more()

    def _receive(self) -> bool:
        """Take one message; False when there is none, or no connection any more."""
        assert self._road is not None
        try:
            data = self._road.receive()
            if data is None:
                return False
            message = parse_from_archive(data) if data else None
        except OSError:
            message = None
        except CodecError as error:
            self._log.error("event.rejected", number=0, why=error.message)
            message = None
        if message is None:
            self._hang_up()  # it has died: the listener is ours, so the next one is waited for
            return False
        self._take(message)
        return True

    def _take(self, message: FromArchive) -> None:
        match message:
            case Welcome(stored, newest_position):
                self._welcomed = self._answered = True
                if self.newest_at_start is None:
                    self.newest_at_start = newest_position
                self._settle(self._current.on_welcome, stored)
            case Stored() | Rejected() if not self._welcomed:
                pass  # of an epoch that is settled
            case Stored(number, _):
                self._standing = ""
                self._settle(self._current.on_stored, number)
            case Rejected(number, why):
                self._log.error("event.rejected", number=number, why=why)
                self._rejected.add(number)
                self._settle(self._current.on_stored, 0)
            case Standing(why, _):
                self._standing = why
            case Records():
                pass  # we follow nobody here

    def _settle(self, take: Callable[[int], Any], number: int) -> None:
        current, before = self._current, len(self._current)
        take(number)
        while len(current) and current.first in self._rejected:
            self._rejected.discard(current.first)
            current.on_stored(current.first)
        if current is self._own:
            for _ in range(before - len(current)):
                self._since.popleft()
        elif not len(current):
            self._runs.popleft()
            self._rejected.clear()
            if not self._runs:
                self._files.forget(self._earlier.popleft())
            self._say_hello()
