"""`molt export FILE|FOLDER`: events of the ledger as Parquet, lines of JSON, or protobuf.

Owns: its words. Does not own: the files (`zones/ledger/exports/export.py`), which events
(`zones/runtime/ledger_search.py`).
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from Kernel.contract.envelope import parse_envelope
from Kernel.contract.errors import CodecError, LedgerDamaged
from zones.ledger.commands.events import SINCE_HELP, gap_lines, span_query
from zones.ledger.commands.options import open_ledger
from zones.ledger.commands.progress import Progress
from zones.ledger.derived import Row
from zones.ledger.exports.export import Form, choose_target, with_heads, write
from zones.runtime.command_line import Commands, add_command
from zones.runtime.ledger_event import LedgerEvent
from zones.runtime.ledger_file import LedgerReader, PastDamage
from zones.runtime.ledger_filters import parse_filters
from zones.runtime.ledger_search import Query, Search

DAMAGE_SHOWN_MAX: Final = 10
EXIT_INCOMPLETE: Final = 1
"""The file is there, and does not hold everything: a script should not take it for whole."""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "export", run, "write events into a file")
    parser.add_argument("target", metavar="FILE|FOLDER", help="where to; a folder ends with '/'")
    parser.add_argument(
        "filters",
        nargs="*",
        default=[],
        metavar="FIELD=VALUE",
        help="only such events",
    )
    parser.add_argument("--since", metavar="WHEN", help=SINCE_HELP)
    parser.add_argument("--until", metavar="WHEN", help="the same, not behind it")
    parser.add_argument(
        "--kind", action="append", metavar="KIND", help="only these kinds, and those below them"
    )
    parser.add_argument("--format", choices=[form.value for form in Form], help="of the file")
    parser.add_argument(
        "--past-damage", action="store_true", help="leave out what cannot be read, and say so"
    )
    parser.add_argument("--force", action="store_true", help="replace what is there")


def run(options: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    # So that its end by a signal takes the draft away, too.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    form = Form(options.format) if options.format else None
    target = choose_target(options.target, form, options.force)
    chosen = Query(parse_filters(options.filters), tuple(options.kind) if options.kind else None)
    query = span_query(options.since, options.until, chosen)
    reader = open_ledger(options)
    newest = reader.newest
    query = replace(query, last=min(query.last, newest))
    progress = Progress("exporting events", not options.json)
    damage: list[LedgerDamaged] = []
    past = damage.append if options.past_damage else None
    began_s = time.monotonic()
    try:
        if target.form is Form.PROTOBUF:
            rows = _chained(reader, query, past)
        else:
            rows = _found(reader, query, past)
        count = write(target, rows, lambda done: progress.show(done, newest))
    finally:
        progress.end()
        reader.close()
    files = list(target.path.iterdir()) if target.is_folder else [target.path]
    size = sum(each.stat().st_size for each in files)
    took_s = time.monotonic() - began_s
    if options.json:
        told = {
            "path": str(target.path),
            "format": target.form.value,
            "events": count,
            "bytes": size,
            "newest": newest,
            "damaged": [{"first": each.position, "last": each.last} for each in damage],
            "gaps": [
                {"first": gap.first, "last": gap.last, "why": gap.why} for gap in reader.gaps_met
            ],
            "seconds": round(took_s, 3),
        }
        print(json.dumps(told))
    else:
        print(f"{count:,} events in {target.path}, {size / 1e6:,.1f} MB, {took_s:.1f} s")
    for each in damage[:DAMAGE_SHOWN_MAX]:
        print(f"left out: {each.message}", file=sys.stderr)
    if len(damage) > DAMAGE_SHOWN_MAX:
        print(f"and {len(damage) - DAMAGE_SHOWN_MAX} places more", file=sys.stderr)
    for line in gap_lines(reader.gaps_met):
        print(line, file=sys.stderr)
    return EXIT_INCOMPLETE if damage else 0


def _found(
    reader: LedgerReader, query: Query, past: PastDamage | None
) -> Iterator[tuple[Row, bytes]]:
    """Yield what fits, without an index: one made after a loss does not know of it."""
    for event in Search(reader, None, past).forwards(query):
        yield (event.position, event.envelope), b""


def _chained(
    reader: LedgerReader, query: Query, past: PastDamage | None
) -> Iterator[tuple[Row, bytes]]:
    """Yield the same with the heads of the chain, which takes reading all of it."""
    for position, record, head in with_heads(reader, query.first, query.last, past):
        try:
            event = LedgerEvent(position, parse_envelope(record))
        except CodecError as error:
            damage = LedgerDamaged(position, position, error.message)
            if past is None:
                raise damage from error
            past(damage)
            continue
        if query.fits(event):
            yield (position, event.envelope), head
