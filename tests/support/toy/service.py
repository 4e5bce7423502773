"""A tiny arena service for kernel tests: a chain of numbers instead of a world, without numba.

State T follows from T-1 alone, so that a lost, doubled or torn tick shows in the chain.
"""

import hashlib
import time
from pathlib import Path
from typing import Any

from Kernel.contract.arena import ArenaWords, Header, State, new_header, plan_buffers
from Kernel.contract.errors import ConfigError
from zones.runtime.arena_memory import map_arena, reserve_file
from zones.runtime.generation import Progress, untold

SCHEMA = b'{"columns":[{"name":"chain","dtype":"<u8"}]}'
COLUMNS_BYTES = 64


def chain_after(ticks: int) -> int:
    """Return the chain value at a tick, from first principles."""
    value = 0
    for tick in range(1, ticks + 1):
        value = (value * 6364136223846793005 + tick) % 2**64
    return value


class ToyEngine:
    """One number a tick."""

    def __init__(self, words: ArenaWords, busy_s: float) -> None:
        self.words = words
        self.busy_s = busy_s

    def tick(self) -> None:
        """Compute and commit the next tick, busily for a while, tearing the buffer meanwhile."""
        words = self.words
        tick = words.get(Header.COMMIT)
        words.put(Header.FLIGHT, 1)
        value = words.state(tick, State.OWN)
        words.put_state(tick + 1, State.OWN, 0xDEAD)
        until = time.monotonic() + self.busy_s
        while time.monotonic() < until:
            pass
        words.put_state(tick + 1, State.OWN, (value * 6364136223846793005 + tick + 1) % 2**64)
        words.put_state(tick + 1, State.HOLD_AFTER, words.state(tick, State.HOLD_AFTER))
        words.put_state(tick + 1, State.TICK, tick + 1)
        words.put(Header.COMMIT, tick + 1)
        words.put(Header.FLIGHT, 0)

    def holding(self) -> bool:
        """A toy never holds."""
        return False

    def publish_hash(self) -> None:
        """A toy has no hash."""

    def start_threads(self) -> None:
        """A toy writes with one thread."""

    def start_traits(self) -> None:
        """A toy has no traits."""


class Generation:
    """One version of the toy. Settings: `tick_rate_ms`, `busy_ms`, `steps` of progress to tell.

    Raises:
        ConfigError: the period is not positive.
    """

    def __init__(self, settings: dict[str, Any], progress: Progress = untold) -> None:
        steps = int(settings.get("steps", 0))
        for done in range(steps):
            progress(done, steps, f"step {done}")
        period_ms = float(settings.get("tick_rate_ms", 4))
        if period_ms <= 0:
            raise ConfigError(f"cannot use world.yaml: tick_rate_ms is {period_ms:g}, above 0")
        self._busy_s = float(settings.get("busy_ms", 0.5)) / 1000
        self.facts: dict[str, Any] = {
            "generation": "toy",
            "schema_hash": hashlib.sha256(SCHEMA).hexdigest(),
            "period_ns": int(period_ms * 1e6),
            "parameters": [],
        }

    def scratch(self) -> tuple[ArenaWords, ToyEngine]:
        """Return a scratch arena and the engine on it."""
        buffers = plan_buffers(len(SCHEMA), COLUMNS_BYTES)
        words = ArenaWords(memoryview(bytearray(buffers.file_bytes)))
        new_header(words, buffers)
        words.put_state(0, State.HOLD_AFTER, 2**64 - 1)
        return words, ToyEngine(words, 0.0001)

    def open_engine(self, words: ArenaWords, side: memoryview) -> ToyEngine:
        """Return the engine on a mapped arena."""
        return ToyEngine(words, self._busy_s)

    def found(self, job: dict[str, Any]) -> None:
        """Make the arena file at tick 0."""
        path = Path(job["folders"][0]) / f"{job['zone']}.arena"
        buffers = plan_buffers(len(SCHEMA), COLUMNS_BYTES)
        temporary = path.with_name(path.name + ".new")
        words = map_arena(reserve_file(temporary, buffers.file_bytes), writable=True)
        new_header(words, buffers)
        words.put_bytes(Header.SCHEMA_HASH, hashlib.sha256(SCHEMA).digest())
        words.put_state(0, State.HOLD_AFTER, 2**64 - 1)
        temporary.rename(path)
