"""A throw-away process that prepares a service as its zygote would, and lives a few ticks.

Owns: that order. Does not own: the service. Started by `Kernel/ports/proof.py`:
`python -m zones.runtime.proof SERVICE PARENT_PID`, settings as JSON on standard input.
"""

import importlib
import json
import sys
from typing import Any, cast

from Kernel.contract.errors import MoltError
from zones.runtime.arena_zone import rehearse
from zones.runtime.generation import ArenaGeneration
from zones.runtime.kinship import die_with


def main(arguments: list[str]) -> int:
    """Return 0 when the service can be run; any other error than ours ends in a traceback."""
    service, parent = arguments[0], int(arguments[1])
    die_with(parent)
    settings: dict[str, Any] = json.load(sys.stdin)
    try:
        generation = importlib.import_module(f"{service}.service").Generation(settings)
        if hasattr(generation, "scratch"):  # an arena zone: what its heir does, it does here
            rehearse(*cast(ArenaGeneration, generation).scratch())
    except MoltError as error:
        sys.stderr.write(f"{error.message}\n" + (f"hint: {error.hint}\n" if error.hint else ""))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
