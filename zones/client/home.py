"""A home as a program sees it: the world's numbers now, and what the ledger tells of before.

Owns: `open_home`, `call`, noticing that a world was replaced, one lock. Does not own: the file and
whole copies (`arena_reader.py`), what a frame shows (`frame.py`), reading the ledger
(`zones/runtime/ledger_reading.py`), how a function is sent (`calling.py`).
All but `call` and `try_trait` reads files only: it needs no running
kernel, and a running one does not notice it.
"""

import os
import shlex
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from Kernel.contract.arena import STATE_BYTES, ArenaWords, Header
from Kernel.contract.arena_lookup import find_arena
from Kernel.contract.errors import NoArena
from Kernel.contract.places import LEDGER
from zones.client.arena_reader import ArenaReader
from zones.client.calling import call_at
from zones.client.frame import Arrays, Frame, Named, build_frame, choose_columns, needed_columns
from zones.client.history import NEWEST, check_newest, read_history
from zones.client.schema import Schema
from zones.client.trying import TIMEOUT_S, TrialResult, try_trait
from zones.runtime.ledger_reading import read_events, read_why

CHECKOUT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """Views into the arena itself: nothing is copied, nothing can be written.

    Only for who has paused the world. While it runs the numbers change under the reader, two
    columns may be of two ticks, and the next commit is in the other buffer: ask again for it.

    Args:
        tick: committed when the views were made.
        columns: every column of the schema by its name, with all slots: those of Molbots have a
            meaning where `columns.state` is 1. Shape (count,) or (count, width), ground (rows,
            cols).
    """

    tick: int
    arena: str
    scalars: Named[int | float]
    parameters: Named[float]
    columns: Arrays


