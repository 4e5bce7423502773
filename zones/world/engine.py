"""One tick of the world: an ordered list of phases over the arena's two buffers.

Owns: the order of phases, the commit, scratch memory. Does not own: what a phase does (the modules
named in PHASES), pacing, permission and clock words (the loop around it). No clock is read here.

A tick reads buffer A (committed) and writes buffer B. Nothing in A is ever written, and nothing
this process remembers decides anything, so the process may be killed at any instruction and
another does the same tick again, even with other inputs. Model of the phase list: ALIEN's
simulation steps.
"""

import mmap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from Kernel.contract.arena import ArenaWords, Header, State
from zones.world import columns, founding, parameters, random_streams
from zones.world.behaviour import BLOCK, NOTHING, WANDER_SHIFT, behave
from zones.world.columns import ALIVE, COLD, Buffer, World, open_world
from zones.world.feeding import feed, settle
from zones.world.grid import FineGrid, Index, coarsen, index_food, new_index, row_starts
from zones.world.inbox import Inbox, is_held
from zones.world.lifecycle import decide_fates, give_birth, reseed
from zones.world.numba_setup import use_threads
from zones.world.outbox import TELEMETRY_TICKS, Outbox
from zones.world.settings import parse_settings
from zones.world.world_hash import hash_of

PARALLEL_FROM: Final = 16_384
"""Slots from which `behave` uses threads. Waking one costs 80 us, as much as 2000 Molbots."""
PARALLEL_LIGHT_FROM: Final = 200_000
"""Slots from which the other phases do: they take a few ns for each slot."""


class Tick(NamedTuple):
    """What the phases of one tick share."""

    number: int
    old: Buffer
    new: Buffer
    key: np.uint64  # of this tick's draws


@dataclass(slots=True)
class Scratch:
    """Memory of this process that holds nothing from one tick to the next."""

    intent: columns.I32  # (capacity,)
    claim: columns.I32  # (resources,), all NOTHING between ticks
    counts: columns.I64  # (blocks, 3)
    parents: columns.I32  # (capacity,)
    cursors: columns.I64  # (blocks,)
    index: Index
    shape: tuple[np.float32, np.float32, int, int]  # of the index: cell, slack, cols, rows


def _silent(_phase: str) -> None:
    """Report nothing."""


