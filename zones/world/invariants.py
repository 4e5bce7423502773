"""What must hold in every committed tick, as functions that say whether it does.

Owns: the checks and their tolerances. Does not own: when they are made (`engine.py` makes the
cheap ones every TELEMETRY_TICKS; `molt doctor world` and the tests make all, doctor `cold_check`
only of a world that holds still). Pure; nothing is changed. Whatever the bytes of a buffer say,
each check comes to an answer.

The books: energy of all Molbots = founded + eaten + seeded - spent - lost, and food = founded +
grown - eaten. Every entry is the difference that a phase really made, in float64; what is left is
the rounding of float32 sums when a meal changes hands (`_tolerance`).
"""

import math
from typing import Final, NamedTuple

import numpy as np

from Kernel.contract.arena import NEVER, State
from zones.traits.contract import ACTIVE_MAX
from zones.world import columns, parameters
from zones.world.columns import ALIVE, COLD, COLUMNS, NO_PARENT, Buffer, Extent, World
from zones.world.grid import cells_of, plan_grid
from zones.world.registry import ACTIVE, STATUS_NAMES, read_entries, read_moods
from zones.world.survey import Survey, new_tally, survey
from zones.world.warm import Warmth

BOOKS_TOLERANCE: Final = 1e-6
"""Share of what stands and lately flowed: sixteen roundings of a float32."""
OLD_TOLERANCE: Final = 1e-9
"""Share of all that ever flowed: roundings up and down cancel, so their sum grows by the root of
their number. Twice what 200 000 ticks of the default world came to."""
LEAST_TOLERANCE: Final = 1e-6
RECENT_TICKS: Final = 300


class Check(NamedTuple):
    """One thing that must hold.

    Args:
        value, limit: what was found and what it may be at most; equal things have a limit of 0
            and a value that counts what differs.
        what: what it means, for people.
    """

    name: str
    value: float
    limit: float
    what: str

    @property
    def ok(self) -> bool:
        """Whether it holds; not for a value that is no number."""
        return abs(self.value) <= self.limit

    def fields(self) -> dict[str, object]:
        """Return plain data; a value that is no finite number is None, as JSON knows none."""
        value = self.value if math.isfinite(self.value) else None
        return {**self._asdict(), "value": value, "ok": self.ok}


def quick_checks(buffer: Buffer, capacity: int, found: Survey) -> list[Check]:
    """Return the checks that a survey pays for.

    Args:
        buffer: of the tick that `found` was made of.
    """
    population = buffer.scalar(State.POPULATION)
    free = buffer.scalar(State.FREE_COUNT)
    return [
        Check("numbers", found.unsound, 0, "Molbots and food places with a value out of its range"),
        Check("population", found.population - population, 0, "Molbots alive but not counted"),
        Check("slots", population + free - capacity, 0, "slots neither taken nor free"),
        *_bounds(buffer, capacity, population),
        *book_checks(buffer, found.energy, found.food),
    ]


def book_checks(buffer: Buffer, energy: float, food: float) -> list[Check]:
    """Return whether the books of energy agree with what is there.

    Args:
        energy, food: of all Molbots and all places, added up.
    """
    founded, food_founded = buffer.real(columns.ENERGY_FOUNDED), buffer.real(columns.FOOD_FOUNDED)
    grown, eaten = buffer.real(columns.GROWN), buffer.real(columns.EATEN)
    spent, lost = buffer.real(columns.SPENT), buffer.real(columns.LOST)
    seeded = buffer.real(columns.ENERGY_SEEDED)
    # Spent as well: a cost far above what is there leaves a debt, whose float32 is as coarse.
    flowed = founded + food_founded + seeded + grown + eaten + spent
    tolerance = _tolerance(energy + food, flowed, buffer.scalar(State.TICK))
    return [
        Check(
            "energy books",
            energy - (founded + eaten + seeded - spent - lost),
            tolerance,
            "energy of Molbots that nothing accounts for",
        ),
        Check(
            "food books",
            food - (food_founded + grown - eaten),
            tolerance,
            "energy in food that nothing accounts for",
        ),
    ]


