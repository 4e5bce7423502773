"""`molt sql QUERY`: ask the ledger in SQL, read-only.

Owns: its words. Does not own: the query (`zones/ledger/exports/sql.py`), the table `events`
(`event_table.py` there).
"""

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any, Final

from Kernel.contract.errors import UsageError
from Kernel.contract.quantities import parse_duration
from zones.ledger.commands.events import gap_lines
from zones.ledger.commands.options import ledger_folder, open_ledger
from zones.ledger.commands.progress import Progress
from zones.ledger.exports.event_table import open_events
from zones.ledger.exports.query_process import Told, run_apart
from zones.ledger.exports.sql import ROWS, ROWS_MAX, TIME_S, TIME_S_MAX, Answer, ask, table
from zones.runtime.command_line import Commands, add_command, whole

EXIT_INCOMPLETE: Final = 1
"""The answer is there, and is not of everything: a script should not take it for whole."""
LEFT_OUT_SHOWN_MAX: Final = 10


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "sql", run, "ask the ledger in SQL, read-only")
    parser.add_argument("query", metavar="QUERY", help="one SELECT over the table events")
    parser.add_argument(
        "--rows",
        type=whole(1, ROWS_MAX),
        default=ROWS,
        metavar="N",
        help=f"at most so many ({ROWS})",
    )
    parser.add_argument(
        "--time", type=_time_s, default=TIME_S, metavar="DURATION", help="end it after so long (1m)"
    )
    parser.add_argument(
        "--past-damage", action="store_true", help="leave out what cannot be read, and say so"
    )


def run(options: argparse.Namespace) -> int:
    """Run it and return the exit code."""

    def say(sentence: str) -> None:
        print(sentence, file=sys.stderr)

    gave = run_apart(lambda told: _answer(options, told), options.time, say)
    rows = [tuple(row) for row in gave["rows"]]
    answer = Answer(tuple(gave["columns"]), tuple(gave["types"]), rows, gave["is_cut"])
    left_out: list[str] = gave["left_out"]
    for each in left_out[:LEFT_OUT_SHOWN_MAX]:
        say(f"left out: {each}")
    if len(left_out) > LEFT_OUT_SHOWN_MAX:
        say(f"and {len(left_out) - LEFT_OUT_SHOWN_MAX} places more")
    for line in gave["gaps"]:
        say(line)
    code = EXIT_INCOMPLETE if left_out else 0
    if options.json:
        print(json.dumps(answer.fields() | {"left_out": left_out}, ensure_ascii=False))
        return code
    for line in table(answer):
        print(line)
    if answer.is_cut:
        print(f"there are more rows: --rows {options.rows * 10}", file=sys.stderr)
    return code


def _answer(options: argparse.Namespace, told: Told) -> dict[str, Any]:
    """Open the events, ask, and return what there is to print as plain data."""
    reader = open_ledger(options)
    progress = Progress("reading events", not options.json)

    def say(sentence: str) -> None:
        progress.end()
        told.say(sentence)

    folder = ledger_folder(options.home)
    left_out: list[str] = []
    past = left_out.append if options.past_damage else None
    try:
        with open_events(reader, folder, progress.show, say, past) as connection:
            progress.end()
            with told.limited():
                answer = ask(connection, options.query, options.rows, options.time)
        gaps = gap_lines(reader.gaps())
    finally:
        progress.end()
        reader.close()
    return asdict(answer) | {"left_out": left_out, "gaps": [*gaps]}


def _time_s(text: str) -> float:
    try:
        time_s = parse_duration(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(error.message) from error
    if not 0 < time_s <= TIME_S_MAX:
        raise argparse.ArgumentTypeError(f"{text} is not from 1 ms to {TIME_S_MAX:g} s")
    return time_s
