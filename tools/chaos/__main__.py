"""`python -m tools.chaos`: what `molt chaos` becomes.

Owns: that it is one command. Does not own: the command (`command.py`).
"""

import sys

from zones.runtime.command_line import run_command

if __name__ == "__main__":
    sys.exit(run_command("tools.chaos", {"chaos": "command"}, ["chaos", *sys.argv[1:]]))
