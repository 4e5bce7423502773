"""What failed writes leave behind the end of a WAL is wiped, and nothing else is."""

import os
from pathlib import Path

import pytest

from zones.ledger.wal_file import FRAME_HEADER_BYTES, HEADER_BYTES
from zones.ledger.wal_wipe import wipe_behind

PAGE_BYTES = 512
SALTS, OLDER = b"present!", b"an older"


def wal(*ages: bytes) -> bytes:
    """Return a WAL whose frames are of these ages."""
    frames = [b"pagecomm" + age + b"checksum" + b"x" * PAGE_BYTES for age in ages]
    return b"m" * 16 + SALTS + b"checksum" + b"".join(frames)


def heads(data: bytes) -> list[bytes]:
    size = FRAME_HEADER_BYTES + PAGE_BYTES
    return [
        data[place : place + FRAME_HEADER_BYTES] for place in range(HEADER_BYTES, len(data), size)
    ]


def test_frames_of_the_present_age_behind_the_end_are_wiped(tmp_path: Path) -> None:
    """What comes before the end, and what is of an older age behind it, stays as it is."""
    path = tmp_path / "wal"
    before = wal(SALTS, SALTS, SALTS, SALTS, OLDER, SALTS)
    path.write_bytes(before)
    wipe_behind(path, 2, PAGE_BYTES)
    after = path.read_bytes()
    wiped = bytes(FRAME_HEADER_BYTES)
    assert heads(after) == [*heads(before)[:2], wiped, wiped, *heads(before)[4:]]
    assert len(after) == len(before)
    wipe_behind(path, 0, PAGE_BYTES)
    assert heads(path.read_bytes())[:4] == [wiped] * 4


def test_a_wipe_that_did_not_get_through_is_tried_again(tmp_path, monkeypatch) -> None:
    """So it begins behind: what is left still follows on the end."""
    path = tmp_path / "wal"
    path.write_bytes(wal(*[SALTS] * 6))
    left = [3]

    def pwrite(descriptor: int, data: bytes, place: int) -> int:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(5, "it refuses")
        return written(descriptor, data, place)

    written = os.pwrite
    with monkeypatch.context() as patch, pytest.raises(OSError, match="it refuses"):
        patch.setattr(os, "pwrite", pwrite)
        wipe_behind(path, 1, PAGE_BYTES)
    wipe_behind(path, 1, PAGE_BYTES)
    assert [any(each) for each in heads(path.read_bytes())] == [True] + [False] * 5


@pytest.mark.parametrize("data", [b"", b"short", bytes(HEADER_BYTES), bytes(10_000), wal()])
def test_what_has_no_frames_is_left_alone(tmp_path: Path, data: bytes) -> None:
    """A file that was just made is zeros."""
    path = tmp_path / "wal"
    path.write_bytes(data)
    wipe_behind(path, 0, PAGE_BYTES)
    assert path.read_bytes() == data
