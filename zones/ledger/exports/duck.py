"""DuckDB, opened so that a query can read the events and touch nothing else.

Owns: importing it when it is asked for, its limits and locks, its errors in our words. Does not
own: what is stored or asked (`event_table.py`, `parquet.py`, `sql.py`).

DuckDB is in the extra molt[science]; everything else works without it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Final

from Kernel.contract.errors import ConfigError, LedgerError, Refused, UsageError, what_installs

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY_MB: Final = 1024
"""The most a query may hold; what needs more is refused. Nothing spills to a disk."""
THREADS: Final = 2
_ALWAYS: Final = (
    "SET temp_directory = ''",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET python_enable_replacements = false",
    "SET enable_progress_bar = false",
)
_LOCKS: Final = ("SET enable_external_access = false", "SET lock_configuration = true")
_LINES_MAX: Final = 12
_CHARS_MAX: Final = 1000


def load_duckdb() -> ModuleType:
    """Return the module.

    Raises:
        ConfigError: DuckDB is not installed.
    """
    try:
        import duckdb
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"cannot use DuckDB: {error}; it is in the extra molt[science]",
            what_installs("science"),
        ) from error
    return duckdb


def open_duck(memory_mb: int = MEMORY_MB, threads: int = THREADS) -> "DuckDBPyConnection":
    """Return a connection to a database in memory that installs nothing.

    Raises:
        ConfigError: DuckDB is not installed.
    """
    connection: DuckDBPyConnection = load_duckdb().connect(":memory:")
    limits = (f"SET memory_limit = '{memory_mb}MiB'", f"SET threads = {threads}")
    for setting in (*limits, *_ALWAYS):
        connection.execute(setting)
    return connection


def lock(connection: "DuckDBPyConnection") -> None:
    """Take away files, network and settings, for good: what comes now is a stranger's query."""
    for setting in _LOCKS:
        connection.execute(setting)


@contextmanager
def told_errors(what: str) -> Iterator[None]:
    """Turn DuckDB's errors into ours.

    Args:
        what: what cannot be done, as in "run the query".

    Raises:
        UsageError: the SQL has a fault.
        Refused: it wants more than it may.
        LedgerError: a file cannot be read or written.
    """
    duckdb = load_duckdb()
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise Refused(f"cannot {what}: it takes more memory than it may have") from error
    except duckdb.PermissionException as error:
        raise Refused(f"cannot {what}: {_words(error)}") from error
    except duckdb.InvalidInputException as error:
        kind = Refused if "locked" in str(error) or "read-only" in str(error) else UsageError
        raise kind(f"cannot {what}: {_words(error)}") from error
    except (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError) as error:
        raise UsageError(f"cannot {what}: {_words(error)}") from error
    except duckdb.InterruptException as error:
        raise Refused(f"cannot {what}: it was interrupted") from error
    except duckdb.Error as error:
        raise LedgerError(f"cannot {what}: {_words(error)}") from error


def _words(error: Exception) -> str:
    """Return what DuckDB says, without the lines that name its own settings as a way around us."""
    lines = [line.rstrip() for line in str(error)[:_CHARS_MAX].splitlines() if line.strip()]
    hints = (place for place, line in enumerate(lines) if "Possible solutions" in line)
    return "\n".join(lines[: min(next(hints, _LINES_MAX), _LINES_MAX)])
