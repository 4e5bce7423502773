"""Events: numbered with the commit, thinned when full, and no applied input without its event."""

import numpy as np
import pytest

from Kernel.contract.arena import Header, State
from Kernel.contract.inputs import PAUSE, RESUME, SET_PARAM, Input
from tests.zones.world.test_engine import BUSY
from tests.zones.world.worlds import living, make_engine, make_world, read_events, run, send
from zones.runtime.snapshot_file import SnapshotName
from zones.world import outbox
from zones.world.columns import open_world
from zones.world.parameters import FRICTION, RESOURCE_MAX


def test_telemetry() -> None:
    """Every 300 ticks telemetry tells what the columns say, and the deaths since the last one."""
    words = make_world(seed=4, **BUSY)
    run(words, 600)
    first, second = (event for event in read_events(words) if event["kind"] == "telemetry")
    buffer = open_world(words).committed
    alive = living(buffer)
    assert (first["tick"], second["tick"]) == (300, 600)
    assert second["entity_count"] == len(alive)
    assert second["avg_energy"] == pytest.approx(float(np.mean(buffer.energy[alive])), rel=1e-5)
    assert second["births_last_period"] + first["births_last_period"] == words.state(
        600, State.BIRTHS
    )
    assert second["deaths_last_period"] == sum(
        second[name] for name in ("death_starvation", "death_age", "death_collision")
    )
    assert second["death_age"] + first["death_age"] == words.state(600, State.DEATH_AGE)
    assert 0 <= second["resource_density"] <= 1
    assert second["max_entities"] == len(buffer.state)


def test_telemetry_names_its_tick_as_a_snapshot_of_it_would() -> None:
    """The key is made of tick and arena, as the name of a snapshot's file is."""
    words = make_world(entities=1)
    words.put_bytes(Header.ARENA_ID, bytes(range(1, 17)))
    run(words, 300)
    (told,) = (event for event in read_events(words) if event["kind"] == "telemetry")
    name = SnapshotName("stable", 300, bytes(range(1, 17)).hex()[:8]).file_name()
    assert name == f"stable-{told['snapshot_key']}.snapshot"


@pytest.mark.parametrize(("most", "lying"), [(0.0, True), (0.0, False), (0.01, True)])
def test_density_is_a_share(most: float, lying: bool) -> None:
    """Food above a lowered resource_max counts as full, and none at all as empty."""
    words = make_world(entities=0, min_population=0)
    buffer = open_world(words).committed
    buffer.parameters[RESOURCE_MAX] = most
    buffer.resource_amount[:] = 5.0 if lying else 0.0
    run(words, 300)
    (told,) = (event for event in read_events(words) if event["kind"] == "telemetry")
    assert told["resource_density"] == (1.0 if lying else 0.0)


def test_empty_world_has_telemetry() -> None:
    """A world without a living Molbot tells an average energy of 0."""
    words = make_world(entities=0, min_population=0)
    run(words, 300)
    assert read_events(words)[0]["avg_energy"] == 0.0


@pytest.mark.slow
def test_full_outbox_thins_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a reader telemetry stops at three quarters, is counted, and the world goes on."""
    monkeypatch.setattr(outbox, "TELEMETRY_TICKS", 1)
    monkeypatch.setattr("zones.world.engine.TELEMETRY_TICKS", 1)
    words = make_world(entities=5, max_entities=5, resources=5)
    engine = make_engine(words, acked=lambda: 0)
    for _ in range(5000):
        engine.tick()
    size = len(words.outbox())
    assert words.state(5000, State.EVENTS_THINNED) > 100
    assert words.state(5000, State.OUTBOX_HEAD) <= size * 3 // 4
    told = sum(event["kind"] == "telemetry" for event in read_events(words))
    assert told + words.state(5000, State.EVENTS_THINNED) == 5000
    send(words, Input(SET_PARAM, param="friction", value=0.5))
    engine.tick()
    assert read_events(words)[-1]["kind"] == "input.applied"


def test_full_outbox_keeps_inputs_waiting() -> None:
    """With no room for its event an input waits, and is applied once there is room again."""
    words = make_world(entities=5, max_entities=5, resources=5)
    room = len(words.outbox())
    stored = 0
    engine = make_engine(words, acked=lambda: stored)
    sent = 0
    while words.state(words.get(Header.COMMIT), State.INBOX_CURSOR) == sent:
        for _ in range(200):
            send(words, Input(SET_PARAM, param="friction", value=0.5))
            sent += 1
        engine.tick()
        assert sent < 100_000
    tick = words.get(Header.COMMIT)
    waiting = words.state(tick, State.INBOX_CURSOR)
    assert waiting < sent
    send(words, Input(SET_PARAM, param="friction", value=0.125))
    engine.tick()
    assert words.state(tick + 1, State.INBOX_CURSOR) == waiting
    assert words.parameter(tick + 1, FRICTION) == 0.5
    assert room - words.state(tick + 1, State.OUTBOX_HEAD) < 200
    stored = words.state(tick + 1, State.OUTBOX_HEAD)
    engine.tick()
    assert words.parameter(tick + 2, FRICTION) == 0.125
    assert words.state(tick + 2, State.OUTBOX_NEXT) == sent + 1


def test_full_outbox_holds() -> None:
    """A resume that could not be told does not free a held world."""
    words = make_world()
    stored = 0
    engine = make_engine(words, acked=lambda: stored)
    send(words, Input(PAUSE))
    engine.tick()
    send(words, Input(RESUME))
    stored = words.state(1, State.OUTBOX_HEAD) - len(words.outbox())
    assert engine.holding()
    stored = words.state(1, State.OUTBOX_HEAD)
    assert not engine.holding()


@pytest.mark.slow
def test_events_survive_many_laps() -> None:
    """With a reader that keeps up, numbers and offsets go on through several laps of the ring."""
    words = make_world(entities=5, max_entities=5, resources=5)
    engine = make_engine(words)
    size = len(words.outbox())
    tick, number, offset = 0, 0, 0
    while words.state(tick, State.OUTBOX_HEAD) < 3 * size:
        for _ in range(200):
            send(words, Input(SET_PARAM, param="sense_radius", value=float(number % 50)))
        tick = engine.tick()
        events = read_events(words, number, offset)
        assert [event["sequence"] for event in events] == list(range(number, number + 200))
        number, offset = number + 200, words.state(tick, State.OUTBOX_HEAD)
    assert words.state(tick, State.EVENTS_THINNED) == 0
