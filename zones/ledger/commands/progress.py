"""How far a command is, on a terminal: one line on stderr that is written over and then cleared.

Owns: when it is shown. Does not own: what is counted.
"""

import sys
import time
from typing import Final

AFTER_S: Final = 0.5
"""What is done sooner than this shows nothing."""
EVERY_S: Final = 0.25


class Progress:
    """The line of one command.

    Args:
        words: what is being done, as in "reading events".
        is_wanted: False: it never shows, because programs read, say.
    """

    def __init__(self, words: str, is_wanted: bool) -> None:
        self._words = words
        self._is_wanted = is_wanted and sys.stderr.isatty()
        self._next_s = time.monotonic() + AFTER_S
        self._is_shown = False

    def show(self, done: int, total: int) -> None:
        """Say how far it is, if it is time to."""
        now_s = time.monotonic()
        if self._is_wanted and now_s >= self._next_s:
            self._next_s = now_s + EVERY_S
            self._is_shown = True
            line = f"\r{self._words}: {done:,} of {total:,}\x1b[K"
            print(line, end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the line."""
        if self._is_shown:
            self._is_shown = False
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
