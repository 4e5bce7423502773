"""Reading what a run has left: its arena and its report, both as the work of a stranger.

Owns: what must hold in an arena that a run has left, and in what it says of itself. Does not own:
the invariants (`invariants.py`), which of them mean damage (`inspection.py`), the verdict
(`judging.py`). The run is over when this is done: nobody writes any more.

Whoever holds the trait slot of a sealed process may have written every byte of the arena. So
nothing of it is an address or a size here before it has been compared with what was founded.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from blake3 import blake3

from Kernel.contract.arena import ArenaWords, Buffers, Header, State, check_arena
from Kernel.contract.errors import ArenaError
from Kernel.contract.window_metrics import Counters, follows, parse_counters, read_counters
from zones.runtime.arena_image import ArenaImage
from zones.traits.contract import LINES_MAX, OK, STATUS_NAMES
from zones.traits.first_faults import NAME_CHARS_MAX, FirstFault
from zones.world.columns import ALIVE, COLUMNS, World, open_world, plan_layout, read_extent
from zones.world.columns import view_buffer as view
from zones.world.inspection import DAMAGE
from zones.world.invariants import Check, all_checks
from zones.world.parameters import MIN_POPULATION
from zones.world.registry import read_entries
from zones.world.trial.following import Lied, Period
from zones.world.trial.measures import Totals, measure, totals_of
from zones.world.warm import WARM
from zones.world.world_hash import hash_of

MICROSECONDS_MAX: Final = 10**10
FAILED_TOLD: Final = 4


@dataclass(frozen=True, slots=True)
class Origin:
    """What a run began with, as we know it and it cannot change.

    Args:
        code_hash: of the candidate, "" in a control.
        counted: its registry counts calls as its report does.
        window_ticks: its report has the counters after so many ticks, again and again; 0: never.
        counters: at its beginning.
    """

    buffers: Buffers
    schema: bytes
    seed: int
    tick: int
    ticks: int
    totals: Totals
    population: int
    counters: Counters
    code_hash: str = ""
    counted: bool = True
    window_ticks: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """What a run came to.

    Args:
        metrics: see `measures.py`.
        failed: checks of the world's invariants that do not hold.
        bodies: a digest of all that lives and grows, the registry and its marks left out.
        statuses: calls of the candidate by how they ended.
        fuel: steps it took, and the most in one call.
        tick_us: median and p99, of processor time.
        first_faults: by status, where the first call that failed so did; it may be no truth.
        extinct: nobody is left but those that the world itself has put in meanwhile.
        seeded: how many these were, the dead ones too.
        at_least: no more live than the world keeps up by putting in new ones.
        windows: the counters at its beginning and after each window.
    """

    population: int
    metrics: Mapping[str, float]
    failed: tuple[Check, ...]
    bodies: str
    tick_us: Mapping[str, float]
    extinct: bool
    seeded: int = 0
    statuses: Mapping[int, int] = field(default_factory=dict)
    fuel: int = 0
    fuel_max: int = 0
    first_faults: Mapping[int, FirstFault] = field(default_factory=dict)
    at_least: bool = False
    windows: tuple[Counters, ...] = ()

    @property
    def calls(self) -> int:
        """How often the candidate was called."""
        return sum(self.statuses.values())


def origin_of(
    image: ArenaImage,
    ticks: int,
    code_hash: str = "",
    counted: bool = True,
    window_ticks: int = 0,
) -> Origin:
    """Return what a run of so many ticks begins with."""
    layout = plan_layout(read_extent(image.schema))
    buffer = view(memoryview(image.buffer).toreadonly(), 0, len(image.buffer), layout)
    return Origin(
        buffers=image.buffers(),
        schema=image.schema,
        seed=image.seed,
        tick=image.tick,
        ticks=ticks,
        totals=totals_of(buffer),
        population=buffer.scalar(State.POPULATION),
        counters=read_counters(buffer.scalar),
        code_hash=code_hash,
        counted=counted,
        window_ticks=window_ticks,
    )


def read_left(memory: memoryview, origin: Origin, report: bytes, periods: list[Period]) -> Left:
    """Return what a run came to, from its memory and its report.

    Raises:
        Lied: something in them is not so, or cannot be.
    """
    told = _parse_report(report)
    world = _open(memory, origin)
    tick = origin.tick + origin.ticks
    failed = tuple(check for check in all_checks(world, tick) if not check.ok)
    damage = [f"{check.name} ({check.value:g} {check.what})" for check in failed
              if check.name in DAMAGE]  # fmt: skip
    if damage:
        raise Lied(f"left a world that cannot be: {', '.join(damage[:FAILED_TOLD])}")
    if world.words.get_bytes(Header.HASH, 32) != hash_of(world, tick):
        raise Lied("published a hash that is not of its columns")
    statuses, fuel = _check_calls(world, origin, told)
    buffer = world.buffer(tick)
    living = buffer.state == ALIVE
    population = int(np.count_nonzero(living))
    after = totals_of(buffer)
    put_in = (buffer.generation[living] == 0) & (buffer.born_at[living] > origin.tick)
    return Left(
        population=population,
        metrics=measure(
            origin.totals,
            after,
            population,
            float(np.mean(buffer.energy[living], dtype=np.float64)) if population else 0.0,
            len(np.unique(buffer.lineage[living])),
            periods,
        ),
        failed=failed,
        bodies=_digest_bodies(world, tick),
        tick_us={"median": told["median_us"], "p99": told["p99_us"]},
        extinct=bool(np.all(put_in)),
        seeded=after.seeded - origin.totals.seeded,
        statuses=statuses,
        fuel=fuel,
        fuel_max=told["fuel_max"],
        first_faults=told["first_faults"],
        at_least=population <= float(buffer.parameters[MIN_POPULATION]),
        windows=_check_windows(told["windows"], origin, read_counters(buffer.scalar), periods),
    )


def read_progress(memory: memoryview, origin: Origin) -> tuple[int, int]:
    """Return the last tick that a run has committed, and its flight word: of a dead one, too."""
    words = ArenaWords(memory)
    tick = words.get(Header.COMMIT)
    if not origin.tick <= tick <= origin.tick + origin.ticks:
        return origin.tick, 0
    return tick, words.get(Header.FLIGHT)


def _open(memory: memoryview, origin: Origin) -> World:
    words = ArenaWords(memory)
    try:
        found = check_arena(words, "its arena")
        if found != origin.buffers or words.schema() != origin.schema:
            raise Lied("wrote over the layout of its arena")
        tick, wanted = words.get(Header.COMMIT), origin.tick + origin.ticks
        if tick != wanted or words.get(Header.FLIGHT):
            raise Lied(f"left its world at tick {tick} instead of {wanted}")
        if words.get(Header.SEED) != origin.seed or words.get(Header.HASH_TICK) != tick + 1:
            raise Lied("wrote over the header of its arena")
        return open_world(words)
    except ArenaError as error:
        raise Lied(f"left no arena: {error.message}") from error


def _check_calls(
    world: World, origin: Origin, told: Mapping[str, Any]
) -> tuple[dict[int, int], int]:
    """Return calls by their end and the fuel of all, which report and registry must agree on."""
    statuses = {number: many for number, many in enumerate(told["statuses"]) if many}
    if not statuses.keys() <= STATUS_NAMES.keys():
        raise Lied("tells of calls that ended as none can")
    if not origin.counted:
        return statuses, 0
    if not origin.code_hash:
        if statuses:
            raise Lied("tells of calls that nobody made")
        return {}, 0
    buffer = world.committed
    entry = next((each for each in read_entries(buffer) if each.hash == origin.code_hash), None)
    if entry is None:
        raise Lied("lost the trait from its registry")
    faults = sum(many for number, many in statuses.items() if number != OK)
    if (entry.calls, entry.faults) != (sum(statuses.values()), faults) or entry.fuel < 0:
        raise Lied(
            f"counts {entry.calls} calls and {entry.faults} faults in one place, "
            f"{sum(statuses.values())} and {faults} in another"
        )
    return statuses, entry.fuel


def _check_windows(
    windows: list[Counters], origin: Origin, end: Counters, periods: list[Period]
) -> tuple[Counters, ...]:
    """Return the counters of all windows, which must lead from the beginning to the end.

    Each of them is only what the run says. That they keep the census, agree with its telemetry
    where that is of the same tick, and end with what its columns say leaves a liar little.
    """
    if len(windows) != (origin.ticks // origin.window_ticks if origin.window_ticks else 0):
        raise Lied("tells of windows that there were not")
    all_of_them = [origin.counters, *windows]
    if not all(map(follows, all_of_them, [*windows, end])):
        raise Lied("tells of windows that cannot follow each other")
    populations = {each.tick: each.population for each in periods}
    for number, each in enumerate(windows, start=1):
        tick = origin.tick + number * origin.window_ticks
        if populations.get(tick, each.population) != each.population:
            raise Lied("tells of windows otherwise than its telemetry")
    if windows and origin.ticks % origin.window_ticks == 0 and windows[-1] != end:
        raise Lied("tells of another end than it came to")
    return tuple(all_of_them)


def _parse_report(report: bytes) -> dict[str, Any]:
    try:
        told = json.loads(report)
        numbers = {name: float(told[name]) for name in ("median_us", "p99_us")}
        statuses, fuel_max = told["statuses"], told["fuel_max"]
        first_faults = parse_first_faults(told.get("first_faults", []))
        windows = [parse_counters(each) for each in told.get("windows", [])]
        counts = [*statuses, fuel_max]
        sound = all(type(each) is int and 0 <= each < 2**62 for each in counts)
        sound = sound and len(statuses) <= max(STATUS_NAMES) + 1
        sound = sound and all(0 <= each <= MICROSECONDS_MAX for each in numbers.values())
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        sound = False
    if not sound:
        raise Lied("said what is no report")
    return {
        **numbers, "statuses": statuses, "fuel_max": fuel_max, "first_faults": first_faults,
        "windows": windows,
    }  # fmt: skip


def parse_first_faults(told: Any) -> dict[int, FirstFault]:
    """Return where calls failed first, by status, from [[status, line, name]] of a child.

    Raises:
        ValueError, TypeError: it is none.
    """
    found = {}
    for status, line, name in told:
        place = FirstFault(line, name)
        if status not in STATUS_NAMES or type(line) is not int or not 0 <= line <= LINES_MAX:
            raise ValueError("no line of a source")
        if type(name) is not str or (name and not name.isidentifier()):
            raise ValueError("no name of an attribute")
        if len(name) > NAME_CHARS_MAX or status in found:
            raise ValueError("more than there can be")
        found[status] = place
    return found


def _digest_bodies(world: World, tick: int) -> str:
    """Return a digest of what lives and grows: equal where a trait has changed nothing at all.

    Left out is what carrying a trait changes by itself: the warm columns of traits, the registry.
    """
    buffer = world.buffer(tick)
    living = np.flatnonzero(buffer.state == ALIVE)
    digest = blake3(living.astype("<i4").tobytes())
    for column in COLUMNS:
        values = getattr(buffer, column.name)
        if column.rows == "resource":
            digest.update(values.tobytes())
        elif column.rows == "entity" and column.name not in _OF_TRAITS:
            digest.update(values[living].tobytes())
    return digest.hexdigest()


_OF_TRAITS: Final = frozenset(WARM) - {"max_energy", "radius", "colour", "mood"} | {
    "touched", "trait_faults", "trait_memory",
}  # fmt: skip
