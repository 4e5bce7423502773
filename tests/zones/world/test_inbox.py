"""Inputs: applied exactly once, in order, at the right tick, and never a crash."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.contract.arena import INBOX_WINDOW, NEVER, ArenaWords, Header, State
from Kernel.contract.codec import pack
from Kernel.contract.inputs import PAUSE, RESUME, SET_PARAM, STEP, Input
from tests.zones.world.worlds import (
    check_invariants,
    copy_of,
    make_engine,
    make_world,
    read_events,
    run,
    send,
)
from zones.world import columns
from zones.world.engine import Engine
from zones.world.parameters import FRICTION
from zones.world.world_hash import world_hash


def applied(words: ArenaWords) -> list[tuple[int, int, str]]:
    """Return (tick, sequence, kind) of each input.applied event, in the order of events."""
    return [
        (event["tick"], event["sequence"], event["input"]["kind"])
        for event in read_events(words)
        if event["kind"] == "input.applied"
    ]


def go(words: ArenaWords, engine: Engine, most: int) -> int:
    """Tick as the kernel's loop does, until the world holds or `most` ticks are done."""
    for _ in range(most):
        if engine.holding():
            break
        engine.tick()
    return words.get(Header.COMMIT)


def test_set_param() -> None:
    """A parameter changes in the tick that applies it, and stays."""
    words = make_world()
    run(words, 3)
    send(words, Input(SET_PARAM, param="friction", value=0.5))
    run(words, 1)
    assert words.parameter(3, FRICTION) == 0.85
    assert words.parameter(4, FRICTION) == 0.5
    assert applied(words) == [(4, 0, SET_PARAM)]
    assert words.input_applied_at(4, 0) == 4
    run(words, 2)
    assert words.parameter(6, FRICTION) == 0.5
    assert applied(words) == [(4, 0, SET_PARAM)]


def test_event_tells_the_whole_input() -> None:
    """The event of an input carries all its fields, and comes before other events of its tick."""
    words = make_world()
    run(words, 299)
    send(words, Input(SET_PARAM, at_tick=300, param="friction", value=0.25))
    run(words, 1)
    first, second = read_events(words)[:2]
    assert first == {
        "kind": "input.applied",
        "tick": 300,
        "sequence": 0,
        "input": {"kind": SET_PARAM, "at_tick": 300, "param": "friction", "value": 0.25},
    }
    assert second["kind"] == "telemetry"


def test_at_tick() -> None:
    """An input waits for its tick; later ones overtake it, and it is applied once."""
    words = make_world()
    send(words, Input(SET_PARAM, at_tick=6, param="friction", value=0.1))
    send(words, Input(SET_PARAM, param="friction", value=0.2))
    run(words, 4)
    assert words.state(4, State.INBOX_CURSOR) == 0
    assert words.input_applied_at(4, 0) is None
    assert words.input_applied_at(4, 1) == 1
    run(words, 4)
    assert applied(words) == [(1, 1, SET_PARAM), (6, 0, SET_PARAM)]
    assert words.state(8, State.INBOX_CURSOR) == 2
    assert words.state(8, State.INBOX_APPLIED) == 0
    assert words.parameter(8, FRICTION) == 0.1


def test_pause_holds_after_its_tick() -> None:
    """A pause read in tick T holds after T; nothing is consumed until a resume."""
    words = make_world()
    engine = make_engine(words)
    assert not engine.holding()
    send(words, Input(PAUSE))
    assert go(words, engine, 50) == 1
    assert engine.holding()
    send(words, Input(SET_PARAM, param="friction", value=0.5))
    assert engine.holding()
    assert words.input_applied_at(1, 1) is None
    send(words, Input(RESUME))
    assert not engine.holding()
    assert go(words, engine, 9) == 10
    assert applied(words) == [(1, 0, PAUSE), (2, 1, SET_PARAM), (2, 2, RESUME)]


def test_pause_at_tick() -> None:
    """A pause for tick N holds after N."""
    words = make_world()
    engine = make_engine(words)
    send(words, Input(PAUSE, at_tick=20))
    assert go(words, engine, 100) == 20
    assert words.state(20, State.HOLD_AFTER) == 20


def test_step() -> None:
    """A step of n runs n ticks and holds again."""
    words = make_world()
    engine = make_engine(words)
    send(words, Input(PAUSE))
    go(words, engine, 5)
    for steps, expected in ((1, 2), (7, 9)):
        send(words, Input(STEP, steps=steps))
        assert go(words, engine, 50) == expected
        assert engine.holding()


def test_resume_then_pause() -> None:
    """Of inputs in one tick the last one decides: a resume with a pause behind it runs one tick."""
    words = make_world()
    engine = make_engine(words)
    send(words, Input(PAUSE))
    go(words, engine, 5)
    send(words, Input(RESUME))
    send(words, Input(PAUSE))
    assert go(words, engine, 50) == 2