def _tolerance(standing: float, flowed: float, tick: int) -> float:
    """Return how far the books may be off by rounding alone, in energy; 0 for damaged books.

    A share of what stands and of what flows in RECENT_TICKS on the mean, and a thousand times
    smaller one of all that ever flowed: 0.03 in a default world of 200 000 ticks, whose real error
    is 0.003. A limit that grew with all that flowed would be 6 there, blind to a slow leak.
    """
    if not (math.isfinite(standing) and math.isfinite(flowed)):
        return 0.0
    recent = flowed * min(1.0, RECENT_TICKS / max(tick, 1))
    share = BOOKS_TOLERANCE * (abs(standing) + abs(recent)) + OLD_TOLERANCE * abs(flowed)
    return share + LEAST_TOLERANCE


def all_checks(world: World, tick: int) -> list[Check]:
    """Return every check of one tick, which nobody may be writing over."""
    buffer = world.buffer(tick)
    alive = np.flatnonzero(buffer.state == ALIVE)
    # Damaged bytes overflow on their way; what comes of it is compared all the same.
    with np.errstate(all="ignore"):
        found = survey(False, buffer, new_tally(world.capacity, world.extent.resources))
        return [
            Check(
                "tick",
                buffer.scalar(State.TICK) - tick,
                0,
                "ticks between the commit and the count of the world",
            ),
            *quick_checks(buffer, world.capacity, found),
            *_parameters(buffer),
            *_identity(buffer, alive, tick),
            *_index(buffer, world.extent),
            *_counts(buffer),
            *_registry(buffer, alive),
            Check(
                "finite columns",
                _not_finite(buffer, alive),
                0,
                "values of Molbots and food places that are no finite number",
            ),
        ]


def cold_check(world: World, tick: int) -> Check:
    """Return whether both buffers agree where tick T has touched nothing.

    In columns that are warm they need not: the next tick brings them up whole.

    Only for a world that stands still: a tick that is being computed writes the other buffer.
    """
    new, old = world.buffer(tick), world.buffer(tick - 1)
    same = new.state == ALIVE
    warm = Warmth(world.words).columns()
    count = new.scalar(State.TOUCHED_COUNT)
    touched = new.touched[: max(count, 0)]
    known = (touched >= 0) & (touched < len(same))
    same[touched[known]] = False
    apart = sum(
        int(np.count_nonzero(getattr(new, name)[same] != getattr(old, name)[same]))
        for name in COLD
        if name not in warm
    )
    foreign = int(np.count_nonzero(~known)) + (count != len(touched))
    return Check(
        "cold columns",
        apart + foreign,
        0,
        "values that differ from the tick before, though nothing changed them",
    )


def _bounds(buffer: Buffer, capacity: int, population: int) -> list[Check]:
    # Compared as a float, since a damaged one is no number.
    least = float(buffer.parameters[parameters.MIN_POPULATION])
    # Slots freed in a tick are given away from the next one on only.
    most = capacity - buffer.scalar(columns.DIED_NOW)
    # Nobody is seeded at founding: tick 0 has as many as its settings say.
    lacking = max(0.0, min(least, most) - population) if buffer.scalar(State.TICK) else 0.0
    return [
        Check("most", max(0, population - capacity), 0, "Molbots beyond the number of slots"),
        Check("least", lacking, 0, "Molbots missing below min_population, though slots are free"),
    ]


def _identity(buffer: Buffer, alive: columns.I64, tick: int) -> list[Check]:
    ids = buffer.id[alive]
    doubles = len(ids) - len(np.unique(ids))
    foreign = np.count_nonzero((ids < columns.FIRST_ID) | (ids >= buffer.scalar(State.NEXT_ID)))
    lineage = buffer.lineage[alive]
    strange = np.count_nonzero((lineage < 1) | (lineage >= buffer.scalar(columns.NEXT_LINEAGE)))
    parent = buffer.parent[alive]
    strangers = (parent < NO_PARENT) | ((parent != NO_PARENT) & (parent >= ids))
    aged = np.count_nonzero(buffer.age[alive] != tick - buffer.born_at[alive].astype(np.int64))
    return [
        Check("ids", doubles + int(foreign), 0, "ids given twice or never given"),
        Check("lineages", int(strange), 0, "lineages that were never founded"),
        Check("parents", int(np.count_nonzero(strangers)), 0, "Molbots older than their parent"),
        Check("ages", int(aged), 0, "ages that do not match the tick of birth"),
    ]