class Home:
    """The world of one home, opened by `open_home`. May be used from several threads.

    When the arena was replaced by a new file (a world restored or founded anew), the next call
    opens that one by itself: `Frame.arena` is then another id, and its tick may be earlier. Views
    and frames of the old arena stay readable. There is nothing to close.
    """

    def __init__(self, path: Path, zone: str) -> None:
        self.path = path
        self.zone = zone
        self._lock = threading.Lock()
        self._reader = ArenaReader(find_arena(path, zone))

    def __repr__(self) -> str:
        return f"<world of {self.path}, tick {self._reader.words.get(Header.COMMIT)}>"

    @property
    def arena(self) -> str:
        """The hex id of the arena."""
        return self._current().arena

    @property
    def words(self) -> ArenaWords:
        """Header words, such as `Header.TICK_NS`, live; storing one raises TypeError."""
        return self._current().words

    @property
    def schema(self) -> Schema:
        """What the arena says of itself: sizes, columns, scalars, parameters, genes."""
        return self._current().schema

    def read(self, names: Iterable[str] | None = None) -> Frame:
        """Copy one whole committed tick.

        Args:
            names: columns by the schema's names, such as "x" or "resource_amount"; only these are
                copied. None: all; (): scalars and parameters only.

        Raises:
            NoArena: the world is gone, and no other has come.
            ArenaError: the world commits faster than it can be copied, or the arena is damaged.
            UsageError: there is no such column.
        """
        with self._lock:
            reader = self._opened()
            shown = choose_columns(reader.schema, names)
            tick, buffer = reader.copy(needed_columns(reader.schema, shown))
            return build_frame(reader.schema, reader.arena, tick, buffer, shown)

    def live(self) -> Live:
        """Return views over the buffer of the committed tick, see `Live`.

        Raises:
            NoArena, ArenaError: as in `read`.
        """
        reader = self._current()
        schema = reader.schema
        tick = reader.words.get(Header.COMMIT)
        buffer = reader.view(tick)
        columns = {}
        for name, column in schema.columns.items():
            view = column.view(buffer)
            columns[name] = view.reshape(schema.ground_shape) if column.rows == "ground" else view
        state = buffer[:STATE_BYTES]
        return Live(
            tick=tick,
            arena=reader.arena,
            scalars=Named(schema.read_scalars(state)),
            parameters=Named(schema.read_parameters(state)),
            columns=Named(columns),
        )

    def history(
        self, kinds: str | Iterable[str] | None = "telemetry", newest: int = NEWEST
    ) -> list[dict[str, Any]]:
        """Return events of this arena from the ledger, oldest first.

        An event is flat: its own fields, with `position` (in the ledger), `tick`, `kind`. The end
        of the ledger is some ms behind the world; an arena that is not in it gives [].

        Args:
            kinds: "telemetry", "world.lineage", ... or several; "world" means all that begin with
                "world." too. None: every kind.
            newest: how many at most, from the end.

        Raises:
            NoArena, ArenaError: as in `read`.
            LedgerError: the ledger cannot be read.
            UsageError: `newest` is not from 1 to `history.NEWEST_MAX`.
        """
        return read_history(self.path / LEDGER, self._current().arena, kinds, newest)

    def events(
        self,
        *filters: str,
        since: str | None = None,
        until: str | None = None,
        newest: int = NEWEST,
    ) -> list[dict[str, Any]]:
        """Return events of this home, of whoever sent them, oldest first; see `molt events`.

        Each is as `molt events --json` prints it; `tables.events_table` makes a table of them. What
        is damaged or missing in the ledger is passed over and not told: `molt verify` tells.

        Args:
            filters: such as "kind=zone.*", "level!=info", "tick=100..200", "payload.why=*disk*".
            since, until: "5m" (ago), "tick:184500", "#17" (a position), or an ISO date.
            newest: how many at most, from the end.

        Raises:
            NoLedger: nothing was ever recorded here.
            LedgerError: the ledger cannot be read.
            UsageError: a filter or point in time is none, or `newest` is out of its limits.
        """
        check_newest(newest)
        return read_events(self.path / LEDGER, filters, since, until, newest)

    def why(self, event: str | int, effects: bool = False) -> dict[str, Any]:
        """Return what caused an event, back to the root; see `molt why --json` for the keys.

        Args:
            event: an id or its beginning, a position, or the id of a mutation, mission or lesson.
            effects: what came of it, too.

        Raises:
            NoLedger, LedgerError: as in `events`.
            Refused: there is no such event, or several.
        """
        return read_why(self.path / LEDGER, str(event), effects)

    def call(
        self, function: Callable[..., Any], /, *args: Any, timeout_s: float | None = None,
        **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Run a function in a sealed process of this home's kernel, see `call`."""
        return call_at(self.path, function, args, kwargs, timeout_s)

    def try_trait(
        self,
        trait: str | bytes | Path,
        *,
        ticks: int | None = None,
        seeds: int | None = None,
        scale: int | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> TrialResult:
        """Have the running kernel try a trait on copies of its world; see `trying.try_trait`.

        Args:
            trait: a path, or a source: bytes, or a text of more than one line.

        Raises:
            NoKernel, Refused, UsageError: as `trying.try_trait`.
        """
        return try_trait(
            self.path, trait, ticks=ticks, seeds=seeds, scale=scale, timeout_s=timeout_s
        )

    def _current(self) -> ArenaReader:
        with self._lock:
            return self._opened()

    def _opened(self) -> ArenaReader:
        if not self._reader.is_current():
            self._reader = ArenaReader(find_arena(self.path, self.zone))
        return self._reader


def open_home(path: str | Path | None = None, zone: str = "stable") -> Home:
    """Open the world of a home for reading: running, paused or stopped.

    Args:
        path: the home; None: MOLT_HOME, else the checkout.
        zone: whose arena.

    Raises:
        NoArena: no world is there.
        ArenaError: its arena may not be read, is damaged, or is of an unknown form.
    """
    home = _home_path(path)
    if not home.is_dir():
        raise NoArena(
            f"cannot find home {home}", f"python manifest.py --home {shlex.quote(str(home))}"
        )
    return Home(home, zone)


def call(
    function: Callable[..., Any], /, *args: Any, timeout_s: float | None = None, **kwargs: Any
) -> Any:
    """Run `function(*args, **kwargs)` in a sealed process and return its value as plain data.

    By the kernel of MOLT_HOME, else of the checkout. The function and all of the caller's own code
    that it needs go along; of packages it has what docs/running-code.md lists. Lists, dicts with
    text keys, text, numbers, None come back, tuples and arrays as lists. What it prints is printed
    here.

    Args:
        timeout_s: interrupted after so long; None: 10 s.

    Raises:
        UsageError: the function or its arguments cannot be pickled, or are too large.
        Refused: it may not run, or too many wait.
        NoKernel: no kernel runs there.
        CallFailed: it raised, took too long, was ended, or returned what is no plain data.
    """
    return call_at(_home_path(None), function, args, kwargs, timeout_s)


def _home_path(path: str | Path | None) -> Path:
    return Path(path or os.environ.get("MOLT_HOME") or CHECKOUT)
