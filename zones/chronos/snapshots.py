"""What chronos does for one arena: keep snapshots of it.

Owns: the order of things (written, verified, then old ones deleted) and what is degraded. Does not
own: the loop and the clock (`service.py`), when and which (`retention.py`), the files themselves
(`zones/runtime/snapshot_file.py`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from structlog.typing import FilteringBoundLogger

from Kernel.contract.arena import ArenaWords, Header
from Kernel.contract.errors import SnapshotError, what_helps
from Kernel.contract.messages import TEXT_CHARS_MAX, Degraded
from zones.chronos import retention
from zones.chronos.settings import ChronosSettings
from zones.runtime.arena_image import copy_committed
from zones.runtime.retry import Retry
from zones.runtime.snapshot_file import (
    SnapshotInfo,
    SnapshotName,
    list_snapshots,
    remove_drafts,
    verify_snapshot,
    write_snapshot,
)


class ArenaSnapshots:
    """The snapshots of one arena.

    Args:
        zone: whose arena it is.
        words: read-only, accepted by `check_arena`.
        directory: where they are written; made when missing.
        pulse: sends the heartbeat when it is due; called during long work.
    """

    def __init__(
        self,
        zone: str,
        words: ArenaWords,
        directory: Path,
        settings: ChronosSettings,
        log: FilteringBoundLogger,
        pulse: Callable[[], object],
    ) -> None:
        self._zone = zone
        self._words = words
        self._directory = directory
        self._settings = settings
        self._log = log
        self._pulse = pulse
        self._arena = words.get_bytes(Header.ARENA_ID, 16).hex()
        self._retry = Retry()
        self._verified: set[SnapshotName] = set()
        self._copy: bytearray | None = None
        own = [name for name in self._names() if name.arena == self._arena[:8]]
        self._last_tick = own[0].tick if own else None

    def facts(self) -> dict[str, Any]:
        """Return what the ready message says about this arena."""
        return {
            "arena": self._arena,
            "snapshots": len(self._names()),
            "degraded": [entry.fields() for entry in self.degraded()],
        }

    def degraded(self) -> list[Degraded]:
        """Return what does not work at present."""
        if not self._retry.failures:
            return []
        what = f"chronos.snapshot {self._zone}"
        return [Degraded(what, self._retry.why[:TEXT_CHARS_MAX], self._retry.hint)]

    def keep_snapshot(self, now_s: float) -> None:
        """Take a snapshot if one is due; on failure try again later."""
        interval = self._settings.snapshot_interval_ticks
        tick = self._words.get(Header.COMMIT)
        if retention.is_snapshot_due(tick, self._last_tick, interval, self._retry, now_s):
            try:
                self.take_snapshot(now_s)
            except SnapshotError as error:
                self._log.error("chronos.snapshot_failed", zone=self._zone, why=error.message)

    def take_snapshot(self, now_s: float) -> SnapshotInfo:
        """Write a snapshot of the committed tick now, and delete those no longer kept.

        Raises:
            SnapshotError: it could not be copied, written or verified; also seen as degraded.
        """
        directory = self._directory
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
            self._retry = self._retry.failed(now_s, problem.message, problem.hint)
            raise problem from error
        except SnapshotError as error:
            self._retry = self._retry.failed(now_s, error.message, error.hint)
            raise
        self._retry = Retry()
        return info

    def listed(self) -> list[dict[str, Any]]:
        """Return this zone's snapshots, newest first, as plain data."""
        directory = self._directory
        return [
            {"tick": name.tick, "arena": name.arena, "path": str(directory / name.file_name())}
            for name in self._names()
        ]

    def _sweep(self) -> None:
        """Delete the snapshots that are no longer kept, and drafts of a killed writer."""
        directory = self._directory
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
            why = verify_snapshot(self._directory / name.file_name(), self._pulse)
            if why:
                self._log.warning("chronos.snapshot_damaged", why=why)
                return False
            self._verified.add(name)
        return True

    def _names(self) -> list[SnapshotName]:
        try:
            return list_snapshots(self._directory, self._zone)
        except OSError:
            return []  # the next snapshot fails there too, and says so