def _parameters(buffer: Buffer) -> list[Check]:
    """Return whether every parameter is one that an input could have set."""
    wrong = sum(
        not each.low <= float(buffer.parameters[each.index]) <= each.high
        for each in parameters.PARAMETERS
    )
    return [Check("parameters", wrong, 0, "parameters out of their range")]


def _index(buffer: Buffer, extent: Extent) -> list[Check]:
    """Return whether places lie in the order that the search relies on, and food can grow."""
    # The order is judged by the grid that belongs to this extent: a damaged one might name
    # more cells than memory holds.
    grid = plan_grid(extent.width, extent.height, extent.resources)
    told = (
        buffer.real(columns.WIDTH),
        buffer.real(columns.HEIGHT),
        buffer.real(columns.CELL),
        buffer.scalar(columns.GRID_COLS),
        buffer.scalar(columns.GRID_ROWS),
    )
    misplanned = sum(
        a != b for a, b in zip(told, (extent.width, extent.height, *grid), strict=True)
    )
    x, y = buffer.resource_x, buffer.resource_y
    # Written so that a place that is no number is outside.
    inside = (x >= 0) & (x <= extent.width) & (y >= 0) & (y <= extent.height)
    cells = cells_of(x[inside], y[inside], grid)
    unindexed = np.count_nonzero(~inside) + np.count_nonzero(np.diff(cells) < 0)
    barren = np.count_nonzero(~(buffer.resource_fertility >= 0))
    return [
        Check("food grid", misplanned, 0, "sizes of world or food grid that are not as founded"),
        Check("food index", int(unindexed), 0, "food places outside the world or out of order"),
        Check("fertility", int(barren), 0, "food places where food would shrink"),
    ]


def _registry(buffer: Buffer, alive: columns.I64) -> list[Check]:
    """Return whether the registry is one that inputs can have made, and carriers fit it."""
    entries = read_entries(buffer)
    active = sum(entry.bit for entry in entries if entry.status == ACTIVE)
    known = sum(entry.bit for entry in entries)
    told = buffer.scalar(State.TRAITS_ACTIVE) & NEVER
    wrong = (told ^ active).bit_count() + max(0, active.bit_count() - ACTIVE_MAX)
    taken = 0
    for entry in entries:
        wrong += entry.status >= len(STATUS_NAMES) or not (entry.tier and entry.state)
        wrong += bool(taken & entry.places) or entry.places >> buffer.trait_memory.shape[1] != 0
        taken |= entry.places
    names = [entry.name for entry in entries if entry.status == ACTIVE]
    wrong += len(names) - len(set(names))
    carried = buffer.trait_bits[alive] | buffer.deactivated_bits[alive] | buffer.ready[alive]
    foreign = np.count_nonzero(carried & ~np.uint64(known))
    moods = np.count_nonzero(buffer.mood[alive] >= len(read_moods(buffer)))
    return [
        Check("registry", wrong, 0, "slots of traits that no input can have made so"),
        Check("carriers", int(foreign), 0, "Molbots that carry what is in no slot"),
        Check("moods", int(moods), 0, "Molbots in a state that has no name"),
    ]


def _counts(buffer: Buffer) -> list[Check]:
    """Return whether all who ever lived are alive or counted as dead."""
    came = buffer.scalar(State.BIRTHS) + buffer.scalar(State.SEEDED)
    went = (
        buffer.scalar(State.DEATH_STARVATION)
        + buffer.scalar(State.DEATH_AGE)
        + buffer.scalar(State.DEATH_COLLISION)
    )
    founders = buffer.scalar(State.NEXT_ID) - columns.FIRST_ID - came
    missing = founders + came - went - buffer.scalar(State.POPULATION)
    return [Check("census", missing, 0, "Molbots neither alive nor counted as dead")]


def _not_finite(buffer: Buffer, alive: columns.I64) -> int:
    total = 0
    for column in COLUMNS:
        values = getattr(buffer, column.name)
        if values.dtype.kind == "f":
            rows = values[alive] if column.rows == "entity" else values
            total += int(np.count_nonzero(~np.isfinite(rows)))
    return total
