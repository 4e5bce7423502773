"""A world that comes back from a snapshot and the log is the one that was never lost."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.contract.arena import ArenaWords, Header, State, check_arena
from Kernel.contract.inputs import PAUSE, RESUME, SET_PARAM, STEP, Input
from tests.zones.world.paper_log import PaperLog, envelope_of
from tests.zones.world.test_random_worlds import BUSY_SMALL
from tests.zones.world.worlds import copy_of, make_engine, make_world, read_events, run, send
from zones.runtime.arena_image import ArenaImage, copy_committed, write_into
from zones.world.catching_up import ATTEMPTS_MAX, CatchUp, CaughtUp, founding_event
from zones.world.parameters import PARAMETERS
from zones.world.world_hash import world_hash


class Stage:
    """A world, its log, and what is restored of both."""

    def __init__(self, root: Path, **values: Any) -> None:
        self.log = PaperLog(root / "ledger")
        self.mark = root / "mark"
        self.words = make_world(**{**BUSY_SMALL, **values})
        self.words.put_bytes(Header.ARENA_ID, os.urandom(16))
        self.said: list[str] = []
        self.clock_s: Callable[[], float] = lambda: 0.0

    def live(self, until: int, inputs: dict[int, Input] | None = None) -> None:
        """Let the world tick, each input sent just before its tick; all it tells is stored."""
        engine = make_engine(self.words)
        for tick in range(self.words.get(Header.COMMIT) + 1, until + 1):
            if inputs and tick in inputs:
                send(self.words, inputs[tick])
            engine.tick()
        self.log.store(self.words)

    def restore(self, image: ArenaImage, ticks_max: int = 10_000) -> tuple[ArenaWords, CaughtUp]:
        """Restore a snapshot and catch up."""
        words = ArenaWords(memoryview(bytearray(image.buffers().file_bytes)))
        write_into(words, image, os.urandom(16), 1)
        catch_up = CatchUp(
            "stable", self.log.folder, self.mark, 1, ticks_max, self.said.append, self.clock_s
        )
        caught = catch_up.run(words, image)
        founding_event(caught, words)
        return words, caught


def image_of(words: ArenaWords) -> ArenaImage:
    """Return a snapshot of a world in memory."""
    check_arena(words, "it")
    return copy_committed(words)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Give a young world and an empty log."""
    made = Stage(tmp_path)
    yield made
    made.log.close()


def friction(value: float, at_tick: int = 0) -> Input:
    """Return an input that changes every tick after it."""
    return Input(SET_PARAM, at_tick=at_tick, param="friction", value=value)


def test_inputs_of_the_log_are_applied_again(stage: Stage) -> None:
    """Up to the newest tick the log tells of, and the hash is that of the world that was lost."""
    stage.live(20, {5: friction(0.4)})
    image = image_of(stage.words)
    stage.live(320, {30: friction(0.2), 31: Input(PAUSE), 33: Input(RESUME), 310: friction(0.9)})
    words, caught = stage.restore(image)
    assert (caught.from_tick, caught.tick, caught.known, caught.why) == (20, 310, 310, "")
    assert (caught.inputs, caught.compared, caught.differs) == (4, 1, ())
    assert caught.sentence().startswith(
        "the world was restored from the snapshot of tick 20, 4 inputs and 290 ticks replayed "
        "to tick 310 in "
    )
    run(words, 10)
    assert world_hash(words) == world_hash(stage.words)
    assert not stage.mark.exists()


def test_outbox_tells_of_the_restoring_only(stage: Stage) -> None:
    """What the replayed ticks told is in the log: it is not told twice, and the numbers go on."""
    image = image_of(stage.words)
    stage.live(320, {30: friction(0.2), 310: friction(0.3)})
    behind = stage.words.state(310, State.OUTBOX_NEXT)
    words, _ = stage.restore(image)
    events = read_events(words, behind)
    assert [event["kind"] for event in events] == ["world.restored"]
    assert events[0]["from_arena"] == image.arena_id.hex()
    assert (events[0]["tick"], events[0]["from_tick"], events[0]["first"]) == (310, 0, behind)


