"""A sender's write-ahead file: what waits for the archive longer than it may wait in memory.

Owns: the file on disk, synced at every append; finding what earlier lives left; keeping what was
refused when it came out. Does not own: its form (`Kernel/contract/ahead.py`), when something goes
in or out (`user_bus.py`, `scribe.py`).

One file a life, `HOME/data/ahead/<zone>-<epoch>.ahead`: an epoch sorts by time, so files sort by
age. Its writer holds a lock on it; who finds one without may take it over.
"""

import errno
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from Kernel.contract.ahead import HEADER_BYTES, Ahead, pack_entry, pack_header, parse_ahead
from Kernel.contract.user_bus import EPOCH_BYTES
from zones.runtime.durable_names import sync_directory

FILE_BYTES_MAX: Final = 64 * 1024 * 1024
"""One file takes no more; its sender waits then, as it does for a full disk."""
REFUSED_BYTES_MAX: Final = 1024 * 1024
"""Of refused entries; a file that is full gives its name to a second one, which it replaces."""
_ENDING: Final = ".ahead"
_FLAGS: Final = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


def new_epoch(time_ns: int, entropy: bytes) -> bytes:
    """Return the epoch of a new life: milliseconds since 1970, then two random bytes."""
    return (time_ns // 1_000_000).to_bytes(EPOCH_BYTES - 2, "big") + entropy[:2]


class AheadFile:
    """The file of one life; it is made when something first goes in.

    Raises:
        OSError: the disk refuses; from every method.
    """

    def __init__(self, folder: Path, zone: str, epoch: bytes) -> None:
        self.epoch = epoch
        self.path = folder / f"{zone}-{epoch.hex()}{_ENDING}"
        self._fd = -1
        self._size = 0

    @property
    def is_empty(self) -> bool:
        """Return whether nothing waits in it."""
        return self._size <= HEADER_BYTES

    def append(self, entries: Iterable[tuple[int, bytes]]) -> None:
        """Write numbers and records, durable on return. When it raises, none of them is in."""
        if self._fd < 0:
            self._make()
        self._size = _append(self._fd, self._size, entries)

    def read(self) -> Ahead:
        """Return what is in it."""
        return parse_ahead(os.pread(self._fd, self._size, 0) if self._fd >= 0 else b"")

    def clear(self) -> None:
        """Delete it, durable on return: all of it is stored.

        A file that comes back behind a loss of power says that nothing was sent after it: whoever
        takes it over goes on with its next number.
        """
        if self._fd < 0:
            return
        try:
            self.path.unlink(missing_ok=True)
            sync_directory(self.path.parent)
        finally:
            self.close()  # not before: who finds it unlocked goes on with it

    def close(self) -> None:
        """Let go of it; what is in it stays for the next life."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._size = -1, 0

    def _make(self) -> None:
        """Make it under a name that nobody looks for, so that it is locked when it is found."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.path.with_name(f".{self.path.name}.new")
        descriptor = os.open(draft, _FLAGS | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            header = pack_header(self.epoch)
            _write(descriptor, header, 0)
            draft.rename(self.path)
            sync_directory(self.path.parent)
        except OSError:
            os.close(descriptor)
            draft.unlink(missing_ok=True)
            raise
        self._fd, self._size = descriptor, len(header)


class LeftFile:
    """What an earlier life left; taken over, so that nobody else sends it, too.

    Attributes:
        ahead: what is in it.
        cut_bytes: how many bytes of a torn end are not.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._fd = descriptor
        data = os.pread(descriptor, FILE_BYTES_MAX + HEADER_BYTES, 0)
        self.ahead = parse_ahead(data)
        self.cut_bytes = len(data) - self.ahead.whole_bytes
        self._size = self.ahead.whole_bytes

    def append(self, entries: Iterable[tuple[int, bytes]]) -> None:
        """Write more behind what is whole, durable on return; see `AheadFile.append`."""
        self._size = _append(self._fd, self._size, entries)

    def clear(self) -> None:
        """Delete it: all of it is stored."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let go of it."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def take_left(folder: Path, zone: str) -> list[LeftFile]:
    """Take over the files of a zone that no living sender holds, oldest first.

    Raises:
        OSError: one cannot be read.
    """
    return list(find_left(folder, zone))


def find_left(folder: Path, zone: str) -> Iterator[LeftFile]:
    """Yield the same one by one: each is read when it is asked for.

    Raises:
        OSError: one cannot be read.
    """
    for path in sorted(folder.glob(f"{zone}-{'[0-9a-f]' * 2 * EPOCH_BYTES}{_ENDING}")):
        try:
            descriptor = os.open(path, _FLAGS)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        if not os.fstat(descriptor).st_nlink:  # whoever held it was done with it
            os.close(descriptor)
            continue
        yield LeftFile(path, descriptor)


def refused_path(folder: Path, zone: str) -> Path:
    """Return where it is kept what of a zone was refused after it had waited."""
    return folder / f"{zone}.refused"


def keep_refused(
    folder: Path, zone: str, epoch: bytes, number: int, record: bytes, why: str
) -> None:
    """Keep what will never be stored, with the reason, as a line of JSON; durable on return.

    Whoever sent it was told that it waits, so it must not go without a word. Kept once, however
    often it is refused.

    Raises:
        OSError: the disk refuses; the entry is to stay where it waits.
    """
    path = refused_path(folder, zone)
    place = json.dumps({"epoch": epoch.hex(), "number": number})[:-1].encode()
    text = {"why": why, "line": record.decode("utf-8", "backslashreplace")}
    entry = place + b", " + json.dumps(text)[1:].encode() + b"\n"
    descriptor = os.open(path, _FLAGS | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        known = os.pread(descriptor, 2 * REFUSED_BYTES_MAX, 0)
        whole, _, torn = known.rpartition(b"\n")
        if any(line.startswith(place) for line in whole.splitlines()):
            return
        entry = b"\n" + entry if torn else entry
        if known and len(known) + len(entry) > REFUSED_BYTES_MAX:
            path.rename(path.with_name(path.name + ".old"))
            os.close(descriptor)
            descriptor = os.open(path, _FLAGS | os.O_CREAT | os.O_APPEND, 0o600)
        _write(descriptor, entry, 0)  # O_APPEND: at the end, whatever the place
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_directory(folder)


def _append(descriptor: int, size: int, entries: Iterable[tuple[int, bytes]]) -> int:
    """Write entries behind `size`, all or none, and return the new size."""
    data = b"".join(pack_entry(number, record) for number, record in entries)
    if size + len(data) > FILE_BYTES_MAX:
        raise OSError(errno.EFBIG, f"the limit of {FILE_BYTES_MAX} bytes is reached")
    try:
        _write(descriptor, data, size)
        os.ftruncate(descriptor, size + len(data))  # a torn end may have been longer
        os.fdatasync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise
    return size + len(data)


def _write(descriptor: int, data: bytes, place: int) -> None:
    view = memoryview(data)
    while view:
        count = os.pwrite(descriptor, view, place)
        view, place = view[count:], place + count
