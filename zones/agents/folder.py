"""The folder `HOME/mutations/`: the files of it, read as what anybody may have put there.

Owns: names, reading with limits, writing whole files, removing. Does not own: which files there
should be, and what follows from one that somebody dropped (`patcher.py`).
"""

import errno
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zones.agents.header import HEADER_BYTES_MAX
from zones.runtime.trait_store import shown_at
from zones.traits.contract import SOURCE_BYTES_MAX

FOLDER: Final = "mutations"
FILES_MAX: Final = 1000
"""So many files are looked at; more are told of, and left alone."""
_OURS: Final = re.compile(r"trait_(?P<name>\w+)_v(?P<version>[1-9][0-9]{0,8})\.py\Z")


class Unreadable(Exception):
    """A file that cannot be taken for a source; says why."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was seen: another one, or one that was written to, differs."""

    inode: int
    changed_ns: int
    size: int


def canonical_name(trait: str, version: int) -> str:
    """Return the name of the file of one version."""
    return shown_at(trait, version).name


def shown(name: str) -> str:
    """Return a name as it can be told: a file may be called by any bytes, some steer a terminal."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def version_in(name: str) -> tuple[str, int] | None:
    """Return trait and version as a file name says them, None where it is none of ours."""
    found = _OURS.match(name)
    return None if found is None else (found["name"], int(found["version"]))


class Folder:
    """The files of one home's folder.

    Args:
        path: of the folder.

    Attributes:
        is_crowded: there are more files than are looked at.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_crowded = False

    def look(self) -> Mapping[str, Seen]:
        """Return what might be sources, by name; none while there is no folder.

        Hidden files, and what does not end in .py, are what editors leave.

        Raises:
            OSError: the folder cannot be read.
        """
        found: dict[str, Seen] = {}
        self.is_crowded = False
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    if not entry.name.endswith(".py") or entry.name.startswith("."):
                        continue
                    if len(found) == FILES_MAX:
                        self.is_crowded = True
                        break
                    try:
                        told = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:  # it is gone again
                        continue
                    found[entry.name] = Seen(told.st_ino, told.st_mtime_ns, told.st_size)
        except FileNotFoundError:
            return {}
        return found

    def read(self, name: str) -> bytes:
        """Return what is in a file, with its header.

        Raises:
            Unreadable: it is no plain file, too long, or cannot be read.
        """
        most = SOURCE_BYTES_MAX + HEADER_BYTES_MAX
        try:
            with open(self.path / name, "rb", opener=_plain) as file:
                data = file.read(most + 1)
        except OSError as error:
            raise Unreadable(error.strerror or str(error)) from error
        if len(data) > most:
            raise Unreadable(f"it has more than {SOURCE_BYTES_MAX} bytes")
        return data

    def write(self, name: str, data: bytes) -> None:
        """Write a file; readers see the old or the new one, whole.

        It is for people and can be written again from the store, so it is not synced.

        Raises:
            OSError: it cannot be written.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.path / f".{name}.new"
        try:
            with open(fresh, "wb", opener=_private) as file:
                file.write(data)
            os.replace(fresh, self.path / name)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise

    def remove(self, name: str) -> None:
        """Remove a file, there or not.

        Raises:
            OSError: it cannot be removed.
        """
        (self.path / name).unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _plain(path: str, flags: int) -> int:
    """Open what is a plain file and nothing else: a pipe would never end, a link leads away."""
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ELOOP:  # "Too many levels" is said of any link that is not followed
            raise OSError(errno.ELOOP, "it is a link", path) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no plain file", path)
    return descriptor
