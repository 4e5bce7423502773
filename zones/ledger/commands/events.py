"""`molt events`: what happened, from the ledger, by filters; and following it live.

Owns: the command. Does not own: the grammar of filters, finding (`zones/runtime/ledger_search.py`),
rows for people (`event_rows.py`).

With --json one document {"v", "events": [...], "newest"}, an event to a line inside it; with -f one
line of JSON for each event, written out at once. Following reads the file and not the archive's
socket: it goes on while the archive restarts, and costs it nothing.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

from Kernel.contract.errors import LedgerDamaged, NoLedger, UsageError
from Kernel.contract.event_filter import parse_since
from Kernel.contract.event_text import VERSION
from Kernel.contract.kinds import KINDS
from Kernel.contract.places import LEDGER
from zones.ledger.commands.event_rows import HEAD, EventRows, count_of, hint
from zones.ledger.commands.options import ledger_folder
from zones.runtime.command_line import Commands, add_command, whole
from zones.runtime.ledger_chain import MISSING, CheckedReader
from zones.runtime.ledger_event import LedgerEvent
from zones.runtime.ledger_file import Gap, LedgerReader
from zones.runtime.ledger_filters import HELP, parse_filters
from zones.runtime.ledger_index import open_index
from zones.runtime.ledger_presence import HINT, is_written, what_is_missing
from zones.runtime.ledger_search import Query, Search
from zones.runtime.wall_clock import now_ns

LAST: Final = 50
LAST_MAX: Final = 10_000_000
TOLD_MAX: Final = 10
"""Of damage, and of gaps, so many are told one by one."""
SINCE_HELP: Final = "5m (ago), tick:N, #POSITION or a date"
POLL_S: Final = 0.1
ROUND: Final = 512
"""Events shown between two flushes while there are many."""
PRESENCE_S: Final = 2.0
"""How often following looks whether the archive is there."""
NEAR_MAX: Final = 6
START: Final = "python manifest.py"


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "events", run, "what happened, by filters; -f follows it live")
    parser.add_argument(
        "filters", nargs="*", default=[], metavar="FIELD=VALUE", help="only such events"
    )
    parser.add_argument("--since", default=None, metavar="WHEN", help=SINCE_HELP)
    parser.add_argument("--until", default=None, metavar="WHEN", help="the same, not behind it")
    parser.add_argument(
        "--last",
        type=whole(0, LAST_MAX),
        default=None,
        metavar="N",
        help=f"the newest so many ({LAST}, without --since)",
    )
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what comes")
    parser.add_argument("--no-index", action="store_true", help="read every event of the log")


def run(options: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    query = span_query(options.since, options.until, Query(parse_filters(options.filters)))
    if options.follow and options.until is not None:
        raise UsageError("cannot follow until a point in time: leave out --until, or -f", HELP)
    last = options.last
    if last is None and options.since is None:
        last = LAST
    reader = _open(options)
    search = open_search(reader, options.home, is_indexed=not options.no_index)
    shown = _Lines(sys.stdout.write) if options.json else _Rows(EventRows(sys.stdout))
    if options.follow:
        _follow(search, query, last, shown, options)
        return 0
    found = iter(search.newest(query, last)) if last is not None else search.forwards(query)
    if options.json:
        _document(found, reader)
    elif not shown.show_all(found):
        _say_why_empty(search, query, options)
    for line in gap_lines(reader.gaps_met):
        hint(line)
    _say_what_is_missing(options)
    return 0


def missing(first: int, last: int) -> str:
    """Return that events are missing, and which."""
    what = f"#{first}" if first == last else f"#{first} to #{last}"
    count = last - first + 1
    return f"{count_of(count, 'event')} {'is' if count == 1 else 'are'} missing ({what})"


def gap_lines(gaps: Sequence[Gap]) -> list[str]:
    """Return a line for each gap on record: no damage, and not to be kept silent."""
    told = [f"{missing(gap.first, gap.last)}: {gap.why}" for gap in gaps]
    more = len(told) - TOLD_MAX
    return [*told[:TOLD_MAX], f"and {more} gaps more"] if more > 0 else told


def open_search(reader: LedgerReader, home: Path, is_indexed: bool = True) -> Search:
    """Return a search that says on stderr what damage it goes past."""
    told: set[tuple[int, int]] = set()

    def past(damage: LedgerDamaged) -> None:
        place = damage.position, damage.last
        if place in told or len(told) > TOLD_MAX:
            return
        told.add(place)
        if len(told) > TOLD_MAX:
            hint("going on: and there is more", damage.hint, home)
        elif damage.why == MISSING:
            hint(f"{missing(*place)}, and nothing on record says why", damage.hint, home)
        else:
            hint(f"going on: {damage.message}", damage.hint, home)

    return Search(reader, open_index(reader.folder, reader) if is_indexed else None, past)


def span_query(since: str | None, until: str | None, query: Query) -> Query:
    """Return a query between two points in time.

    Raises:
        UsageError: one of them is none.
    """
    now = now_ns()
    if since is not None:
        query = query.since(parse_since(since), now)
    if until is not None:
        query = query.until(parse_since(until), now)
    return query


class _Lines:
    """One line of JSON for each event."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def show_all(self, events: Iterable[LedgerEvent]) -> int:
        count = 0
        for event in events:
            self._write(event.line() + "\n")
            count += 1
        return count


