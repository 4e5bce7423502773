"""A write-ahead file: what was appended is on the disk when it returns, or not in it."""

import os
from pathlib import Path

import pytest

from zones.runtime.ahead_file import AheadFile, take_left

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
