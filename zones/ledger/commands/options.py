"""What the commands of the ledger have in common: the home, --json, numbers with limits.

Owns: these options. Does not own: any command.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from Kernel.contract.quantities import parse_whole
from zones.runtime.ledger_chain import CheckedReader
from zones.runtime.ledger_file import POSITION_MAX


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
    parser.add_argument("--home", type=Path, default=None, metavar="DIR", help="whose ledger")
    parser.add_argument("--json", action="store_true", help="documents on stdout")
    return parser


def ledger_folder(home: Path) -> Path:
    """Return where a home keeps its ledger."""
    return home / "data" / "ledger"


def open_ledger(options: argparse.Namespace) -> CheckedReader:
    """Open the ledger that `--home` names; what is damaged is not passed on.

    Raises:
        NoLedger: there is none.
    """
    home: Path = options.home
    return CheckedReader(ledger_folder(home))


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return what reads a whole number with limits, for argparse."""

    def read(text: str) -> int:
        try:
            number = parse_whole(text)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(
                f"{text[:32]!r} is not a whole number from {low} to {high}"
            )
        return number

    return read


position: Final = whole(1, POSITION_MAX)
