"""The derived tables of one archive: opened one by one, brought up to date as one chore.

Owns: opening them, trying again, what of them is degraded. Does not own: what they hold, taking
events in small steps (`derived.py`), when there is time for a step (`archive.py`).

None of them is needed for storing an event: one that cannot be opened or written is said to be so
and tried again, and the others go on.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Protocol, runtime_checkable

from Kernel.contract.errors import LedgerError
from Kernel.contract.messages import TEXT_CHARS_MAX, Degraded
from zones.ledger.derived import Derived, Deriver, Source
from zones.runtime.retry import Retry


class Table(Derived, Protocol):
    """A derived table with a file."""

    def close(self) -> None:
        """Close the file."""


@runtime_checkable
class Telling(Protocol):
    """A derived table that says more of itself than how far it is."""

    def facts(self) -> dict[str, Any]:
        """Return plain data."""

    def degraded(self) -> tuple[Degraded, ...]:
        """Return what of it works less well than it should."""


class ClosableSource(Source, Protocol):
    """The log, opened for these tables alone."""

    def close(self) -> None:
        """Close it."""


_PART: Final = "archive.derived"


class DerivedTables:
    """All derived tables.

    Args:
        openers: by name; each raises LedgerError when it cannot open its table now.
        open_source: opens the log for reading; called once there is a log.
        now_s: monotonic seconds.
        tell: called with the name of an event and its values, for people.
    """

    def __init__(
        self,
        openers: Mapping[str, Callable[[], Table]],
        open_source: Callable[[], ClosableSource],
        now_s: Callable[[], float],
        tell: Callable[..., None],
    ) -> None:
        self._missing = dict(openers)
        self._retries: dict[str, Retry] = {}
        self._tables: dict[str, Table] = {}
        # Once for each: looking whether an object fits a Protocol takes 5 µs.
        self._telling: dict[str, Telling] = {}
        self._open_source = open_source
        self._source: ClosableSource | None = None
        self._now_s = now_s
        self._tell = tell
        self._deriver: Deriver | None = None

    def step(self, budget_s: float) -> bool:
        """Go on for about so long.

        Returns:
            True: there is more to do now.

        Raises:
            LedgerError: the log cannot be read.
        """
        if self._source is None:
            self._source = self._open_source()
        if self._open_missing() or self._deriver is None:
            self._deriver = Deriver(
                self._source, list(self._tables.values()), self._now_s, self._tell
            )
        return self._deriver.step(budget_s)

    def facts(self) -> dict[str, Any]:
        """Return for each table how far behind the log it is, and what it says of itself.

        None stands for a number that the log does not give now.
        """
        try:
            behind = self._deriver.behind() if self._deriver is not None else {}
        except LedgerError:
            behind = {}
        return {
            name: {
                "behind": behind.get(name),
                **(self._telling[name].facts() if name in self._telling else {}),
            }
            for name in self._tables
        }

    def degraded(self) -> tuple[Degraded, ...]:
        """Return what cannot be opened or written at present, and what the tables say."""
        waiting = {name: (retry.why, retry.hint) for name, retry in self._retries.items()}
        if self._deriver is not None:
            waiting |= {name: (why, "") for name, why in self._deriver.held().items()}
        said = [
            Degraded(f"{_PART} {name}", why[:TEXT_CHARS_MAX], hint)
            for name, (why, hint) in sorted(waiting.items())
        ]
        for telling in self._telling.values():
            said += telling.degraded()
        return tuple(said)

    def close(self) -> None:
        """Close all."""
        for table in self._tables.values():
            table.close()
        self._tables.clear()
        self._telling.clear()
        self._deriver = None
        if self._source is not None:
            with suppress(LedgerError):
                self._source.close()
        self._source = None

    def _open_missing(self) -> bool:
        """Open what is due; return whether a table was opened."""
        opened = False
        now_s = self._now_s()
        for name, opener in list(self._missing.items()):
            retry = self._retries.get(name, Retry())
            if not retry.may_try(now_s):
                continue
            try:
                table = opener()
            except LedgerError as error:
                if retry.why != error.message:
                    self._tell("archive.derived_waits", what=name, why=error.message)
                self._retries[name] = retry.failed(now_s, error.message, error.hint)
            else:
                self._tables[name] = table
                if isinstance(table, Telling):
                    self._telling[name] = table
                self._retries.pop(name, None)
                del self._missing[name]
                opened = True
        return opened
