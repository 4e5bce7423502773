"""What inputs about traits do to the registry and to those who carry them.

Owns: the rules by which a version comes in, replaces another, goes, is quarantined and released,
suspended and taken up again. Does not own: the form of an input (`Kernel/contract/inputs.py`),
taking it from the ring (`inbox.py`), the code of a trait (`trait_library.py`).

Whether an input is refused follows from the state alone (and from nothing a process has loaded), so
a replay decides alike. Where it is, nothing has changed.
"""

from typing import Final, NamedTuple

import numpy as np

from Kernel.contract.arena import State
from Kernel.contract.inputs import (
    ADD_TRAIT,
    ALL,
    NO_MEMORY,
    NO_MOOD,
    NO_SLOT,
    NO_TRAIT,
    QUARANTINE,
    QUARANTINED_CODE,
    RELEASE_TRAIT,
    REMOVE_TRAIT,
    RESET_TRAITS,
    SAME_CODE,
    SUSPEND_TRAIT,
    TIERS,
    TOO_MANY_TRAITS,
    Input,
    TraitFacts,
)
from zones.traits.contract import ACTIVE_MAX, MOODS
from zones.world.columns import ALIVE, Buffer, World
from zones.world.registry import (
    ACTIVE,
    QUARANTINED,
    STANDBY,
    SUSPENDED,
    Entry,
    clear_entry,
    find_places,
    find_slot,
    read_entries,
    read_moods,
    update_words,
    write_entry,
    write_mood,
)
from zones.world.warm import REGISTRY, Warmth

TRAIT_KINDS: Final = (
    ADD_TRAIT, REMOVE_TRAIT, QUARANTINE, RESET_TRAITS, SUSPEND_TRAIT, RELEASE_TRAIT,
)  # fmt: skip


class Plan(NamedTuple):
    """How a version is to come in.

    Args:
        refused: a place in `inputs.REFUSALS`, 0: it is to come in.
        slot: where; `first` is its first place of the trait memory.
        replaced: slot of the version that its carriers come from, 0: of none.
        freed: slots that are given up for it.
        known: the slot holds this very code already.
        moods: names that the world does not know yet.
    """

    refused: int = 0
    slot: int = 0
    first: int = 0
    replaced: int = 0
    freed: tuple[int, ...] = ()
    known: bool = False
    moods: tuple[str, ...] = ()


def refuse(given: Input, buffer: Buffer, memory_slots: int) -> int:
    """Return why an input of TRAIT_KINDS cannot be carried out, 0: it can.

    Args:
        buffer: as it is now; not changed.
    """
    if given.kind == ADD_TRAIT:
        assert given.trait is not None, "parse_input has seen to it"
        return plan_trait(given.trait, buffer, memory_slots).refused
    entries = read_entries(buffer)
    if given.kind == REMOVE_TRAIT and all(entry.name != given.name for entry in entries):
        return NO_TRAIT
    if given.kind == SUSPEND_TRAIT and all(
        (entry.slot, entry.status) != (given.slot, ACTIVE) for entry in entries
    ):
        return NO_TRAIT
    if given.kind == RELEASE_TRAIT and all(
        (entry.slot, entry.status) != (given.slot, QUARANTINED) for entry in entries
    ):
        return NO_TRAIT
    return 0


def carry_out(given: Input, tick: int, world: World, buffer: Buffer, warmth: Warmth) -> None:
    """Do what an input of TRAIT_KINDS says, which `refuse` has let pass.

    Args:
        buffer: of `tick`, changed; `warmth` says what else may differ from the buffer before.
    """
    if given.kind == RESET_TRAITS:
        return  # what it resets is no part of an arena
    warmth.touch((REGISTRY, "trait_bits", "deactivated_bits", "ready"))
    if given.kind == ADD_TRAIT:
        assert given.trait is not None
        _add(given.trait, tick, world, buffer, warmth)
    elif given.kind == REMOVE_TRAIT:
        gone = [entry.slot for entry in read_entries(buffer) if entry.name == given.name]
        _free(buffer, gone)
    elif given.kind == RELEASE_TRAIT:
        _free(buffer, [given.slot])
    elif given.kind == SUSPEND_TRAIT:
        buffer.slot_status[given.slot] = SUSPENDED
    else:
        assert given.kind == QUARANTINE, "there is no other kind"
        _quarantine(given.slot, buffer)
    buffer.scalars[State.REGISTRY_VERSION >> 3] += 1
    update_words(buffer)


def plan_trait(facts: TraitFacts, buffer: Buffer, memory_slots: int) -> Plan:
    """Return how a version would come into the registry as it is; changes nothing."""
    entries = read_entries(buffer)
    same = next((entry for entry in entries if entry.hash == facts.hash), None)
    if same is not None and same.status == ACTIVE:
        return Plan(SAME_CODE)
    if same is not None and same.status == QUARANTINED:
        return Plan(QUARANTINED_CODE)
    replaced = _running(facts.name, entries)
    # What is suspended comes back by itself, and must find its place.
    running = sum(entry.status in (ACTIVE, SUSPENDED) for entry in entries)
    if running - (replaced is not None) >= ACTIVE_MAX:
        return Plan(TOO_MANY_TRAITS)
    known_moods = read_moods(buffer)
    moods = tuple(mood for mood in facts.moods if mood not in known_moods)
    if len(known_moods) + len(moods) > MOODS:
        return Plan(NO_MOOD)
    if same is not None and same.name == facts.name and same.memory_count == facts.memory:
        from_slot = replaced.slot if replaced is not None and replaced.slot != same.slot else 0
        return Plan(0, same.slot, same.memory_first, from_slot, known=True, moods=moods)
    freed = {same.slot} if same is not None else set()
    if replaced is not None:
        freed |= {entry.slot for entry in entries if _is_spare(entry, replaced)}
    left = [entry for entry in entries if entry.slot not in freed]
    slot = find_slot(left)
    if not slot:
        # Then the oldest one that holds only what must not run any more.
        bad = [(entry.since, entry.slot) for entry in left if entry.status == QUARANTINED]
        if not bad:
            return Plan(NO_SLOT)
        slot = min(bad)[1]
        freed.add(slot)
    first = find_places(left, facts.memory, memory_slots)
    if first is None:
        return Plan(NO_MEMORY)
    source = replaced.slot if replaced is not None else 0
    return Plan(0, slot, first, source, tuple(sorted(freed)), moods=moods)


