"""Computing ticks again in a sealed child: where the code of traits is to run.

Owns: the questions to the child, and what of its answers is believed. Does not own: the child
(`zones/runtime/sealed_child.py`), what it computes (`replaying.py`). The world lies in memory that
both share, so a hash is made here, of what is there.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

from Kernel.contract.arena import ArenaWords, Header, check_arena
from Kernel.contract.errors import ConfigError, MoltError
from zones.runtime.cage import Layer
from zones.runtime.sealed_child import Answer, ChildFailed, SealedChild
from zones.world.recorded import Recorded
from zones.world.replaying import LOOK_TICKS, Replayer, Told
from zones.world.trait_library import TraitLibrary
from zones.world.trait_loading import LoadedTraits
from zones.world.world_hash import world_hash

WHAT: Final = "compute ticks with traits"
NOT_HERE: Final = "this machine cannot seal the process that would run it: molt doctor cage"


@dataclass(frozen=True, slots=True)
class SealedCode:
    """The code of traits, not loaded yet: loading runs what was generated.

    Args:
        load: returns it; called in a sealed process only.
        missing: layers of the cage that this machine has not got.
    """

    load: Callable[[], TraitLibrary]
    missing: frozenset[Layer]


def code_of(traits: LoadedTraits, missing: frozenset[Layer]) -> SealedCode | None:
    """Return the code of traits that are loaded as far as a zygote may; None: there are none."""
    return SealedCode(traits.library, missing) if len(traits) else None


class Replaying(Protocol):
    """Computes the ticks of a world in memory again, see `Replayer`."""

    last: list[Told]
    differs: list[int]
    compared: int
    applied: int
    suspended: list[str]

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, *error: object) -> None:
        """End."""

    @property
    def tick(self) -> int:
        """Return the newest tick that is computed."""

    def hash(self) -> bytes:
        """Return the world hash of that tick."""

    def run_to(self, tick: int, go_on: Callable[[int], bool] = ...) -> int:
        """Compute up to a tick and return the newest one that is computed."""


def open_replaying(
    words: ArenaWords,
    threads: int,
    inputs: Iterable[Recorded],
    telemetry: Mapping[int, Mapping[str, Any]] | None = None,
    code: SealedCode | None = None,
    tell: Callable[[dict[str, Any]], None] | None = None,
    extra_draw: bool = False,
) -> Replaying:
    """Return what computes ticks again: in this process, or sealed where there is code of traits.

    Args:
        words: the mapped arena, writable, its outbox empty; changed. Where there is code it is in
            memory that a child shares, and every kernel has been loaded.
        telemetry, tell, extra_draw: see `Replayer`.
        code: None: there is none. Where nothing can be sealed it is left out, and what would have
            run is suspended, and said.
    """
    if code is None or Layer.SECCOMP in code.missing:
        nothing = TraitLibrary() if code is None else TraitLibrary(else_why=NOT_HERE)
        return Replayer(
            words, threads, inputs, telemetry, nothing, tell=tell, extra_draw=extra_draw
        )
    return SealedReplayer(words, threads, inputs, telemetry, code, tell, extra_draw)


class SealedReplayer:
    """A `Replayer` in a sealed child. Use as a context manager."""

    def __init__(
        self,
        words: ArenaWords,
        threads: int,
        inputs: Iterable[Recorded],
        telemetry: Mapping[int, Mapping[str, Any]] | None,
        code: SealedCode,
        tell: Callable[[dict[str, Any]], None] | None = None,
        extra_draw: bool = False,
    ) -> None:
        self._words = words
        self._schema = words.schema()
        self._tell = tell
        self.last: list[Told] = []
        self.differs: list[int] = []
        self.compared = 0
        self.applied = 0
        self.suspended: list[str] = []

        def begin() -> Answer:
            events: list[dict[str, Any]] = []
            replayer = Replayer(
                words,
                threads,
                inputs,
                telemetry,
                load_library=code.load,
                tell=None if tell is None else events.append,
                extra_draw=extra_draw,
            )
            replayer.start_threads()
            return _Child(replayer, events).answer

        self._child = SealedChild(begin, code.missing, WHAT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._child.close()

    @property
    def tick(self) -> int:
        """Return the newest tick that is computed."""
        return self._words.get(Header.COMMIT)

    def hash(self) -> bytes:
        """Return the world hash of that tick.

        Raises:
            ArenaError: what the child has left is no arena any more.
        """
        self._look()
        return world_hash(self._words)

    def run_to(self, tick: int, go_on: Callable[[int], bool] = lambda _tick: True) -> int:
        """Compute up to a tick, see `Replayer.run_to`.

        Raises:
            ConfigError: more inputs are recorded for one tick than one can take.
            ChildFailed: the child died, hung, or said what cannot be.
        """
        while (newest := self.tick) < tick:
            target = min(tick, newest - newest % LOOK_TICKS + LOOK_TICKS)
            self._take(self._child.ask({"to": target}), target)
            if target % LOOK_TICKS == 0 and not go_on(target):
                break
        self._look()
        return self.tick

    def _look(self) -> None:
        """Look at an arena that a process has written which may have been taken over."""
        check_arena(self._words, "the world that was computed")
        if self._words.schema() != self._schema:
            raise ChildFailed(f"cannot {WHAT}: the columns of the world were changed")

    def _take(self, told: Mapping[str, Any], target: int) -> None:
        """Take an answer over, if it is one."""
        if isinstance(why := told.get("why"), str):
            raise ConfigError(why)
        try:
            numbers = [int(each) for each in told["differs"]]
            said = [str(each) for each in told["suspended"]]
            last = [Told(int(sequence), dict(event)) for sequence, event in told["last"]]
            events = [dict(event) for event in told["events"]]
            self.compared, self.applied = int(told["compared"]), int(told["applied"])
        except (KeyError, TypeError, ValueError) as error:
            raise ChildFailed(
                f"cannot {WHAT}: its process gave no sound answer: {error}"
            ) from error
        if self.tick != target:
            raise ChildFailed(f"cannot {WHAT}: asked for tick {target} it stands at {self.tick}")
        self.differs, self.suspended, self.last = numbers, said, last
        if self._tell is not None:
            for event in events:
                self._tell(event)


class _Child:
    """What the child does: made while it is enclosed, asked while it is sealed."""

    def __init__(self, replayer: Replayer, events: list[dict[str, Any]]) -> None:
        self._replayer = replayer
        self._events = events
        self._started = False

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Compute up to the tick that is asked for."""
        replayer = self._replayer
        try:
            if not self._started:
                self._started = True
                replayer.start_traits()
            replayer.run_to(int(question["to"]))
        except MoltError as error:
            return {"why": error.message}
        told = {
            "applied": replayer.applied,
            "compared": replayer.compared,
            "differs": replayer.differs,
            "suspended": replayer.suspended,
            "last": [list(each) for each in replayer.last],
            "events": list(self._events),
        }
        self._events.clear()
        return told
