"""Who runs traits in a tick: listing carriers, choosing among them, and counting what became of it.

Owns: the compiled loops over carriers. Does not own: their order of calls, the budget
(`trait_phase.py`), what a trait does (`zones/traits`).

A carrier lives in both buffers, has energy left in B, and has a bit of an active slot that is not
switched off in it. All sums are of whole numbers, or over fixed parts of a list, so that threads
change no bit.
"""

from typing import Any, Final, NamedTuple

import numpy as np

from zones.runtime.numba_setup import kernel, njit, prange, serial_kernel
from zones.traits.contract import FAILED, SLOTS
from zones.world.blocks import BLOCK
from zones.world.columns import ALIVE, F32, F64, I32, I64, U8, U32, U64

CHUNK: Final = 4096
"""Places of a list whose energy is added up in one go."""
BUCKETS: Final = 2048
_BUCKET_BITS: Final = 11
_MOST: Final = 0xFFFF_FFFF


class Rota(NamedTuple):
    """Memory of the choice; all of it that is read is written anew in each tick.

    Args:
        listed: int32, from the begin of each block on the carriers in it.
        runners: int32, those who run, in slot order.
        carriers: int32, those of them who carry one slot, where not all do.
        masks: uint64 by slot, bits of the traits that run for it.
        cost: int64 by slot, what it is taken to use in this tick, in native steps.
        used: uint32 by slot, what it has used.
        traits: uint64 by slot, what others see it carry.
        moved2, wanted, place: see `zones.traits.table`.
        fuel, status: by place in the list of one slot.
        before: float32 by slot, energy before the phase.
        found: int64 (blocks, 2), how many carriers are in a block and what they cost.
        bits: uint64 (blocks, 3): carried by all of them, by any, and not yet run for some.
        counts: int64 (parts, 2): steps and faults of one slot.
        sums: float64 (chunks,): energy that traits took.
        changes: int64 (chunks,).
        buckets: int64 (BUCKETS,).
    """

    listed: I32
    runners: I32
    carriers: I32
    masks: U64
    cost: I64
    used: U32
    traits: U64
    moved2: F64
    wanted: F32
    place: I32
    fuel: U32
    status: U8
    before: F32
    found: I64
    bits: U64
    counts: I64
    sums: F64
    changes: I64
    buckets: I64


