"""Events as files: Parquet, lines of JSON, or protobuf with lengths before it.

Owns: which form a name asks for, that a file is there whole or not at all, what may be replaced.
Does not own: which events (`zones/runtime/ledger_search.py`), the forms themselves (`parquet.py`,
`Kernel/contract/event_text.py`, `protobuf.py`).
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

from Kernel.contract.envelope import Envelope
from Kernel.contract.errors import LedgerError, Refused, UsageError, what_helps
from Kernel.contract.event_text import event_line
from zones.ledger.derived import Row
from zones.ledger.exports.parquet import write_file, write_parts
from zones.ledger.exports.protobuf import swarm_event, write_delimited
from zones.runtime.durable_names import sync_directory
from zones.runtime.ledger_file import NO_HEAD, LedgerReader, PastDamage

WROTE_EVERY: Final = 10_000
"""Events after which an export tells how far it is."""
_PART: Final = "events-*-*.parquet"
_FORCE: Final = "add --force to replace it"
_DATABASE: Final = b"SQLite format 3\0"


class Form(Enum):
    """What a file is written as."""

    PARQUET = "parquet"
    JSONL = "jsonl"
    PROTOBUF = "protobuf"


_FORM_OF: Final = {
    ".parquet": Form.PARQUET,
    ".jsonl": Form.JSONL,
    ".ndjson": Form.JSONL,
    ".pb": Form.PROTOBUF,
    ".binpb": Form.PROTOBUF,
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where to, and as what.

    Args:
        is_folder: parts of Parquet, one file each, instead of one file.
        may_replace: what is there already.
    """

    path: Path
    form: Form
    is_folder: bool
    may_replace: bool


def choose_target(words: str, form: Form | None, may_replace: bool) -> Target:
    """Return what a name on the command line means.

    Args:
        words: a file, or a folder: one that is there, or a name that ends with "/".
        form: None: the name's ending says it.

    Raises:
        UsageError: the name does not say the form, or a folder is asked of one that has none.
        Refused: something is there that may not be replaced, or its folder is missing.
    """
    path = Path(os.path.abspath(words))
    is_folder = words.endswith("/") or path.is_dir()
    if form is None:
        form = Form.PARQUET if is_folder else _FORM_OF.get(path.suffix.lower())
    if form is None:
        raise UsageError(
            f"cannot tell the form of {words!r} by its name: write --format parquet, jsonl or "
            "protobuf",
            "molt help export",
        )
    if is_folder and form is not Form.PARQUET:
        raise UsageError(f"cannot write {form.value} into a folder: name a file")
    if not path.parent.is_dir():
        raise Refused(f"cannot write {path}: there is no folder {path.parent}")
    if is_folder and path.is_dir():
        _check_folder(path, may_replace)
    elif path.exists():
        _check_file(path, may_replace)
    return Target(path, form, is_folder, may_replace)


def _check_file(path: Path, may_replace: bool) -> None:
    """Refuse what no export has written: a rename over a device or a ledger would be its end."""
    if not may_replace:
        raise Refused(f"cannot write {path}: it is there already", _FORCE)
    if not path.is_file():
        raise Refused(f"cannot replace {path}: it is no plain file")
    try:
        with path.open("rb") as file:
            begins = file.read(len(_DATABASE))
    except OSError as error:
        raise Refused(f"cannot replace {path}: {error.strerror}") from error
    if begins == _DATABASE:
        raise Refused(f"cannot replace {path}: it is a database, which no export has written")


def _check_folder(path: Path, may_replace: bool) -> None:
    held = list(path.iterdir())
    if held and not may_replace:
        raise Refused(f"cannot write into {path}: it is not empty", _FORCE)
    foreign = next((each.name for each in held if not each.match(_PART)), "")
    if foreign:
        raise Refused(f"cannot replace {path}: it holds {foreign}, which no export has written")


