"""A directory is synced, or the disk's refusal is passed on."""

import os
from pathlib import Path

import pytest

from zones.runtime.durable_names import sync_directory


def test_it_is_synced_and_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The descriptor that was synced is that of the directory, and none is left."""
    synced: list[os.stat_result] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(os.fstat(descriptor))
        real(descriptor)

    before = os.listdir("/proc/self/fd")
    monkeypatch.setattr(os, "fsync", fsync)
    sync_directory(tmp_path)
    assert [each.st_ino for each in synced] == [tmp_path.stat().st_ino]
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_what_is_no_directory(tmp_path: Path) -> None:
    """A file and a missing one raise."""
    (tmp_path / "file").touch()
    for name in ("file", "missing"):
        with pytest.raises(OSError):
            sync_directory(tmp_path / name)
