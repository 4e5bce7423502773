"""What a program outside asks of a ledger: its newest events, of one world, and why something was.

Owns: the questions as plain data, opening and closing for each. Does not own: searching
(`ledger_search.py`), causes (`ledger_causes.py`), the form of an event (`event_text.py`).
"""

import heapq
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

from Kernel.contract.errors import LedgerDamaged, NoLedger
from Kernel.contract.event_filter import Filter, parse_since
from Kernel.contract.event_text import plain
from zones.runtime.ledger_causes import find_event, tell_story
from zones.runtime.ledger_event import LedgerEvent
from zones.runtime.ledger_file import LedgerReader
from zones.runtime.ledger_filters import parse_filters
from zones.runtime.ledger_index import open_index
from zones.runtime.ledger_search import Query, Search, is_kind_among
from zones.runtime.wall_clock import now_ns

GAP: Final = "archive.gap"
READ_MAX: Final = 1_000_000
"""How many events are read for the history of a world where there is no index: some seconds."""


@contextmanager
def opened(folder: Path) -> Iterator[Search]:
    """Give a search over a ledger; damage in it is gone past.

    Raises:
        NoLedger: there is none.
        LedgerError: it cannot be read.
    """
    reader = LedgerReader(folder)
    index = None
    try:
        index = open_index(folder, reader)
        yield Search(reader, index, _go_on)
    finally:
        if index is not None:
            index.close()
        reader.close()


def read_events(
    folder: Path, filters: Iterable[str], since: str | None, until: str | None, newest: int
) -> list[dict[str, Any]]:
    """Return at most `newest` of the newest events that fit, oldest first, as `molt events` does.

    Raises:
        UsageError: a filter or point in time is none.
        NoLedger, LedgerError: as `opened`.
    """
    query = Query(parse_filters(filters))
    now = now_ns()
    query = query.since(parse_since(since) if since else None, now)
    query = query.until(parse_since(until) if until else None, now)
    with opened(folder) as search:
        return [event.fields() for event in search.newest(query, newest)]


def read_why(folder: Path, word: str, effects: bool) -> dict[str, Any]:
    """Return why something happened, as `molt why --json` prints it.

    Raises:
        Refused: there is no such event.
        NoLedger, LedgerError: as `opened`.
    """
    with opened(folder) as search:
        return tell_story(search, find_event(search, word), effects).fields()


def read_of_arena(
    folder: Path, arena: str, kinds: tuple[str, ...] | None, newest: int
) -> list[dict[str, Any]]:
    """Return at most `newest` of the newest events of one arena, oldest first, each flat.

    Args:
        arena: its id, 32 hexadecimal digits: the agent of its events.
        kinds: these and those below them; None: every kind, and what of the arena was lost.

    Raises:
        LedgerError: it cannot be read; where there is no ledger, there are no events.
    """
    try:
        with opened(folder) as search:
            first = 1 if search.index is not None else max(search.reader.newest - READ_MAX, 1)
            its = Query((Filter("agent", arena),), kinds, first)
            ways = [search.backwards(its)]
            if kinds is None or is_kind_among(GAP, kinds):
                lost = Query((Filter("payload.of", f"*{arena}"),), (GAP,), first)
                ways.append(search.backwards(lost))
            found = heapq.merge(*ways, key=lambda event: -event.position)
            return [_flat(event) for event in islice(found, newest)][::-1]
    except NoLedger:
        return []


def _flat(event: LedgerEvent) -> dict[str, Any]:
    place = {"position": event.position, "tick": event.tick, "kind": event.kind}
    return {**plain(dict(event.payload)), **place}


def _go_on(_damage: LedgerDamaged) -> None:
    """Say nothing: `molt verify` does, and a table of what is left is what is asked for."""
