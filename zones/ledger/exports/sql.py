"""`molt sql`: one query over the events, which can only read and has limits.

Owns: which statements are taken, time and size of an answer, its form. Does not own: the table
(`event_table.py`), DuckDB's locks (`duck.py`).
"""

import json
import math
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from Kernel.contract.errors import Refused, UsageError
from Kernel.contract.event_text import plain
from zones.ledger.exports.duck import load_duckdb, told_errors
from zones.ledger.exports.query_process import too_long

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROWS_MAX: Final = 1_000_000
ROWS: Final = 10_000
"""How many rows an answer has unless more are asked for."""
ANSWER_CHARS_MAX: Final = 64 * 1024 * 1024
TIME_S: Final = 60.0
TIME_S_MAX: Final = 3600.0
QUERY_CHARS_MAX: Final = 64 * 1024
_FETCH: Final = 1000
_EXPLAIN: Final = re.compile(r"\s*EXPLAIN\s+(?:ANALYZE\s+)?(?:\([^)]*\)\s*)?", re.IGNORECASE)
_CELL_CHARS: Final = 60
_PLAN_COLUMNS: Final = ("explain_key", "explain_value")
_HINT: Final = "molt help sql"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gave.

    Args:
        columns: names, no two alike.
        types: DuckDB's words for them.
        is_cut: there were more rows than the limit.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    is_cut: bool

    def fields(self) -> dict[str, Any]:
        """Return the document of `--json`."""
        return {
            "columns": [
                {"name": name, "type": sort}
                for name, sort in zip(self.columns, self.types, strict=True)
            ],
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
            "cut": self.is_cut,
        }


def ask(
    connection: "DuckDBPyConnection", query: str, rows_max: int = ROWS, time_s: float = TIME_S
) -> Answer:
    """Run one statement that reads.

    Args:
        connection: locked, with the view `events`.
        rows_max: at most so many rows; what is beyond them is not fetched.
        time_s: after so long it is ended.

    Raises:
        UsageError: it has a fault, is no statement, or more than one.
        Refused: it is no SELECT, EXPLAIN, DESCRIBE or SHOW, reaches for a file, or needs more time,
            memory or room than it may.
    """
    with told_errors("run the query"):
        _check(connection, query)
    return _limited(connection, lambda: _run(connection, query, rows_max), time_s)


def _run(connection: "DuckDBPyConnection", query: str, rows_max: int) -> Answer:
    with told_errors("run the query"):
        result = connection.execute(query)
        described = result.description or []
        types = tuple(str(column[1]) for column in described)
        rows: list[tuple[Any, ...]] = []
        chars = 0
        while len(rows) <= rows_max and (some := result.fetchmany(_FETCH)):
            for row in some:
                cells = tuple(map(_plain, row, types))
                chars += sum(len(cell) for cell in cells if isinstance(cell, str))
                rows.append(cells)
            if chars > ANSWER_CHARS_MAX:
                raise Refused(
                    f"cannot show the answer: it is longer than {ANSWER_CHARS_MAX:_} characters "
                    f"after {len(rows)} rows",
                    "molt sql 'SELECT position, kind FROM events LIMIT 10'",
                )
    names = _apart([str(column[0]) for column in described])
    return Answer(names, types, rows[:rows_max], len(rows) > rows_max)


def _check(connection: "DuckDBPyConnection", query: str) -> None:
    """Refuse what is not one statement that reads; the locks would stop it, too, in less words."""
    if len(query) > QUERY_CHARS_MAX:
        raise UsageError(
            f"cannot run a query of {len(query)} characters: {QUERY_CHARS_MAX} at most"
        )
    statements = connection.extract_statements(query)
    if len(statements) != 1:
        raise UsageError(f"cannot run {len(statements)} statements: write one", _HINT)
    kinds = load_duckdb().StatementType
    sort = statements[0].type
    if sort == kinds.EXPLAIN:
        inner = connection.extract_statements(_EXPLAIN.sub("", statements[0].query, count=1))
        sort = inner[0].type if len(inner) == 1 else sort
    if sort != kinds.SELECT:
        raise Refused(
            f"cannot run {sort.name}: the ledger is only read, by SELECT, EXPLAIN, DESCRIBE "
            "and SHOW",
            _HINT,
        )


def _limited(connection: "DuckDBPyConnection", work: Callable[[], Answer], time_s: float) -> Answer:
    """Do work in a thread, and end it when its time is over or a person has had enough.

    In the main thread DuckDB would hear of Ctrl-C only when it is done.
    """
    done: list[Answer] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)
        finally:
            over.set()

    # An event and not a join: one that Ctrl-C has ended takes the thread for ended, too.
    over = threading.Event()
    threading.Thread(target=run, name="query", daemon=True).start()
    try:
        in_time = over.wait(time_s)
    except KeyboardInterrupt:
        connection.interrupt()
        over.wait()
        raise
    if not in_time:
        connection.interrupt()
        over.wait()
        if not done:
            raise too_long(time_s) from failed[0]
    if failed:
        raise failed[0]
    return done[0]


def _apart(names: Sequence[str]) -> tuple[str, ...]:
    """Return names, those that were there before with a number: a, a_2, a_3."""
    apart: list[str] = []
    for name in names:
        number, told = 1, name
        while told in apart:
            number += 1
            told = f"{name}_{number}"
        apart.append(told)
    return tuple(apart)


def _plain(value: Any, sort: str = "") -> Any:
    """Return a cell as plain data that JSON can say."""
    if sort == "JSON" and isinstance(value, str):
        return json.loads(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(sep="T") + ("" if value.tzinfo else "Z")
    if isinstance(value, date | time | timedelta | UUID):
        return str(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return plain(value)


def table(answer: Answer) -> Iterator[str]:
    """Yield an answer as lines for people; a cell that is long is cut, a plan stays whole."""
    if answer.columns == _PLAN_COLUMNS:
        for _, plan in answer.rows:
            yield from str(plan).splitlines()
        return
    # Names are looked at, too: PIVOT makes them of what strangers have said.
    cells = [[_cell(value) for value in row] for row in (answer.columns, *answer.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    return text if len(text) <= _CELL_CHARS else text[: _CELL_CHARS - 1] + "\N{HORIZONTAL ELLIPSIS}"
