"""The story of births and deaths is whole: replayed, it ends with those who live, and no other.

Whatever happens between two tellings, kills, snapshots, a full ring: each birth and each death is
told once, or counted as lost.
"""

from typing import Any

import numpy as np
import pytest

from Kernel.contract.arena import ArenaWords, Header, State, check_arena
from tests.zones.world.test_engine import BUSY
from tests.zones.world.worlds import living, make_engine, make_world, read_events, run
from zones.runtime.arena_image import copy_committed, write_into
from zones.world import columns
from zones.world.columns import open_world
from zones.world.engine import Engine

FOUNDERS = 200
LIVELY = {**BUSY, "entities": FOUNDERS, "lineage_distance": 0.15, "min_population": 150}


def lineage_events(words: ArenaWords, sequence: int = 0, offset: int = 0) -> list[dict[str, Any]]:
    """Return the `world.lineage` events from there on."""
    events = read_events(words, sequence, offset)
    return [event for event in events if event["kind"] == "world.lineage"]


def unroll(runs: list[list[int]]) -> list[int]:
    """Return the tick of each row."""
    return [tick for tick, count in runs for _ in range(count)]


class Story:
    """Who lives, by what was told: id -> (parent, lineage, tick of birth). Nothing told twice."""

    def __init__(self, founders: int = FOUNDERS) -> None:
        self.living: dict[int, tuple[int, int, int]] = {
            number: (0, number, 0) for number in range(1, founders + 1)
        }
        self.known = set(self.living)
        self.causes = [0, 0, 0, 0]
        self.lost = 0
        self.births = 0

    def tell(self, event: dict[str, Any]) -> None:
        """Take in one event."""
        born, died = event["born"], event["died"]
        ticks = unroll(born["ticks"])
        rows = zip(born["ids"], born["parents"], born["lineages"], ticks, strict=True)
        for number, parent, lineage, tick in rows:
            assert number not in self.known, f"{number} is born twice"
            assert parent == 0 or parent in self.known, f"the mother of {number} never lived"
            assert tick <= event["tick"]
            self.known.add(number)
            self.living[number] = (parent, lineage, tick)
            self.births += 1
        for number, cause, tick in zip(
            died["ids"], died["causes"], unroll(died["ticks"]), strict=True
        ):
            assert self.living.pop(number)[2] < tick <= event["tick"]
            self.causes[cause] += 1
        self.lost = event["lost"]

    def check(self, words: ArenaWords) -> None:
        """Assert that the story, with what is not told yet, ends with the committed tick."""
        buffer = open_world(words).committed
        rows = range(buffer.scalar(columns.LOG_TOLD), buffer.scalar(columns.LOG_COUNT))
        waiting = [(int(buffer.log_id[row]), int(buffer.log_cause[row]), row) for row in rows]
        now = dict(self.living)
        for number, cause, row in waiting:
            if cause:
                del now[number]
            else:
                assert number not in now and number not in self.known
                parent, lineage = int(buffer.log_parent[row]), int(buffer.log_lineage[row])
                now[number] = (parent, lineage, int(buffer.log_tick[row]))
        alive = living(buffer)
        assert sorted(now) == sorted(buffer.id[alive].tolist())
        for slot in alive:
            parent, lineage, tick = now[int(buffer.id[slot])]
            assert (parent, lineage) == (buffer.parent[slot], buffer.lineage[slot])
            assert tick == max(int(buffer.born_at[slot]), 0)


def told(words: ArenaWords, founders: int = FOUNDERS) -> Story:
    """Return the story of all events."""
    story = Story(founders)
    for event in lineage_events(words):
        story.tell(event)
    return story


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_replay_ends_with_the_living(seed: int) -> None:
    """Born minus died, by the events alone, are the living, with their mothers and lineages."""
    words = make_world(seed=seed, **LIVELY)
    engine = make_engine(words)
    for tick in range(1, 901):
        engine.tick()
        if tick % 100 == 0:
            told(words).check(words)
    story = told(words)
    buffer = open_world(words).committed
    assert buffer.scalar(columns.LOG_COUNT) == 0 and story.lost == 0
    assert story.births == words.state(900, State.BIRTHS) + words.state(900, State.SEEDED)
    assert story.births > 500
    assert story.causes[1:] == [
        words.state(900, counter)
        for counter in (State.DEATH_STARVATION, State.DEATH_AGE, State.DEATH_COLLISION)
    ]
    assert len({lineage for _, lineage, _ in story.living.values()}) > 1
    assert any(lineage > FOUNDERS for _, lineage, _ in story.living.values())


@pytest.mark.slow
def test_thrown_away_ticks_tell_nothing() -> None:
    """With every tick computed twice, as after a kill just before the commit, the story is one."""
    words = make_world(seed=5, **LIVELY)
    calm = make_world(seed=5, **LIVELY)
    for tick in range(1, 320):
        run(words, 1)
        if tick % 3:
            words.put(Header.COMMIT, tick - 1)
            run(words, 1)
        run(calm, 1)
    assert lineage_events(words) == lineage_events(calm)
    told(words).check(words)


def throw_away(engine: Engine) -> None:
    """Compute the next tick up to its commit, and die."""
    words = engine.world.words
    commit = words.get(Header.COMMIT)
    engine.tick()
    words.put(Header.COMMIT, commit)


