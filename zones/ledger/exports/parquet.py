"""Parquet files of events, for pandas, Polars, Spark, DuckDB and whoever else reads columns.

Owns: writing one file, or a folder of parts, within bounded memory. Does not own: the columns
(`event_columns.py`), names, replacing and progress (`export.py`).

A Parquet file is finished by its footer and cannot be appended to, so batches become parts first;
a single file is then made of them in one stream.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zones.ledger.derived import Row
from zones.ledger.exports.duck import open_duck, told_errors
from zones.ledger.exports.event_columns import AS_SELECTED, COLUMNS, batches, columns_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PART_BATCHES: Final = 5
"""Batches in one part of a folder: 100,000 events at the usual size."""
_BATCH: Final = "batch"
_FORM: Final = "(FORMAT parquet, COMPRESSION zstd)"


def write_parts(rows: Iterable[Row], folder: Path, wrote: Callable[[int], None]) -> int:
    """Write events into `folder`, as files whose names say which positions they hold.

    Args:
        wrote: called after each batch with how many events are written.

    Returns:
        how many events there were; of none there is one empty file.

    Raises:
        ConfigError: DuckDB is not installed.
        LedgerError: the disk refuses.
    """
    connection = open_duck()
    count = 0
    table = f"({', '.join(f'{name} {sort}' for name, sort in COLUMNS.items())})"
    try:
        with told_errors(f"write into {folder}"):
            connection.execute(f"CREATE TABLE part {table}")
            first = last = held = 0
            for batch in batches(rows):
                first, last = first or batch[0][0], batch[-1][0]
                _insert(connection, batch)
                count, held = count + len(batch), held + 1
                if held == PART_BATCHES:
                    _copy_part(connection, folder / _name(first, last))
                    first = held = 0
                wrote(count)
            if held or not count:
                _copy_part(connection, folder / _name(first, last))
    finally:
        connection.close()
    return count


def write_file(rows: Iterable[Row], path: Path, parts: Path, wrote: Callable[[int], None]) -> int:
    """Write events into one file.

    Args:
        parts: an empty folder on the same disk; what is left in it is the caller's to delete.

    Returns:
        how many events there were.

    Raises:
        ConfigError: DuckDB is not installed.
        LedgerError: the disk refuses.
    """
    count = write_parts(rows, parts, wrote)
    made = sorted(parts.iterdir(), key=lambda part: _first(part.name))
    if len(made) == 1:
        made[0].rename(path)
        return count
    connection = open_duck()
    try:
        with told_errors(f"write {path}"):
            connection.execute(
                f"COPY (SELECT * FROM read_parquet(?)) TO {_quoted(path)} {_FORM}",
                ([str(part) for part in made],),
            )
    finally:
        connection.close()
    return count


def _insert(connection: "DuckDBPyConnection", batch: list[Row]) -> None:
    connection.register(_BATCH, columns_of(batch))
    try:
        connection.execute(f"INSERT INTO part SELECT {AS_SELECTED} FROM {_BATCH}")
    finally:
        connection.unregister(_BATCH)


def _copy_part(connection: "DuckDBPyConnection", path: Path) -> None:
    connection.execute(f"COPY part TO {_quoted(path)} {_FORM}")
    connection.execute("TRUNCATE part")


def _name(first: int, last: int) -> str:
    return f"events-{first}-{last}.parquet"


def _first(name: str) -> int:
    return int(name.split("-")[1])


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