def test_what_was_not_stored_of_the_newest_tick_is_told(stage: Stage) -> None:
    """The log ends in the middle of what tick 300 has told: the rest comes from the new arena."""
    image = image_of(stage.words)
    engine = make_engine(stage.words)
    for tick in range(1, 301):
        if tick == 300:
            send(stage.words, friction(0.1))
        engine.tick()
    told = read_events(stage.words)
    assert [event["kind"] for event in told] == ["input.applied", "telemetry", "world.lineage"]
    stage.log.store(stage.words, count=2)
    words, caught = stage.restore(image)
    assert caught.tick == 300
    again = read_events(words, 2)
    assert again[0] == told[2]
    assert [event["kind"] for event in again] == ["world.lineage", "world.restored"]


def test_second_restoring_goes_through_both_arenas(stage: Stage) -> None:
    """Restored, lived on, lost again before there was a snapshot: the log joins both stretches."""
    image = image_of(stage.words)
    stage.live(50, {10: friction(0.2), 40: friction(0.5)})
    first, _ = stage.restore(image)
    lost = copy_of(first)
    stage.words = first
    stage.live(400, {60: friction(0.7), 390: friction(0.1)})
    # Undone: it was told before in the arena that was left at tick 40.
    stage.words = lost
    stage.log.store(lost)
    words, caught = stage.restore(image)
    assert (caught.tick, caught.inputs, caught.why, caught.differs) == (390, 4, "", ())
    assert caught.from_arena == first.get_bytes(Header.ARENA_ID, 16).hex()
    run(words, 10)
    assert world_hash(words) == world_hash(first)


def test_third_restoring_tells_what_the_second_has_not(stage: Stage) -> None:
    """Of an arena that was itself restored, the newest tick may be stored in part, too."""
    image = image_of(stage.words)
    stage.live(50, {40: friction(0.5)})
    second, _ = stage.restore(image)
    engine = make_engine(second)
    for _ in range(260):
        engine.tick()
    told = read_events(second, second.state(300, State.OUTBOX_NEXT) - 3)
    assert [event["kind"] for event in told] == ["world.restored", "telemetry", "world.lineage"]
    stage.log.store(second, count=2)
    words, caught = stage.restore(image)
    assert caught.tick == 300
    first = words.state(300, State.OUTBOX_NEXT) - 2
    assert read_events(words, first)[0] == told[2]


def test_missing_event_ends_the_replay(stage: Stage) -> None:
    """A hole in the log: the world goes on from before it, and the hole is named."""
    image = image_of(stage.words)
    engine = make_engine(stage.words)
    for tick in range(1, 101):
        if tick % 10 == 0:
            send(stage.words, friction(tick / 200))
        engine.tick()
    stage.log.store(stage.words, lose={4, 5})
    _, caught = stage.restore(image)
    assert (caught.tick, caught.known, caught.inputs) == (40, 100, 4)
    arena = image.arena_id.hex()[:8]
    assert caught.why == f"cannot find events 4 to 5 of arena {arena} in the log"


def test_hole_stays_behind_after_a_restoring(stage: Stage) -> None:
    """What was undone because of a hole stays undone; what came after it counts."""
    image = image_of(stage.words)
    engine = make_engine(stage.words)
    for tick in range(1, 101):
        if tick % 10 == 0:
            send(stage.words, friction(tick / 200))
        engine.tick()
    stage.log.store(stage.words, lose={4})
    stage.words, _ = stage.restore(image)
    stage.live(80, {60: friction(0.9)})
    words, caught = stage.restore(image)
    assert (caught.tick, caught.inputs, caught.why) == (60, 5, "")
    run(words, 20)
    assert world_hash(words) == world_hash(stage.words)


def test_no_log_is_no_fault(tmp_path: Path) -> None:
    """Without a log the snapshot is all there is; nothing is noted about an attempt."""
    words = make_world(**BUSY_SMALL)
    image = image_of(words)
    catch_up = CatchUp("stable", tmp_path / "none", tmp_path / "mark", 1, 10, print)
    caught = catch_up.run(words, image)
    assert (caught.tick, caught.ticks, caught.why) == (0, 0, "there is no log")
    assert caught.sentence() == "the world was restored from the snapshot of tick 0"


def test_way_that_is_too_long_is_cut(stage: Stage) -> None:
    """replay_ticks_max ends the replay; how many ticks are known beyond is told."""
    image = image_of(stage.words)
    stage.live(300)
    words, caught = stage.restore(image, ticks_max=70)
    assert (caught.tick, caught.known) == (70, 300)
    assert caught.why == "cannot replay 300 ticks: replay_ticks_max is 70"
    assert read_events(words, words.state(70, State.OUTBOX_NEXT) - 1)[0]["known_tick"] == 300


