"""What is read back from a journal is what was written into it, newest first and not too much."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.errors import ArenaError, UsageError
from tests.support.old_journal import encode_line, parse_tail
from tests.zones.client.paper_world import PaperWorld
from zones.client import history, open_home
from zones.client.history import NEWEST_MAX, read_history
from zones.ledger.outbox_reader import Event
from zones.runtime.line_file import LineFile

ARENA = "a1" * 16
KINDS = ("telemetry", "world.lineage", "input.applied")


class Journal:
    """A journal written as the archive writes one."""

    def __init__(self, folder: Path, arena: str = ARENA) -> None:
        self.folder, self.arena, self.position = folder, arena, 0
        self.file = LineFile(folder / f"{arena}.jsonl", self.is_line)

    def is_line(self, line: bytes) -> bool:
        return parse_tail(line, self.arena) is not None

    def append(self, kind: str = "telemetry", count: int = 1, **payload: object) -> None:
        lines = []
        for _ in range(count):
            fields = {"kind": kind, "tick": 10 * self.position, "n": self.position} | payload
            event = Event(self.position, 0, 10 * self.position, kind, fields)
            lines.append(encode_line(self.position, self.arena, event, 1.5))
            self.position += 1
        self.file.append(lines)

    def rotate(self) -> Path:
        return self.file.set_aside(f"{self.position:012d}")


@pytest.fixture
def journal(tmp_path):
    """Give an empty journal in a folder of its own."""
    journal = Journal(tmp_path / "journal")
    yield journal
    journal.file.close()


def positions(journal: Journal, kinds="telemetry", newest: int = 500) -> list[int]:
    """Return the positions of what is read back."""
    return [row["position"] for row in read_history(journal.folder, ARENA, kinds, newest)]


def test_rows_are_flat(home) -> None:
    """A row has the event's own fields, and its place, tick and kind; oldest first."""
    world = PaperWorld(home / "data" / "arenas")
    opened = open_home(home)
    assert opened.history() == [], "no journal yet"
    journal = Journal(home / "data" / "journal", world.arena)
    journal.append(entity_count=5, genes=[0.5, 0.25])
    journal.append(entity_count=6)
    rows = opened.history()
    assert [row["entity_count"] for row in rows] == [5, 6]
    assert rows[0] == {
        "kind": "telemetry",
        "tick": 0,
        "n": 0,
        "entity_count": 5,
        "genes": [0.5, 0.25],
        "position": 0,
    }
    journal.file.close()


def test_newest_over_rotated_files(journal) -> None:
    """The newest rows are found across files that were set aside, in order, and no more of them."""
    for _ in range(3):
        journal.append(count=4)
        journal.rotate()
    journal.append(count=2)
    assert positions(journal) == list(range(14))
    assert positions(journal, newest=2) == [12, 13]
    assert positions(journal, newest=7) == list(range(7, 14))


def test_kinds(journal) -> None:
    """One kind, several, all that begin with a word, or every kind."""
    for kind in (*KINDS, "telemetry.other", "telemetry2", "world"):
        journal.append(kind)
    assert positions(journal) == [0, 3]
    assert positions(journal, "world") == [1, 5]
    assert positions(journal, ["world.lineage", "input.applied"]) == [1, 2]
    assert positions(journal, None) == list(range(6))
    assert positions(journal, ()) == []
    journal.append("note", text='"kind":"telemetry"')
    journal.append("note", inner={"kind": "telemetry"})
    assert positions(journal) == [0, 3], "a word inside an event is not its kind"


def test_other_worlds_are_left_alone(journal) -> None:
    """Journals of other arenas in the same folder are not read."""
    other = Journal(journal.folder, "b2" * 16)
    other.append(count=3)
    other.rotate()
    other.file.close()
    journal.append()
    assert positions(journal) == [0]


def test_unfinished_end_is_left(journal) -> None:
    """A line being written, and an end torn by a crash, are not read and hide nothing."""
    journal.append(count=3)
    whole = journal.file.path.read_bytes()
    for torn in (b'{"position":3,"kind":"telemetry', b'{"kind":"telemetry\n', b"\0\0\n{}\n\0"):
        journal.file.path.write_bytes(whole + torn)
        assert positions(journal) == positions(journal, None) == [0, 1, 2]
    journal.file.path.write_bytes(b'{"kind":"telemetry')
    assert positions(journal) == []


