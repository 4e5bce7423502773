"""A bus zone that asks the kernel to try what lies in its home, and writes down what it is told.

Owns: that. Settings: none. It reads `HOME/candidate.py` and, where there is one, what
to ask (`HOME/ask.json`: [name, args]), asks once, and leaves the answer in `HOME/answer.json`;
then it idles until it is to leave.
"""

import json
from typing import Any

from Kernel.contract.messages import Drain
from zones.runtime.enclosing import Reach
from zones.runtime.generation import Progress, untold
from zones.runtime.seat import BusSeat

TICKS = 20


class Generation:
    """One version of the asker."""

    def __init__(self, _settings: dict[str, Any], _progress: Progress = untold) -> None:
        self.facts: dict[str, Any] = {"service": "toy asker"}

    def reach(self) -> Reach:
        """It needs its home only."""
        return Reach()

    def run(self, seat: BusSeat) -> None:
        """Ask once, then wait for the end."""
        seat.bus.ready({})
        source = (seat.home / "candidate.py").read_text()
        name, args = "trial", {"ticks": TICKS, "seeds": 1}
        if (seat.home / "ask.json").exists():
            name, args = json.loads((seat.home / "ask.json").read_text())
        number = seat.bus.ask(name, {"source": source} | args)
        while True:
            for message in seat.bus.poll(0.05):
                if isinstance(message, Drain):
                    return
            seat.bus.progress += 1
            answer = seat.bus.take_answer(number)
            if answer is not None:
                told = {"ok": answer.ok, "result": answer.result, "error": answer.error}
                made = seat.home / "answer.json.new"
                made.write_text(json.dumps(told | {"hint": answer.hint}))
                made.rename(seat.home / "answer.json")
