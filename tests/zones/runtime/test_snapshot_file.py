"""Snapshot files: whole and verified or not there; damage is always seen."""

import os
import random
import re
import resource
import signal
from pathlib import Path

import pytest

from Kernel.contract.arena import SCHEMA_BYTES_MAX
from Kernel.contract.errors import SnapshotError
from tests.zones.runtime.small_arena import advance, small_arena
from zones.runtime.arena_image import ArenaImage, copy_committed
from zones.runtime.snapshot_file import (
    CHUNK_BYTES,
    PREAMBLE,
    SnapshotName,
    good_snapshots,
    list_snapshots,
    read_snapshot,
    remove_drafts,
    verify_snapshot,
    write_snapshot,
)


def image_at(tick: int, columns_bytes: int = 20_000) -> ArenaImage:
    """Return the image of a small world after `tick` ticks."""
    words = small_arena(columns_bytes)
    for _ in range(tick):
        advance(words)
    return copy_committed(words)


@pytest.mark.parametrize("columns_bytes", [1, 20_000, 3 * CHUNK_BYTES + 17])
def test_round_trip(tmp_path: Path, columns_bytes: int) -> None:
    """What was written is read back equal, and nothing but the file is left in the directory."""
    image = image_at(3, columns_bytes)
    noise = random.Random(1).randbytes(min(columns_bytes, 100_000))
    image.buffer[-len(noise) :] = noise
    pulses: list[int] = []
    info = write_snapshot(tmp_path, image, pulse=lambda: pulses.append(1))
    assert read_snapshot(info.path) == image
    assert verify_snapshot(info.path) == ""
    assert len(pulses) >= 2 * (len(image.buffer) // CHUNK_BYTES)
    assert os.listdir(tmp_path) == [info.path.name]
    assert info.name == SnapshotName("stable", 3, image.arena_id.hex()[:8])
    assert info.path.name == f"stable-000000000003-{info.name.arena}.snapshot"
    assert (info.file_bytes, info.raw_bytes) == (info.path.stat().st_size, len(image.buffer))
    assert info.path.stat().st_mode & 0o777 == 0o600


def test_written_again_it_is_replaced(tmp_path: Path) -> None:
    """The same tick of the same arena has one file."""
    image = image_at(2)
    first = write_snapshot(tmp_path, image)
    image.buffer[-1] ^= 1
    assert write_snapshot(tmp_path, image).path == first.path
    assert read_snapshot(first.path) == image


def test_any_damaged_byte_is_seen(tmp_path: Path) -> None:
    """A file with one byte changed, missing or added is refused, or still means the same."""
    image = image_at(3, 2000)
    image.buffer[-1000:] = random.Random(2).randbytes(1000)
    info = write_snapshot(tmp_path, image)
    good = info.path.read_bytes()
    harmless = 0
    for place in [*range(700), *range(700, len(good), 7)]:
        for flip in (1, 0x80):
            bad = bytearray(good)
            bad[place] ^= flip
            info.path.write_bytes(bad)
            try:
                assert read_snapshot(info.path) == image
                harmless += 1
            except SnapshotError as error:
                assert str(error).startswith(f"cannot use {info.path}")
    assert harmless <= 2  # bits of the zstd frame header that nothing reads
    for size in [*range(0, len(good), 50), len(good) - 1]:
        info.path.write_bytes(good[:size])
        with pytest.raises(SnapshotError):
            read_snapshot(info.path)
    info.path.write_bytes(good + b"\0")
    assert "bytes, it says" in verify_snapshot(info.path)


def test_other_versions_and_foreign_files_are_refused(tmp_path: Path) -> None:
    """A file of another version names both; a file that is no snapshot, or none, is refused."""
    info = write_snapshot(tmp_path, image_at(1))
    data = bytearray(info.path.read_bytes())
    data[8] = 2
    info.path.write_bytes(data)
    with pytest.raises(SnapshotError, match="version 2, this build has 1"):
        read_snapshot(info.path)
    info.path.write_bytes(b"hello")
    with pytest.raises(SnapshotError, match="it is not a snapshot"):
        read_snapshot(info.path)
    with pytest.raises(SnapshotError, match="cannot read snapshot"):
        read_snapshot(tmp_path / "none")
    assert "cannot" in verify_snapshot(tmp_path) or verify_snapshot(tmp_path)


def test_frame_larger_than_said_is_not_unpacked(tmp_path: Path) -> None:
    """A frame that inflates beyond what the preamble says stops there: no bomb fills memory."""
    image = image_at(1, 64 * CHUNK_BYTES)
    info = write_snapshot(tmp_path, image)
    data = bytearray(info.path.read_bytes())
    magic, version, head, _, size, digest = PREAMBLE.unpack_from(data)
    PREAMBLE.pack_into(data, 0, magic, version, head, 8192, size, digest)
    info.path.write_bytes(data)
    assert "does not match its hash" in verify_snapshot(info.path)


def test_largest_schema_fits(tmp_path: Path) -> None:
    """Every schema an arena can hold can be in a snapshot."""
    image = image_at(1)
    large = ArenaImage(**{**_fields(image), "schema": b"s" * SCHEMA_BYTES_MAX})
    assert read_snapshot(write_snapshot(tmp_path, large).path) == large


def _fields(image: ArenaImage) -> dict[str, object]:
    return {name: getattr(image, name) for name in ArenaImage.__slots__}


def newest(directory: Path) -> tuple[Path | None, int, list[str]]:
    """Return path and tick of the newest good snapshot, and what is said of damaged ones."""
    damaged: list[str] = []
    for path, image in good_snapshots(directory, damaged):
        return path, image.tick, damaged
    return None, -1, damaged


def test_newest_good_one_is_found_and_damage_named(tmp_path: Path) -> None:
    """The newest verified snapshot wins; newer damaged ones are named, other files ignored."""
    assert newest(tmp_path / "missing") == (None, -1, [])
    infos = [write_snapshot(tmp_path, image_at(tick)) for tick in (1, 3, 12)]
    (tmp_path / "stable-x.snapshot").write_bytes(b"")
    (tmp_path / "stable-000000000099-00000000.snapshot.bak").write_bytes(b"")
    (tmp_path / f".{infos[2].path.name}.tmp").write_bytes(b"half")
    write_snapshot(tmp_path, image_at(20), "branch-1")
    assert [name.tick for name in list_snapshots(tmp_path)] == [12, 3, 1]
    assert [name.tick for name in list_snapshots(tmp_path, "branch-1")] == [20]
    assert newest(tmp_path) == (infos[2].path, 12, [])
    infos[2].path.write_bytes(infos[2].path.read_bytes()[:-5])
    path, _, damaged = newest(tmp_path)
    assert path == infos[1].path
    assert len(damaged) == 1 and str(infos[2].path) in damaged[0]
    for info in infos[:2]:
        info.path.write_bytes(b"")
    path, _, damaged = newest(tmp_path)
    assert path is None and len(damaged) == 3


def error_on_small_disk(directory: Path, image: ArenaImage) -> str:
    """Return what `write_snapshot` raises when no file may grow beyond 4 kB, as on a full disk.

    In a forked child: the limit would also cut off the file this test run may be writing to.
    """
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            write_snapshot(directory, image)
        except BaseException as error:
            os.write(writes, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writes)
    with open(reads, encoding="utf-8") as said:
        error = said.read()
    assert os.waitpid(child, 0)[1] == 0
    return error


def test_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """When the disk takes only a part, there is an error, no file and no draft."""
    image = image_at(1)
    image.buffer[8192:] = random.Random(3).randbytes(len(image.buffer) - 8192)
    error = error_on_small_disk(tmp_path, image)
    assert re.fullmatch(r"SnapshotError: cannot write snapshot .*: File too large", error)
    assert os.listdir(tmp_path) == []


def test_killed_writers_drafts_are_removed(tmp_path: Path) -> None:
    """Drafts of one zone are deleted, snapshots and other zones' drafts are not."""
    info = write_snapshot(tmp_path, image_at(1))
    for name in (f".{info.path.name}.tmp", ".branch-000000000001-00000000.snapshot.tmp"):
        (tmp_path / name).write_bytes(b"half")
    remove_drafts(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [
        ".branch-000000000001-00000000.snapshot.tmp",
        info.path.name,
    ]
