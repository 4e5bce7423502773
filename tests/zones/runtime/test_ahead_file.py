"""A write-ahead file: what was appended is on the disk when it returns, or not in it."""

import json
import os
from pathlib import Path

import pytest

from zones.runtime import ahead_file
from zones.runtime.ahead_file import AheadFile, keep_refused, refused_path, take_left

EPOCH = b"epoch001"


def test_append_is_synced_with_all_of_it_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash of the system must not take what its sender took for kept."""
    synced: list[int] = []
    sync = os.fdatasync

    def note(descriptor: int) -> None:
        sync(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fdatasync", note)
    ahead = AheadFile(tmp_path, "sandbox", EPOCH)
    ahead.append([(1, b"one"), (2, b"two")])
    assert synced == [ahead.path.stat().st_size]
    ahead.close()
    (left,) = take_left(tmp_path, "sandbox")
    left.append([(3, b"three")])
    assert synced[1:] == [ahead.path.stat().st_size]
    left.close()


def test_append_that_cannot_be_synced_is_not_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sender is told that it is not kept, so it must not come back later either."""
    ahead = AheadFile(tmp_path, "sandbox", EPOCH)
    ahead.append([(1, b"one")])

    def refuse(_descriptor: int) -> None:
        raise OSError(5, "it refuses")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", refuse)
        with pytest.raises(OSError, match="refuses"):
            ahead.append([(2, b"two")])
    ahead.append([(2, b"other")])
    assert [*ahead.read().entries] == [(1, b"one"), (2, b"other")]
    ahead.close()


def test_what_was_refused_is_kept_once_and_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason; the oldest go when there is too much of it; a torn end harms none."""
    monkeypatch.setattr(ahead_file, "REFUSED_BYTES_MAX", 1000)
    path = refused_path(tmp_path, "scribe")
    for number in (1, 2, 2, 1):
        keep_refused(tmp_path, "scribe", EPOCH, number, b"line \xff", "cannot")
    kept = [json.loads(line) for line in path.read_text().splitlines()]
    assert [each["number"] for each in kept] == [1, 2]
    assert kept[0] == {"epoch": EPOCH.hex(), "number": 1, "why": "cannot", "line": "line \\xff"}
    with path.open("ab") as file:
        file.write(b'{"epoch": "00')
    keep_refused(tmp_path, "scribe", EPOCH, 3, b"line", "cannot")
    assert json.loads(path.read_text().splitlines()[-1])["number"] == 3
    for number in range(4, 40):
        keep_refused(tmp_path, "scribe", EPOCH, number, b"line", "cannot")
    assert sum(each.stat().st_size for each in tmp_path.iterdir()) <= 2000
    assert json.loads(path.read_text().splitlines()[-1])["number"] == 39
