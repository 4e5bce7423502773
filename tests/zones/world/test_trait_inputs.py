"""Inputs about traits: what they do to registry and carriers; a refused one does nothing."""

from typing import Any

import numpy as np
import pytest

from Kernel.contract.arena import ArenaWords, Header, State, check_arena
from Kernel.contract.inputs import (
    NEWBORNS,
    NO_MEMORY,
    NO_MOOD,
    NO_TRAIT,
    QUARANTINE,
    QUARANTINED_CODE,
    RELEASE_TRAIT,
    REMOVE_TRAIT,
    SAME_CODE,
    SUSPEND_TRAIT,
    TOO_MANY_TRAITS,
    Input,
)
from Kernel.contract.trait_registry import read_registry
from tests.zones.world.fake_traits import CLUMSY, HUNGRY, RESTLESS, add, engine_with, facts, loaded
from tests.zones.world.test_engine import BUSY
from tests.zones.world.worlds import living, make_engine, make_world, read_events, send
from zones.traits.contract import CARRIED
from zones.world.columns import Buffer, open_world
from zones.world.engine import Engine
from zones.world.registry import Entry, read_entries, read_moods
from zones.world.trait_library import TraitLibrary
from zones.world.world_hash import world_hash

SMALL = {"seed": 3, "entities": 20, "max_entities": 30, "min_population": 0}


def idle(*given: Any) -> TraitLibrary:
    """Return a library of traits that do nothing."""
    return TraitLibrary([loaded(each, lambda _scene, _who: None) for each in given])


class Table:
    """A small world and an engine that has the code of some traits."""

    def __init__(self, *given: Any, **more: Any) -> None:
        self.words = make_world(**{**SMALL, **more})
        self.engine = engine_with(self.words, idle(*given))

    def take(self, *inputs: Any) -> list[int]:
        """Have inputs applied in one tick; return why each was refused, 0 for what was not."""
        sent = [
            send(self.words, each) if isinstance(each, Input) else add(self.words, each)
            for each in inputs
        ]
        tick = self.engine.tick()
        for sequence in sent:
            assert self.words.input_applied_at(tick, sequence) == tick
        return [self.words.input_refusal(tick, sequence) for sequence in sent]

    @property
    def buffer(self) -> Buffer:
        """The committed buffer."""
        return self.engine.world.committed

    def entries(self) -> dict[tuple[str, int], Entry]:
        """Return what the registry holds, by name and version."""
        return {(entry.name, entry.version): entry for entry in read_entries(self.buffer)}

    def carriers(self, slot: int) -> int:
        """Return how many of the living carry a slot."""
        bits = self.buffer.trait_bits[living(self.buffer)]
        return int(np.count_nonzero(bits >> np.uint64(slot) & np.uint64(1)))


def statuses(words: ArenaWords) -> dict[str, str]:
    """Return "NAME VERSION" -> status as the kernel reads it."""
    check_arena(words, "test")
    return {f"{row.name} {row.version}": row.status for row in read_registry(words)}


def test_a_new_version_takes_the_carriers_of_the_one_before() -> None:
    """It gets a slot of its own; the one before stands by, the one before that is given up."""
    versions = [facts("Hunter", n, state=CARRIED, memory=3) for n in (1, 2, 3)]
    table = Table(*versions)
    assert table.take(versions[0]) == [0]
    assert table.take(versions[1]) == [0]
    assert statuses(table.words) == {"Hunter 1": "standby", "Hunter 2": "active"}
    assert (table.carriers(1), table.carriers(2)) == (0, 20)
    assert table.take(versions[2]) == [0]
    assert statuses(table.words) == {"Hunter 2": "standby", "Hunter 3": "active"}
    third = table.entries()["Hunter", 3]
    assert (third.slot, third.memory_first, third.before) == (1, 0, 2)
    assert table.carriers(1) == 20


def test_newborns_only() -> None:
    """Who lives does not carry it, unless it carried the version before; who is born does."""
    first, second = facts("Late", carriers=NEWBORNS), facts("Late", 2, carriers=NEWBORNS)
    table = Table(first, second, **{**BUSY, "seed": 8})
    table.take(first)
    while not (carriers := table.carriers(1)):
        table.engine.tick()
    assert carriers < len(living(table.buffer))
    table.take(second)
    assert table.carriers(1) == 0 and table.carriers(2) >= carriers


def test_quarantine_goes_back_to_the_version_before() -> None:
    """Carriers carry that again, with what was kept for it; without one they carry nothing."""
    first, second = facts("A", state=CARRIED, memory=1), facts("A", 2)
    table = Table(first, second)
    table.take(first)
    table.buffer.trait_memory[living(table.buffer), 0] = 77
    table.words.put(Header.WARM_MEMORY, 1)
    table.take(second)
    assert table.take(Input(QUARANTINE, slot=2)) == [0]
    assert statuses(table.words) == {"A 1": "active", "A 2": "quarantined"}
    assert (table.carriers(1), table.carriers(2)) == (20, 0)
    assert np.all(table.buffer.trait_memory[living(table.buffer), 0] == 77)
    assert np.all(table.buffer.ready[living(table.buffer)] == 2)
    assert table.take(Input(QUARANTINE, slot=1), second) == [0, QUARANTINED_CODE]
    assert table.carriers(1) == 0
    assert table.words.state(4, State.QUARANTINED) == 0b110
    assert table.take(Input(REMOVE_TRAIT, name="A"), second) == [0, 0]
    assert statuses(table.words) == {"A 2": "active"}
    assert table.words.state(5, State.QUARANTINED) == 0


