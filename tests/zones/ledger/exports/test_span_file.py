"""What must hold of the file of spans: it grows up to a size, and goes back where it is told."""

import os
import resource
from pathlib import Path

import pytest

from zones.ledger.exports.span_file import FILES_MAX, SpanFile


def test_lines_are_appended(tmp_path: Path) -> None:
    """Each with its end; the folder is made, the file is its owner's."""
    spans = SpanFile(tmp_path / "log")
    assert spans.size_bytes() == 0
    assert (spans.append(b"one"), spans.append(b"two")) == (4, 8)
    assert spans.path.read_bytes() == b"one\ntwo\n"
    assert spans.path.stat().st_mode & 0o777 == 0o600


def test_cut_goes_back_and_never_forth(tmp_path: Path) -> None:
    """What is behind a transaction is taken away; a shorter file stays as it is."""
    spans = SpanFile(tmp_path)
    spans.append(b"one")
    spans.append(b"two")
    spans.cut(4)
    spans.cut(100)
    assert spans.path.read_bytes() == b"one\n"


def test_full_file_makes_room_and_the_oldest_goes(tmp_path: Path) -> None:
    """No more than FILES_MAX files are ever there."""
    spans = SpanFile(tmp_path, file_bytes=4)
    for number in range(10):
        spans.turn_over()
        spans.append(b"%03d" % number)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == FILES_MAX
    assert names == ["spans.1.jsonl", "spans.2.jsonl", "spans.3.jsonl", "spans.jsonl"]
    assert spans.path.read_bytes() == b"009\n"
    assert (tmp_path / "spans.3.jsonl").read_bytes() == b"006\n"


def test_deleted_file_is_begun_anew(tmp_path: Path) -> None:
    """Somebody tidied up."""
    spans = SpanFile(tmp_path)
    spans.append(b"one")
    spans.path.unlink()
    assert spans.size_bytes() == 0
    assert spans.append(b"two") == 4


def test_half_a_line_is_taken_back(tmp_path: Path) -> None:
    """When the disk is full within a line, the file ends with the line before."""
    spans = SpanFile(tmp_path)
    spans.append(b"one")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            spans.append(b"x" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert spans.path.read_bytes() == b"one\n"


def test_link_is_not_followed(tmp_path: Path) -> None:
    """A link in its place is no file of ours."""
    os.symlink(tmp_path / "other", tmp_path / "spans.jsonl")
    with pytest.raises(OSError, match="symbolic"):
        SpanFile(tmp_path).append(b"one")