MASSES = {
    "entities": 20_000, "max_entities": 20_000, "resources": 10, "age_max": 2, "birth_age": 1000,
    "lifespan_shortest": 0.5, "min_population": 0, "body_radius": 0.0, "founder_age_share": 0.0,
}  # fmt: skip
"""All die within two ticks: 20 000 rows, which fill ten events."""


def fill_ring(words: ArenaWords, left: int) -> int:
    """Return up to where a reader must have stored so that telemetry has `left` bytes of room."""
    head = words.state(words.get(Header.COMMIT), State.OUTBOX_HEAD)
    return head + left - len(words.outbox()) * 3 // 4


@pytest.mark.slow
@pytest.mark.parametrize("thrown", [0, 1, 3])
def test_half_told_log_survives_a_kill(thrown: int) -> None:
    """When only part of the log fits the ring, a tick done again tells and keeps the same rows."""
    words = make_world(seed=6, **MASSES)
    stored = fill_ring(words, 0)
    engine = make_engine(words, acked=lambda: stored)
    for _ in range(4):
        engine.tick()
    buffer = open_world(words).committed
    rows = buffer.scalar(columns.LOG_COUNT)
    assert rows == 20_000 and buffer.scalar(State.LIVES_UNTOLD) == 0
    expected = buffer.log_id[:rows].tolist()
    # An event of 2048 rows has room now, the rest has not.
    stored = fill_ring(words, 15_000)
    for _ in range(thrown):
        throw_away(engine)
        engine = make_engine(words, acked=lambda: stored)
    engine.tick()
    first = lineage_events(words)
    assert [len(event["died"]["ids"]) for event in first] == [2048]
    # Some ticks on, in both buffers, with more ticks thrown away.
    for _ in range(3):
        throw_away(engine)
        engine.tick()
    stored = words.state(words.get(Header.COMMIT), State.OUTBOX_HEAD)
    while words.get(Header.COMMIT) % 300:
        engine.tick()
    events = lineage_events(words)
    assert [number for event in events for number in event["died"]["ids"]] == expected
    assert open_world(words).committed.scalar(columns.LOG_COUNT) == 0


def test_full_ring_keeps_the_log() -> None:
    """With no room in the ring the rows wait, and all are told once there is room again."""
    words = make_world(seed=7, **LIVELY)
    stored = fill_ring(words, 0)
    engine = make_engine(words, acked=lambda: stored)
    for _ in range(200):
        engine.tick()
    assert lineage_events(words) == []
    buffer = open_world(words).committed
    assert 512 < buffer.scalar(columns.LOG_COUNT) < len(buffer.log_id)
    told(words).check(words)
    stored = words.state(200, State.OUTBOX_HEAD)
    for _ in range(100):
        engine.tick()
    story = told(words)
    story.check(words)
    assert story.lost == 0 and story.births > 300


@pytest.mark.slow
def test_full_log_counts_what_it_loses() -> None:
    """A full log keeps the oldest rows, counts every row that it has no room for, and says so."""
    words = make_world(seed=7, **{**LIVELY, "age_max": 10, "birth_energy": 10.0})
    stored = fill_ring(words, 0)
    engine = make_engine(words, acked=lambda: stored)
    first: list[int] = []
    tick = 0
    while tick < 300:
        tick = engine.tick()
        buffer = engine.world.committed
        rows = buffer.scalar(columns.LOG_COUNT)
        assert buffer.log_id[: len(first)].tolist() == first, "the oldest rows stay"
        first = buffer.log_id[:rows].tolist()
        happened = sum(
            words.state(tick, counter)
            for counter in (
                State.BIRTHS, State.SEEDED, State.DEATH_STARVATION, State.DEATH_AGE,
                State.DEATH_COLLISION,
            )
        )  # fmt: skip
        assert rows + buffer.scalar(State.LIVES_UNTOLD) == happened
    assert len(first) == len(buffer.log_id) and buffer.scalar(State.LIVES_UNTOLD) > 100
    stored = words.state(tick, State.OUTBOX_HEAD)
    while tick < 600:
        tick = engine.tick()
    assert lineage_events(words)[0]["lost"] > 100


def test_a_lively_small_world_loses_no_row() -> None:
    """While the ring has room nothing is lost, however much happens within 300 ticks."""
    words = make_world(seed=7, **{**LIVELY, "age_max": 10, "birth_energy": 10.0})
    run(words, 300)
    story = told(words)
    assert story.births > 1024
    assert open_world(words).committed.scalar(State.LIVES_UNTOLD) == 0
    story.check(words)


@pytest.mark.slow
@pytest.mark.parametrize("tick", [1, 2, 149, 299, 300, 301, 302])
def test_a_snapshot_goes_on_telling(tick: int) -> None:
    """A world founded again from a snapshot tells what the old had not, and nothing of it twice."""
    old = make_world(seed=8, **LIVELY)
    check_arena(old, "memory")
    run(old, tick)
    story = told(old)
    image = copy_committed(old)
    new = ArenaWords(memoryview(bytearray(image.buffers().file_bytes)))
    write_into(new, image, arena_id=b"i" * 16, created_ns=1)
    check_arena(new, "memory")
    begun = new.state(tick, State.OUTBOX_NEXT)
    for _ in range(3):
        run(new, 100)
        run(old, 100)
    for event in lineage_events(new, begun):
        story.tell(event)
    story.check(new)
    assert [event["born"] for event in lineage_events(new, begun)] == [
        event["born"] for event in lineage_events(old)[-len(lineage_events(new, begun)) :]
    ]
    assert np.array_equal(open_world(new).committed.id, open_world(old).committed.id)