class _Rows:
    """Rows for people, with a head before the first."""

    def __init__(self, rows: EventRows) -> None:
        self._rows = rows
        self._began = False

    def show_all(self, events: Iterable[LedgerEvent]) -> int:
        count = 0
        for event in events:
            if not self._began:
                self._began = True
                print(HEAD)
            self._rows.show(event)
            count += 1
        return count


def _document(events: Iterator[LedgerEvent], reader: LedgerReader) -> None:
    write = sys.stdout.write
    write(f'{{"v": {VERSION}, "events": [')
    for number, event in enumerate(events):
        write(("\n" if number == 0 else ",\n") + event.line())
    write(f'\n], "newest": {reader.newest}}}\n')


def _follow(
    search: Search,
    query: Query,
    last: int | None,
    shown: _Lines | _Rows,
    options: argparse.Namespace,
) -> None:
    """Show what fits, and then what comes, until the reader leaves or Ctrl-C."""
    reader = search.reader
    end = reader.newest
    before = replace(query, last=min(query.last, end))
    if last is not None:
        shown.show_all(search.newest(before, last))
    else:
        shown.show_all(search.forwards(before))
    sys.stdout.flush()
    search.index = None  # what comes is not in it yet
    told, looked_s = "", 0.0
    place = end + 1
    while True:
        now_s = time.monotonic()
        if now_s - looked_s >= PRESENCE_S:
            looked_s = now_s
            told = _tell_change(told, options)
        end = reader.newest
        if end < place:
            time.sleep(POLL_S)
            continue
        coming = search.forwards(replace(query, first=max(place, query.first), last=end))
        while shown.show_all(islice(coming, ROUND)):
            sys.stdout.flush()
        place = end + 1


def _tell_change(told: str, options: argparse.Namespace) -> str:
    home: Path = options.home
    missing, helps = what_is_missing(home), HINT
    if not missing and not is_written(home / LEDGER):
        missing, helps = f"no kernel runs at {home}: nothing comes until one does", START
    if bool(missing) != bool(told):
        hint(missing or "the archive is there", helps if missing else "", home)
    return missing


def _say_what_is_missing(options: argparse.Namespace) -> None:
    missing = what_is_missing(options.home)
    if missing:
        hint(missing, HINT, options.home)


def _say_why_empty(search: Search, query: Query, options: argparse.Namespace) -> None:
    """Say why there is nothing to see, and what would fill it."""
    oldest, newest = search.reader.oldest, search.reader.newest
    if not newest:
        print("The ledger is empty: nothing has been stored yet. A running kernel fills it.")
        hint("", START, options.home)
        return
    asked = " ".join(
        [*options.filters, *(f"--since {options.since}" for _ in [0] if options.since)]
    )
    held = count_of(newest - oldest + 1, "event")
    print(f"None of the {held} in the ledger (#{oldest} to #{newest}) fits {asked or 'that'}.")
    for each in query.filters:
        if each.field == "kind" and not each.negated and not any(map(each.accepts, KINDS)):
            near = _near(each.pattern)
            print(f"molt itself makes no {each.pattern!r}" + (f"; near: {near}." if near else "."))


def _near(pattern: str) -> str:
    family = pattern.partition(".")[0].strip("*?")
    return ", ".join([kind for kind in KINDS if family and family in kind][:NEAR_MAX])


def _open(options: argparse.Namespace) -> CheckedReader:
    try:
        return CheckedReader(ledger_folder(options.home))
    except NoLedger as error:
        raise NoLedger(
            f"cannot show events of {options.home}: it has no ledger; the first start of a kernel "
            "there makes one",
            START,
        ) from error
