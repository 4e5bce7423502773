"""What the archive does for one arena: store its events, keep its snapshots.

Owns: the order of things (stored durably, then acknowledged; written, verified, then old ones
deleted) and what is degraded. Does not own: the loop and the clock (`service.py`), when and which
(`retention.py`), the files themselves (`zones/runtime`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from structlog.typing import FilteringBoundLogger

from Kernel.contract.arena import ArenaWords, Header, Side
from Kernel.contract.errors import SnapshotError, what_helps
from Kernel.contract.messages import TEXT_CHARS_MAX, Degraded
from zones.chronos import retention
from zones.chronos.journal import decide_start, encode_line, gap_event, parse_tail
from zones.chronos.outbox_reader import (
    REFUSED,
    Committed,
    Event,
    Place,
    find_first,
    read_committed,
    read_events,
)
from zones.chronos.retention import Retry
from zones.chronos.settings import ArchiveSettings
from zones.runtime.arena_image import copy_committed
from zones.runtime.line_file import LineFile, list_files, read_last_line
from zones.runtime.snapshot_file import (
    SnapshotInfo,
    SnapshotName,
    list_snapshots,
    remove_drafts,
    verify_snapshot,
    write_snapshot,
)

EVENTS_MAX: Final = 1000
EVENT_BYTES_MAX: Final = 1 << 20
"""How much is stored at once: one sync, then the acknowledgement and a heartbeat."""
BATCHES_MAX: Final = 8
"""Then requests are looked at again, however fast events come."""
MB: Final = 1_000_000


class Directories(NamedTuple):
    """Where the archive writes; made when missing."""

    snapshots: Path
    journal: Path


class ArenaArchive:
    """The archive of one arena.

    Args:
        zone: whose arena it is.
        words: read-only, accepted by `check_arena`.
        side: the side mapping; OUTBOX_ACKED and its offset are written.
        pulse: sends the heartbeat when it is due; called during long work.
        wall_s: seconds since the epoch, for the lines of the journal.
    """

    def __init__(
        self,
        zone: str,
        words: ArenaWords,
        side: memoryview,
        directories: Directories,
        settings: ArchiveSettings,
        log: FilteringBoundLogger,
        pulse: Callable[[], object],
        wall_s: Callable[[], float],
    ) -> None:
        self._zone = zone
        self._words = words
        self._side = side.cast("Q")
        self._directories = directories
        self._settings = settings
        self._log = log
        self._pulse = pulse
        self._wall_s = wall_s
        self._arena = words.get_bytes(Header.ARENA_ID, 16).hex()
        self._ring = words.outbox()
        self._file: LineFile | None = None
        self._position = 0
        self._place = Place(0, 0)
        self._journal_retry = Retry()
        self._snapshot_retry = Retry()
        self._verified: set[SnapshotName] = set()
        self._copy: bytearray | None = None
        own = [name for name in self._names() if name.arena == self._arena[:8]]
        self._last_tick = own[0].tick if own else 0

    def facts(self) -> dict[str, Any]:
        """Return what the ready message says about this arena."""
        return {
            "arena": self._arena,
            "journal": str(self._journal_path()),
            "stored": self._place.sequence,
            "snapshots": len(self._names()),
            "degraded": [entry.fields() for entry in self.degraded()],
        }

    def degraded(self) -> list[Degraded]:
        """Return what does not work at present."""
        return [
            Degraded(f"archive.{what} {self._zone}", retry.why[:TEXT_CHARS_MAX], retry.hint)
            for what, retry in (
                ("journal", self._journal_retry),
                ("snapshot", self._snapshot_retry),
            )
            if retry.failures
        ]

    def store_events(self, now_s: float) -> None:
        """Store all committed events and acknowledge them; on failure try again later."""
        if not self._journal_retry.may_try(now_s):
            return
        try:
            for _ in range(BATCHES_MAX):
                if not self._store_batch():
                    break
                self._pulse()
        except OSError as error:
            why = f"cannot write {self._journal_path()}: {error.strerror or error}"
            hint = what_helps(error, self._directories.journal)
            self._journal_retry = self._journal_retry.failed(now_s, why, hint)
            self._log.error("archive.journal_failed", zone=self._zone, why=why)
            # Opened anew, the file itself says how much of the batch it holds.
            self._close_file()
        else:
            if self._journal_retry.failures:
                self._log.info("archive.journal_recovered", zone=self._zone)
            self._journal_retry = Retry()

    def keep_snapshot(self, now_s: float) -> None:
        """Take a snapshot if one is due; on failure try again later."""
        interval = self._settings.snapshot_interval_ticks
        tick = self._words.get(Header.COMMIT)
        if retention.is_snapshot_due(tick, self._last_tick, interval, self._snapshot_retry, now_s):
            try:
                self.take_snapshot(now_s)
            except SnapshotError as error:
                self._log.error("archive.snapshot_failed", zone=self._zone, why=error.message)

    def take_snapshot(self, now_s: float) -> SnapshotInfo:
        """Write a snapshot of the committed tick now, and delete those no longer kept.

        Raises:
            SnapshotError: it could not be copied, written or verified; also seen as degraded.
        """
        directory = self._directories.snapshots
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            image = copy_committed(self._words, self._copy)
            self._copy = image.buffer
            info = write_snapshot(directory, image, self._zone, self._pulse)
            self._last_tick = info.name.tick
            self._verified.add(info.name)
            self._sweep()
        except OSError as error:
            problem = SnapshotError(
                f"cannot use {directory}: {error.strerror or error}", what_helps(error, directory)
            )
            self._snapshot_retry = self._snapshot_retry.failed(now_s, problem.message, problem.hint)
            raise problem from error
        except SnapshotError as error:
            self._snapshot_retry = self._snapshot_retry.failed(now_s, error.message, error.hint)
            raise
        self._snapshot_retry = Retry()
        return info

    def listed(self) -> list[dict[str, Any]]:
        """Return this zone's snapshots, newest first, as plain data."""
        directory = self._directories.snapshots
        return [
            {"tick": name.tick, "arena": name.arena, "path": str(directory / name.file_name())}
            for name in self._names()
        ]

    def close(self) -> None:
        """Close the journal and let go of the mappings."""
        self._close_file()
        self._side.release()
        self._ring.release()

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _store_batch(self) -> bool:
        """Store one batch; return whether there is more."""
        committed = read_committed(self._words)
        if committed is None:
            return False
        file = self._file or self._open(committed)
        if self._place == committed.place:
            return False
        events, why = read_events(self._ring, self._place, committed, EVENTS_MAX, EVENT_BYTES_MAX)
        if why:
            events.append(self._gap(events, committed, why))
            self._append(file, events, committed.place)
            return False
        self._append(file, events, Place(events[-1].sequence + 1, events[-1].next_offset))
        return self._place != committed.place

    def _gap(self, events: list[Event], committed: Committed, why: str) -> Event:
        first = events[-1].sequence + 1 if events else self._place.sequence
        self._log.error("archive.events_lost", zone=self._zone, sequence=first, why=why)
        return gap_event(first, committed.place, committed.tick, why)

    def _append(self, file: LineFile, events: list[Event], behind: Place) -> None:
        """Make events durable, then acknowledge up to `behind`; set the file aside when full."""
        time_s = self._wall_s()
        lines = [
            encode_line(self._position + index, self._arena, event, time_s)
            for index, event in enumerate(events)
        ]
        file.append(lines)
        self._position += len(lines)
        self._place = behind
        self._acknowledge()
        refused = sum(event.kind == REFUSED for event in events)
        if refused:
            self._log.warning("archive.events_refused", zone=self._zone, count=refused)
        if file.size_bytes >= self._settings.journal_file_mb * MB:
            aside = file.set_aside(f"{self._position:012d}")
            self._log.info("archive.journal_set_aside", path=str(aside))
            self._drop_old_files()

    def _acknowledge(self) -> None:
        # The offset first: a world that sees only that has more room than it was told of.
        self._side[Side.OUTBOX_ACKED_OFFSET >> 3] = self._place.offset
        self._side[Side.OUTBOX_ACKED >> 3] = self._place.sequence

    def _open(self, committed: Committed) -> LineFile:
        """Open the journal, find where to go on, and acknowledge what it holds already."""
        file = LineFile(
            self._journal_path(), lambda line: parse_tail(line, self._arena) is not None
        )
        try:
            if file.cut_bytes:
                self._log.warning(
                    "archive.journal_torn", path=str(file.path), cut_bytes=file.cut_bytes
                )
            tail = parse_tail(file.last or self._last_aside(), self._arena)
            self._position = tail.position + 1 if tail else 0
            start = decide_start(
                tail,
                Place(
                    self._side[Side.OUTBOX_ACKED >> 3], self._side[Side.OUTBOX_ACKED_OFFSET >> 3]
                ),
                committed.place,
                len(self._ring),
                find_first(self._ring, committed.place.offset),
            )
            self._place = start.place
            if start.gap is not None:
                self._log.error("archive.events_lost", zone=self._zone, **start.gap.payload)
                self._append(file, [start.gap._replace(tick=committed.tick)], start.place)
            self._acknowledge()
            self._drop_old_files()
        except BaseException:
            file.close()
            raise
        self._file = file
        return file

    def _last_aside(self) -> bytes:
        """Return the last line of this arena's newest file that was set aside, b"" if none."""
        names = list_files(self._directories.journal, f"{self._arena}.*.jsonl")
        if not names:
            return b""
        newest = max(names, key=lambda entry: entry.path.name).path
        return read_last_line(newest, lambda line: parse_tail(line, self._arena) is not None)

    def _drop_old_files(self) -> None:
        files = [
            entry
            for entry in list_files(self._directories.journal, "*.jsonl")
            if entry.path.name != self._journal_path().name
        ]
        # By position within an arena, the living one last: a clock that was set back must not make
        # the newest events look like the oldest.
        changed: dict[str, float] = {}
        for entry in files:
            arena = entry.path.name.partition(".")[0]
            changed[arena] = max(changed.get(arena, 0.0), entry.changed_s)
        ages = []
        for entry in files:
            arena = entry.path.name.partition(".")[0]
            ages.append((arena == self._arena, changed[arena], entry.path.name))
        for name in retention.decide_old_files(ages, self._settings.journal_files_kept):
            self._log.warning("archive.journal_dropped", name=name)
            (self._directories.journal / name).unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Delete the snapshots that are no longer kept, and drafts of a killed writer."""
        directory = self._directories.snapshots
        remove_drafts(directory, self._zone)
        names = self._names()
        sweep = retention.decide_sweep(
            names, self._arena[:8], self._settings.snapshots_kept, self._is_good
        )
        for name in sweep.delete:
            (directory / name.file_name()).unlink(missing_ok=True)
        self._verified.intersection_update(sweep.good)

    def _is_good(self, name: SnapshotName) -> bool:
        """Verify a snapshot, once in the life of this process."""
        if name not in self._verified:
            why = verify_snapshot(self._directories.snapshots / name.file_name(), self._pulse)
            if why:
                self._log.warning("archive.snapshot_damaged", why=why)
                return False
            self._verified.add(name)
        return True

    def _names(self) -> list[SnapshotName]:
        try:
            return list_snapshots(self._directories.snapshots, self._zone)
        except OSError:
            return []  # the next snapshot fails there too, and says so

    def _journal_path(self) -> Path:
        return self._directories.journal / f"{self._arena}.jsonl"
