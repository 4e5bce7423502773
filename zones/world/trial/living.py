"""What the process of one run does: it ticks a copy of the world, sealed, and tells how it went.

Owns: the order of link, seal, load, tick, report. Does not own: starting and watching such a
process (`runs.py`), reading what it leaves (`reading.py`), the layers of the cage
(`zones/runtime/cage.py`), a source that nobody has checked (`unguarded.py`).

Of a native candidate the object code is linked before the seal, since afterwards no memory can be
made executable; of an interpreted one only the checked source goes in, and the body of its module
runs behind the seal, as do those of the traits that the world has already.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import numpy as np

from Kernel.contract.arena import ArenaWords, Header
from Kernel.contract.inputs import ADD_TRAIT, Input, TraitFacts
from Kernel.contract.window_metrics import read_counters
from zones.runtime.arena_image import ArenaImage
from zones.traits.contract import STATUS_NAMES
from zones.traits.first_faults import FirstFault
from zones.traits.native.compiling import NativeTrait
from zones.traits.reading import check_source
from zones.traits.scene import Scene
from zones.traits.verdict import Checked
from zones.world.engine import Engine
from zones.world.recorded import Recorded, send
from zones.world.trait_library import LoadedTrait, TraitLibrary
from zones.world.trait_loading import LoadedTraits, interpreted_trait, trait_of_native
from zones.world.trial.copying import found_copy

STATUSES: Final = max(STATUS_NAMES) + 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """The trait that is tried.

    Args:
        code: its object code, b"": it is interpreted.
    """

    facts: TraitFacts
    source: bytes
    code: bytes = b""


@dataclass(frozen=True, slots=True)
class Life:
    """What one run is to live through.

    Args:
        candidate: whose code comes in in the first tick, None: nobody's.
        loaded: the traits that the world has already.
        inputs: applied in the first tick, in their order.
        window_ticks: after so many ticks the counters are noted, again and again; 0: never.
    """

    image: ArenaImage
    ticks: int
    loaded: LoadedTraits
    candidate: Candidate | None = None
    inputs: tuple[Input, ...] = ()
    window_ticks: int = 0


class Guest(Protocol):
    """Whose part in a run is told of."""

    def act(self, engine: Engine) -> None:
        """Do what it does between two ticks."""

    def report(self) -> dict[str, Any]:
        """Return {"statuses", "fuel_max"}: calls by how they ended, the most fuel of one.

        What knows it adds "first_faults", [[status, line, name]].
        """


def live(
    life: Life, memory: memoryview, acked: Callable[[], int], seal: Callable[[], None]
) -> bytes:
    """Live one run in this very process, and return its report.

    Args:
        memory: for the copy of the world, shared with who reads it afterwards.
        seal: takes from this process what it needs no more, for good.
    """
    words = found_copy(memory, life.image)
    tried = Tried(life.candidate) if life.candidate is not None else None
    seal()
    library = life.loaded.library()
    if tried is not None:
        library = TraitLibrary([tried.load()]).joined(library)
    engine = Engine(words, 1, acked, library=library)
    if tried is not None:
        send_candidate(words, tried.facts)
    for given in life.inputs:
        send_input(words, given)
    return run_ticks(engine, life.ticks, tried, life.window_ticks)


def run_ticks(engine: Engine, ticks: int, guest: Guest | None, window_ticks: int = 0) -> bytes:
    """Tick, publish the hash, and return the report.

    Ticks are timed by the processor time of this thread: a trial is niced, and how long it waits
    for a core says nothing about a trait.
    """
    took_ns = np.zeros(ticks, np.int64)
    clock = time.thread_time_ns
    windows: list[list[int | float]] = []
    for number in range(ticks):
        began_ns = clock()
        engine.tick()
        took_ns[number] = clock() - began_ns
        if guest is not None:
            guest.act(engine)
        if window_ticks and (number + 1) % window_ticks == 0:
            windows.append(read_counters(engine.world.committed.scalar).plain())
    engine.publish_hash()
    told = {"statuses": [], "fuel_max": 0} if guest is None else guest.report()
    told["median_us"] = float(np.median(took_ns)) / 1e3
    told["p99_us"] = float(np.percentile(took_ns, 99)) / 1e3
    told["windows"] = windows
    return json.dumps(told).encode()


def send_candidate(words: ArenaWords, facts: TraitFacts) -> None:
    """Put the input that brings a trait in into the inbox: its first tick is the next one."""
    send_input(words, Input(ADD_TRAIT, trait=facts))


def send_input(words: ArenaWords, given: Input) -> None:
    """Put an input into the inbox that is applied in the next tick."""
    tick = words.get(Header.COMMIT) + 1
    send(words, Recorded(tick, given), tick)


class Tried:
    """The candidate in the process that runs it: linked before the seal, loaded behind it.

    Counts how its calls end.
    """

    def __init__(self, candidate: Candidate) -> None:
        self.facts = candidate.facts
        self._checked = check_source(candidate.source)
        self._native = link(self._checked, candidate.code) if candidate.code else None
        self._statuses = np.zeros(STATUSES, np.int64)
        self._fuel_max = 0
        self._first_faults: Mapping[int, FirstFault] = {}

    def load(self) -> tuple[str, LoadedTrait]:
        """Return it with its tier; runs the body of an interpreted one."""
        trait = self._native or interpreted_trait(self._checked)
        self._first_faults = trait.first_faults

        def run(scene: Scene, count: int, parts: int) -> None:
            trait.run(scene, count, parts)
            if count:
                status, fuel = scene.arrays["status"][:count], scene.arrays["fuel"][:count]
                self._statuses += np.bincount(status, minlength=STATUSES)
                self._fuel_max = max(self._fuel_max, int(fuel.max()))

        return self.facts.tier, replace(trait, run=run)

    def act(self, _engine: Engine) -> None:
        """Do nothing more: it has had its part in the tick."""

    def report(self) -> dict[str, Any]:
        """Return how its calls ended."""
        first = [[status, *place] for status, place in self._first_faults.items()]
        counts = self._statuses.tolist()
        return {"statuses": counts, "fuel_max": self._fuel_max, "first_faults": first}


def link(checked: Checked, code: bytes) -> LoadedTrait:
    """Return the native trait of some object code: linked, and not run."""
    return trait_of_native(checked, NativeTrait(checked, code))
