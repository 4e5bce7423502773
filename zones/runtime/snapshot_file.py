"""Snapshots: one committed tick of an arena as a file from which an equal arena can be founded.

Owns: the format, writing and verifying a file, finding the newest good one. Does not own: copying
a tick out of an arena and founding one (`arena_image.py`), when to take a snapshot and which to
keep (`zones/chronos/retention.py`).

File: magic | version u32 | head_bytes u32 | raw_bytes u64 | file_bytes u64 | blake3 of head and
raw buffer (32 bytes) | head (MessagePack) | raw buffer (one zstd frame, level 1). The name carries
zone, tick and the arena it came from; the order of ticks is the order of names.
A file gets its name only after it was synced, read back from the disk and found equal.
"""

import os
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple

import zstandard
from blake3 import blake3

from Kernel.contract.arena import SCHEMA_BYTES_MAX, STATE_BYTES
from Kernel.contract.codec import pack, unpack
from Kernel.contract.errors import CodecError, SnapshotError, what_helps
from zones.runtime.arena_image import ArenaImage
from zones.runtime.durable_names import sync_directory

MAGIC: Final = b"MOLTSNAP"
VERSION: Final = 1
PREAMBLE: Final = struct.Struct("<8sIIQQ32s")
HEAD_BYTES_MAX: Final = SCHEMA_BYTES_MAX + 4096
RAW_BYTES_MAX: Final = 8 * 2**30
CHUNK_BYTES: Final = 1 << 20
SYNC_CHUNKS: Final = 8
"""Sync after so many chunks: one long sync at the end would silence the heartbeat."""

_NAME = re.compile(r"([a-z0-9_-]{1,32})-([0-9]{12,19})-([0-9a-f]{8})\.snapshot")
_FIXED = {"arena_id": 16, "schema_hash": 32, "build": 32, "cpu": 64}
_WHOLE = ("capacity", "resources", "seed", "created_ns", "tick")


class SnapshotName(NamedTuple):
    """What a snapshot's file name says. Sorts by zone, then tick."""

    zone: str
    tick: int
    arena: str

    def file_name(self) -> str:
        """Return the name of the file."""
        return f"{self.zone}-{self.tick:012d}-{self.arena}.snapshot"


class SnapshotInfo(NamedTuple):
    """A snapshot as written and verified."""

    path: Path
    name: SnapshotName
    file_bytes: int
    raw_bytes: int


def write_snapshot(
    directory: Path,
    image: ArenaImage,
    zone: str = "stable",
    pulse: Callable[[], object] = lambda: None,
) -> SnapshotInfo:
    """Write one snapshot so that it is there whole, verified, or not at all.

    Args:
        directory: exists; a snapshot of the same zone, tick and arena in it is replaced.
        pulse: called at least once in CHUNK_BYTES, for a heartbeat.

    Raises:
        SnapshotError: the disk refused, or what was read back is not what was written.
    """
    name = SnapshotName(zone, image.tick, image.arena_id.hex()[:8])
    path = directory / name.file_name()
    draft = directory / f".{path.name}.tmp"
    try:
        digest, file_bytes = _write(draft, image, pulse)
        with draft.open("rb") as file:
            # Without this the bytes would be read back from memory and prove nothing.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            if _scan(file, draft, lambda chunk: pulse()).digest != digest:
                raise SnapshotError(f"cannot keep {path}: it was read back different")
        draft.rename(path)
        sync_directory(directory)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise SnapshotError(
            f"cannot write snapshot {path}: {error.strerror or error}",
            what_helps(error, directory),
        ) from error
    except SnapshotError:
        draft.unlink(missing_ok=True)
        raise
    return SnapshotInfo(path, name, file_bytes, len(image.buffer))


def read_snapshot(path: Path) -> ArenaImage:
    """Read one snapshot back.

    Raises:
        SnapshotError: it is missing, cut off, damaged in any byte that matters, or of a version
            this build does not know.
    """
    buffer = bytearray()
    try:
        with path.open("rb") as file:
            scanned = _scan(file, path, buffer.extend)
    except OSError as error:
        raise SnapshotError(f"cannot read snapshot {path}: {error.strerror or error}") from error
    return _parse_head(scanned.head, buffer, path)


def list_snapshots(directory: Path, zone: str = "stable") -> list[SnapshotName]:
    """Return the snapshots of a zone by their names, newest tick first; nothing is opened.

    Raises:
        OSError: the directory cannot be read; a missing one is empty.
    """
    try:
        found = [_NAME.fullmatch(name) for name in os.listdir(directory)]
    except FileNotFoundError:
        return []
    names = [SnapshotName(hit[1], int(hit[2]), hit[3]) for hit in found if hit]
    return sorted((name for name in names if name.zone == zone), reverse=True)


def remove_drafts(directory: Path, zone: str = "stable") -> None:
    """Delete what writers that were killed left of a zone's snapshots.

    Raises:
        OSError: the disk refused.
    """
    for draft in directory.glob(f".{zone}-*.snapshot.tmp"):
        draft.unlink(missing_ok=True)


