"""What must hold of exported files: each event once, whole or not at all, none replaced unasked."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.envelope import Envelope, pack_envelope, parse_envelope
from Kernel.contract.errors import LedgerError, Refused, UsageError
from Kernel.contract.event_text import event_line
from tests.zones.ledger.exports.samples import samples
from tests.zones.ledger.exports.small_ledger import many, store
from zones.ledger.exports import event_columns, export, parquet
from zones.ledger.exports.event_columns import COLUMNS
from zones.ledger.exports.export import Form, choose_target, with_heads, write
from zones.ledger.exports.protobuf import envelope_of, read_delimited
from zones.runtime.ledger_file import LedgerReader


def write_all(words: str, reader: LedgerReader, force: bool = False) -> int:
    rows = (
        ((position, parse_envelope(record)), head)
        for position, record, head in with_heads(reader, 1, reader.newest, None)
    )
    return write(choose_target(words, None, force), rows, lambda _: None)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "data")


def read_parquet(pattern: str) -> list[dict[str, Any]]:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as db:
        found = db.execute(f"SELECT * FROM read_parquet('{pattern}') ORDER BY position")
        columns = [column[0] for column in found.description]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


class TestForms:
    def test_lines_of_json_are_those_of_events(self, tmp_path: Path) -> None:
        """The same line that `molt events --json` prints."""
        reader = store(tmp_path, samples())
        assert write_all(str(tmp_path / "out.jsonl"), reader) == len(samples())
        lines = (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
        assert lines == [event_line(place, each) for place, each in enumerate(samples(), 1)]
        assert names(tmp_path) == ["out.jsonl"]

    def test_protobuf_gives_the_records_back(self, tmp_path: Path) -> None:
        """With position and head, so that whoever has the file can check the chain."""
        reader = store(tmp_path, samples())
        write_all(str(tmp_path / "out.pb"), reader)
        with (tmp_path / "out.pb").open("rb") as source:
            events = list(read_delimited(source))
        assert [pack_envelope(envelope_of(each)) for each in events] == [
            pack_envelope(each) for each in samples()
        ]
        assert [each.position for each in events] == list(range(1, len(samples()) + 1))
        assert [each.chain_head for each in events] == [
            reader.head(place) for place in range(1, len(samples()) + 1)
        ]

    @pytest.mark.slow
    def test_parquet_has_a_row_for_each_event(self, tmp_path: Path) -> None:
        """With the columns of SQL, and their types."""
        reader = store(tmp_path, samples())
        write_all(str(tmp_path / "it's.parquet"), reader)
        rows = read_parquet(f"{tmp_path}/it*s.parquet")
        assert len(rows) == len(samples())
        assert list(rows[0]) == list(COLUMNS)
        assert json.loads(rows[0]["payload"])["selected_strategy"] == "faster legs"
        assert (rows[0]["tick"], rows[2]["tick"], rows[2]["cause"]) == (184_500, None, None)

    @pytest.mark.slow
    @pytest.mark.parametrize("target", ["out.parquet", "parts/"])
    def test_many_batches_are_one_file_or_a_folder_of_parts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
    ) -> None:
        """Each event is there once, in order; parts are named by their positions."""
        monkeypatch.setattr(parquet, "PART_BATCHES", 1)
        monkeypatch.setattr(event_columns, "ROWS_A_BATCH", 200)
        count = 405
        reader = store(tmp_path, many(count))
        assert write_all(f"{tmp_path}/{target}", reader) == count
        pattern = f"{tmp_path}/{target}" + ("*.parquet" if target.endswith("/") else "")
        assert [row["position"] for row in read_parquet(pattern)] == list(range(1, count + 1))
        if target.endswith("/"):
            assert names(tmp_path / "parts") == [
                "events-1-200.parquet",
                "events-201-400.parquet",
                "events-401-405.parquet",
            ]
        assert names(tmp_path) == [target.rstrip("/")]

    @pytest.mark.slow
    def test_no_event_is_a_file_without_rows(self, tmp_path: Path) -> None:
        """A program that reads it finds the columns."""
        target = choose_target(f"{tmp_path}/none.parquet", None, False)
        assert write(target, iter(()), lambda _: None) == 0
        assert read_parquet(f"{tmp_path}/none.parquet") == []


class TestNames:
    @pytest.mark.parametrize(
        ("words", "form"),
        [
            ("a.parquet", Form.PARQUET),
            ("a.PARQUET", Form.PARQUET),
            ("a.jsonl", Form.JSONL),
            ("a.ndjson", Form.JSONL),
            ("a.pb", Form.PROTOBUF),
            ("a.binpb", Form.PROTOBUF),
            ("a/", Form.PARQUET),
        ],
    )
    def test_ending_says_the_form(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, form: Form
    ) -> None:
        """A folder is of Parquet."""
        monkeypatch.chdir(tmp_path)
        target = choose_target(words, None, False)
        assert (target.form, target.is_folder) == (form, words.endswith("/"))

    def test_name_that_says_nothing_wants_a_format(self, tmp_path: Path) -> None:
        """It is not guessed."""
        with pytest.raises(UsageError, match="--format"):
            choose_target(f"{tmp_path}/events", None, False)
        assert choose_target(f"{tmp_path}/events", Form.JSONL, False).form is Form.JSONL

    def test_what_cannot_be_is_refused_before_anything_is_read(self, tmp_path: Path) -> None:
        """Lines in a folder, a folder that is missing, a file that is there."""
        with pytest.raises(UsageError, match="folder"):
            choose_target(f"{tmp_path}/", Form.JSONL, False)
        with pytest.raises(Refused, match="no folder"):
            choose_target(f"{tmp_path}/no/a.jsonl", None, False)
        (tmp_path / "a.jsonl").write_text("mine")
        with pytest.raises(Refused, match="there already") as refused:
            choose_target(f"{tmp_path}/a.jsonl", None, False)
        assert refused.value.exit_code == 5 and "--force" in refused.value.hint


class TestReplacing:
    def test_force_replaces_a_file_in_one_step(self, tmp_path: Path) -> None:
        """Whoever has the old one open goes on reading it."""
        reader = store(tmp_path, many(3))
        path = tmp_path / "a.jsonl"
        path.write_text("old")
        with path.open() as old:
            write_all(str(path), reader, force=True)
            assert old.read() == "old"
        assert len(path.read_text().splitlines()) == 3

    def test_file_that_came_meanwhile_is_not_replaced(self, tmp_path: Path) -> None:
        """Without --force the last step looks again."""
        reader = store(tmp_path, many(3))
        target = choose_target(f"{tmp_path}/a.jsonl", None, False)
        target.path.write_text("somebody's")
        with pytest.raises(Refused, match="there already"):
            write(target, (((1, each), b"") for each in many(1)), lambda _: None)
        assert target.path.read_text() == "somebody's"
        assert names(tmp_path) == ["a.jsonl"]
        reader.close()

    @pytest.mark.slow
    def test_force_replaces_no_device_and_no_database(self, tmp_path: Path) -> None:
        """A rename would take their place: /dev/null of all, or the ledger itself."""
        pipe, database, link = tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "c.jsonl"
        os.mkfifo(pipe)
        database.write_bytes(b"SQLite format 3\0 and more")
        link.symlink_to(pipe)
        for path, why in ((pipe, "no plain file"), (link, "no plain file"), (database, "database")):
            with pytest.raises(Refused, match=why):
                choose_target(str(path), None, True)
        assert stat.S_ISFIFO(pipe.stat().st_mode) and link.is_symlink()

    def test_force_replaces_a_folder_of_parts_only(self, tmp_path: Path) -> None:
        """A folder that holds anything else is nobody's to delete."""
        reader = store(tmp_path, many(3))
        folder = tmp_path / "parts"
        write_all(f"{folder}/", reader)
        with pytest.raises(Refused, match="not empty"):
            choose_target(str(folder), None, False)
        write_all(str(folder), reader, force=True)
        assert names(folder) == ["events-1-3.parquet"]
        (folder / "thesis.doc").write_text("mine")
        with pytest.raises(Refused, match=r"thesis\.doc"):
            choose_target(str(folder), None, True)
        assert names(tmp_path) == ["parts"]

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["a.jsonl", "a.pb", "a.parquet", "parts/"])
    def test_what_fails_half_way_leaves_nothing(self, tmp_path: Path, name: str) -> None:
        """Neither a half file nor a draft of one."""

        def rows() -> Any:
            yield (1, samples()[0]), b""
            raise LedgerError("cannot read event 2")

        with pytest.raises(LedgerError, match="event 2"):
            write(choose_target(f"{tmp_path}/{name}", None, False), rows(), lambda _: None)
        assert names(tmp_path) == []

    def test_full_disk_says_what_helps(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The error names the file and a command."""

        def full(_out: Any, _position: int, _envelope: Envelope, _head: bytes) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(export, "_write_line", full)
        target = choose_target(f"{tmp_path}/a.jsonl", None, False)
        with pytest.raises(LedgerError, match="No space left") as fault:
            write(target, iter([((1, samples()[0]), b"")]), lambda _: None)
        assert fault.value.hint.startswith("df -h")
        assert names(tmp_path) == []
