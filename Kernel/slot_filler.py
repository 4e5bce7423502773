"""See once to the `fallback` slot of a home: without one a broken checkout leads to safe mode.

Owns: when it is looked for, the errand that fills it, what is told of that. Does not own: filling
and proving it (`fallback/slot_proof.py`), taking it (`Kernel/core/ladder.py`).
"""

import math
import shlex
from pathlib import Path

from Kernel.contract.errors import ConfigError
from Kernel.core.events import EventLog
from Kernel.ports.process import Exit, SystemProcesses
from Kernel.ports.slots import FALLBACK, find_factory

AFTER_S = 5.0
"""How long the zones must have served: code that has never run must not become the known-good."""


class SlotFiller:
    """The slot of one home in one boot."""

    def __init__(self, home: Path, processes: SystemProcesses, log: EventLog) -> None:
        self._home = home
        self._processes = processes
        self._log = log
        self._due_s = math.inf
        self._errand = 0

    def begin(self, now_s: float) -> None:
        """Every zone of the checkout serves now."""
        self._due_s = now_s + AFTER_S

    def look(self, now_s: float, ended: list[Exit]) -> None:
        """Start the errand when its time has come; tell how it ended."""
        for exit_ in ended:
            if exit_.pid == self._errand:
                self._tell(exit_)
        if now_s >= self._due_s:
            self._due_s = math.inf
            self._fill()

    def _fill(self) -> None:
        try:
            if find_factory(self._home) is not None:
                return
        except ConfigError as error:
            self._log.warning("slot.damaged", why=error.message, hint=error.hint)
        try:
            self._errand = self._processes.start_errand(
                "fallback.slot_proof", "--home", str(self._home)
            )
        except OSError as error:
            self._log.warning(
                "slot.not_filled", why=error.strerror or str(error), hint="make setup"
            )

    def _tell(self, exit_: Exit) -> None:
        self._errand = 0
        if exit_.code == 0:
            self._log.info("slot.filled", slot=FALLBACK)
            return
        hint = f"python -m fallback.slot_proof --home {shlex.quote(str(self._home))}"
        self._log.warning("slot.not_filled", why=exit_.describe(), hint=hint)
