"""Where a founder puts the arena it makes: room, the exchange with an old one, the report.

Owns: reserving file and side page in the first folder with room, giving a finished arena its name
so that at every instant one is there under it, setting old ones aside. Does not own: what is in an
arena, which folders there are (`Kernel/ports/arena_file.py`).
"""

import contextlib
import errno
import os
from dataclasses import dataclass, replace
from pathlib import Path

from Kernel.contract.arena import ArenaWords, Header, Side
from Kernel.contract.errors import NoRoom
from Kernel.contract.founding_report import FoundingReport, report_path
from Kernel.contract.places import arena_name, plan_set_aside
from zones.runtime.arena_memory import map_arena, map_side, reserve_file

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
"""A folder that says so is passed over; any other error is not about the folder."""


@dataclass(slots=True)
class Draft:
    """An arena that is being made, all of its blocks reserved, and its side page."""

    path: Path
    side_path: Path
    words: ArenaWords
    side: memoryview


class ArenaPlace:
    """The place of one zone's arena.

    Args:
        folders: where it may lie, best first.

    Attributes:
        passed_over: why better folders than that of the last draft were not taken.
    """

    def __init__(self, zone: str, folders: list[Path]) -> None:
        self._zone = zone
        self._name = arena_name(zone)
        self._folders = folders
        self.passed_over: list[str] = []

    def reserve(self, size_bytes: int) -> Draft:
        """Make an empty file of this size, mapped, and a side page for it.

        Raises:
            NoRoom: in no folder.
            OSError: the machine has no descriptor or memory left.
        """
        self.passed_over = []
        for folder in self._folders:
            path, side_path = folder / f"{self._name}.new", folder / f"{self._zone}.side.new"
            for left in (path, side_path):
                left.unlink(missing_ok=True)
            try:
                fd = reserve_file(path, size_bytes)
                side_fd = _reserve_side(side_path, path, fd)
            except OSError as error:
                if error.errno not in NO_ROOM:
                    raise
                self.passed_over.append(
                    f"cannot reserve {size_bytes} bytes in {folder}: {error.strerror}, "
                    f"{_free_bytes(folder)} are free"
                )
                continue
            draft = Draft(path, side_path, map_arena(fd, writable=True), map_side(side_fd))
            os.close(fd)
            os.close(side_fd)
            return draft
        raise NoRoom(f"cannot make {self._name}: no room; " + "; ".join(self.passed_over), "df -h")

    def drop(self, draft: Draft) -> None:
        """Take back a draft that is not wanted."""
        draft.words.release()
        draft.path.unlink(missing_ok=True)
        draft.side_path.unlink(missing_ok=True)

    def install(self, draft: Draft, report: FoundingReport) -> tuple[Path, str]:
        """Give a finished arena its name; return its path and the name of the old one, if any.

        A death between any two steps leaves a whole arena under the name: the old one until the
        rename, the new one from then on. The report comes before: who finds it finds its arena.
        """
        folder = draft.path.parent
        path, side = folder / self._name, folder / f"{self._zone}.side"
        aside = ""
        arena_id = draft.words.get_bytes(Header.ARENA_ID, 16)
        draft.side[Side.ARENA_ID : Side.ARENA_ID + 16] = arena_id
        if path.exists():
            aside = self._link_aside(path)
        self.report(folder, report, aside)
        # Side page first: one of another arena counts as empty, and nothing is acknowledged in it.
        draft.side_path.rename(side)
        draft.path.rename(path)
        for other in self._folders:
            if other != folder and (other / self._name).exists():
                stale = other / self._name
                name = self._link_aside(stale)
                stale.unlink()
                aside = aside or name
        if aside:
            self.report(folder, report, aside)
        return path, aside

    def report(self, folder: Path, report: FoundingReport, aside: str = "") -> None:
        """Write the report of a founding; without room for it there is none."""
        told = replace(report, aside=aside or report.aside)
        path = report_path(folder, self._zone)
        draft = path.with_name(f"{path.name}.new")
        try:
            path.unlink(missing_ok=True)
            draft.write_bytes(told.encode())
            draft.rename(path)
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)

    def _link_aside(self, path: Path) -> str:
        """Give a file a second name to be set aside under; the oldest of such files go."""
        name, gone = plan_set_aside(path)
        os.link(path, path.with_name(name))
        for each in gone:
            path.with_name(each).unlink()
        return name


def _reserve_side(side_path: Path, path: Path, fd: int) -> int:
    """Reserve the side page too: the kernel could not open an arena that has none."""
    try:
        return reserve_file(side_path, Side.BYTES)
    except OSError:
        os.close(fd)
        path.unlink()
        raise


def _free_bytes(folder: Path) -> int:
    try:
        status = os.statvfs(folder)
    except OSError:
        return 0
    return status.f_bavail * status.f_frsize
