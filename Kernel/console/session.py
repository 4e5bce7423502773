"""One call of `molt`: what was said about the home and the form of the answer.

Owns: which home is meant, hints that fit it. Does not own: words of the command line (`tree.py`),
printing (`output.py`).
"""

import os
from dataclasses import dataclass
from pathlib import Path

from Kernel.contract.hints import at_home

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Session:
    """What holds for the whole call, whichever command it is.

    Args:
        given: the word after `--home`; None: there was none.
        as_json: programs read the answer, not people.
        commandless: no command was given.
        stays: other commands follow, so that no tool may take this process's place.
        line: of the script that the command is in, from 1; 0: it is in none.
    """

    given: str | None = None
    as_json: bool = False
    commandless: bool = False
    stays: bool = False
    line: int = 0

    @property
    def used(self) -> str | None:
        """What was said about where the world lives, on the command line or around it."""
        return self.given or os.environ.get("MOLT_HOME") or None

    @property
    def home(self) -> Path:
        """Where the world lives."""
        return Path(self.used or CHECKOUT).absolute()

    def pasteable(self, hint: str) -> str:
        """Return a hint as a command line about the same home."""
        return at_home(hint, self.given, self.used)