def _running(name: str, entries: list[Entry]) -> Entry | None:
    """Return the version of a trait that is carried: its active one, or one without its code."""
    of_name = [entry for entry in entries if entry.name == name]
    for status in (ACTIVE, SUSPENDED):
        for entry in of_name:
            if entry.status == status:
                return entry
    return None


def _is_spare(entry: Entry, replaced: Entry) -> bool:
    """Tell whether a slot is given up once its successor is replaced: one is kept to go back to."""
    standing_by = entry.status in (STANDBY, SUSPENDED)
    return entry.name == replaced.name and entry.slot != replaced.slot and standing_by


def _add(facts: TraitFacts, tick: int, world: World, buffer: Buffer, warmth: Warmth) -> None:
    plan = plan_trait(facts, buffer, world.extent.memory_slots)
    assert not plan.refused, "it was asked before"
    _free(buffer, plan.freed)
    code = len(read_moods(buffer))
    for mood in plan.moods:
        write_mood(buffer, code, mood)
        code += 1
    bit = np.uint64(1) << np.uint64(plan.slot)
    buffer.scalars[State.QUARANTINED >> 3] &= ~bit.astype(np.int64)
    if plan.known:
        buffer.slot_status[plan.slot] = ACTIVE
        buffer.slot_version[plan.slot] = facts.version
        buffer.slot_tier[plan.slot] = TIERS.index(facts.tier)
        if plan.replaced:  # else it is taken up again, and what it goes back to is as it was
            buffer.slot_before[plan.slot] = plan.replaced
    else:
        write_entry(buffer, plan.slot, facts, plan.first, plan.replaced, tick)
        # What was left there by another version must not be in the hash, nor differ by buffer.
        warmth.touch_memory(((1 << facts.memory) - 1) << plan.first)
        warmth.touch_faults(1 << plan.slot)
        buffer.trait_memory.T[plan.first : plan.first + facts.memory] = 0
        buffer.trait_faults.T[plan.slot] = 0
        buffer.ready[:] &= ~bit
        buffer.deactivated_bits[:] &= ~bit
    if plan.replaced:
        buffer.slot_status[plan.replaced] = STANDBY
        buffer.slot_before[plan.replaced] = 0
        _move(buffer, plan.replaced, plan.slot)
    if facts.carriers == ALL:
        living = buffer.state == ALIVE
        buffer.trait_bits[living] |= bit


def _quarantine(slot: int, buffer: Buffer) -> None:
    """Switch a slot off for good; its carriers go back to the version before, if there is one."""
    bits = State.QUARANTINED >> 3
    buffer.scalars[bits] |= np.int64(1) << np.int64(slot)
    entry = next((each for each in read_entries(buffer) if each.slot == slot), None)
    if entry is None or entry.status == QUARANTINED:
        return
    buffer.slot_status[slot] = QUARANTINED
    buffer.slot_memory_count[slot] = 0
    buffer.slot_before[slot] = 0
    buffer.slot_before[buffer.slot_before == slot] = 0
    before = entry.before
    if entry.status in (ACTIVE, SUSPENDED) and before and buffer.slot_status[before] == STANDBY:
        buffer.slot_status[before] = ACTIVE
        _move(buffer, slot, before)
    _drop_bits(buffer, 1 << slot)


def _free(buffer: Buffer, slots: tuple[int, ...] | list[int]) -> None:
    """Empty slots, and let nobody carry what they held."""
    if not slots:
        return
    for slot in slots:
        clear_entry(buffer, slot)
        buffer.slot_before[buffer.slot_before == slot] = 0
    gone = sum(1 << slot for slot in slots)
    buffer.scalars[State.QUARANTINED >> 3] &= ~np.uint64(gone).astype(np.int64)
    _drop_bits(buffer, gone)


def _drop_bits(buffer: Buffer, slots: int) -> None:
    kept = ~np.uint64(slots)
    for column in (buffer.trait_bits, buffer.deactivated_bits, buffer.ready):
        column[:] &= kept


def _move(buffer: Buffer, from_slot: int, to_slot: int) -> None:
    """Let who carries one version carry another instead, also where the one was switched off.

    What is kept for the one in the trait memory stays valid, should it be gone back to.
    """
    old, new = np.uint64(1) << np.uint64(from_slot), np.uint64(1) << np.uint64(to_slot)
    carriers = (buffer.trait_bits & old) != 0
    buffer.trait_bits[carriers] |= new
    buffer.trait_bits[:] &= ~old
    buffer.deactivated_bits[:] &= ~old
