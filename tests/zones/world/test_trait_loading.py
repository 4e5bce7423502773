"""Traits from a store, run in a world: both tiers, what cannot be loaded, what it may write."""

import ast
from pathlib import Path

import pytest

from Kernel.contract.arena import ArenaWords
from Kernel.contract.inputs import ADD_TRAIT, Input, TraitFacts
from tests.zones.world.test_engine import BUSY
from tests.zones.world.worlds import check_invariants, copy_of, make_engine, make_world, send
from zones.runtime.trait_store import SOURCE, TraitStore
from zones.traits import interpreted
from zones.traits.contract import INTERPRETED, NATIVE
from zones.traits.native.compiling import compile_trait
from zones.traits.reading import check_source
from zones.world.registry import read_entries
from zones.world.trait_library import TraitLibrary
from zones.world.trait_loading import LoadedTraits, read_trait, traits_of, written_fields
from zones.world.world_hash import world_hash

GRAZER = b"""
class Grazer(Trait):
    def __init__(self):
        self.steps = 0

    async def execute(self, entity):
        self.steps += 1
        near = entity.nearby_resources(40)
        if near:
            entity.move((near[0].x - entity.x) * 0.1, (near[0].y - entity.y) * 0.1)
            entity.eat(2.0)
        if self.steps % 7 == 0 and entity.energy > 20:
            entity.state = "full"
            entity.radius = entity.radius * 0.99
"""
DIARY = b"""
class Diary(Trait):
    def __init__(self):
        self.seen = []

    async def execute(self, entity):
        self.seen.append(len(entity.nearby_entities(20)))
        if sum(self.seen[-5:]) > 10:
            entity.color = "#ff0000"
"""


def stored(home: Path, source: bytes, tier: str) -> TraitFacts:
    """Put a source into the store of a home as a worker does; return what an input says of it."""
    checked = check_source(source)
    store = TraitStore(home)
    folder = store.begin(source)
    if tier == NATIVE:
        compile_trait(checked, folder)
    store.finish(checked.code_hash, {"name": checked.name, "tier": tier, "version": 1})
    memory, moods = len(checked.attributes), checked.moods
    return TraitFacts(checked.name, 1, checked.code_hash, tier, checked.state, memory, moods)


def loaded(home: Path, *given: TraitFacts) -> LoadedTraits:
    """Return what a zygote loads."""
    traits = LoadedTraits()
    list(traits.load(TraitStore(home), [each.hash for each in given]))
    return traits


def with_traits(*given: TraitFacts) -> ArenaWords:
    """Return a busy world that is to carry these traits from its next tick on."""
    # So much fuel that everybody runs in the first tick, whatever a call may cost in either tier.
    words = make_world(seed=5, **BUSY, tick_time_budget_sec=10.0)
    for each in given:
        send(words, Input(ADD_TRAIT, trait=each))
    return words


def go(words: ArenaWords, library: TraitLibrary, ticks: int) -> bytes:
    """Return the hash after some ticks."""
    engine = make_engine(words, library=library, is_heir=False)
    for _ in range(ticks):
        tick = engine.tick()
        check_invariants(engine.world, tick)
    return world_hash(words)


@pytest.mark.slow
def test_both_tiers_make_the_same_world(tmp_path: Path) -> None:
    """The same source, native and interpreted, leads to the same entities; heirs go on alike."""
    fast, slow = stored(tmp_path / "a", GRAZER, NATIVE), stored(tmp_path / "b", GRAZER, INTERPRETED)
    words = with_traits(fast)
    other = with_traits(slow)
    go(words, loaded(tmp_path / "a", fast).library(), 20)
    go(other, loaded(tmp_path / "b", slow).library(), 20)
    for each in (words, other):
        buffer = make_engine(each).world.committed
        assert [entry.faults for entry in read_entries(buffer)] == [0]
        buffer.slot_tier[1] = 0
        buffer.slot_cost[:] = 0
        buffer.last_fuel[:] = 0
        buffer.parameters[:] = 0
    assert world_hash(words) == world_hash(other)


