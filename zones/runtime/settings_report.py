"""Tell what a service says of settings, without starting it: its keys, and what is wrong.

Owns: one question and its answer in JSON. Does not own: any key (`settings.py` of the service).
Started by `molt config`: `python -m zones.runtime.settings_report SERVICE`, settings on stdin.
A service may have a module `settings` with its table `KEYS` and `parse_settings`.
"""

import importlib
import json
import sys
from typing import Any

from Kernel.contract.errors import ConfigError


def report(service: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Return {"keys": [...], "faults": [...]}; no keys when the service tells none.

    Raises:
        ImportError: there is no such service, or it cannot be loaded.
    """
    try:
        module = importlib.import_module(f"{service}.settings")
    except ModuleNotFoundError as error:
        if error.name != f"{service}.settings":
            raise
        return {"keys": [], "faults": []}
    faults: list[dict[str, str]] = []
    try:
        module.parse_settings(settings)
    except ConfigError as error:
        faults = [{"key": fault.key, "why": fault.why} for fault in error.faults]
        faults = faults or [{"key": "", "why": error.message}]
    return {"keys": [key.fields() for key in module.KEYS], "faults": faults}


def main(arguments: list[str]) -> int:
    """Answer on stdout and return the exit code."""
    try:
        answer = report(arguments[0], json.load(sys.stdin))
    except (ImportError, SyntaxError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
