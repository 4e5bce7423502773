"""The phase `traits`: who runs, in which order, and what is counted of it.

Owns: the fuel budget, the calls, the faults, the books of energy that traits took, and the plan
that follows from registry and library. Does not own: loops over carriers (`carriers.py`), the code
(`trait_library.py`), what is settled afterwards (`meals.py`).

*The budget.* Who runs is decided before the phase, from the cursor, in the order of ids, while the
sum of what each used last time fits; the rest come first in the next tick. So no clock decides, and
a trait that costs more than it did is stopped by the limit of a call alone. What a trait costs in
one who has not run it yet is the mean of its last tick; where it never ran, the limit of a call.
Steps of interpreted traits count as FUEL_NATIVE_GAIN native ones.
"""

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from Kernel.contract.arena import ArenaWords, Header, State
from zones.traits.contract import MOODS, NATIVE, SLOTS, VOLATILE
from zones.traits.scene import Scene
from zones.traits.table import INDEX
from zones.world import columns, parameters
from zones.world.carriers import (
    close_books,
    count_calls,
    count_faults,
    find_limit,
    hold_energy,
    keep_first,
    keep_fuel,
    list_runners,
    new_rota,
    pick_carriers,
)
from zones.world.columns import F64, U8, U64, Buffer, World
from zones.world.meals import new_table, serve
from zones.world.registry import ACTIVE, Entry, read_entries, read_moods
from zones.world.scratch import Scratch
from zones.world.trait_library import LoadedTrait, TraitLibrary
from zones.world.trait_scene import make_scenes, set_tick
from zones.world.warm import BIT, OF_A_TRAIT, REGISTRY, Warmth, bits_of

SLOT_SHIFT: Final = 16
"""Flight word while a trait runs: phase | slot << SLOT_SHIFT."""
_SLOT: Final = INDEX["slot"]
_FUEL_MAX: Final = INDEX["fuel_max"]
_MEMORY_FIRST: Final = INDEX["memory_first"]
_CARRIERS: Final = INDEX["carriers"]
_MOODS: Final = INDEX["moods"]
_MASKS: Final = INDEX["masks"]
_READY: Final = BIT["ready"]
_MAX_ENERGY: Final = BIT["max_energy"]
_FUEL_LIMIT: Final = 2**31 - 1


class Part(NamedTuple):
    """One active trait as it runs.

    Args:
        moods, masks: words of the table.
        moods_at, masks_at: addresses of these.
        writes: bits of the warm columns that it may write.
    """

    entry: Entry
    bit: np.uint64
    trait: LoadedTrait
    is_native: bool
    moods: U8
    masks: U64
    moods_at: int
    masks_at: int
    writes: int


class Plan(NamedTuple):
    """What follows from the registry.

    Args:
        version: of the registry.
        bits: uint64 (active slots, all that hold something, places of the memory in use).
        writes, places: bits of warm columns and of places that its parts may write.
    """

    version: int
    parts: tuple[Part, ...] = ()
    bits: tuple[np.uint64, np.uint64, np.uint64] = (np.uint64(0), np.uint64(0), np.uint64(0))
    names: tuple[str, ...] = ()
    mood_names: tuple[str, ...] = ()
    writes: int = 0
    places: int = 0


