"""Computing ticks again: a world in memory is run forward with what the log knows was done to it.

Owns: feeding inputs at their ticks, holding what comes out against the telemetry that was told
then. Does not own: which inputs (`past.py`), ticks (`engine.py`), what becomes of the world after.
Works on memory only: no file, no clock.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, Self

from Kernel.contract.arena import ArenaWords, Header
from zones.world.engine import Engine
from zones.world.peaks import EventReader
from zones.world.recorded import Recorded, send
from zones.world.registry import text_of
from zones.world.trait_library import TraitLibrary

LOOK_TICKS: Final = 64
"""Ticks between two looks at the clock of who waits."""
NOT_COMPARED: Final = frozenset({"kind", "snapshot_key", "max_entities"})
"""Keys of telemetry that say nothing of what happened; logs of before lack the slots."""


class Told(NamedTuple):
    """An event that a replayed tick has told again, by its number in the outbox."""

    sequence: int
    event: dict[str, Any]


class Replayer:
    """Runs one world forward.

    Args:
        words: the mapped arena, writable, its outbox empty; changed.
        threads: of the parallel phases; decides nothing but speed.
        inputs: each is applied at exactly its tick, those of one tick in the order given.
        telemetry: payloads by tick as they were told then, to be held against what comes out.
        library: the code of traits; an active one that it lacks is suspended, as an heir does.
        load_library: returns it when `start_traits` is called, see `Engine`.
        extra_draw: see `Engine`.
        tell: called with each event of the world, in order.

    Attributes:
        suspended: why each trait was suspended that was not so then.
        last: the events of the newest tick.
        differs: ticks whose telemetry came out another.
        compared: how many were held against each other.
    """

    def __init__(
        self,
        words: ArenaWords,
        threads: int,
        inputs: Iterable[Recorded],
        telemetry: Mapping[int, Mapping[str, Any]] | None = None,
        library: TraitLibrary | None = None,
        *,
        load_library: Callable[[], TraitLibrary] | None = None,
        extra_draw: bool = False,
        tell: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self._words = words
        self._waiting = deque(sorted(inputs, key=lambda recorded: recorded.tick))
        self._telemetry = telemetry or {}
        self._events = EventReader(words)
        self._tell = tell
        self._engine = Engine(
            words,
            threads,
            self._events.stored,
            library=library,
            load_library=load_library,
            is_heir=False,
            extra_draw=extra_draw,
        )
        self.last: list[Told] = []
        self.differs: list[int] = []
        self.compared = 0
        self.applied = 0
        self.suspended: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass  # all it has is memory

    def start_threads(self) -> None:
        """Start all threads it will use."""
        self._engine.start_threads()

    def start_traits(self) -> None:
        """Load the code of traits: this runs what was generated."""
        self._engine.start_traits()

    @property
    def tick(self) -> int:
        """Return the newest tick that is computed."""
        return self._words.get(Header.COMMIT)

    def hash(self) -> bytes:
        """Return the world hash of that tick."""
        return self._engine.publish_hash()

    def run_to(self, tick: int, go_on: Callable[[int], bool] = lambda _tick: True) -> int:
        """Compute up to a tick and return the newest one that is computed.

        Args:
            go_on: asked every LOOK_TICKS ticks, with the newest one; False: stop there.

        Raises:
            ConfigError: more inputs are recorded for one tick than one can take.
        """
        for number in range(self.tick + 1, tick + 1):
            while self._waiting and self._waiting[0].tick <= number:
                send(self._words, self._waiting.popleft(), number)
                self.applied += 1
            first = self._events.sequence
            self._engine.tick()
            events = self._events.read()
            self.last = [Told(first + place, event) for place, event in enumerate(events)]
            for event in events:
                if self._tell is not None:
                    self._tell(event)
                self._compare(number, event)
                if event.get("own"):
                    self._note_suspended(event["input"])
            if number % LOOK_TICKS == 0 and not go_on(number):
                break
        return self.tick

    def _note_suspended(self, given: Mapping[str, Any]) -> None:
        slot, why = int(given["slot"]), given["why"]
        name = text_of(self._engine.world.committed.slot_name[slot].tobytes())
        self.suspended.append(f"trait {name} was suspended at tick {self.tick}: {why}")

    def _compare(self, tick: int, event: Mapping[str, Any]) -> None:
        then = self._telemetry.get(tick)
        if then is None or event["kind"] != "telemetry":
            return
        self.compared += 1
        if _said(then) != _said(event):
            self.differs.append(tick)


def _said(telemetry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in telemetry.items() if key not in NOT_COMPARED}