def test_damage_is_told(journal) -> None:
    """A line that is damaged in the midst of a journal is told of with its file, not skipped."""
    journal.append(count=3)
    aside = journal.rotate()
    journal.append()
    aside.write_bytes(aside.read_bytes().replace(b'"position":1,', b'"position";1,'))
    assert positions(journal, newest=2) == [2, 3], "what is not reached does no harm"
    with pytest.raises(ArenaError, match=f"cannot read {aside}: it is damaged"):
        positions(journal)


def test_folder_that_cannot_be_read(tmp_path) -> None:
    """A journal that is no file is told of."""
    (tmp_path / f"{ARENA}.jsonl").mkdir()
    with pytest.raises(ArenaError, match=f"cannot read {tmp_path}: Is a directory"):
        read_history(tmp_path, ARENA, None, 5)


@pytest.mark.parametrize("newest", [0, -1, NEWEST_MAX + 1, True, 2.0])
def test_how_many_has_limits(tmp_path, newest) -> None:
    """A number of rows outside the limits is refused."""
    with pytest.raises(UsageError, match=f"it takes 1 to {NEWEST_MAX}"):
        read_history(tmp_path, ARENA, None, newest)


def test_rotation_while_reading(journal, monkeypatch) -> None:
    """A file set aside between opening it and listing the folder is neither lost nor read twice."""
    journal.append(count=2)
    journal.rotate()
    journal.append(count=2)
    old = Path.glob

    def glob(folder, pattern):
        for _ in range(2):
            journal.rotate()
            journal.append()
        return old(folder, pattern)

    monkeypatch.setattr(Path, "glob", glob)
    assert positions(journal) == [0, 1, 2, 3]


def test_oldest_file_dropped_while_reading(journal, monkeypatch) -> None:
    """A file that the archive drops after the folder was listed ends the history there."""
    for _ in range(3):
        journal.append()
        aside = journal.rotate()
    journal.append()
    old = Path.glob

    def glob(folder, pattern):
        found = list(old(folder, pattern))
        sorted(found)[0].unlink()
        return found

    monkeypatch.setattr(Path, "glob", glob)
    assert positions(journal) == [1, 2, 3] and aside.exists()


def test_only_the_end_of_a_large_file_is_read(journal, monkeypatch) -> None:
    """A few rows from the end of a large journal cost a few blocks, and a rare kind has a limit."""
    monkeypatch.setattr(history, "BLOCK_BYTES", 4096)
    journal.append("input.applied")
    journal.append(count=5000, text="x" * 100)
    read_bytes = 0
    old = Path.open

    class Counted:
        def __init__(self, file):
            self.file = file

        def __getattr__(self, name):
            return getattr(self.file, name)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def read(self, size):
            nonlocal read_bytes
            read_bytes += size
            return self.file.read(size)

    monkeypatch.setattr(Path, "open", lambda path, mode: Counted(old(path, mode)))
    assert positions(journal, newest=10) == list(range(4991, 5001))
    assert read_bytes <= 2 * 4096
    assert positions(journal, "input.applied") == [0]
    monkeypatch.setattr(history, "SCAN_BYTES_MAX", 100_000)
    read_bytes = 0
    assert positions(journal, "input.applied") == []
    assert read_bytes <= 100_000 + 2 * 4096


def test_line_without_end_is_refused(journal, monkeypatch) -> None:
    """A file with a line beyond all measure is given up with an error, not read into memory."""
    monkeypatch.setattr(history, "LINE_BYTES_MAX", 1000)
    monkeypatch.setattr(history, "BLOCK_BYTES", 512)
    journal.append(text="x" * 3000)
    with pytest.raises(ArenaError, match="a line is longer than 1000 bytes"):
        positions(journal)


@pytest.mark.slow
@given(
    lines=st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line), max_size=20),
    rest=st.binary(max_size=30).filter(lambda line: b"\n" not in line),
    block=st.integers(1, 40),
)
def test_lines_backwards(lines, rest, block) -> None:
    """Read backwards in blocks of any size, a file gives its finished lines in reverse."""

    class File:
        name = "made up"
        data = b"".join(line + b"\n" for line in lines) + rest
        place = 0

        def seek(self, place, whence=0):
            self.place = place + (len(self.data) if whence else 0)
            return self.place

        def read(self, size):
            return self.data[self.place : self.place + size]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "BLOCK_BYTES", block)
        assert list(history._lines_backwards(File())) == lines[::-1]


def test_form_is_that_of_the_archive() -> None:
    """The words by which lines are sorted out unparsed stand in a line of the archive."""
    line = encode_line(3, ARENA, Event(0, 0, 30, "telemetry", {"kind": "telemetry"}), 1.5)
    assert b'"kind":"telemetry"' in line and json.loads(line)["position"] == 3