class Engine:
    """Computes and commits ticks in one arena.

    Args:
        words: the mapped arena, writable; founded with this build's schema.
        threads: of the parallel phases; decides nothing but speed.
        acked: returns the virtual outbox offset that is stored (`Side.OUTBOX_ACKED_OFFSET`).
        extra_draw: for the canary of the kill tests only: one more random draw in every tick,
            which takes energy from one Molbot and must show in the hash of every tick. A single
            draw would not do: its trace may die out with the Molbot.
        threads_as_for: use threads in the phases in which a world of this many slots would; None:
            as this one is. A rehearsal on a small world takes the paths of a large one by it.
    """

    def __init__(
        self,
        words: ArenaWords,
        threads: int,
        acked: Callable[[], int],
        *,
        extra_draw: bool = False,
        threads_as_for: int | None = None,
    ) -> None:
        use_threads(threads)
        self._words = words
        self._threads = threads
        self._world = open_world(words)
        self._inbox = Inbox(words)
        self._outbox = Outbox(words, acked)
        self._extra_draw = extra_draw
        self._grid, self._fine_rows = _derive_grid(self._world)
        first = self._world.committed
        self._size = np.array([first.real(columns.WIDTH), first.real(columns.HEIGHT)], np.float32)
        self._founder = np.array(
            [founding.FOUNDER_ENERGY, founding.ENERGY_MAX, founding.RADIUS], np.float32
        )
        slots = self._world.capacity if threads_as_for is None else threads_as_for
        self._parallel = threads > 1 and slots >= PARALLEL_FROM
        self._parallel_light = threads > 1 and slots >= PARALLEL_LIGHT_FROM
        self._fixed_key = random_streams.tick_key(self._world.seed, 0)
        self._scratch = _new_scratch(self._world, self._grid)

    @property
    def world(self) -> World:
        """Views over the arena's columns."""
        return self._world

    def tick(self) -> int:
        """Compute the tick after the committed one, commit it and return its number.

        Whether the world may run now (hold, pacing, right to write) is the caller's question.
        """
        return self._run(_silent)

    def _run(self, progress: Callable[[str], None]) -> int:
        words = self._words
        committed = words.get(Header.COMMIT)
        number = committed + 1
        words.put(Header.FLIGHT, 1)
        tick = Tick(
            number,
            self._world.buffer(committed),
            self._world.buffer(number),
            random_streams.tick_key(self._world.seed, number),
        )
        for flight, (name, phase) in enumerate(_PHASES, start=1):
            progress(name)
            words.put(Header.FLIGHT, flight)
            phase(self, tick)
        words.put(Header.COMMIT, number)
        words.put(Header.FLIGHT, 0)
        return number

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
        """Begin B as what A says, and bring its cold columns up to A."""
        tick.new.state_block[:] = tick.old.state_block
        count = tick.old.scalar(State.TOUCHED_COUNT)
        if count:
            slots = tick.old.touched[:count]
            for name in COLD:
                getattr(tick.new, name)[slots] = getattr(tick.old, name)[slots]
        tick.new.scalars[State.TOUCHED_COUNT >> 3] = 0
        tick.new.scalars[State.TICK >> 3] = tick.number

    def _take_inputs(self, tick: Tick) -> None:
        self._inbox.apply(
            tick.number, tick.new, lambda arrived: self._outbox.tell_input(tick.number, arrived)
        )

    def _index_food(self, tick: Tick) -> None:
        old, rules, grid = tick.old, tick.new.parameters, self._grid
        least = np.float32(rules[parameters.RESOURCE_RIPE])
        ripe = int(np.count_nonzero(old.resource_amount >= least))
        area = float(self._size[0]) * float(self._size[1])
        factor = coarsen(grid, ripe, area, float(rules[parameters.SENSE_RADIUS]))
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

    def _behave(self, tick: Tick) -> None:
        old, new = tick.old, tick.new
        behave(
            self._parallel,
            _hot(old),
            _hot(new),
            old.id,
            (old.resource_x, old.resource_y),
            self._scratch.index,
            self._scratch.shape,
            self._size,
            new.parameters,
            random_streams.tick_key(self._world.seed, tick.number >> WANDER_SHIFT),
            self._scratch.intent,
        )
        if self._extra_draw:
            _draw_once_more(tick)

    def _settle(self, tick: Tick) -> None:
        parts = self._threads if self._parallel_light else 1
        settle(parts, self._scratch.intent, tick.old.id, self._scratch.claim)

    def _feed(self, tick: Tick) -> None:
        feed(
            self._parallel_light,
            tick.old.resource_amount,
            tick.new.resource_amount,
            self._scratch.claim,
            tick.new.energy,
            tick.old.max_energy,
            tick.new.parameters,
        )

    def _decide_fates(self, tick: Tick) -> None:
        new = tick.new
        decide_fates(
            self._parallel_light,
            new.energy,
            new.age,
            new.state,
            tick.old.id,
            new.parameters,
            self._fixed_key,
            self._scratch.counts,
            self._scratch.parents,
        )

    def _give_birth(self, tick: Tick) -> None:
        new = tick.new
        give_birth(
            tick.old.state,
            _hot(new),
            _cold(new),
            tick.number,
            tick.key,
            self._size,
            new.parameters,
            self._scratch.counts,
            self._scratch.parents,
            self._scratch.cursors,
            new.scalars,
            new.touched,
        )

    def _reseed(self, tick: Tick) -> None:
        new = tick.new
        wanted = int(new.parameters[parameters.MIN_POPULATION]) - new.scalar(State.POPULATION)
        if wanted <= 0:
            return
        room = tick.old.scalar(State.FREE_COUNT) - new.scalar(State.TOUCHED_COUNT)
        reseed(
            wanted,
            room,
            tick.old.state,
            _hot(new),
            _cold(new),
            tick.number,
            tick.key,
            self._size,
            self._founder,
            self._scratch.cursors,
            new.scalars,
            new.touched,
        )

    def _publish(self, tick: Tick) -> None:
        if tick.number % TELEMETRY_TICKS == 0:
            self._outbox.tell_telemetry(tick.number, tick.new)