def test_a_release_gives_up_what_is_in_quarantine_alone() -> None:
    """The version that runs stays, and the same code can come in again."""
    first, second = facts("A"), facts("A", 2)
    table = Table(first, second)
    table.take(first)
    table.take(second)
    assert table.take(Input(RELEASE_TRAIT, slot=2)) == [NO_TRAIT], "it is not in quarantine"
    assert table.take(Input(QUARANTINE, slot=2)) == [0]
    assert table.take(Input(RELEASE_TRAIT, slot=1)) == [NO_TRAIT]
    assert table.take(Input(RELEASE_TRAIT, slot=2)) == [0]
    assert statuses(table.words) == {"A 1": "active"}
    assert (table.carriers(1), table.carriers(2)) == (20, 0)
    assert table.take(second) == [0]
    assert statuses(table.words) == {"A 1": "standby", "A 2": "active"}
    assert table.carriers(2) == 20


def test_a_version_that_was_taken_up_again_still_has_one_to_go_back_to() -> None:
    """Suspended, resumed, and then quarantined: its carriers carry the version before."""
    first, second = facts("A"), facts("A", 2)
    table = Table(first, second)
    table.take(first, second)
    assert table.take(Input(SUSPEND_TRAIT, slot=2), second) == [0, 0]
    assert statuses(table.words) == {"A 1": "standby", "A 2": "active"}
    assert table.take(Input(QUARANTINE, slot=2)) == [0]
    assert statuses(table.words) == {"A 1": "active", "A 2": "quarantined"}
    assert table.carriers(1) == 20


def test_remove() -> None:
    """All versions go, with their bits, counts and places; the rest stays as it is."""
    table = Table(RESTLESS, HUNGRY)
    table.take(RESTLESS, HUNGRY)
    assert table.take(Input(REMOVE_TRAIT, name="Restless"), Input(REMOVE_TRAIT, name="None")) == [
        0,
        NO_TRAIT,
    ]
    assert statuses(table.words) == {"Hungry 1": "active"}
    buffer = table.buffer
    alive = living(buffer)
    assert np.all(buffer.trait_bits[alive] == 4) and np.all(buffer.ready[alive] & 2 == 0)
    assert not buffer.slot_name[1].any() and not buffer.slot_hash[1].any()


def test_suspended_and_taken_up_again() -> None:
    """Code that a process lacks is suspended by itself, and comes back with the same input."""
    table = Table(HUNGRY)
    assert table.take(RESTLESS, HUNGRY) == [0, 0]
    assert statuses(table.words) == {"Restless 1": "suspended", "Hungry 1": "active"}
    own = [event for event in read_events(table.words) if event.get("own")]
    assert [event["input"]["kind"] for event in own] == [SUSPEND_TRAIT]
    assert own[0]["sequence"] == -1 and "not given its code" in own[0]["input"]["why"]
    calls = table.entries()["Hungry", 1].calls
    table.engine = engine_with(table.words, idle(RESTLESS, HUNGRY))
    assert table.take(RESTLESS) == [0]
    assert statuses(table.words) == {"Restless 1": "active", "Hungry 1": "active"}
    assert table.carriers(1) == 20 and table.entries()["Hungry", 1].calls > calls
    # An heir of before lacks it, and says so in its first tick.
    table.engine = engine_with(table.words, idle(HUNGRY))
    table.engine.tick()
    assert statuses(table.words)["Restless 1"] == "suspended"


def test_code_that_takes_more_memory_than_it_was_given_does_not_run() -> None:
    """An input that says too little of a trait: it is suspended, and writes nobody's memory."""
    ran: list[int] = []
    greedy = facts("Greedy", state=CARRIED, memory=1)
    table = Table()
    for memory, status in ((2, "suspended"), (1, "active")):
        trait = loaded(greedy, lambda _scene, who: ran.extend(who.tolist()), memory=memory)
        table.engine = engine_with(table.words, TraitLibrary([trait]))
        assert table.take(greedy) == [0] and bool(ran) == (status == "active")
        assert statuses(table.words) == {"Greedy 1": status}
    own = [event for event in read_events(table.words) if event.get("own")]
    assert "more of the trait memory" in own[0]["input"]["why"]


def test_volatile_state_is_reset_once_by_each_heir() -> None:
    """In its first tick an heir says that what volatile traits remembered is gone."""
    words = make_world(**SMALL)
    lost: list[str] = []
    trait = loaded(CLUMSY, lambda _scene, _who: None, reset=lambda: lost.append("reset"))
    add(words, CLUMSY)
    engine_with(words, TraitLibrary([trait]), is_heir=False).tick()
    engine = engine_with(words, TraitLibrary([trait]))
    engine.tick()
    engine.tick()
    own = [event for event in read_events(words) if event.get("own")]
    assert [(event["tick"], event["input"]["slots"]) for event in own] == [(2, [1])]
    assert lost == ["reset"]


