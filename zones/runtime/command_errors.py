"""How a command of a zone tells an error: for people on stderr, for programs on stdout as well.

Owns: the form, and hints that name the home the command was about. Does not own: the errors
(`Kernel/contract/errors.py`), what the console says of its own (`Kernel/console/output.py`).
"""

import json
import os
import sys
from pathlib import Path
from typing import Final

from Kernel.contract.errors import MoltError, error_fields
from Kernel.contract.hints import at_home

CHECKOUT: Final = Path(__file__).resolve().parents[2]


def tell_error(error: MoltError, home: Path | None, as_json: bool) -> None:
    """Say what went wrong.

    Args:
        home: that the command was about, None when it was about none.
        as_json: a document goes to stdout, too.
    """
    hint = pasteable(error.hint, home)
    if as_json:
        print(json.dumps({"error": error_fields(error, hint)}, ensure_ascii=False))
    print(error.message, file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)


def pasteable(hint: str, home: Path | None) -> str:
    """Return a hint as a command line about the same home.

    A home that the command would find by itself is not named: `molt` reads MOLT_HOME, the kernel
    does not.
    """
    if home is None:
        return hint
    place = home.absolute()
    found = Path(os.environ.get("MOLT_HOME") or CHECKOUT).absolute()
    given = None if place == found else str(home)
    return at_home(hint, given, None if place == CHECKOUT else str(home))
