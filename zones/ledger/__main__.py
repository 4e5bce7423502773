"""`python -m zones.ledger COMMAND`: the commands of the ledger; they need no kernel.

Owns: the command line's form, errors, exit codes. Does not own: the commands, one file each in
`zones/ledger/commands`, each with `add(commands)` for its options and `run(options)` for its act.
They open the ledger read-only, also while an archive writes it. Only the command that is asked for
is imported: what one needs (numpy) would make all others slow to start.
"""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

from Kernel.contract.errors import MoltError, UsageError
from zones.runtime.command_errors import tell_error

COMMANDS: Final = {
    "conversations": "questions",
    "decisions": "questions",
    "emit": "emit",
    "events": "events",
    "export": "export",
    "history": "questions",
    "lessons": "lessons",
    "relations": "questions",
    "rolled-back": "questions",
    "sql": "sql",
    "verify": "verify",
    "why": "why",
}
"""Command -> module of `zones.ledger.commands`. Each is imported only when it is called: one may
need what takes longer to import than another one takes to run."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Complain in our form; argparse would print usage and leave by itself."""
        names = message.removeprefix("the following arguments are required: ")
        said = message if names == message else f"{names} is missing"
        # Not --help: only the table has examples.
        command = self.prog.removeprefix("molt").strip()
        raise UsageError(f"cannot read the command line: {said}", f"molt help {command}".strip())


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    home: Path | None = None
    try:
        options = _parse(arguments)
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


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    if not arguments or arguments[0] not in COMMANDS:
        asked = arguments[0][:40] if arguments else ""
        raise UsageError(f"cannot run {asked!r}: it takes {', '.join(COMMANDS)}", "molt help")
    asked, *rest = arguments
    module = importlib.import_module(f"zones.ledger.commands.{COMMANDS[asked]}")
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
