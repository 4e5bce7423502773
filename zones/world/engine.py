"""One tick of the world: an ordered list of phases over the arena's two buffers.

Owns: the order of phases, the commit, scratch memory. Does not own: what a phase does (the modules
named in PHASES), pacing, permission and clock words (the loop around it). No clock is read here
but the one given for the times of the phases, which decide nothing.

A tick reads buffer A (committed) and writes buffer B. Nothing in A is ever written, and nothing
this process remembers decides anything, so the process may be killed at any instruction and
another does the same tick again, even with other inputs. Model of the phase list: ALIEN's
simulation steps.

Longer than usual: every phase stands here, with what it is given.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from Kernel.contract.arena import PHASES_MAX, ArenaWords, Header, State
from zones.runtime import random_streams
from zones.runtime.numba_setup import use_threads
from zones.runtime.writing_threads import WritingThreads
from zones.world import columns, founding, parameters
from zones.world.behaviour import behave
from zones.world.bodies import largest_radius
from zones.world.columns import (
    ALIVE,
    BODY,
    COLD,
    HOT,
    LOG,
    TRAIT_COLUMNS,
    Buffer,
    World,
    open_world,
)
from zones.world.crowd import index_crowd, plan_crowd
from zones.world.feeding import feed, settle
from zones.world.grid import coarsen, index_food
from zones.world.ground import slopes
from zones.world.inbox import Inbox, is_held
from zones.world.intake import Intake
from zones.world.invariants import quick_checks
from zones.world.lifecycle import bury, decide_fates, give_birth, ids_of_dead, reseed
from zones.world.lineage_log import carry_log, tell_log
from zones.world.outbox import TELEMETRY_TICKS, Outbox
from zones.world.scratch import derive_grid, new_scratch
from zones.world.senses import WANDER_SHIFT, farthest_sight
from zones.world.survey import keep_findings, survey
from zones.world.trait_library import TraitLibrary
from zones.world.trait_phase import TraitPhase
from zones.world.trait_survey import survey_traits
from zones.world.warm import Warmth, carry_private
from zones.world.weather import weather_at
from zones.world.world_hash import hash_of

PARALLEL_FROM: Final = 16_384
"""Slots from which `behave` uses threads. Waking one costs 80 us, as much as 2000 Molbots."""
PARALLEL_LIGHT_FROM: Final = 200_000
"""Slots from which the other phases do: they take a few ns for each slot."""
PHASE_MEAN_SHIFT: Final = 6
"""A phase's time in the header is a mean over about 2**6 ticks."""


class Groups(NamedTuple):
    """Columns of one buffer as kernels take them: made once, a small world would feel it.

    Those with several values in a row have shape (values, rows), as they lie in memory.
    """

    hot: tuple[Any, ...]
    body: tuple[Any, ...]
    traits: tuple[Any, ...]
    log: tuple[Any, ...]


class Tick(NamedTuple):
    """What the phases of one tick share."""

    number: int
    old: Buffer
    new: Buffer
    was: Groups  # of `old`
    now: Groups  # of `new`
    key: np.uint64  # of this tick's draws


def silent(_phase: str) -> None:
    """Report nothing."""