def test_time_that_is_up_ends_the_replay(stage: Stage) -> None:
    """A slow machine goes on from as far as it got, and says where it is on the way."""
    image = image_of(stage.words)
    stage.live(300)
    passed = iter(range(0, 10_000, 50))
    stage.clock_s = lambda: float(next(passed))
    _, caught = stage.restore(image)
    assert caught.tick == 192 and caught.why.startswith("cannot replay 108 ticks more")
    assert stage.said[0] == "replaying: tick 64, 64 of 300 ticks"


def test_replay_that_founders_die_of_is_left_out(stage: Stage) -> None:
    """Two dead attempts: the third goes without, says so, and the next one tries again."""
    image = image_of(stage.words)
    stage.live(300)
    stage.mark.write_text(str(ATTEMPTS_MAX))
    _, caught = stage.restore(image)
    assert (caught.tick, caught.why) == (0, "cannot replay 300 ticks: 2 attempts died")
    assert stage.restore(image)[1].tick == 300


def test_input_that_cannot_be_read_ends_the_replay(stage: Stage) -> None:
    """An input of a kind this build does not know: the tick before it is the last one."""
    strange = make_world(**BUSY_SMALL)
    strange.put_bytes(Header.ARENA_ID, os.urandom(16))
    image = image_of(strange)
    send(strange, friction(0.1))
    run(strange, 1)
    stage.log.store(strange)
    stage.log.add(_strange_input(strange, tick=20))
    _, caught = stage.restore(image)
    assert caught.tick == 19 and caught.why.startswith("cannot use the input of tick 20: ")


def _strange_input(words: ArenaWords, tick: int) -> Any:
    event = {"kind": "input.applied", "tick": tick, "sequence": 1, "input": {"kind": "world.dance"}}
    return envelope_of(words.get_bytes(Header.ARENA_ID, 16), 1, event, "stable")


NAMES = [parameter for parameter in PARAMETERS if parameter.name != "min_population"]


@st.composite
def random_inputs(draw: st.DrawFn) -> dict[int, Input]:
    """Return inputs of any kind by the tick before which they are sent."""
    ticks = draw(st.lists(st.integers(1, 90), unique=True, max_size=12))
    found: dict[int, Input] = {}
    for tick in ticks:
        at_tick = draw(st.sampled_from([0, tick, tick + 7]))
        kind = draw(st.sampled_from([SET_PARAM, SET_PARAM, PAUSE, RESUME, STEP]))
        if kind != SET_PARAM:
            found[tick] = Input(kind, at_tick=at_tick, steps=3 if kind == STEP else 0)
            continue
        parameter = draw(st.sampled_from(NAMES))
        value = draw(st.sampled_from([parameter.low, parameter.default, parameter.high]))
        found[tick] = Input(SET_PARAM, at_tick=at_tick, param=parameter.name, value=value)
    return found


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    inputs=random_inputs(),
    seed=st.integers(0, 2**32),
    taken=st.integers(0, 100),
)
def test_snapshot_and_log_are_the_straight_run(
    inputs: dict[int, Input], seed: int, taken: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any inputs at any ticks, a snapshot at any tick: what comes back is the same world."""
    stage = Stage(tmp_path_factory.mktemp("world"), seed=seed)
    try:
        stage.live(taken, inputs)
        image = image_of(stage.words)
        stage.live(120, inputs)
        expected = {}
        straight = make_world(**{**BUSY_SMALL, "seed": seed})
        engine = make_engine(straight)
        for tick in range(1, 121):
            if tick in inputs:
                send(straight, inputs[tick])
            engine.tick()
            expected[tick] = world_hash(straight)
        assert world_hash(stage.words) == expected[120]
        words, caught = stage.restore(image)
        assert caught.why == "" and caught.tick >= taken
        if caught.tick:
            assert world_hash(words) == expected[caught.tick]
        assert caught.tick == max([taken, *(each["tick"] for each in read_events(straight))])
        run(words, 120 - caught.tick)
        assert world_hash(words) == expected[120]
    finally:
        stage.log.close()
