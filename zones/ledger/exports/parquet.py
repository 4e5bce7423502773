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
PART_MEMORY_MB: Final = 256
"""Of DuckDB while it writes a part, with one thread: as fast as two with 1 GB on two busy cores.
The file that is made of parts may take 1 GB; it takes 0.7 where all events are of full size."""
_BATCH: Final = "batch"
_COLUMNS: Final = ", ".join(f"{name} {sort}" for name, sort in COLUMNS.items())
_TABLE: Final = f"CREATE TABLE part ({_COLUMNS})"
ROWS_A_GROUP: Final = 122_880
"""DuckDB's own; it holds so many rows in memory before it writes them."""
ROWS_A_GROUP_MIN: Final = 2048
GROUP_BYTES: Final = 32 * 1024 * 1024
"""Of payloads in a group, on average: large events make groups of fewer rows."""


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
    return _write_parts(rows, folder, wrote)[0]


def _write_parts(
    rows: Iterable[Row], folder: Path, wrote: Callable[[int], None]
) -> tuple[int, int]:
    """Write them and return how many events there were, and of how many bytes of payload."""
    connection = open_duck(PART_MEMORY_MB, threads=1)
    count = size_bytes = held_bytes = 0
    try:
        with told_errors(f"write into {folder}"):
            connection.execute(_TABLE)
            first = last = held = 0
            for batch in batches(rows):
                first, last = first or batch[0][0], batch[-1][0]
                _insert(connection, batch)
                count, held = count + len(batch), held + 1
                batch_bytes = sum(len(envelope.payload) for _, envelope in batch)
                size_bytes, held_bytes = size_bytes + batch_bytes, held_bytes + batch_bytes
                if held == PART_BATCHES or held_bytes >= GROUP_BYTES:
                    _copy_part(connection, folder / _name(first, last))
                    first = held = held_bytes = 0
                wrote(count)
            if held or not count:
                _copy_part(connection, folder / _name(first, last))
    finally:
        connection.close()
    return count, size_bytes


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
    count, size_bytes = _write_parts(rows, parts, wrote)
    made = sorted(parts.iterdir(), key=lambda part: _first(part.name))
    if len(made) == 1:
        made[0].rename(path)
        return count
    connection = open_duck(threads=1)
    try:
        with told_errors(f"write {path}"):
            rows_a_group = GROUP_BYTES * count // max(size_bytes, 1)
            connection.execute(
                f"COPY (SELECT * FROM read_parquet(?)) TO {_quoted(path)} {_form(rows_a_group)}",
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
    connection.execute(f"COPY part TO {_quoted(path)} {_form(ROWS_A_GROUP)}")
    connection.execute("DROP TABLE part")  # TRUNCATE would keep the memory
    connection.execute(_TABLE)


def _form(rows_a_group: int) -> str:
    rows = min(max(rows_a_group, ROWS_A_GROUP_MIN), ROWS_A_GROUP)
    return f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {rows})"


def _name(first: int, last: int) -> str:
    return f"events-{first}-{last}.parquet"


def _first(name: str) -> int:
    return int(name.split("-")[1])


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