@pytest.mark.slow
def test_an_heir_goes_on_where_the_one_before_was(tmp_path: Path) -> None:
    """A world whose process changes in every tick is the one whose process stays."""
    given = stored(tmp_path, GRAZER, NATIVE)
    words = with_traits(given)
    other = copy_of(words)
    traits = loaded(tmp_path, given)
    for _ in range(8):
        go(other, loaded(tmp_path, given).library(), 1)
    assert go(words, traits.library(), 8) == world_hash(other)


def test_volatile_ones_remember_within_a_process(tmp_path: Path) -> None:
    """They run, and are told as loaded; a source that was changed gives no code, and says why."""
    diary = stored(tmp_path, DIARY, INTERPRETED)
    grazer = stored(tmp_path, GRAZER, NATIVE)
    traits = loaded(tmp_path, diary, grazer)
    assert traits.facts() == [
        {"hash": diary.hash, "tier": INTERPRETED, "why": ""},
        {"hash": grazer.hash, "tier": NATIVE, "why": ""},
    ]
    words = with_traits(diary)
    go(words, traits_of(tmp_path, [diary.hash]).library(), 6)
    buffer = make_engine(words).world.committed
    assert read_entries(buffer)[0].calls > 0 and read_entries(buffer)[0].faults == 0
    folder = TraitStore(tmp_path).folder(grazer.hash)
    (folder / SOURCE).write_bytes(GRAZER + b"\n")
    (again,) = loaded(tmp_path, grazer).facts()
    assert "it was changed" in again["why"]
    library = loaded(tmp_path, grazer).library()
    assert library.find(grazer.hash, NATIVE) is None
    assert library.why_missing(grazer.hash) == again["why"]


def test_interpreted_code_is_compiled_once_for_all_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a zygote has loaded is not compiled again by those that are forked from it."""
    diary = stored(tmp_path, DIARY, INTERPRETED)
    traits = loaded(tmp_path, diary)
    compiled = go(with_traits(diary), traits.library(), 6)

    def refuse(*_given: object) -> None:
        raise AssertionError("it is compiled already")

    monkeypatch.setattr(interpreted, "rewrite", refuse)
    assert go(with_traits(diary), traits.library(), 6) == compiled


def test_what_cannot_be_compiled_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is missing from the library, with the reason: a zygote does not die of it."""
    diary = stored(tmp_path, DIARY, INTERPRETED)

    def refuse(*_given: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(interpreted, "rewrite", refuse)
    (told,) = loaded(tmp_path, diary).facts()
    assert told["why"] == "cannot compile trait 'Diary': RecursionError: too deep"


def test_what_a_source_may_write() -> None:
    """Every attribute that it stores to, however it does, and none that it only reads."""
    tree = ast.parse(
        "def f(e):\n    e.color = '#fff'\n    e.radius += 1\n    (e.x, e.state) = e.y, e.vx\n"
        "    for e.max_energy in ():\n        del e.vy\n"
    )
    assert written_fields(tree) == {"color", "radius", "x", "state", "max_energy", "vy"}


def test_a_file_of_an_operator(tmp_path: Path) -> None:
    """`--trait FILE` needs no store; what cannot be native runs interpreted."""
    path = tmp_path / "diary.py"
    path.write_bytes(DIARY)
    facts, loading = read_trait(path)
    assert (facts.name, facts.tier, facts.state) == ("Diary", INTERPRETED, "volatile")
    assert (loading.tier, loading.native, loading.why) == (INTERPRETED, None, "")


@pytest.mark.slow
def test_a_forked_zygote_lets_go_of_what_is_not_wanted(tmp_path: Path) -> None:
    """What stays is not loaded again; what could not be loaded is tried again."""
    grazer, diary = stored(tmp_path, GRAZER, NATIVE), stored(tmp_path, DIARY, INTERPRETED)
    missing = "f" * 64
    traits = traits_of(tmp_path, [grazer.hash, diary.hash, missing])
    assert [bool(row["why"]) for row in traits.facts()] == [False, False, True]
    traits.keep([diary.hash, missing])
    assert [row["hash"] for row in traits.facts()] == [diary.hash]
    again = list(traits.load(TraitStore(tmp_path), [diary.hash, missing]))
    assert [each.hash for each in again] == [missing] and len(traits) == 2
