"""`python -m zones.<service> COMMAND`: how a service's own commands are read and end.

Owns: the command line's form, errors, exit codes. Does not own: the commands, each a module with
`add(commands)` for its options, whose `run(options)` is its act. Only the module of the command
that is asked for is imported: what one needs would make all others slow to start.
"""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, Protocol

from Kernel.contract.errors import MoltError, UsageError
from Kernel.contract.quantities import parse_whole
from zones.runtime.command_errors import tell_error


class Commands(Protocol):
    """What argparse's `add_subparsers` returns."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser:
        """Add one command."""


def run_command(package: str, table: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Run one command and return its exit code.

    Args:
        package: where the modules are.
        table: command -> module.
        arguments: the command, and what follows it.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    home: Path | None = None
    try:
        options = _parse(package, table, arguments)
        home = options.home
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader has seen enough; nothing is left to be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except MoltError as error:
        tell_error(error, home, "--json" in arguments)
        return error.exit_code


def add_command(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], int], help: str
) -> argparse.ArgumentParser:
    """Add a command with --home and --json, and return its parser for the rest."""
    parser = commands.add_parser(name, help=help)
    parser.set_defaults(run=run)
    parser.add_argument("--home", type=Path, default=None, metavar="DIR", help="whose ledger")
    parser.add_argument("--json", action="store_true", help="documents on stdout")
    return parser


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


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Complain in our form; argparse would print usage and leave by itself."""
        names = message.removeprefix("the following arguments are required: ")
        said = message if names == message else f"{names} is missing"
        # Not --help: only the table has examples.
        command = self.prog.removeprefix("molt").strip()
        raise UsageError(f"cannot read the command line: {said}", f"molt help {command}".strip())


def _parse(package: str, table: Mapping[str, str], arguments: Sequence[str]) -> argparse.Namespace:
    if not arguments or arguments[0] not in table:
        asked = arguments[0][:40] if arguments else ""
        raise UsageError(f"cannot run {asked!r}: it takes {', '.join(table)}", "molt help")
    asked, *rest = arguments
    module = importlib.import_module(f"{package}.{table[asked]}")
    one = _One()
    module.add(one)
    # Intermixed: a word without a name may stand before, between and behind options.
    options = one.parsers[asked].parse_intermixed_args(rest)
    if options.home is None:  # not `required`: usage would tell people to type what molt adds
        raise UsageError("cannot tell whose ledger is meant: --home DIR is missing", "molt help")
    return options


class _One:
    """Stands for argparse's subparsers, of which only the one that was asked for is read."""

    def __init__(self) -> None:
        self.parsers: dict[str, argparse.ArgumentParser] = {}

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser:
        parser = self.parsers[name] = _Parser(prog=f"molt {name}", description=help)
        return parser
