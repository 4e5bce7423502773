"""`python -m zones.agents COMMAND`: what people ask about mutations; needs no kernel.

Owns: which commands there are. Does not own: the command line's form
(`zones/runtime/command_line.py`), the commands, in `zones/agents/commands`.
They read the ledger and the store of traits, and write nothing.
"""

import sys
from collections.abc import Sequence
from typing import Final

from zones.runtime.command_line import run_command

COMMANDS: Final = {
    "blame": "lines",
    "diff": "lines",
    "mutation": "mutation",
    "mutations": "mutations",
}
"""Command -> module of `zones.agents.commands`."""


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    return run_command("zones.agents.commands", COMMANDS, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
