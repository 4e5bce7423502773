"""A file system of its own for a home: ext4 on an image, to be filled, slowed down and broken.

Owns: making, mounting, mending it. Does not own: what is done to it (`disk_faults.py`). Whoever
uses it lives in a mount namespace of its own, so no other process of the machine sees it.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tools.chaos.target import NotInTime, wait_until

IMAGE_BYTES: Final = 1 << 30
TOOL_S: Final = 120.0
UNMOUNT_S: Final = 10.0
MENDED: Final = (0, 1)
"""Exit codes of e2fsck: nothing was wrong, or all was corrected."""


class HomeDisk:
    """The file system of one home.

    Args:
        home: an empty folder; the file system is mounted there.
        image: the file that holds it.
    """

    def __init__(self, home: Path, image: Path) -> None:
        self.home = home
        self._image = image
        self.device = ""
        with image.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        _run("mkfs.ext4", "-q", "-F", "-m", "0", str(image))
        self.mount()

    def mount(self) -> None:
        """Mount it; an error of its own makes it read-only."""
        _run("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self.home))
        self.device = _run("findmnt", "-n", "-o", "SOURCE", str(self.home)).strip()

    def sync(self) -> None:
        """Let everything be on it that was written."""
        _run("sync", "-f", str(self.home))

    def unmount(self) -> None:
        """Unmount it; nobody has a file of it open.

        Raises:
            NotInTime: somebody has.
        """

        def is_unmounted() -> bool:
            return _call("umount", str(self.home)).returncode == 0

        try:
            wait_until(is_unmounted, f"nobody has a file of {self.home} open", UNMOUNT_S)
        except NotInTime as late:
            raise NotInTime(f"{late}: {', '.join(self._open_files())}") from late

    def _open_files(self) -> Iterator[str]:
        """Yield who has which file of it open."""
        for link in Path("/proc").glob("[0-9]*/fd/*"):
            with suppress(OSError):
                if link.readlink().is_relative_to(self.home):
                    yield f"{link.parts[2]} {link.readlink()}"

    def check(self) -> str:
        """Mend it, unmounted, and return what was said."""
        done = _call("e2fsck", "-y", str(self._image))
        assert done.returncode in MENDED, f"e2fsck: {done.returncode}: {done.stdout}{done.stderr}"
        return f"exit code {done.returncode}"

    @property
    def name(self) -> str:
        """Return the device's name, like loop3."""
        return Path(self.device).name

    @property
    def number(self) -> str:
        """Return the device's number, MAJOR:MINOR."""
        return Path(f"/sys/block/{self.name}/dev").read_text().strip()


@contextmanager
def home_disk(home: Path) -> Iterator[HomeDisk]:
    """Give a home a file system, and take it away afterwards.

    Raises:
        OSError: it cannot be had here.
    """
    image = home.with_name(f"{home.name}.image")
    try:
        disk = HomeDisk(home, image)
        try:
            yield disk
        finally:
            _call("umount", "-l", str(home))
    finally:
        image.unlink(missing_ok=True)


def _run(*words: str) -> str:
    done = _call(*words)
    if done.returncode:
        raise OSError(f"cannot {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def _call(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=TOOL_S, check=False)
