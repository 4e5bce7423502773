"""What must hold of SQL over the ledger: it only reads, has limits, and says what is wrong."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from Kernel.contract.errors import ConfigError, Refused, UsageError, what_installs
from tests.zones.ledger.exports.samples import drill, event_id, samples
from tests.zones.ledger.exports.small_ledger import ledger_folder, many, store
from zones.ledger.exports import event_table
from zones.ledger.exports.duck import open_duck
from zones.ledger.exports.event_table import open_events
from zones.ledger.exports.sql import Answer, ask, table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

duckdb = pytest.importorskip("duckdb")
pytestmark = pytest.mark.slow  # DuckDB takes a while to be imported


@contextmanager
def opened(home: Path, say: Any = None) -> "Iterator[DuckDBPyConnection]":
    reader = event_table.LedgerReader(ledger_folder(home))
    with open_events(reader, ledger_folder(home), lambda *_: None, say or _no_words) as connection:
        yield connection
    reader.close()


def _no_words(sentence: str) -> None:
    raise AssertionError(sentence)


class TestAnswers:
    def test_events_are_rows(self, tmp_path: Path) -> None:
        """Counting, picking out of payloads and following a cause work as one would write them."""
        store(tmp_path, samples())
        with opened(tmp_path) as db:
            count = len(samples())
            assert ask(db, "SELECT count(*) AS n FROM events").rows == [(count,)]
            query = "SELECT payload->>'fault' AS fault FROM events WHERE kind = 'drill.begun'"
            assert ask(db, query).rows == [("kill",)]
            query = (
                "SELECT effect.kind FROM events effect JOIN events cause "
                "ON effect.cause = cause.id WHERE cause.kind = 'zone.died'"
            )
            assert ask(db, query).rows == [("zone.taken_over",)]

    def test_answer_is_plain_data(self, tmp_path: Path) -> None:
        """JSON can say every cell: payloads are nested, times end with Z, no number is NaN."""
        store(tmp_path, samples())
        with opened(tmp_path) as db:
            answer = ask(db, "SELECT * FROM events ORDER BY position")
            odd = ask(
                db, "SELECT 'nan'::DOUBLE a, 1.5::DECIMAL(4,2) a, [DATE '2026-11-27'] b, NULL c"
            )
        told = json.loads(json.dumps(answer.fields(), allow_nan=False))
        assert told["rows"][0]["payload"]["rationale"] == "food is far, the slow starve"
        assert told["rows"][0]["time"] == "2026-09-21T14:13:20.163456Z"
        assert told["columns"][-1] == {"name": "payload", "type": "JSON"}
        assert not told["cut"]
        assert odd.fields()["rows"] == [{"a": "nan", "a_2": 1.5, "b": ["2026-11-27"], "c": None}]

    def test_rows_are_limited_and_it_is_said(self, tmp_path: Path) -> None:
        """What is beyond the limit is not fetched; exactly the limit is not cut."""
        store(tmp_path, many(20))
        with opened(tmp_path) as db:
            answer = ask(db, "SELECT position FROM events ORDER BY 1", rows_max=7)
            assert [row[0] for row in answer.rows] == [1, 2, 3, 4, 5, 6, 7]
            assert answer.is_cut
            assert not ask(db, "SELECT position FROM events", rows_max=20).is_cut

    @pytest.mark.parametrize(
        "query", ["DESCRIBE events", "SHOW TABLES", "EXPLAIN SELECT * FROM events", "FROM events"]
    )
    def test_what_reads_is_taken(self, tmp_path: Path, query: str) -> None:
        """SELECT in all its forms, EXPLAIN, DESCRIBE and SHOW."""
        store(tmp_path, many(2))
        with opened(tmp_path) as db:
            assert ask(db, query).rows

    def test_table_for_people_moves_no_cursor(self, tmp_path: Path) -> None:
        """A long cell is cut, a control character is shown as one that is none; a plan is whole."""
        answer = Answer(("a", "b"), ("VARCHAR", "JSON"), [("x\x1b[2J\n", {"k": "v" * 99})], False)
        lines = list(table(answer))
        assert lines[0].split() == ["a", "b"]
        assert "\x1b" not in lines[1] and lines[1].endswith("…")
        store(tmp_path, many(2))
        with opened(tmp_path) as db:
            assert len(list(table(ask(db, "EXPLAIN SELECT 1")))) > 3


class TestRefusals:
    @pytest.mark.parametrize(
        "query",
        [
            "INSERT INTO events VALUES (1)",
            "CREATE TABLE t AS SELECT 1",
            "COPY events TO '{}/out.csv'",
            "EXPLAIN ANALYZE COPY (SELECT 1) TO '{}/out.csv'",
            "EXPLAIN (FORMAT json) CREATE TABLE t AS SELECT 1",
            "WITH a AS (COPY (SELECT 1) TO '{}/out.csv') SELECT * FROM a",
            "WITH a AS (DELETE FROM kept.events RETURNING 1) SELECT * FROM a",
            "ATTACH '{}/other.duckdb' AS other",
            "SET memory_limit = '64GB'",
            "RESET lock_configuration",
            "PRAGMA enable_profiling",
            "INSTALL httpfs",
            "LOAD httpfs",
            "CALL pragma_version()",
            "EXPORT DATABASE '{}'",
            "CHECKPOINT",
            "USE kept",
            "PREPARE p AS SELECT 1",
            "SELECT * FROM read_text('/proc/self/environ')",
            "SELECT * FROM read_csv('/etc/passwd')",
            "SELECT * FROM '{}/x.parquet'",
            "SELECT * FROM glob('/*')",
            "SELECT * FROM read_parquet('https://example.org/x.parquet')",
        ],
    )
    def test_what_is_no_reading_of_events_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str
    ) -> None:
        """Exit code 5, nothing is written, and no other file is read."""
        monkeypatch.setattr(event_table, "TAIL_EVENTS_MAX", 10)
        store(tmp_path, many(11))
        with opened(tmp_path) as db:
            before = sorted(path.name for path in tmp_path.rglob("*"))
            with pytest.raises(Refused, match="cannot run") as refused:
                ask(db, query.format(tmp_path))
            assert refused.value.exit_code == 5
            assert ask(db, "SELECT count(*) FROM kept.events").rows == [(11,)]
            assert sorted(path.name for path in tmp_path.rglob("*")) == before

    @pytest.mark.parametrize(
        "query", ["", "-- nothing", "SELEC 1", "SELECT nope FROM events", "SELECT * FROM nope"]
    )
    def test_fault_of_the_query_is_wrong_usage(self, tmp_path: Path, query: str) -> None:
        """Exit code 2, with DuckDB's words for the place."""
        store(tmp_path, many(2))
        with opened(tmp_path) as db, pytest.raises(UsageError, match="cannot run") as fault:
            ask(db, query)
        assert fault.value.exit_code == 2

    def test_two_statements_are_refused(self, tmp_path: Path) -> None:
        """One query, one answer."""
        store(tmp_path, many(2))
        with opened(tmp_path) as db, pytest.raises(UsageError, match="2 statements"):
            ask(db, "SELECT 1; SELECT 2")

    def test_variables_of_the_program_are_no_tables(self, tmp_path: Path) -> None:
        """DuckDB would read a dict of arrays by its name in Python."""
        secrets = many(2)
        store(tmp_path, secrets)
        with opened(tmp_path) as db, pytest.raises(UsageError, match="secrets"):
            ask(db, "SELECT * FROM secrets")

    def test_query_that_takes_too_long_is_ended(self, tmp_path: Path) -> None:
        """It says so, and the next one runs."""
        store(tmp_path, many(2))
        with opened(tmp_path) as db:
            with pytest.raises(Refused, match=r"more than 0\.1 s"):
                ask(db, "SELECT count(*) FROM range(1000000000000)", time_s=0.1)
            assert ask(db, "SELECT 1").rows == [(1,)]

    def test_query_that_takes_too_much_memory_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing spills to a disk."""
        monkeypatch.setattr(event_table, "open_duck", partial(open_duck, memory_mb=20))
        store(tmp_path, many(2))
        with opened(tmp_path) as db, pytest.raises(Refused, match="memory"):
            ask(db, "SELECT * FROM range(10000000) t(a) ORDER BY hash(a)")

    def test_answer_of_endless_text_is_refused(self, tmp_path: Path) -> None:
        """Rows are limited, and so is what they hold."""
        store(tmp_path, many(2))
        with opened(tmp_path) as db, pytest.raises(Refused, match="characters"):
            ask(db, "SELECT repeat('x', 1000000) FROM range(100)")


class TestTheFile:
    def test_few_events_need_no_file(self, tmp_path: Path) -> None:
        """They go into memory at each query."""
        store(tmp_path, drill())
        with opened(tmp_path) as db:
            assert ask(db, "SELECT count(*) FROM events").rows == [(5,)]
        assert not (ledger_folder(tmp_path) / event_table.FILE).exists()

    def test_file_is_extended_and_the_rest_is_in_memory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each event is there once, whatever part of it is in the file."""
        monkeypatch.setattr(event_table, "TAIL_EVENTS_MAX", 10)
        total = 0
        for count, kept in ((11, 11), (10, 11), (1, 22), (500, 522)):
            store(tmp_path, many(count, total + 1))
            total += count
            with opened(tmp_path) as db:
                query = "SELECT count(*), count(DISTINCT position), max(position) FROM events"
                assert ask(db, query).rows == [(total, total, total)]
                assert ask(db, "SELECT count(*) FROM kept.events").rows == [(kept,)]

    @pytest.mark.parametrize("damage", ["cut", "noise", "version", "other past", "foreign"])
    def test_file_that_cannot_be_used_is_made_anew(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
    ) -> None:
        """Damaged, of another version, or of a ledger that had another past."""
        monkeypatch.setattr(event_table, "TAIL_EVENTS_MAX", 10)
        store(tmp_path, many(100))
        with opened(tmp_path):
            pass
        path = ledger_folder(tmp_path) / event_table.FILE
        if damage == "cut":
            path.write_bytes(path.read_bytes()[:1000])
        elif damage == "noise":
            path.write_bytes(b"no database" * 5000)
        elif damage == "foreign":
            path.unlink()
            duckdb.connect(str(path)).close()
        else:
            change = "version = 99" if damage == "version" else "head = 'ab'"
            with duckdb.connect(str(path)) as db:
                db.execute(f"UPDATE meta SET {change}")
        with opened(tmp_path) as db:
            assert ask(db, "SELECT count(*), max(id) FROM events").rows == [
                (100, str(ask(db, "SELECT max(id) FROM events").rows[0][0]))
            ]
            assert ask(db, "SELECT count(*) FROM kept.events").rows == [(100,)]

    def test_query_beside_another_one_reads_all_the_same(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The file is in use and cannot be extended: what is newer goes into memory."""
        monkeypatch.setattr(event_table, "TAIL_EVENTS_MAX", 10)
        store(tmp_path, many(50))
        said: list[str] = []
        with opened(tmp_path) as first:
            store(tmp_path, many(50, 51))
            with opened(tmp_path, said.append) as second:
                assert ask(second, "SELECT count(*) FROM events").rows == [(100,)]
            assert ask(first, "SELECT count(*) FROM events").rows == [(50,)]
        assert len(said) == 1 and "another query" in said[0]

    def test_file_that_cannot_be_written_costs_only_time(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is said once, and the answer is right."""
        monkeypatch.setattr(event_table, "TAIL_EVENTS_MAX", 10)
        store(tmp_path, many(50))
        (ledger_folder(tmp_path) / event_table.FILE).mkdir()
        said: list[str] = []
        with opened(tmp_path, said.append) as db:
            assert ask(db, "SELECT count(*) FROM events").rows == [(50,)]
        assert len(said) == 1 and "memory" in said[0]


def test_missing_extra_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Exit code 78 and the command."""
    store(tmp_path, many(1))
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    with pytest.raises(ConfigError, match=r"molt\[science\]") as missing, opened(tmp_path):
        pass
    assert missing.value.exit_code == 78
    assert missing.value.hint == what_installs("science")


def test_ids_in_rows_are_those_of_commands(tmp_path: Path) -> None:
    """What `sql` prints, `molt why` takes."""
    store(tmp_path, many(1))
    with opened(tmp_path) as db:
        (row,) = ask(db, "SELECT id FROM events").rows
    assert bytes.fromhex(row[0].replace("-", "")) == event_id(1)


def test_what_a_stranger_said_is_no_command_to_a_terminal() -> None:
    """Neither in a cell nor in the name of a column that PIVOT makes of one."""
    answer = Answer(("\x1b[2Jname", "b"), ("VARCHAR",) * 2, [("\x9b31m", {"\x1b": "\x07"})], False)
    empty = Answer(("\x1b[2Jname",), ("VARCHAR",), [], False)
    for line in (*table(answer), *table(empty)):
        assert line.isprintable()