def test_refused_inputs_change_nothing() -> None:
    """Each limit is told by its number, and the world is the one that had no such input."""
    memory = facts("Big", state=CARRIED, memory=30)
    many = [facts(f"T{n}") for n in range(30)]
    moods = facts("Moody", moods=tuple(f"m{n}" for n in range(63)))
    table = Table(memory, moods, *many)
    assert table.take(memory, moods, *many[:26]) == [0] * 28
    quiet = Table(memory, moods, *many)
    quiet.take(memory, moods, *many[:26])
    refused = [
        (memory, SAME_CODE),
        (facts("More", state=CARRIED, memory=3), NO_MEMORY),
        (facts("Sad", moods=("sad",)), NO_MOOD),
        (Input(REMOVE_TRAIT, name="Nobody"), NO_TRAIT),
        (Input(SUSPEND_TRAIT, slot=40), NO_TRAIT),
    ]
    assert table.take(*(each for each, _ in refused)) == [why for _, why in refused]
    quiet.engine.tick()
    assert world_hash(table.words) == world_hash(quiet.words)
    reasons = [event for event in read_events(table.words) if event["kind"] == "input.refused"]
    assert len(reasons) == 5 and "trait memory" in reasons[1]["reason"]
    assert reasons[1]["input"]["name"] == "More"
    assert table.take(many[26], many[27], many[28]) == [0, 0, TOO_MANY_TRAITS]
    assert table.take(facts("Big", 2, state=CARRIED, memory=3)) == [NO_MEMORY]


def test_every_slot_taken() -> None:
    """Where nothing is free, the oldest quarantined code gives way; what is of use does not."""
    table = Table()
    for first in range(0, 60, 20):  # none can come back: it is in quarantine
        assert table.take(*(facts(f"T{n}") for n in range(first, first + 20))) == [0] * 20
        table.take(*(Input(QUARANTINE, slot=slot) for slot in range(first + 1, first + 21)))
    assert table.take(*(facts(f"U{n}") for n in range(3))) == [0] * 3
    assert table.take(facts("More"), facts("Other")) == [0, 0]
    assert (table.entries()["More", 1].slot, table.entries()["Other", 1].slot) == (1, 2)
    assert {f"U{n}" for n in range(3)} <= {name for name, _ in table.entries()}


def test_what_is_suspended_keeps_its_place_among_the_active() -> None:
    """It comes back by itself: nothing may have taken the last place meanwhile."""
    table = Table()
    assert table.take(*(facts(f"T{n}") for n in range(29)), HUNGRY) == [0] * 30
    assert set(statuses(table.words).values()) == {"suspended"}
    assert table.take(RESTLESS) == [TOO_MANY_TRAITS]
    table.engine = engine_with(table.words, idle(HUNGRY))
    assert table.take(HUNGRY, facts("T3", 2)) == [0, 0]
    assert table.take(Input(REMOVE_TRAIT, name="T5"), RESTLESS) == [0, 0]


def test_moods_keep_their_codes() -> None:
    """A name of a state has one code for good, whichever traits use it."""
    first = facts("A", moods=("calm", "wild"))
    second = facts("B", moods=("wild", "alive", "sad"))
    table = Table(first, second)
    table.take(first, second)
    assert read_moods(table.buffer) == ["alive", "calm", "wild", "sad"]
    table.take(Input(REMOVE_TRAIT, name="A"))
    assert read_moods(table.buffer) == ["alive", "calm", "wild", "sad"]


def test_what_came_back_is_in_the_hash() -> None:
    """Registry, names of moods, used memory and counts of faults decide; unused memory does not."""
    words = make_world(**SMALL)
    add(words, RESTLESS)
    engine: Engine = engine_with(words)
    engine.tick()
    before = world_hash(words)
    buffer = open_world(words).committed
    row = living(buffer)[3]
    for column, place in (("trait_memory", 1), ("trait_faults", 1)):
        values = getattr(buffer, column)
        values[row, place] ^= 2
        assert world_hash(words) != before, column
        values[row, place] ^= 2
        values[row, 9] ^= 2
        assert world_hash(words) == before, column
    buffer.slot_cost[1] += 1
    assert world_hash(words) != before


@pytest.mark.parametrize("kind", ["add", "quarantine"])
def test_a_process_without_traits_goes_on(kind: str) -> None:
    """An engine that knows no library (a build in safe mode) suspends what it is told to run."""
    words = make_world(**SMALL)
    add(words, HUNGRY)
    engine = make_engine(words)
    if kind == "quarantine":
        send(words, Input(QUARANTINE, slot=1))
    for _ in range(3):
        engine.tick()
    assert statuses(words) == {"Hungry 1": "suspended" if kind == "add" else "quarantined"}
