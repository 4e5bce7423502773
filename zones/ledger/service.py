"""The `archive` zone: the ledger of all events, and the broker of the user bus.

Owns: putting the parts of one process together; the clock, the hour and randomness of this
service. Does not own: the loop (`archive.py`), any of the parts.
A full or read-only disk never ends it: it says so and tries again; the worlds do not notice.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from Kernel.contract.errors import LedgerDamaged
from Kernel.contract.messages import Degraded
from Kernel.contract.places import LEDGER, LOGS
from Kernel.contract.user_bus import SCRIBE
from zones.ledger.archive import HOLD, REQUEST, Archive, OwnQueue, keep_and_tell
from zones.ledger.arena_feed import ArenaFeed
from zones.ledger.bus_server import BusServer
from zones.ledger.committer import Committer
from zones.ledger.derived_tables import DerivedTables, Table
from zones.ledger.exports.otel import SpanTable
from zones.ledger.exports.otlp import OtlpSender, load_exporter, port_of
from zones.ledger.followers import Followers, Recent
from zones.ledger.index import Index
from zones.ledger.left_lines import LeftLines
from zones.ledger.lesson_table import LessonTable
from zones.ledger.log import Log, LogSettings
from zones.ledger.outbox_reader import Place
from zones.ledger.own_events import OwnEvents
from zones.ledger.poller import Poller
from zones.ledger.relations import Relations
from zones.ledger.scribe_door import ScribeDoor
from zones.ledger.scribe_numbers import ScribeNumbers
from zones.ledger.scribe_server import ScribeLimits, ScribeServer
from zones.ledger.settings import KEYS, ArchiveSettings, parse_settings
from zones.ledger.telling import unwatched
from zones.runtime.enclosing import Reach
from zones.runtime.generation import Progress, untold
from zones.runtime.ledger_file import LedgerReader, PastDamage
from zones.runtime.lessons.embeddings import choose_embedding
from zones.runtime.lessons.sentence_model import load_tokenizers
from zones.runtime.peers import peer_at
from zones.runtime.scribe import AHEAD
from zones.runtime.seat import BusSeat

ENTROPY_BYTES: Final = 10
OPENING_S: Final = 5.0
"""After so long the archive is ready although its log is still being opened."""
OPENING: Final = "cannot store events yet: the ledger is being opened, which takes long"
KB: Final = 1024
MB: Final = 1024 * KB


class Generation:
    """One version of the archive's code with its settings.

    No ZeroMQ context, no thread, no file: a fork follows.

    Raises:
        ConfigError: the settings are wrong.
    """

    def __init__(self, settings: dict[str, Any], _progress: Progress = untold) -> None:
        self._settings = parse_settings(settings)
        self.facts: dict[str, Any] = {
            "service": "archive",
            "requests": [REQUEST, HOLD],
            "settings": [key.fields() for key in KEYS],
        }

    def reach(self) -> Reach:
        """Its home, and the port of a collector of spans if one is named."""
        load_tokenizers()
        endpoint = self._settings.otlp_endpoint
        if not endpoint:
            return Reach()
        load_exporter()
        return Reach(connect=(port_of(endpoint),))

    def run(self, seat: BusSeat) -> None:
        """Serve until the kernel says drain."""
        vital = _Vital(seat)
        archive = assemble(seat, self._settings, vital.pulse)
        vital.facts = archive.facts
        archive.turn()
        vital.ready()
        archive.run()


class _Vital:
    """Tells the kernel that long work gets on: opening and mending a large log takes minutes.

    An archive is ready within some seconds, also if its log is not: who sends then waits or spills,
    as for a full disk, and ending the archive would only begin the work anew.
    """

    def __init__(self, seat: BusSeat) -> None:
        self.facts: Callable[[], dict[str, Any]] = dict
        self._bus = seat.bus
        self._is_ready = False
        self._late_s = time.monotonic() + OPENING_S

    def pulse(self) -> None:
        """Beat, with progress."""
        if not self._is_ready and time.monotonic() >= self._late_s:
            self._bus.degraded = (Degraded("archive.ledger", OPENING, "molt status"),)
            self.ready()
        self._bus.progress += 1
        self._bus.beat()

    def ready(self) -> None:
        """Say once that it serves."""
        if not self._is_ready:
            self._is_ready = True
            self._bus.ready(self.facts())


def assemble(
    seat: BusSeat, settings: ArchiveSettings, pulse: Callable[[], None] = unwatched
) -> Archive:
    """Return an archive of all its parts; nothing has been read yet."""
    folder = seat.home / LEDGER
    own = OwnEvents(seat.zone, time.time_ns, _entropy)
    queue = OwnQueue(own)
    poller = Poller()
    recent = Recent(settings.recent_mb * MB)
    followers = Followers(recent, _Behind(folder).read)

    def open_log() -> Log:
        limits = LogSettings(settings.log_mb * MB, settings.segment_mb * MB)
        log = Log(folder, limits, queue.tell, pulse)
        recent.newest = log.newest
        return log

    committer = Committer(open_log, keep_and_tell(recent, followers), seat.log)

    def log() -> Log:
        assert committer.log is not None, "nothing is taken in before the log is open"
        return committer.log

    def sender_stored(zone: str, epoch: bytes) -> int:
        return log().sender_stored(zone, epoch)

    bus = BusServer(
        {zone: fd for zone, fd in seat.listeners.items() if zone != SCRIBE},
        poller,
        sender_stored,
        lambda: recent.newest,
        followers,
        own,
        settings.connections_max,
        time.monotonic,
        seat.log,
    )
    numbers = ScribeNumbers(sender_stored)
    left = LeftLines(
        seat.home / AHEAD, numbers, own, time.monotonic, time.time_ns, _entropy, seat.log
    )
    return Archive(
        seat.bus,
        poller,
        committer,
        _feeds(seat, log, own),
        bus,
        {SCRIBE: _scribe(seat, settings, poller, numbers, own), AHEAD.name: left},
        followers,
        queue,
        derive(seat.home, settings, queue.tell),
        (lambda budget_s: log().maintain(budget_s), lambda _budget_s: followers.catch_up()),
        time.monotonic,
        seat.log,
    )


def _feeds(seat: BusSeat, log: Callable[[], Log], own: OwnEvents) -> dict[str, ArenaFeed]:
    def stored(arena: bytes) -> Place | None:
        mark = log().arena_stored(arena)
        return Place(mark.sequence, mark.offset) if mark else None

    return {
        zone: ArenaFeed(zone, words, seat.sides[zone], stored, own, time.time_ns, seat.log)
        for zone, words in sorted(seat.arenas.items())
    }


def _scribe(
    seat: BusSeat,
    settings: ArchiveSettings,
    poller: Poller,
    numbers: ScribeNumbers,
    own: OwnEvents,
) -> ScribeServer:
    limits = ScribeLimits(
        settings.scribe_connections_max,
        settings.scribe_rate,
        settings.scribe_burst,
        settings.scribe_total_rate,
        settings.scribe_line_kb * KB,
    )
    listener = seat.listeners.get(SCRIBE)
    door = ScribeDoor(
        own, time.monotonic, _turn_away(seat), lambda at: peer_at(at, seat.kernel_pid)
    )
    return ScribeServer(
        listener, poller, limits, numbers, own, time.monotonic, time.time_ns, _entropy, seat.log,
        door,
    )  # fmt: skip


def _turn_away(seat: BusSeat) -> Callable[[int], None]:
    """Return what tells the kernel how many were refused, with the next heartbeat."""

    def tell(count: int) -> None:
        seat.bus.turned_away = count

    return tell


def _entropy() -> bytes:
    return os.urandom(ENTROPY_BYTES)


class _Behind:
    """The log as followers read it who are behind what is in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reader: LedgerReader | None = None

    def read(self, position: int) -> Iterator[tuple[int, bytes]]:
        """Yield records from a position on, past what is damaged."""
        if self._reader is None:
            self._reader = LedgerReader(self._folder)
        return self._reader.read(position, None, _go_on)


def derive(home: Path, settings: ArchiveSettings, tell: Callable[..., None]) -> DerivedTables:
    """Return what is made from the log of a home; nothing has been opened yet."""
    folder = home / LEDGER
    endpoint = settings.otlp_endpoint
    open_sender = (lambda: OtlpSender(endpoint)) if endpoint else None
    openers: dict[str, Callable[[], Table]] = {
        "index": lambda: Index(folder, tell),
        "relations": lambda: Relations(folder, tell),
        "lessons": lambda: LessonTable(folder, choose_embedding(), tell, time.monotonic),
        "spans": lambda: SpanTable(folder, home / LOGS, open_sender, tell),
    }
    return DerivedTables(openers, lambda: _PastDamage(folder), time.monotonic, tell)


class _PastDamage(LedgerReader):
    """Reads on behind what is damaged: what is derived is of what is left."""

    def read(
        self, first: int, last: int | None = None, past: PastDamage | None = None
    ) -> Iterator[tuple[int, bytes]]:
        """Yield records, ascending."""
        return super().read(first, last, past or _go_on)


def _go_on(_damage: LedgerDamaged) -> None:
    """Say nothing: whoever wrote or verified the log has said it."""