class TraitPhase:
    """Runs the traits of one world in one process.

    Args:
        threads: of its parallel form.

    Attributes:
        library: the code this process has; may be set before the first tick.
    """

    def __init__(
        self,
        words: ArenaWords,
        world: World,
        scratch: Scratch,
        warmth: Warmth,
        library: TraitLibrary,
        threads: int,
    ) -> None:
        self._words = words
        self._warmth = warmth
        self.library = library
        self._threads = threads
        self._rota = rota = new_rota(world.capacity, threads)
        self._runners_at = rota.runners.ctypes.data
        self._carriers_at = rota.carriers.ctypes.data
        self._table = new_table(world.capacity, world.extent.resources)
        self._scratch = scratch
        self._scenes = make_scenes(world, scratch, self._rota, threads)
        self._buffer = world.buffers[0]
        self._groups = tuple(
            _group(world.buffers[1 - parity], world.buffers[parity]) for parity in (0, 1)
        )
        self._plan = Plan(-1)
        self._planned_at = -2
        self._count = 0

    def warm_up(self) -> None:
        """Call every trait of the library for nobody, so that a first call is no slow one.

        And what only some ticks call: where there is too much to do, and where there are faults.
        """
        rota, buffer, bit = self._rota, self._buffer, np.uint64(1)
        limit = find_limit(0, buffer.id, 0, 1, 1, rota)
        keep_first(0, buffer.id, 0, 1, limit, rota)
        pick_carriers(0, bit, rota.runners, rota.masks, rota.carriers)
        keep_fuel(0, rota.runners, rota.used, buffer.last_fuel)
        hold_energy(0, rota.runners, buffer.energy, buffer.max_energy)
        count_faults(
            0, rota.runners, rota.status, bit, 1, buffer.trait_faults.T[1], buffer.deactivated_bits
        )
        for trait in self.library:
            trait.run(self._scenes[0], 0, 1)

    @property
    def is_idle(self) -> bool:
        """Whether no trait runs in this tick."""
        return not self._plan.parts

    @property
    def bits(self) -> tuple[np.uint64, np.uint64, np.uint64]:
        """The bits of active slots, of all that hold something, of trait memory in use."""
        return self._plan.bits

    def begin(self, tick: int, buffer: Buffer, changed: bool) -> None:
        """Make the plan for the phases of a tick, unless that of the one before still holds.

        What instances of a trait remember that is not active any more is dropped.

        Args:
            changed: the registry may have changed in this tick.
        """
        holds = buffer.scalar(State.REGISTRY_VERSION) == self._plan.version
        is_next, self._planned_at = tick == self._planned_at + 1, tick
        if holds and is_next and not changed:
            return
        before = {part.entry.hash: part.trait for part in self._plan.parts}
        self._plan = self._make_plan(buffer)
        for part in self._plan.parts:
            before.pop(part.entry.hash, None)
        for trait in before.values():
            trait.reset()

    def lacking(self, buffer: Buffer) -> list[Entry]:
        """Return the active traits whose code this process has not got."""
        return [
            entry
            for entry in read_entries(buffer)
            if entry.status == ACTIVE and self._code_of(entry) is None
        ]

    def _code_of(self, entry: Entry) -> LoadedTrait | None:
        return self.library.fitting(entry.hash, entry.tier, entry.memory_count)

    def why_missing(self, entry: Entry) -> str:
        """Return why the code of a trait is not here, for people."""
        return self.library.why_missing(entry.hash)

    def reset(self, buffer: Buffer, slots: Sequence[int]) -> None:
        """Drop what instances of the traits in these slots remember."""
        for entry in read_entries(buffer):
            trait = self.library.find(entry.hash, entry.tier)
            if entry.slot in slots and trait is not None:
                trait.reset()

    def run(
        self, tick: int, key: int, old: Buffer, new: Buffer, flight: int, parallel: bool
    ) -> None:
        """Run every active trait for whoever the budget lets run; changes `new`.

        Args:
            key: of this tick's draws.
            flight: number of this phase.
            parallel: take the threaded form.
        """
        plan = self._plan
        rules = new.parameters
        scene = self._scenes[tick & 1]
        set_tick(scene, self._scratch, rules, key)
        scene.names, scene.mood_names = plan.names, plan.mood_names
        scene.seed_tick = (self._words.get(Header.SEED), tick)
        gain = int(rules[parameters.NATIVE_GAIN])
        fuel_max = fuel_of_a_call(rules)
        parts = self._threads if parallel else 1
        count, by_all, by_any, fresh = self._choose(plan, old, new, tick, gain, fuel_max, parts)
        self._count = count
        if not count:
            return
        self._warmth.touch_bits(plan.writes | (_READY if fresh else 0))
        if plan.places:
            self._warmth.touch_memory(plan.places)
        for part in plan.parts:
            if part.bit & by_any:
                who, many = self._carriers(part, count, by_all, old)
                self._call(part, scene, who, many, fuel_max, flight, parts)
                self._account(part, who, many, gain, new, parts)
        self._close(count, new, parallel)

    def settle_meals(self, old: Buffer, new: Buffer) -> None:
        """Let those who ran eat what they want, in the order of ids; changes `new`."""
        if not self._count:
            return
        rota = self._rota
        eaten = serve(
            self._count, rota.runners, rota.wanted, rota.place, old.id, new.energy,
            new.max_energy, new.resource_amount, self._table,
        )  # fmt: skip
        new.reals[columns.EATEN >> 3] += eaten

    def forget(self, dead: Callable[[], Sequence[int]]) -> None:
        """Let instances forget the dead.

        Args:
            dead: returns their ids; asked only where something may remember them.
        """
        keeping = [part.trait for part in self._plan.parts if part.entry.state == VOLATILE]
        if keeping:
            ids = dead()
            for trait in keeping:
                trait.forget(ids)

    def _choose(
        self, plan: Plan, old: Buffer, new: Buffer, tick: int, gain: int, fuel_max: int, parts: int
    ) -> tuple[int, np.uint64, np.uint64, np.uint64]:
        """List who runs; return how many, bits all carry, any carries, and not run yet."""
        costs = new.slot_cost.copy()
        for part in plan.parts:
            if not costs[part.entry.slot]:
                costs[part.entry.slot] = fuel_max * (1 if part.is_native else gain)
        rota = self._rota
        active = plan.bits[0]
        count, cost, by_all, by_any, fresh = list_runners(
            parts, self._groups[tick & 1], active, costs, rota
        )
        budget = fuel_of_a_tick(new.parameters)
        if cost > budget:
            cursor, next_id = new.scalar(State.FUEL_CURSOR), new.scalar(State.NEXT_ID)
            cursor %= next_id
            limit = find_limit(count, old.id, cursor, next_id, budget, rota)
            kept, by_all = keep_first(count, old.id, cursor, next_id, limit, rota)
            new.scalars[State.FUEL_CURSOR >> 3] = (cursor + limit) % next_id
            new.scalars[columns.TRAITS_PUT_OFF >> 3] += count - kept
            count = kept
        return int(count), np.uint64(by_all), np.uint64(by_any), np.uint64(fresh)

    def _carriers(
        self, part: Part, count: int, by_all: np.uint64, old: Buffer
    ) -> tuple[columns.I32, int]:
        """Return the list of those who run one trait: interpreted ones in the order of ids."""
        rota = self._rota
        if part.bit & by_all and part.is_native:
            return rota.runners, count
        many = int(pick_carriers(count, part.bit, rota.runners, rota.masks, rota.carriers))
        if not part.is_native:
            listed = rota.carriers[:many]
            listed[:] = listed[np.argsort(old.id[listed], kind="stable")]
        return rota.carriers, many

    def _call(
        self, part: Part, scene: Scene, who: columns.I32, many: int, fuel_max: int, flight: int,
        parts: int,
    ) -> None:  # fmt: skip
        table, arrays = scene.table, scene.arrays
        table[_SLOT] = part.entry.slot
        table[_FUEL_MAX] = fuel_max
        table[_MEMORY_FIRST] = part.entry.memory_first
        arrays["carriers"], arrays["moods"], arrays["masks"] = who, part.moods, part.masks
        table[_CARRIERS] = self._runners_at if who is self._rota.runners else self._carriers_at
        table[_MOODS], table[_MASKS] = part.moods_at, part.masks_at
        self._words.put(Header.FLIGHT, flight | part.entry.slot << SLOT_SHIFT)
        part.trait.run(scene, many, parts)
        self._words.put(Header.FLIGHT, flight)

    def _account(
        self, part: Part, who: columns.I32, many: int, gain: int, new: Buffer, parts: int
    ) -> None:
        """Count what the calls of one trait came to."""
        slot, rota = part.entry.slot, self._rota
        factor = 1 if part.is_native else gain
        steps, faults = count_calls(
            parts, many, who, rota.fuel, rota.status, factor, part.bit, new.ready, rota.used,
            rota.counts,
        )  # fmt: skip
        new.slot_calls[slot] += many
        new.slot_fuel[slot] += steps
        new.slot_cost[slot] = max(steps * factor // max(many, 1), 1)
        if faults:
            new.slot_faults[slot] += faults
            self._warmth.touch_faults(1 << slot)
            self._warmth.touch(("deactivated_bits",))
            most = int(new.parameters[parameters.FAULTS_MAX])
            count_faults(
                many, who, rota.status, part.bit, most, new.trait_faults.T[slot],
                new.deactivated_bits,
            )  # fmt: skip

    def _close(self, count: int, new: Buffer, parallel: bool) -> None:
        """Book the energy that traits took, and keep what each has used."""
        rota = self._rota
        if self._plan.writes & _MAX_ENERGY:
            hold_energy(count, rota.runners, new.energy, new.max_energy)
        lost, changed = close_books(
            parallel, count, rota.runners, new.energy, rota.before, rota.used, new.last_fuel,
            rota.sums, rota.changes,
        )  # fmt: skip
        new.reals[columns.SPENT >> 3] += lost
        if changed:
            self._warmth.touch(("last_fuel",))
            keep_fuel(count, rota.runners, rota.used, new.last_fuel)

    def _make_plan(self, buffer: Buffer) -> Plan:
        entries = read_entries(buffer)
        moods = read_moods(buffer)
        active = known = places = 0
        names = [""] * SLOTS
        parts = []
        for entry in entries:
            known |= entry.bit
            places |= entry.places
            if entry.status != ACTIVE:
                continue
            active |= entry.bit
            names[entry.slot] = entry.name
        for entry in entries:
            trait = self._code_of(entry)
            if entry.status == ACTIVE and trait is not None:
                parts.append(_part(entry, trait, names, moods))
        return Plan(
            buffer.scalar(State.REGISTRY_VERSION),
            tuple(parts),
            (np.uint64(active), np.uint64(known), np.uint64(places)),
            tuple(names),
            (*moods, *[""] * (MOODS - len(moods))),
            functools.reduce(operator.or_, (part.writes for part in parts), BIT[REGISTRY]),
            functools.reduce(operator.or_, (part.entry.places for part in parts), 0),
        )


def fuel_of_a_call(rules: F64) -> int:
    """Return the steps that one call may take, in either tier."""
    steps = float(rules[parameters.TRAIT_TIMEOUT]) * 1e3 * float(rules[parameters.FUEL_PER_MS])
    return max(1, min(int(steps), _FUEL_LIMIT))


def fuel_of_a_tick(rules: F64) -> int:
    """Return the native steps that all traits may take in a tick."""
    per_ms = float(rules[parameters.FUEL_PER_MS]) * float(rules[parameters.NATIVE_GAIN])
    return max(1, int(float(rules[parameters.TICK_BUDGET]) * 1e3 * per_ms))


def _part(entry: Entry, trait: LoadedTrait, names: list[str], moods: list[str]) -> Part:
    codes = [moods.index(mood) if mood in moods else 0 for mood in trait.moods]
    masks = [
        sum(1 << slot for slot, name in enumerate(names) if name == wanted)
        for wanted in trait.traits
    ]
    mood_codes = np.array([*codes, 0], np.uint8)
    mask_words = np.array([*masks, 0], np.uint64)
    return Part(
        entry,
        np.uint64(entry.bit),
        trait,
        entry.tier == NATIVE,
        mood_codes,
        mask_words,
        mood_codes.ctypes.data,
        mask_words.ctypes.data,
        bits_of(OF_A_TRAIT[field] for field in OF_A_TRAIT if field in trait.writes),
    )


def _group(old: Buffer, new: Buffer) -> tuple[Any, ...]:
    """Return the columns that `list_runners` reads."""
    return (
        old.state, new.energy, new.trait_bits, new.deactivated_bits, new.ready, new.last_fuel,
        old.trait_bits, old.deactivated_bits,
    )  # fmt: skip
