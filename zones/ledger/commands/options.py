"""What the commands of the ledger have in common: the home, --json, numbers with limits.

Owns: these options. Does not own: any command.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from zones.runtime.ledger_file import POSITION_MAX, LedgerReader


class Commands(Protocol):
    """What argparse's `add_subparsers` returns."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser:
        """Add one command."""


def add_command(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], int], help: str
) -> argparse.ArgumentParser:
    """Add a command with --home and --json, and return its parser for the rest."""
    parser = commands.add_parser(name, help=help)
    parser.set_defaults(run=run)
    parser.add_argument("--home", type=Path, required=True, metavar="DIR", help="whose ledger")
    parser.add_argument("--json", action="store_true", help="documents on stdout")
    return parser


def ledger_folder(home: Path) -> Path:
    """Return where a home keeps its ledger."""
    return home / "data" / "ledger"


def open_ledger(options: argparse.Namespace) -> LedgerReader:
    """Open the ledger that `--home` names.

    Raises:
        NoLedger: there is none.
    """
    home: Path = options.home
    return LedgerReader(ledger_folder(home))


def position(text: str) -> int:
    """Return the position a word says, for argparse."""
    number = int(text)
    if not 1 <= number <= POSITION_MAX:
        raise argparse.ArgumentTypeError(f"{text} is not from 1 to {POSITION_MAX}")
    return number
