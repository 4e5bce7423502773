"""`python -m zones.client`: the commands that look at a world from outside.

top      watch the living world, drawn in the terminal
"""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import NoReturn

from Kernel.contract.errors import MoltError, UsageError, error_fields
from zones.client.top import command


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Complain in our form; argparse would print usage and leave by itself."""
        raise UsageError(f"cannot read the command line: {message}", "molt top --help")


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    parser = _Parser(prog="molt", description="commands that look at a world from outside")
    commands = parser.add_subparsers(dest="command", required=True)
    top = commands.add_parser("top", help="watch the living world, drawn in the terminal")
    command.add_options(top)
    try:
        return command.run(parser.parse_args(arguments))
    except MoltError as error:
        if "--json" in arguments:
            print(json.dumps({"error": error_fields(error, error.hint)}, ensure_ascii=False))
        print(error.message, file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