class Engine:
    """Computes and commits ticks in one arena.

    Args:
        words: the mapped arena, writable; founded with this build's schema.
        threads: of the parallel phases; decides nothing but speed.
        acked: returns the virtual outbox offset that is stored (`Side.OUTBOX_ACKED_OFFSET`).
        clock_ns: times the phases into `Header.PHASE_NS`; None: they are not timed.
        extra_draw: for the canary of the kill tests only: one more random draw in every tick,
            which takes energy from one Molbot and must show in the hash of every tick. A single
            draw would not do: its trace may die out with the Molbot.
        library: the code of traits this process has; an active one that it lacks is suspended.
        load_library: returns the code of traits when `start_traits` is called, in place of
            `library`: it runs what was generated, and so only in a sealed process.
        is_heir: in its first tick it says that what volatile traits remembered is lost. Not so
            where recorded ticks are computed again: that is among their inputs.
        threads_as_for: use threads in the phases in which a world of this many slots would; None:
            as this one is. A rehearsal on a small world takes the paths of a large one by it.
    """

    def __init__(
        self,
        words: ArenaWords,
        threads: int,
        acked: Callable[[], int],
        *,
        clock_ns: Callable[[], int] | None = None,
        library: TraitLibrary | None = None,
        load_library: Callable[[], TraitLibrary] | None = None,
        is_heir: bool = True,
        extra_draw: bool = False,
        threads_as_for: int | None = None,
    ) -> None:
        if threads != 1:  # numba would start its workers, which a sealed process cannot
            use_threads(threads)
        self._words = words
        self._threads = threads
        self._world = open_world(words)
        self._groups = tuple(_group(buffer) for buffer in self._world.buffers)
        self._warmth = Warmth(words)
        self._inbox = Inbox(words, self._world, self._warmth)
        self._outbox = Outbox(words, acked)
        self._clock_ns = clock_ns
        self._extra_draw = extra_draw
        self._load_library = load_library
        self._grid, self._fine_rows = derive_grid(self._world)
        extent = self._world.extent
        self._size = np.array([extent.width, extent.height], np.float32)
        self._ground = slopes(self._world.committed, extent)
        self._ground_shape = (
            np.float32(extent.ground_cell),
            extent.ground_cols,
            extent.ground_rows,
        )
        slots = extent.capacity if threads_as_for is None else threads_as_for
        self._parallel = threads > 1 and slots >= PARALLEL_FROM
        self._parallel_light = threads > 1 and slots >= PARALLEL_LIGHT_FROM
        self._fixed_key = random_streams.tick_key(self._world.seed, 0)
        self._phase_ns = words.memory[Header.PHASE_NS : Header.PHASE_NS + 4 * PHASES_MAX].cast("I")
        self._scratch = new_scratch(self._world, self._grid, threads)
        self._traits = TraitPhase(
            words,
            self._world,
            self._scratch,
            self._warmth,
            TraitLibrary() if library is None else library,
            threads,
        )
        self._intake = Intake(self._inbox, self._outbox, self._traits, is_heir)

    @property
    def world(self) -> World:
        """Views over the arena's columns."""
        return self._world

    def start_traits(self) -> None:
        """Load the code of traits that was left for later; call each trait once, for nobody."""
        if self._load_library is not None:
            self._traits.library = self._load_library()
        self._traits.warm_up()

    def start_threads(self) -> WritingThreads | None:
        """Start the workers of this process; None where no phase of this world uses any."""
        return WritingThreads() if self._parallel else None

    def use_parallel(self, parallel: bool) -> None:
        """Take the threaded form of every phase, or the plain one of each, whatever the size."""
        self._parallel = self._parallel_light = parallel

    def tick(self) -> int:
        """Compute the tick after the committed one, commit it and return its number.

        Whether the world may run now (hold, pacing, right to write) is the caller's question.
        """
        return self.run_phases(silent)

    def run_phases(self, progress: Callable[[str], None]) -> int:
        """As `tick`; `progress` is called with the name of each phase before it begins."""
        words = self._words
        committed = words.get(Header.COMMIT)
        number = committed + 1
        words.put(Header.FLIGHT, 1)
        tick = Tick(
            number,
            self._world.buffer(committed),
            self._world.buffer(number),
            self._groups[committed & 1],
            self._groups[number & 1],
            random_streams.tick_key(self._world.seed, number),
        )
        clock_ns, told = self._clock_ns, progress is not silent
        before_ns = clock_ns() if clock_ns else 0
        for flight, (name, phase) in enumerate(_PHASES, start=1):
            if told:
                progress(name)
            words.put(Header.FLIGHT, flight)
            phase(self, tick)
            if clock_ns:
                now_ns = clock_ns()
                self._keep_time(flight, now_ns - before_ns)
                before_ns = now_ns
        words.put(Header.COMMIT, number)
        words.put(Header.FLIGHT, 0)
        self._intake.is_fresh = False
        return number

    def _keep_time(self, flight: int, took_ns: int) -> None:
        """Draw the running mean of a phase towards what it took; the first tick sets it."""
        times = self._phase_ns
        mean = int(times[flight])
        mean = mean + ((took_ns - mean) >> PHASE_MEAN_SHIFT) if mean else took_ns
        times[flight] = min(max(mean, 1), 0xFFFF_FFFF)

    def holding(self) -> bool:
        """Return whether the world stands still: held, and nothing due in the inbox frees it."""
        committed = self._words.get(Header.COMMIT)
        if not is_held(self._words, committed):
            return False
        return not (self._inbox.releases(committed + 1) and self._outbox.has_room(committed))

    def publish_hash(self) -> bytes:
        """Write the hash of the committed tick into the header and return it."""
        committed = self._words.get(Header.COMMIT)
        if self._words.get(Header.HASH_TICK) == committed + 1:
            return self._words.get_bytes(Header.HASH, 32)
        digest = hash_of(self._world, committed)
        self._words.put(Header.HASH_TICK, 0)
        self._words.put_bytes(Header.HASH, digest)
        self._words.put(Header.HASH_TICK, committed + 1)
        return digest

    def _carry(self, tick: Tick) -> None:
        """Begin B as what A says, and bring its cold and warm columns and its log up to A."""
        tick.new.state_block[:] = tick.old.state_block
        count = tick.old.scalar(State.TOUCHED_COUNT)
        if count:
            slots = tick.old.touched[:count]
            for name in COLD:
                getattr(tick.new, name)[slots] = getattr(tick.old, name)[slots]
            carry_private(tick.old, tick.new, slots)
        self._warmth.carry(tick.old, tick.new)
        carry_log(tick.old, tick.new)
        tick.new.scalars[State.TOUCHED_COUNT >> 3] = 0
        tick.new.scalars[State.TICK >> 3] = tick.number

    def _take_inputs(self, tick: Tick) -> None:
        changed = self._intake.take(tick.number, tick.new)
        self._traits.begin(tick.number, tick.new, changed)

    def _make_weather(self, tick: Tick) -> None:
        weather = weather_at(tick.number, tick.new.parameters.tolist())
        reals = tick.new.reals
        reals[columns.LIGHT >> 3] = weather.light
        reals[columns.TEMPERATURE_NOW >> 3] = weather.temperature
        self._scratch.weather = weather

    def _index_food(self, tick: Tick) -> None:
        old, rules, grid = tick.old, tick.new.parameters, self._grid
        least = np.float32(rules[parameters.RESOURCE_RIPE])
        ripe = int(np.count_nonzero(old.resource_amount >= least))
        area = float(self._size[0]) * float(self._size[1])
        factor = coarsen(grid, ripe, area, farthest_sight(rules, self._scratch.weather.sight))
        cols = -(-grid.cols // factor)
        rows = -(-grid.rows // factor)
        cell = np.float32(grid.cell * factor)
        index_food(
            self._parallel_light,
            factor,
            cols,
            rows,
            cell,
            self._fine_rows,
            (old.resource_x, old.resource_y, old.resource_amount),
            least,
            self._scratch.index,
        )
        slack = np.float32(1e-3 * cell + 1e-6 * max(self._size))
        self._scratch.shape = (cell, slack, cols, rows)

    def _index_crowd(self, tick: Tick) -> None:
        old, scratch = tick.old, self._scratch
        # Not a search for the largest among the living: that would cost as much as the index.
        largest = max(old.real(columns.LARGEST_RADIUS), largest_radius(tick.new.parameters))
        tick.new.reals[columns.LARGEST_RADIUS >> 3] = largest
        scratch.largest = np.float32(largest)
        if largest == 0 and not tick.new.scalar(State.TRAITS_ACTIVE):
            return
        scratch.crowd_shape = plan_crowd(
            float(self._size[0]),
            float(self._size[1]),
            old.scalar(State.POPULATION),
            2.0 * largest,
            scratch.crowd.counts.shape[1] - 1,
        )
        parts = self._threads if self._parallel else 1
        index_crowd(parts, old.x, old.y, old.state, scratch.crowd_shape, scratch.crowd)

    def _behave(self, tick: Tick) -> None:
        old, new, scratch = tick.old, tick.new, self._scratch
        behave(
            self._threads if self._parallel else 1,
            tick.was.hot,
            tick.now.hot,
            (old.id, old.dna.T, old.radius),
            (old.resource_x, old.resource_y),
            scratch.index,
            scratch.shape,
            scratch.crowd,
            scratch.crowd_shape,
            (self._ground, self._size),
            self._ground_shape,
            (
                np.float32(scratch.weather.temperature),
                np.float32(scratch.weather.sight),
                scratch.largest,
            ),
            new.parameters,
            (
                random_streams.tick_key(self._world.seed, tick.number >> WANDER_SHIFT),
                self._fixed_key,
            ),
            scratch.intent,
            scratch.desks,
        )
        new.reals[columns.SPENT >> 3] += founding.sum_in_order(scratch.intent.spent)
        if self._extra_draw:
            _draw_once_more(tick)

    def _run_traits(self, tick: Tick) -> None:
        if self._traits.is_idle:
            return
        self._traits.run(
            tick.number, int(tick.key), tick.old, tick.new, _TRAITS_FLIGHT, self._parallel
        )

    def _settle(self, tick: Tick) -> None:
        parts = self._threads if self._parallel_light else 1
        eaters, eats, eating, _, _, _ = self._scratch.intent
        settle(parts, eaters, eats, eating, tick.old.radius, self._scratch.claim)

    def _feed(self, tick: Tick) -> None:
        old, new, scratch = tick.old, tick.new, self._scratch
        growth = float(new.parameters[parameters.SPAWN_RATE]) * scratch.weather.growth
        food = (old.resource_amount, old.resource_fertility)
        eaters = (new.energy, new.max_energy, old.dna.T)
        feed(
            self._parallel_light, food, new.resource_amount, scratch.claim,
            scratch.claimed, eaters, np.float32(growth), new.parameters, scratch.meals,
        )  # fmt: skip
        new.reals[columns.EATEN >> 3] += founding.sum_in_order(scratch.meals[:, 0])
        new.reals[columns.GROWN >> 3] += founding.sum_in_order(scratch.meals[:, 1])

    def _serve_meals(self, tick: Tick) -> None:
        if not self._traits.is_idle:
            self._traits.settle_meals(tick.old, tick.new)

    def _decide_fates(self, tick: Tick) -> None:
        new, scratch = tick.new, self._scratch
        intent, counts, fated = scratch.intent, scratch.counts, scratch.fated
        decide_fates(
            self._parallel_light, new.energy, new.state, intent.bears_at, intent.hurt, counts, fated
        )
        scratch.bearing = bury(
            counts, fated, new.energy, tick.was.body, tick.number, new.scalars, new.reals,
            tick.now.log, scratch.cursors,
        )  # fmt: skip
        if not self._traits.is_idle:
            self._traits.forget(lambda: ids_of_dead(counts, fated, tick.old.id))

    def _give_birth(self, tick: Tick) -> None:
        new, scratch = tick.new, self._scratch
        room = tick.old.scalar(State.FREE_COUNT)
        if not (scratch.bearing and room):
            return
        give_birth(
            room, tick.old.state, tick.now.hot, tick.now.body,
            tick.now.traits, self._traits.bits, tick.number, tick.key, self._size, new.parameters,
            scratch.counts, scratch.fated, scratch.cursors, new.scalars, new.reals, new.touched,
            tick.now.log,
        )  # fmt: skip

    def _reseed(self, tick: Tick) -> None:
        new = tick.new
        wanted = int(new.parameters[parameters.MIN_POPULATION]) - new.scalar(State.POPULATION)
        if wanted <= 0:
            return
        room = tick.old.scalar(State.FREE_COUNT) - new.scalar(State.TOUCHED_COUNT)
        reseed(
            wanted, room, tick.old.state, tick.now.hot, tick.now.body, tick.now.traits,
            self._traits.bits, tick.number, tick.key, self._size, new.parameters,
            self._scratch.cursors, new.scalars, new.reals, new.touched, tick.now.log,
        )  # fmt: skip

    def _publish(self, tick: Tick) -> None:
        number, new = tick.number, tick.new
        if number % TELEMETRY_TICKS == 0:
            found = survey(self._parallel_light, new, self._scratch.tally)
            keep_findings(new, found)
            checks = quick_checks(new, self._world.capacity, found)
            self._outbox.tell_failed(number, new, [check for check in checks if not check.ok])
            traits = survey_traits(new, self._scratch.carriers)
            self._outbox.tell_telemetry(number, new, found, traits)
        tell_log(self._outbox, number, new)


_PHASES: Final[tuple[tuple[str, Callable[[Engine, Tick], None]], ...]] = (
    ("carry", Engine._carry),
    ("inputs", Engine._take_inputs),
    ("weather", Engine._make_weather),
    ("food index", Engine._index_food),
    ("crowd", Engine._index_crowd),
    ("behave", Engine._behave),
    ("traits", Engine._run_traits),
    ("settle", Engine._settle),
    ("feed", Engine._feed),
    ("meals", Engine._serve_meals),
    ("fates", Engine._decide_fates),
    ("births", Engine._give_birth),
    ("reseed", Engine._reseed),
    ("publish", Engine._publish),
)
PHASES: Final = ("between ticks", *(name for name, _ in _PHASES))
"""Name of each phase by its number in the flight word."""
_TRAITS_FLIGHT: Final = PHASES.index("traits")


def _draw_once_more(tick: Tick) -> None:
    """Take a drawn part of one energy unit from one living Molbot, from another at each tick."""
    living = np.flatnonzero(tick.old.state == ALIVE)
    if len(living):
        chosen = living[tick.number % len(living), None]
        entity = chosen.astype(np.uint64)
        drawn = random_streams.many_units(tick.key, entity, random_streams.CANARY, 0)
        tick.new.energy[chosen] -= drawn


def _group(buffer: Buffer) -> Groups:
    # The transpose of a column of one value in a row is the column itself.
    groups = (HOT, BODY, TRAIT_COLUMNS, LOG)
    return Groups(*(tuple(getattr(buffer, name).T for name in names) for names in groups))