def test_resume_that_is_not_due() -> None:
    """A resume for a later tick does not free a held world: that tick never comes."""
    words = make_world()
    engine = make_engine(words)
    send(words, Input(PAUSE))
    go(words, engine, 5)
    send(words, Input(RESUME, at_tick=9))
    assert engine.holding()
    send(words, Input(RESUME))
    assert not engine.holding()
    assert go(words, engine, 19) == 20
    assert words.state(20, State.HOLD_AFTER) == NEVER


def test_hold_is_not_in_the_hash() -> None:
    """A world that was paused and resumed is the world that was not."""
    words, other = make_world(), make_world()
    send(words, Input(PAUSE, at_tick=5))
    engine = make_engine(words)
    go(words, engine, 50)
    send(words, Input(RESUME))
    assert go(words, engine, 25) == 30
    run(other, 30)
    assert world_hash(words) == world_hash(other)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xff\xff",
        pack({"kind": "world.explode"}),
        pack({"kind": SET_PARAM, "param": "gravitas", "value": 1.0}),
        pack({"kind": SET_PARAM, "param": "friction", "value": 2.0}),
        pack({"kind": PAUSE, "at_tick": -4}),
        pack({"kind": STEP, "steps": 10**9}),
        b"\x93" * 4000,
    ],
)
def test_hostile_input_is_refused(payload: bytes) -> None:
    """What cannot be an input is skipped, counted and told; what follows it is applied."""
    words = make_world()
    send(words, payload)
    send(words, Input(SET_PARAM, param="friction", value=0.5))
    run(words, 1)
    refused, taken = read_events(words)
    assert refused["kind"] == "input.refused"
    assert refused["sequence"] == 0
    assert refused["reason"].startswith("cannot")
    assert taken["sequence"] == 1
    assert words.state(1, columns.INPUTS_REFUSED) == 1
    assert words.state(1, State.INBOX_CURSOR) == 2


def test_damaged_entry() -> None:
    """Behind a damaged entry the rest of that moment is refused; what comes later is applied."""
    words = make_world()
    for value in (0.1, 0.2, 0.3):
        send(words, Input(SET_PARAM, param="friction", value=value))
    second = words.get(Header.INBOX_OFFSET) + words.get(Header.INBOX_HEAD) // 3
    words.memory[second : second + 24] = b"\xa5" * 24
    engine = make_engine(words)
    engine.tick()
    assert words.parameter(1, FRICTION) == 0.1
    refused = read_events(words)[1]
    assert (refused["sequence"], refused["last_sequence"]) == (1, 2)
    send(words, Input(SET_PARAM, param="friction", value=0.4))
    engine.tick()
    assert words.parameter(2, FRICTION) == 0.4
    assert words.state(2, State.INBOX_CURSOR) == 4


def test_window() -> None:
    """At most INBOX_WINDOW inputs are looked at beyond one that waits; none is lost."""
    words = make_world()
    engine = make_engine(words)
    send(words, Input(PAUSE, at_tick=30))
    for _ in range(INBOX_WINDOW + 40):
        send(words, Input(RESUME))
    for _ in range(29):
        engine.tick()
    assert len(applied(words)) == INBOX_WINDOW - 1
    go(words, engine, 3)
    assert len(applied(words)) == INBOX_WINDOW + 41
    assert words.state(words.get(Header.COMMIT), State.INBOX_CURSOR) == INBOX_WINDOW + 41


KINDS = st.sampled_from(
    [
        Input(SET_PARAM, param="friction", value=0.4),
        Input(SET_PARAM, param="cost_base", value=0.3),
        Input(RESUME),
        Input(PAUSE),
        Input(STEP, steps=3),
        b"nonsense",
    ]
)


@pytest.mark.slow
@settings(max_examples=40)
@given(
    plan=st.lists(
        st.tuples(st.integers(1, 20), KINDS, st.integers(0, 25), st.booleans(), st.booleans()),
        max_size=25,
    )
)
def test_exactly_once_across_kills(plan: list) -> None:  # type: ignore[type-arg]
    """However often attempts are thrown away and heirs begin, the world and its events agree."""
    steady = make_world(entities=30, max_entities=40)
    shaky = copy_of(steady)
    one = make_engine(steady)
    other = make_engine(shaky)
    for tick in range(1, 30):
        for sent_at, what, at_tick, thrown_away, heir in plan:
            if sent_at != tick:
                continue
            sent = what if isinstance(what, bytes) else replace(what, at_tick=at_tick)
            send(steady, sent)
            if thrown_away:
                other.tick()
                shaky.put(Header.COMMIT, tick - 1)
            send(shaky, sent)
            if heir:
                other = make_engine(shaky)
        assert one.holding() == other.holding()
        one.tick()
        other.tick()
    assert world_hash(steady) == world_hash(shaky)
    assert read_events(steady) == read_events(shaky)
    assert bytes(one.world.committed.state_block) == bytes(other.world.committed.state_block)
    sequences = [event["sequence"] for event in read_events(steady)]
    assert len(sequences) == len(set(sequences))
    check_invariants(one.world, 29)
