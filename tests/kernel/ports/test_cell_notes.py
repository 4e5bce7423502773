"""Notes outlive whoever wrote them, and whatever lies in their folder is read without harm."""

import os

import pytest

from Kernel.ports import cell_notes
from Kernel.ports.cell_notes import NOTE_BYTES_MAX, HomeCellNotes


@pytest.fixture
def folder(tmp_path):
    """Name a folder that does not exist yet."""
    return tmp_path / "cells"


def test_what_is_kept_is_there_for_the_next(folder):
    """The newest under each name; what is forgotten is gone, and nothing may be forgotten twice."""
    notes = HomeCellNotes(folder)
    assert notes.left() == {}
    notes.keep("trial-1", b"waits")
    notes.keep("trial-1", b"runs")
    notes.keep("call-1", b"runs")
    assert HomeCellNotes(folder).left() == {"call-1": b"runs", "trial-1": b"runs"}
    notes.forget("trial-1")
    notes.forget("trial-1")
    assert notes.left() == {"call-1": b"runs"}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_only_who_can_keep_one_says_so(tmp_path):
    """Without a home there is an error for who keeps, and nothing to read."""
    notes = HomeCellNotes(tmp_path / "gone" / "cells")
    with pytest.raises(OSError, match="gone"):
        notes.keep("trial-1", b"runs")
    assert notes.left() == {}


def test_hostile_files(folder):
    """Links, pipes, folders and halves are empty, what is long is cut, none of them blocks."""
    notes = HomeCellNotes(folder)
    notes.keep("long", b"x" * 10 * NOTE_BYTES_MAX)
    (folder / "folder").mkdir()
    (folder / "link").symlink_to("/etc/passwd")
    (folder / ".half").write_bytes(b"whole, and not in its place")
    os.mkfifo(folder / "pipe")
    left = notes.left()
    assert len(left.pop("long")) == NOTE_BYTES_MAX + 1
    assert left == dict.fromkeys(("folder", "link", ".half", "pipe"), b"")
    for name in left:
        notes.forget(name)
    assert sorted(os.listdir(folder)) == ["folder", "long"]


def test_no_more_than_so_many(folder, monkeypatch):
    """What somebody fills the folder with is read in parts, a boot each."""
    monkeypatch.setattr(cell_notes, "NOTES_MAX", 2)
    notes = HomeCellNotes(folder)
    for name in "abc":
        notes.keep(name, b"")
    assert sorted(notes.left()) == ["a", "b"]