def new_rota(slots: int, parts: int) -> Rota:
    """Return the memory for a world of so many slots, counted in so many parts."""
    blocks = -(-slots // BLOCK)
    return Rota(
        listed=np.zeros(slots, np.int32),
        runners=np.zeros(slots, np.int32),
        carriers=np.zeros(slots, np.int32),
        masks=np.zeros(slots, np.uint64),
        cost=np.zeros(slots, np.int64),
        used=np.zeros(slots, np.uint32),
        traits=np.zeros(slots, np.uint64),
        moved2=np.zeros(slots),
        wanted=np.zeros(slots, np.float32),
        place=np.zeros(slots, np.int32),  # written for whoever runs; a page not touched is none
        fuel=np.zeros(slots, np.uint32),
        status=np.zeros(slots, np.uint8),
        before=np.zeros(slots, np.float32),
        found=np.zeros((blocks, 2), np.int64),
        bits=np.zeros((blocks, 3), np.uint64),
        counts=np.zeros((parts, 2), np.int64),
        sums=np.zeros(-(-slots // CHUNK)),
        changes=np.zeros(-(-slots // CHUNK), np.int64),
        buckets=np.zeros(BUCKETS, np.int64),
    )


@njit
def _list_block(block: Any, columns: Any, active: Any, costs: Any, rota: Any) -> None:
    state, energy, now_bits, now_off, ready, last_fuel, old_bits, old_off = columns
    listed, _, _, masks, cost, used, traits, moved2, wanted, place = rota[:10]
    before, found, bits = rota[12], rota[13], rota[14]
    one = np.uint64(1)
    count = 0
    total = np.int64(0)
    by_all = ~np.uint64(0)
    by_any = np.uint64(0)
    fresh = np.uint64(0)
    lo, hi = block * BLOCK, min(len(state), (block + 1) * BLOCK)
    for i in range(lo, hi):
        if state[i] != ALIVE:
            continue
        traits[i] = old_bits[i] & ~old_off[i] & active
        mask = now_bits[i] & ~now_off[i] & active
        # Written so that an energy that is no number runs nothing.
        if mask == 0 or not energy[i] > 0:
            continue
        listed[lo + count] = i
        count += 1
        masks[i] = mask
        moved2[i] = 0.0
        wanted[i] = np.float32(0.0)
        place[i] = -1
        used[i] = 0
        before[i] = energy[i]
        taken = np.int64(last_fuel[i])
        unknown = mask & ~ready[i]
        if unknown:
            for slot in range(1, SLOTS):
                if unknown >> np.uint64(slot) & one:
                    taken += costs[slot]
        taken = max(taken, np.int64(1))
        cost[i] = taken
        total += taken
        by_all &= mask
        by_any |= mask
        fresh |= unknown
    found[block, 0] = count
    found[block, 1] = total
    bits[block, 0] = by_all
    bits[block, 1] = by_any
    bits[block, 2] = fresh


@kernel
def list_runners(parts: Any, columns: Any, active: Any, costs: Any, rota: Any) -> Any:
    """List all who could run, in slot order; return how many, what they cost, and their bits.

    Args:
        parts: how many shares of blocks are listed side by side; 1 runs without threads.
        columns: state of A; energy, trait_bits, deactivated_bits, ready, last_fuel of B;
            trait_bits, deactivated_bits of A.
        active: uint64, bits of the active slots.
        costs: int64 by trait slot, what a call costs for who has not run it yet.
        rota: a `Rota`; written.

    Returns:
        (count, cost, bits that all carry, that any carries, that have not run yet for some).
    """
    listed, runners = rota[0], rota[1]
    found, bits = rota[13], rota[14]
    blocks = len(found)
    if parts > 1:
        for part in prange(parts):
            for block in range(part, blocks, parts):
                _list_block(block, columns, active, costs, rota)
    else:
        for block in range(blocks):
            _list_block(block, columns, active, costs, rota)
    count = 0
    total = 0
    by_all = ~np.uint64(0)
    by_any = np.uint64(0)
    fresh = np.uint64(0)
    for block in range(blocks):
        for k in range(block * BLOCK, block * BLOCK + found[block, 0]):
            runners[count] = listed[k]
            count += 1
        total += found[block, 1]
        by_all &= bits[block, 0]
        by_any |= bits[block, 1]
        fresh |= bits[block, 2]
    return count, total, by_all, by_any, fresh


@njit
def _key(number: Any, cursor: Any, next_id: Any) -> Any:
    """Return the place of an id in the row of all ids that begins with the cursor's."""
    return number - cursor if number >= cursor else number - cursor + next_id


@serial_kernel
def find_limit(count: Any, ids: Any, cursor: Any, next_id: Any, budget: Any, rota: Any) -> Any:
    """Return the first key that does not run: all before it cost no more than the budget.

    Keys are ids counted from the cursor on, around the end. A search for the bucket in which the
    sum goes over, then for the one within it: that takes three looks at all, where sorting 200,000
    ids would take a tick. The first one runs whatever it costs.

    Args:
        count: of `rota.runners`; what they cost together is more than the budget.
        ids: int64 by slot.
    """
    runners, cost, buckets = rota[1], rota[4], rota[18]
    shift = 0
    while next_id - 1 >> shift >= BUCKETS:
        shift += _BUCKET_BITS
    first = 0  # of the keys in the bucket that is looked into
    span = next_id
    sum_before = 0
    while True:
        for b in range(BUCKETS):
            buckets[b] = 0
        for k in range(count):
            i = runners[k]
            key = _key(ids[i], cursor, next_id) - first
            if 0 <= key < span:
                buckets[key >> shift] += cost[i]
        b = 0
        while b < BUCKETS - 1 and sum_before + buckets[b] <= budget:
            sum_before += buckets[b]
            b += 1
        first += b << shift
        if shift == 0:
            return first + 1 if sum_before == 0 else first
        span = 1 << shift
        shift -= _BUCKET_BITS


@serial_kernel
def keep_first(count: Any, ids: Any, cursor: Any, next_id: Any, limit: Any, rota: Any) -> Any:
    """Drop those whose key is not below the limit; return (how many stay, bits they all carry)."""
    runners, masks = rota[1], rota[3]
    kept = 0
    by_all = ~np.uint64(0)
    for k in range(count):
        i = runners[k]
        if _key(ids[i], cursor, next_id) < limit:
            runners[kept] = i
            kept += 1
            by_all &= masks[i]
    return kept, by_all


@serial_kernel
def pick_carriers(count: Any, bit: Any, runners: Any, masks: Any, carriers: Any) -> Any:
    """List those of the first `count` runners who carry a slot; return how many they are."""
    found = 0
    for k in range(count):
        i = runners[k]
        carriers[found] = i
        found += masks[i] & bit != 0
    return found


@njit
def _count_part(
    lo: Any, hi: Any, who: Any, fuel: Any, status: Any, gain: Any, bit: Any, ready: Any, used: Any,
    counts: Any,
) -> None:  # fmt: skip
    steps = np.int64(0)
    faults = np.int64(0)
    for k in range(lo, hi):
        i = who[k]
        spent = np.int64(fuel[k])
        steps += spent
        used[i] = min(np.int64(used[i]) + spent * gain, np.int64(_MOST))
        faults += status[k] != 0
        if status[k] < FAILED and ready[i] & bit == 0:
            ready[i] |= bit
    counts[0] = steps
    counts[1] = faults


@kernel
def count_calls(
    parts: Any, count: Any, who: Any, fuel: Any, status: Any, gain: Any, bit: Any, ready: Any,
    used: Any, counts: Any,
) -> Any:  # fmt: skip
    """Add what a slot has used to each of its carriers; return (steps, faults) of all.

    Args:
        who: int32, the list that ran; `fuel` and `status` lie beside it.
        gain: native steps that a step of its tier stands for.
        ready: of buffer B; the slot's bit is set where a call has not failed.
        used, counts: of a `Rota`; written.
    """
    if parts > 1:
        for part in prange(parts):
            _count_part(
                count * part // parts, count * (part + 1) // parts, who, fuel, status, gain, bit,
                ready, used, counts[part],
            )  # fmt: skip
    else:
        _count_part(0, count, who, fuel, status, gain, bit, ready, used, counts[0])
    steps = np.int64(0)
    faults = np.int64(0)
    for part in range(parts):
        steps += counts[part, 0]
        faults += counts[part, 1]
    return steps, faults


@serial_kernel
def count_faults(
    count: Any, who: Any, status: Any, bit: Any, most: Any, faults: Any, off: Any
) -> Any:
    """Count a fault for each carrier whose call had one; switch the trait off where it is too many.

    Args:
        most: so many faults of a trait in one Molbot switch it off there.
        faults: uint8 by slot, of this trait, in buffer B; written.
        off: deactivated_bits of buffer B; written.

    Returns:
        In how many it was switched off.
    """
    switched = 0
    for k in range(count):
        if status[k] == 0:
            continue
        i = who[k]
        had = min(np.int64(faults[i]) + 1, 255)
        faults[i] = had
        if had >= most:
            off[i] |= bit
            switched += 1
    return switched


@njit
def _close_chunk(
    lo: Any, hi: Any, runners: Any, energy: Any, before: Any, used: Any, last_fuel: Any
) -> Any:
    lost = 0.0
    changed = np.int64(0)
    for k in range(lo, hi):
        i = runners[k]
        lost += np.float64(before[i]) - np.float64(energy[i])
        changed += used[i] != last_fuel[i]
    return lost, changed


@kernel
def close_books(
    parallel: Any, count: Any, runners: Any, energy: Any, before: Any, used: Any, last_fuel: Any,
    sums: Any, changes: Any,
) -> Any:  # fmt: skip
    """Return (energy that traits took, how many values of `last_fuel` are to change).

    Args:
        count: of `runners`.
        energy, last_fuel: of buffer B.
        sums, changes: of a `Rota`; written, by chunk.
    """
    chunks = (count + CHUNK - 1) // CHUNK
    if parallel:
        for chunk in prange(chunks):
            sums[chunk], changes[chunk] = _close_chunk(
                chunk * CHUNK, min(count, (chunk + 1) * CHUNK), runners, energy, before, used,
                last_fuel,
            )  # fmt: skip
    else:
        for chunk in range(chunks):
            sums[chunk], changes[chunk] = _close_chunk(
                chunk * CHUNK, min(count, (chunk + 1) * CHUNK), runners, energy, before, used,
                last_fuel,
            )  # fmt: skip
    lost = 0.0
    changed = np.int64(0)
    for chunk in range(chunks):
        lost += sums[chunk]
        changed += changes[chunk]
    return lost, changed


@serial_kernel
def hold_energy(count: Any, runners: Any, energy: Any, max_energy: Any) -> None:
    """Take from each runner what its body does not hold any more.

    A trait may make a body hold less than it has only where a parameter has been lowered since.
    """
    for k in range(count):
        i = runners[k]
        energy[i] = min(energy[i], max_energy[i])


@serial_kernel
def keep_fuel(count: Any, runners: Any, used: Any, last_fuel: Any) -> None:
    """Write what each runner has used into its column."""
    for k in range(count):
        i = runners[k]
        last_fuel[i] = used[i]