def good_snapshots(
    directory: Path, damaged: list[str], zone: str = "stable"
) -> Iterator[tuple[Path, ArenaImage]]:
    """Yield the snapshots of a zone that are good, newest first, each read when it is asked for.

    Args:
        damaged: gets a sentence for each that is not.

    Raises:
        OSError: the directory cannot be read; a missing one is empty.
    """
    for name in list_snapshots(directory, zone):
        path = directory / name.file_name()
        try:
            image = read_snapshot(path)
        except SnapshotError as error:
            damaged.append(error.message)
        else:
            yield path, image


def verify_snapshot(path: Path, pulse: Callable[[], object] = lambda: None) -> str:
    """Return why a snapshot cannot be used, or "" when it is good. Holds one chunk in memory."""
    try:
        with path.open("rb") as file:
            _scan(file, path, lambda chunk: pulse())
    except (OSError, SnapshotError) as error:
        return str(error)
    return ""


class _Scanned(NamedTuple):
    head: bytes
    digest: bytes


def _write(draft: Path, image: ArenaImage, pulse: Callable[[], object]) -> tuple[bytes, int]:
    """Write and sync a draft; return the digest of its content and its size."""
    head = _head(image)
    hasher = blake3(head)
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(draft, flags, 0o600), "wb", buffering=0) as file:
        _put(file, bytes(PREAMBLE.size) + head)
        raw = memoryview(image.buffer)
        frame = zstandard.ZstdCompressor(level=1).compressobj(size=len(raw))
        for number, start in enumerate(range(0, len(raw), CHUNK_BYTES), 1):
            chunk = raw[start : start + CHUNK_BYTES]
            hasher.update(chunk)
            _put(file, frame.compress(chunk))
            if number % SYNC_CHUNKS == 0:
                os.fdatasync(file.fileno())
            pulse()
        _put(file, frame.flush())
        size, digest = file.tell(), hasher.digest()
        file.seek(0)
        _put(file, PREAMBLE.pack(MAGIC, VERSION, len(head), len(raw), size, digest))
        os.fsync(file.fileno())
    return digest, size


def _put(file: IO[bytes], data: bytes) -> None:
    """Write all bytes: an unbuffered file may take a part of them when the disk fills up."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _scan(file: IO[bytes], path: Path, sink: Callable[[bytes], object]) -> _Scanned:
    """Read a whole snapshot, pass its raw buffer on in chunks, and check everything."""
    start = file.read(PREAMBLE.size)
    if len(start) < PREAMBLE.size or start[:8] != MAGIC:
        raise SnapshotError(f"cannot use {path}: it is not a snapshot")
    _, version, head_bytes, raw_bytes, file_bytes, digest = PREAMBLE.unpack(start)
    if version != VERSION:
        raise SnapshotError(f"cannot use {path}: version {version}, this build has {VERSION}")
    size = os.fstat(file.fileno()).st_size
    if size != file_bytes or head_bytes > HEAD_BYTES_MAX or raw_bytes > RAW_BYTES_MAX:
        raise SnapshotError(f"cannot use {path}: {size} bytes, it says it has {file_bytes}")
    head = file.read(head_bytes)
    hasher = blake3(head)
    left = raw_bytes
    try:
        for chunk in _inflate(file):
            left -= len(chunk)
            if left < 0:
                break
            hasher.update(chunk)
            sink(chunk)
    except zstandard.ZstdError as error:
        raise SnapshotError(f"cannot use {path}: {error}") from error
    if left != 0 or hasher.digest() != digest:
        raise SnapshotError(f"cannot use {path}: its content does not match its hash")
    return _Scanned(head, digest)


def _inflate(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the raw buffer in chunks of at most CHUNK_BYTES, whatever the frame claims."""
    with zstandard.ZstdDecompressor().stream_reader(file, closefd=False) as reader:
        while chunk := reader.read(CHUNK_BYTES):
            yield chunk


def _head(image: ArenaImage) -> bytes:
    fields = {name: getattr(image, name) for name in ("schema", *_FIXED, *_WHOLE)}
    return pack(fields, HEAD_BYTES_MAX)


def _parse_head(head: bytes, buffer: bytearray, path: Path) -> ArenaImage:
    try:
        fields = unpack(head, HEAD_BYTES_MAX)
        image = ArenaImage(**fields, buffer=buffer)
    except (CodecError, TypeError) as error:
        raise SnapshotError(f"cannot use {path}: its head is of another form") from error
    sound = type(image.schema) is bytes and len(image.schema) <= SCHEMA_BYTES_MAX
    for name, size in _FIXED.items():
        sound = sound and type(fields[name]) is bytes and len(fields[name]) == size
    sound = sound and all(type(fields[name]) is int and fields[name] >= 0 for name in _WHOLE)
    sound = sound and len(buffer) >= STATE_BYTES and len(buffer) == image.buffers().buffer_bytes
    if not sound or int.from_bytes(buffer[:8], "little") != image.tick:
        raise SnapshotError(f"cannot use {path}: its head is of another form")
    return image
