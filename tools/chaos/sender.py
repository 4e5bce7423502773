"""Somebody who writes an event into the ledger now and then, and knows what was promised.

Owns: that thread and its notes. Does not own: the rules (`log_rules.py`). It is slow and lives
through everything: hours of it can still be read at once.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import SystemRandom
from typing import Final

from Kernel.contract.envelope import Envelope
from Kernel.contract.errors import LedgerError
from tools.chaos.log_rules import SPILLED, Notes
from zones.runtime.scribe import Scribe

NAME: Final = "chaos"
KIND: Final = "chaos.numbered"
PAUSE_S: Final = 0.25
PATIENCE_S: Final = 1.0
FLUSH_S: Final = 60.0
END_S: Final = 120.0


class Sender:
    """Emits numbered events until it is ended."""

    def __init__(self, home: Path) -> None:
        self.notes = Notes()
        self.run = SystemRandom().randbytes(4).hex()
        """Which campaign: a home may have seen others."""
        self._home = home
        self._left = 0
        self._stop = threading.Event()
        self._busy = threading.Lock()
        self._scribe: Scribe | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> int:
        """Hand in what waits, and return how many events could not be handed in."""
        self.close()
        return self._left if not self._thread.is_alive() else len(self.notes.sent)

    def close(self) -> None:
        """Emit no more."""
        self._stop.set()
        self._thread.join(END_S)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Emit nothing meanwhile, and have no file of the home open."""
        with self._busy:
            self._hang_up()
            yield

    def number_of(self, event: Envelope) -> int | None:
        """Return the number of an event of this sender, None for every other one."""
        if event.kind != KIND:
            return None
        fields = event.payload_fields()
        return int(fields["number"]) if fields.get("run") == self.run else None

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(PAUSE_S):
            number += 1
            # Where neither the archive nor the disk takes it nothing was promised.
            with self._busy, suppress(LedgerError):
                self.notes.sent.append(number)
                told = self._at_home().emit(KIND, {"run": self.run, "number": number})
                self.notes.acknowledged[number] = told.position or SPILLED
        self._left = number
        with self._busy:
            self._left = self._at_home().flush(FLUSH_S)
            self._hang_up()

    def _at_home(self) -> Scribe:
        if self._scribe is None:
            self._scribe = Scribe(self._home, NAME, PATIENCE_S)
        return self._scribe

    def _hang_up(self) -> None:
        if self._scribe is not None:
            self._scribe.close()
            self._scribe = None
