"""What the kernel reads of an arena: where its world stands, how fast, whether it holds.

Owns: turning words of an arena into facts, for decisions and for people. Does not own: writing any
word (`arena_keeper.py`), inputs (`inbox_writer.py`). A zone without an arena reads as zeros.
"""

import math
import struct
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from Kernel.config import ZoneConfig
from Kernel.contract.arena import PHASES_MAX, TICK_TIMES, Header, State
from Kernel.contract.parameters import Parameter
from Kernel.core.keeper import Keeper
from Kernel.core.ladder import Rules
from Kernel.core.parts import Parts
from Kernel.core.succession import Words
from Kernel.ports.arena_file import ArenaHandle

PACE_SAMPLE_S = 0.5
PACE_SAMPLES = 10


class Difference(NamedTuple):
    """A parameter of which the settings say another value than the world has."""

    name: str
    said: float
    held: float


class ArenaView(Keeper):
    """A zone whose processes speak by an arena, as far as it is read.

    Attributes:
        by_hand: names of parameters that people have set since the settings last said something
            new about them, in this run of the kernel.
        parameters, phases: of the generation that serves; phases by flight number.
    """

    def __init__(self, config: ZoneConfig, parts: Parts, rules: Rules) -> None:
        super().__init__(config, parts, rules)
        self.arena: ArenaHandle | None = None
        self.parameters: dict[str, Parameter] = {}
        self.phases: tuple[str, ...] = ()
        self.by_hand: set[str] = set()
        self._pace: deque[tuple[float, int]] = deque(maxlen=PACE_SAMPLES)

    def sample_pace(self) -> None:
        """Note where the world is, for `ticks_per_s`; once a round."""
        now_s = self.parts.clock.now_s()
        if self.is_holding():
            self._pace.clear()
        if not self._pace or now_s - self._pace[-1][0] >= PACE_SAMPLE_S:
            self._pace.append((now_s, self.tick()))

    def is_on_time(self) -> bool:
        """Tell whether the next tick is not due yet."""
        if self.arena is None:
            return True
        words = self.arena.words
        ticks_ahead = words.get(Header.COMMIT) + 1 - words.get(Header.ANCHOR_TICK)
        due_ns = words.get(Header.ANCHOR_NS) + ticks_ahead * words.get(Header.PERIOD_NS)
        return self.parts.clock.now_ns() < due_ns

    def tick(self) -> int:
        """Return the committed tick, 0 without an arena."""
        return self.arena.words.get(Header.COMMIT) if self.arena else 0

    def state_value(self, offset: int) -> int:
        """Return a word of the committed state block, 0 without an arena."""
        return self.arena.words.state(self.tick(), offset) if self.arena else 0

    def is_holding(self) -> bool:
        """Tell whether the world is paused after its committed tick."""
        return self.arena is not None and self.state_value(State.HOLD_AFTER) <= self.tick()

    def held_hash(self) -> str | None:
        """Return the hash of the committed tick in hex, None unless the world holds still."""
        if self.arena is None or not self.is_holding():
            return None
        words = self.arena.words
        if words.get(Header.HASH_TICK) != self.tick() + 1:
            return None
        return words.get_bytes(Header.HASH, 32).hex()

    def differences(self, settings: Mapping[str, Any]) -> list[Difference]:
        """Return each parameter of the world that is not as these settings have it.

        Args:
            settings: of its service, sound; what they leave out stands for its default.
        """
        if self.arena is None:
            return []
        words, tick = self.arena.words, self.tick()
        found = [
            Difference(
                each.name,
                float(settings.get(each.name, each.default)),
                words.parameter(tick, each.index),
            )
            for each in self.parameters.values()
        ]
        # What a damaged world has is told by its own checks.
        return [each for each in found if each.said != each.held and math.isfinite(each.held)]

    def takeover_words(self) -> Words:
        """Return the words that tell of a takeover, zeros without an arena."""
        if self.arena is None:  # it is being made, or the world is moving
            return Words(0, 0, 0, 0, 0, 0)
        words = self.arena.words
        return Words(
            tick=words.get(Header.COMMIT),
            epoch=words.get(Header.EPOCH),
            owner=words.get(Header.OWNER),
            taken_over_ns=words.get(Header.TAKEN_OVER_NS),
            first_commit_ns=words.get(Header.FIRST_COMMIT_NS),
            missed_ticks=words.get(Header.MISSED_TICKS),
        )

    def tick_times_us(self) -> list[int]:
        """Return how long the last ticks took, microseconds, shortest first."""
        if self.arena is None:
            return []
        raw = self.arena.words.get_bytes(Header.TICK_TIMES, 4 * TICK_TIMES)
        return sorted(value for value in struct.unpack(f"<{TICK_TIMES}I", raw) if value)

    def phase_times_ns(self) -> list[tuple[str, int]]:
        """Return each named phase of a tick with its running mean, nanoseconds, in their order.

        Flight number 0 is the time between ticks, which belongs to no phase.
        """
        if self.arena is None:
            return []
        raw = self.arena.words.get_bytes(Header.PHASE_NS, 4 * PHASES_MAX)
        means_ns = struct.unpack(f"<{PHASES_MAX}I", raw)
        # Words behind the last phase stay empty.
        phases = list(zip(self.phases, means_ns, strict=False))[1:]
        return [(name, mean_ns) for name, mean_ns in phases if name]

    def ticks_per_s(self) -> float:
        """Return how fast the world has ticked over the last seconds."""
        if not self._pace:
            return 0.0
        since_s, tick = self._pace[0]
        return (self.tick() - tick) / max(self.parts.clock.now_s() - since_s, 1e-9)
