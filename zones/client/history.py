"""Events of a world from the archive's journal, newest first, read from the end of its files.

Owns: which files, in which order, and how far back. Does not own: the form of a line
(`zones/chronos/journal.py`) nor writing and rotating them (the archive).
The archive may append, set a file aside and drop the oldest at the same time. Its growing file is
opened before the folder is listed, so that one set aside meanwhile is met again and known by its
inode, and none is missed.
"""

import json
import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

from Kernel.contract.errors import ArenaError, UsageError

NEWEST: Final = 500
NEWEST_MAX: Final = 100_000
BLOCK_BYTES: Final = 256 * 1024
SCAN_BYTES_MAX: Final = 128 * 1024 * 1024
"""How much of a journal is looked through at most, for a kind that is rare in it."""
LINE_BYTES_MAX: Final = 16 * 1024 * 1024
"""A line is far shorter; more without an end means that this is no journal."""


def read_history(
    folder: Path, arena: str, kinds: str | Iterable[str] | None, newest: int
) -> list[dict[str, Any]]:
    """Return the newest events of an arena, oldest first, see `Home.history`.

    Args:
        folder: with `<arena>.jsonl` and `<arena>.<label>.jsonl`; need not be there.

    Raises:
        UsageError: `newest` is out of its limits.
        ArenaError: a file cannot be read, or a line is damaged.
    """
    if type(newest) is not int or not 1 <= newest <= NEWEST_MAX:
        raise UsageError(f"cannot read {newest!r} events: it takes 1 to {NEWEST_MAX}")
    wanted = (kinds,) if isinstance(kinds, str) else None if kinds is None else tuple(kinds)
    found: list[dict[str, Any]] = []
    try:
        for event in _events(folder, arena, wanted):
            found.append(event)
            if len(found) == newest:
                break
    except OSError as error:
        raise ArenaError(
            f"cannot read {folder}: {error.strerror}", f"ls -l {shlex.quote(str(folder))}"
        ) from error
    return found[::-1]


def _events(folder: Path, arena: str, kinds: Sequence[str] | None) -> Iterator[dict[str, Any]]:
    """Yield events of these kinds, newest first, out of the last SCAN_BYTES_MAX."""
    # A line that cannot be of these kinds is not parsed: 64 MB take 0.3 s instead of 3 s.
    marks = None if kinds is None else [b'"kind":' + json.dumps(k).encode()[:-1] for k in kinds]
    left_bytes = SCAN_BYTES_MAX
    # The end of a journal may be torn; its archive cuts it off when it starts again.
    torn = True
    for file in _open_order(folder, arena):
        with file:
            for line in _lines_backwards(file):
                left_bytes -= len(line) + 1
                if left_bytes < 0:
                    return
                if marks is not None and not any(mark in line for mark in marks):
                    continue
                event = _parse_line(line, arena)
                if event is not None:
                    torn = False
                    if kinds is None or _is_among(event["kind"], kinds):
                        yield event
                elif not torn:
                    raise ArenaError(
                        f"cannot read {file.name}: it is damaged at {line[:80]!r}",
                        f"ls -l {shlex.quote(str(folder))}",
                    )
        torn = False


def _open_order(folder: Path, arena: str) -> Iterator[BinaryIO]:
    """Yield the files of a journal opened, the growing one first, then from new to old."""
    try:
        growing = (folder / f"{arena}.jsonl").open("rb")
    except FileNotFoundError:
        started = None  # none yet, or it is being set aside right now
    else:
        started = os.fstat(growing.fileno())
    aside = sorted(folder.glob(f"{arena}.*.jsonl"), reverse=True)  # labels are positions
    if started is not None:
        yield growing
        for index, path in enumerate(aside):
            if _is_file(path, started):  # set aside after it was opened; what is before it is newer
                aside = aside[index + 1 :]
                break
    for path in aside:
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return  # dropped by the archive, and so are all older ones
        yield file


def _is_file(path: Path, known: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), known)
    except FileNotFoundError:
        return False


def _lines_backwards(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file without their ends, last first; an unfinished last one is left."""
    start = file.seek(0, os.SEEK_END)
    rest = b""
    ended = False
    while start > 0:
        step = min(start, BLOCK_BYTES)
        start -= step
        file.seek(start)
        data = file.read(step)
        if not ended:
            ended = b"\n" in data
            data = data[: data.rfind(b"\n")] if ended else b""
        rest, *lines = (data + rest).split(b"\n")
        yield from reversed(lines)
        if len(rest) > LINE_BYTES_MAX:
            raise ArenaError(
                f"cannot read {file.name}: a line is longer than {LINE_BYTES_MAX} bytes"
            )
    if ended:
        yield rest


def _parse_line(line: bytes, arena: str) -> dict[str, Any] | None:
    """Return the event of a line, None when it is none of this arena."""
    try:
        told = json.loads(line)
        place = {"position": told["position"], "tick": told["tick"], "kind": told["kind"]}
        if told["arena"] != arena or not isinstance(place["kind"], str):
            return None
        return {**told["payload"], **place}
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _is_among(kind: str, kinds: Sequence[str]) -> bool:
    return any(kind == each or kind.startswith(f"{each}.") for each in kinds)