def write(
    target: Target,
    rows: Iterable[tuple[Row, bytes]],
    wrote: Callable[[int], None],
) -> int:
    """Write events; what was there before stays until the new file is whole and durable.

    Args:
        rows: events, each with its head of the chain, b"" where nobody asks for it.
        wrote: called now and then with how many are written.

    Returns:
        how many there were.

    Raises:
        ConfigError: DuckDB is not installed.
        LedgerError: the disk refuses, or the ledger cannot be read.
    """
    with _draft(target) as draft:
        if target.is_folder:
            draft.mkdir(mode=0o700)
            return write_parts((row for row, _ in rows), draft, wrote)
        if target.form is Form.PARQUET:
            return _write_parquet((row for row, _ in rows), draft, wrote)
        say = _write_line if target.form is Form.JSONL else _write_swarm
        return _write_each(draft, rows, say, wrote)


def _write_parquet(rows: Iterable[Row], draft: Path, wrote: Callable[[int], None]) -> int:
    parts = draft.with_name(draft.name + ".parts")
    parts.mkdir(mode=0o700)
    try:
        return write_file(rows, draft, parts, wrote)
    finally:
        shutil.rmtree(parts, ignore_errors=True)


def _write_each(
    draft: Path,
    rows: Iterable[tuple[Row, bytes]],
    say: Callable[[IO[bytes], int, Envelope, bytes], None],
    wrote: Callable[[int], None],
) -> int:
    count = 0
    with draft.open("xb", buffering=1 << 20) as out:
        for (position, envelope), head in rows:
            say(out, position, envelope, head)
            count += 1
            if count % WROTE_EVERY == 0:
                wrote(count)
    return count


def _write_line(out: IO[bytes], position: int, envelope: Envelope, _head: bytes) -> None:
    out.write(event_line(position, envelope).encode() + b"\n")


def _write_swarm(out: IO[bytes], position: int, envelope: Envelope, head: bytes) -> None:
    write_delimited(swarm_event(envelope, position, head), out)


@contextmanager
def _draft(target: Target) -> Iterator[Path]:
    """Give a name beside the target's; what is under it at the end takes the target's place."""
    path = target.path
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield draft
        _sync(draft)
        _take_place(draft, target)
        sync_directory(path.parent)
    except OSError as error:
        raise LedgerError(
            f"cannot write {path}: {error.strerror}", what_helps(error, path.parent)
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        draft.unlink(missing_ok=True)


def _sync(draft: Path) -> None:
    for path in sorted(draft.iterdir()) if draft.is_dir() else [draft]:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    if draft.is_dir():
        sync_directory(draft)


def _take_place(draft: Path, target: Target) -> None:
    path = target.path
    if target.is_folder and path.is_dir():
        # A folder cannot be renamed over one that holds something.
        _check_folder(path, target.may_replace)
        aside = path.with_name(f"{draft.name}.old")
        path.rename(aside)
        draft.rename(path)
        shutil.rmtree(aside)
    elif target.may_replace or target.is_folder:
        draft.rename(path)
    else:
        _put_beside(draft, path)


def _put_beside(draft: Path, path: Path) -> None:
    """Give a draft a name that nobody has taken meanwhile."""
    try:
        os.link(draft, path)
    except FileExistsError as error:
        raise Refused(f"cannot write {path}: it is there already", _FORCE) from error
    except OSError:  # a file system without links
        if path.exists():
            raise Refused(f"cannot write {path}: it is there already", _FORCE) from None
        draft.rename(path)


def with_heads(
    reader: LedgerReader, first: int, last: int, past: PastDamage | None
) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield positions and records with their heads of the chain, ascending.

    Segments store few heads; the others are computed as the log did.
    """
    head, end = b"", -1
    for run in reader.runs(first, last, past):
        before = run.before or (head if run.first == end + 1 else b"")
        if not before and not run.heads:
            before = NO_HEAD if run.first == 1 else (reader.head(run.first - 1) or b"")
        for number, record in enumerate(run.records):
            if run.heads:
                head = run.heads[number]
            else:
                head = sha256(before + record).digest() if before else b""
            yield run.first + number, record, head
            before = head
        end = run.last
