"""`python -m zones.ledger COMMAND`: the commands of the ledger; they need no kernel.

Owns: which commands there are. Does not own: the command line's form
(`zones/runtime/command_line.py`), the commands, one file each in `zones/ledger/commands`.
They open the ledger read-only, also while an archive writes it.
"""

import sys
from collections.abc import Sequence
from typing import Final

from zones.runtime.command_line import run_command

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


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    return run_command("zones.ledger.commands", COMMANDS, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
