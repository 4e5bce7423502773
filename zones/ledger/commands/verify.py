"""`molt verify`: walk the chain of the ledger and say whether every event is what was appended.

Owns: its words. Does not own: the walk (`zones/ledger/verify.py`).
Exits 0 when the ledger is whole, EXIT_DAMAGED when it is not: damage is what the command was asked
to find, and no fault of its own; `molt doctor world` does the same. Where nothing was there to be
checked it is refused: that is no proof.
"""

import argparse
import json
import sys
import time
from typing import Final

from Kernel.contract.errors import Refused, UsageError
from zones.ledger.commands.options import ledger_folder, position
from zones.ledger.verify import Verdict, verify
from zones.runtime.command_line import Commands, add_command
from zones.runtime.ledger_file import LedgerReader

EXIT_DAMAGED: Final = 1
SHOWN_MAX: Final = 10
PROGRESS_S: Final = 0.25


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "verify", run, "walk the chain and name what does not fit")
    parser.add_argument(
        "--from",
        type=position,
        default=1,
        dest="first",
        metavar="POSITION",
        help="the first event to check",
    )
    parser.add_argument(
        "--to", type=position, default=None, dest="last", metavar="POSITION", help="the last one"
    )


def run(options: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    first, last = options.first, options.last
    if last is not None and first > last:
        raise UsageError(f"cannot verify from {first} to {last}: the first comes behind the last")
    reader = LedgerReader(ledger_folder(options.home))
    newest = max((reader.newest, *(gap.last for gap in reader.gaps())))
    if first > max(newest, 1):
        raise Refused(
            f"cannot verify from {first} on: nothing to check, the newest is {newest}",
            "molt verify",
        )
    began_s = time.monotonic()
    shown = _Progress(sys.stderr.isatty() and not options.json, began_s)
    verdict = verify(reader, first, last, shown.on_position)
    shown.end()
    took_s = time.monotonic() - began_s
    if options.json:
        print(json.dumps(verdict.fields() | {"seconds": round(took_s, 3)}))
    else:
        _show(verdict, took_s)
    return 0 if verdict.ok else EXIT_DAMAGED


class _Progress:
    """How far it is, on a terminal."""

    def __init__(self, is_shown: bool, now_s: float) -> None:
        self._is_shown = is_shown
        self._last_s = now_s

    def on_position(self, position: int) -> None:
        now_s = time.monotonic()
        if self._is_shown and now_s - self._last_s >= PROGRESS_S:
            self._last_s = now_s
            print(f"\rposition {position}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._is_shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _show(verdict: Verdict, took_s: float) -> None:
    rate = f"{verdict.events / took_s:,.0f} a second" if took_s > 0 else ""
    whole = "whole" if verdict.ok else f"damaged: first at position {verdict.first_bad}"
    if verdict.ok and not verdict.events:
        whole = "nothing to check: it holds no event here"
    lines = [
        ("ledger", whole),
        ("events", f"{verdict.events:,} read, {rate}"),
        ("positions", f"{verdict.first} to {verdict.last}" if verdict.events else "none"),
        ("head", verdict.head.hex()),
        *(("cut", f"{gap.first} to {gap.last}: {gap.why}") for gap in verdict.gaps[:SHOWN_MAX]),
    ]
    for fault in verdict.faults[:SHOWN_MAX]:
        many = f"{fault.first} to {fault.last}" if fault.last > fault.first else f"{fault.first}"
        lines.append(("bad", f"{many}: {fault.why}"))
    if verdict.faults_count > SHOWN_MAX:
        lines.append(("", f"and {verdict.faults_count - SHOWN_MAX} more; --json has them"))
    for label, text in lines:
        print(f"{label:<11}{text}")
