"""Somebody who writes an event into the ledger now and then, and knows what was promised.

Owns: that thread and its notes. Does not own: the rules (`log_checker.py`). Unlike the senders of
`log_run.py` it lives through everything and is slow: an hour of it can still be read at once.
"""

import threading
from pathlib import Path
from typing import Final

from tests.chaos.log_checker import SPILLED, Notes
from zones.runtime.scribe import Scribe

NAME: Final = "carol"
"""A sender that `log_run.identify` knows."""
PAUSE_S: Final = 0.25
PATIENCE_S: Final = 1.0
FLUSH_S: Final = 60.0
END_S: Final = 120.0


class Emitter:
    """Emits numbered events until it is ended."""

    def __init__(self, home: Path) -> None:
        self.notes = Notes()
        self._home = home
        self._left = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Hand in what waits; afterwards every event that was promised is in the log."""
        self.close()
        assert not self._thread.is_alive() and not self._left, f"{self._left} events still wait"

    def close(self) -> None:
        """Emit no more."""
        self._stop.set()
        self._thread.join(END_S)

    def _run(self) -> None:
        with Scribe(self._home, NAME, PATIENCE_S) as scribe:
            number = 0
            while not self._stop.wait(PAUSE_S):
                number += 1
                self.notes.sent.append(number)
                told = scribe.emit("test.numbered", {"sender": NAME, "number": number})
                self.notes.acknowledged[number] = told.position or SPILLED
            self._left = scribe.flush(FLUSH_S)
