"""A ledger under test, what its log has told, and ways to harm its files."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

from zones.ledger.log import Log, LogSettings
from zones.ledger.wal_file import FRAME_HEADER_BYTES, HEADER_BYTES
from zones.runtime.ledger_file import LOG, LedgerReader

PAGE_BYTES = 4096
FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES
WAL = LOG + "-wal"


class News:
    """What a log has told, but for `archive.opened`."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, kind: str, **payload: Any) -> None:
        if kind != "archive.opened":
            self.told.append((kind, payload))

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.told]

    def of(self, kind: str) -> dict[str, Any]:
        (payload,) = [payload for told, payload in self.told if told == kind]
        return payload


def record(number: int) -> bytes:
    return b"record %d " % number + b"%d" % (number * number) * 20


def records(first: int, last: int) -> list[bytes]:
    return [record(number) for number in range(first, last + 1)]


def open_log(folder: Path, news: News | None = None, **settings: int) -> Log:
    return Log(folder, LogSettings(**settings), News() if news is None else news)


def contents(folder: Path) -> list[tuple[int, bytes]]:
    reader = LedgerReader(folder)
    try:
        return list(reader.read(1))
    finally:
        reader.close()


def killed(folder: Path, copy: Path) -> Path:
    """Copy the files of a log that is open, as a kill would leave them."""
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*-shm"))
    return copy


def tamper(folder: Path, statement: str) -> None:
    """Change rows behind the log's back, as if their bytes had changed on the disk."""
    connection = apsw.Connection(str(folder / LOG))
    connection.execute(statement)
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.close()


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def flip(path: Path, offset: int) -> None:
    byte = path.read_bytes()[offset]
    overwrite(path, offset, bytes([byte ^ 0x10]))


def places(path: Path, data: bytes) -> Iterator[int]:
    """Yield each place of bytes in a file."""
    content = path.read_bytes()
    place = content.find(data)
    while place >= 0:
        yield place
        place = content.find(data, place + 1)


def wal_frames(folder: Path) -> int:
    """Return how many frames of a fresh WAL are in use."""
    content = (folder / WAL).read_bytes()
    salts = content[16:24]
    count = 0
    while True:
        start = HEADER_BYTES + count * FRAME_BYTES
        if content[start + 8 : start + 16] != salts:
            return count
        count += 1