_PHASES: Final[tuple[tuple[str, Callable[[Engine, Tick], None]], ...]] = (
    ("carry", Engine._carry),
    ("inputs", Engine._take_inputs),
    ("index", Engine._index_food),
    ("behave", Engine._behave),
    ("settle", Engine._settle),
    ("feed", Engine._feed),
    ("fates", Engine._decide_fates),
    ("births", Engine._give_birth),
    ("reseed", Engine._reseed),
    ("publish", Engine._publish),
)
PHASES: Final = ("between ticks", *(name for name, _ in _PHASES))
"""Name of each phase by its number in the flight word."""


def prepare(threads: int, progress: Callable[[str], None] = _silent) -> None:
    """Load every kernel and call each on a scratch world, without threads and with.

    Args:
        progress: called with the name of each phase before it is loaded; compiling takes seconds.

    Raises:
        ConfigError: this process cannot use so many threads.
    """
    settings = parse_settings({"entities": 30, "max_entities": 64, "min_population": 40})
    # Mapped, not a bytearray: pages of the rings that are never touched cost a heir nothing.
    words = ArenaWords(memoryview(mmap.mmap(-1, founding.plan(settings).file_bytes)))
    founding.found(words, settings)
    engine = Engine(words, threads, lambda: 0)
    for parallel in (False, True):
        engine._parallel = engine._parallel_light = parallel
        engine._run(progress)
    engine.publish_hash()


def start_threads(threads: int) -> None:
    """Start this process's worker threads, if it has none, by one call that does nothing.

    A forked process has none of its parent's, and one that is sealed cannot start any.

    Raises:
        ConfigError: this process cannot use so many threads.
    """
    use_threads(threads)
    nobody = np.full(1, NOTHING, np.int32)
    settle(threads, nobody, np.zeros(1, np.int64), nobody.copy())


def _draw_once_more(tick: Tick) -> None:
    """Take a drawn part of one energy unit from one living Molbot, from another at each tick."""
    living = np.flatnonzero(tick.old.state == ALIVE)
    if len(living):
        chosen = living[tick.number % len(living), None]
        entity = chosen.astype(np.uint64)
        drawn = random_streams.many_units(tick.key, entity, random_streams.CANARY, 0)
        tick.new.energy[chosen] -= drawn


def _hot(buffer: Buffer) -> tuple[Any, ...]:
    return (
        buffer.x,
        buffer.y,
        buffer.vx,
        buffer.vy,
        buffer.energy,
        buffer.age,
        buffer.state,
    )


def _cold(buffer: Buffer) -> tuple[Any, ...]:
    return tuple(getattr(buffer, name) for name in COLD)


def _derive_grid(world: World) -> tuple[FineGrid, columns.I32]:
    buffer = world.committed
    grid = FineGrid(
        buffer.real(columns.CELL),
        buffer.scalar(columns.GRID_COLS),
        buffer.scalar(columns.GRID_ROWS),
    )
    return grid, row_starts(buffer.resource_x, buffer.resource_y, grid)


def _new_scratch(world: World, grid: FineGrid) -> Scratch:
    blocks = (world.capacity + BLOCK - 1) // BLOCK
    return Scratch(
        intent=np.full(world.capacity, NOTHING, np.int32),
        claim=np.full(world.resources, NOTHING, np.int32),
        counts=np.zeros((blocks, 3), np.int64),
        parents=np.zeros(world.capacity, np.int32),
        cursors=np.zeros(blocks, np.int64),
        index=new_index(grid, world.resources),
        shape=(np.float32(0), np.float32(0), 0, 0),
    )
