"""The toy with code that fails on purpose: at a tick, in a trait slot or in the core, in a way.

Settings: `plan`, the path of a JSON file {"from_tick", "slot", "how"} read when the generation is
made; without that file it is innocent. How: "segfault", "exit", "hang", or "load", which cannot
even be loaded. A slot that the state block says is quarantined does not run. Inputs are taken as
the real world takes them, as far as quarantine needs it.
"""

import json
import os
import signal
from pathlib import Path
from typing import Any

from Kernel.contract.arena import INBOX_WINDOW, ArenaWords, Header, State
from Kernel.contract.inputs import QUARANTINE, decode_input
from Kernel.contract.rings import read
from tests.support.toy import service as toy
from zones.runtime.generation import Progress, untold

PHASE = 1


class GuiltyEngine(toy.ToyEngine):
    """A toy that takes quarantines and fails by plan."""

    def __init__(self, words: ArenaWords, busy_s: float, plan: dict[str, Any]) -> None:
        super().__init__(words, busy_s)
        self.plan = plan

    def tick(self) -> None:
        """Take inputs, fail if the plan says so, else compute and commit."""
        words, tick = self.words, self.words.get(Header.COMMIT)
        quarantined = words.state(tick, State.QUARANTINED)
        cursor, offset = (
            words.state(tick, State.INBOX_CURSOR),
            words.state(tick, State.INBOX_OFFSET),
        )
        applied = []
        while cursor < words.get(Header.INBOX_NEXT):
            entry = read(words.inbox(), offset, words.get(Header.INBOX_HEAD), cursor)
            given = decode_input(entry.payload)
            quarantined |= 1 << given.slot if given.kind == QUARANTINE else 0
            applied.append(cursor)
            cursor, offset = cursor + 1, entry.next_offset
        slot = self.plan.get("slot", 0)
        if tick + 1 >= self.plan.get("from_tick", 2**62) and not quarantined >> slot & 1:
            words.put(Header.FLIGHT, PHASE | slot << 16)
            fail(self.plan["how"])
        new = tick + 1
        words.put_state(new, State.QUARANTINED, quarantined)
        words.put_state(new, State.INBOX_CURSOR, cursor)
        words.put_state(new, State.INBOX_OFFSET, offset)
        for sequence in applied:
            words.put_state(new, State.APPLIED_AT + 8 * (sequence % INBOX_WINDOW), new)
        super().tick()


def fail(how: str) -> None:
    """Be the fault."""
    if how == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif how == "exit":
        os._exit(7)
    while True:
        pass


class Generation(toy.Generation):
    """One version of the guilty toy, as its plan is when it is made."""

    def __init__(self, settings: dict[str, Any], progress: Progress = untold) -> None:
        super().__init__(settings, progress)
        path = Path(settings.get("plan", "/nonexistent"))
        self._plan = json.loads(path.read_text()) if path.exists() else {}
        if self._plan.get("how") == "load":
            raise ImportError("the plan says so")
        self.facts["phases"] = ["between ticks", "chain"]
        self.facts["generation"] = self._plan.get("how", "innocent")

    def open_engine(self, words: ArenaWords, side: memoryview) -> toy.ToyEngine:
        """Return the engine on a mapped arena."""
        return GuiltyEngine(words, self._busy_s, self._plan)
