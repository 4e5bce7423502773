"""The kernel's events: numbered, bounded, and told as they were logged."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.core import events
from Kernel.core.events import EVENTS_MAX, PAYLOAD_BYTES_MAX, LogLine, Recorder, Ring
from tests.support.fakes import FakeClock, RecordingLog


@pytest.fixture
def log() -> RecordingLog:
    """Give what stands behind the recorder."""
    return RecordingLog()


@pytest.fixture
def recorder(log: RecordingLog) -> Recorder:
    """Give a recorder of a world at tick 7."""
    recorder = Recorder(log, FakeClock(), "b0")
    recorder.tick_now = lambda: 7
    return recorder


def test_an_event_is_kept_and_passed_on(recorder, log):
    """What is logged is an event with number, time, tick, zone, kind and the rest as payload."""
    first = recorder.info("zone.served", zone="stable", pid=12)
    second = recorder.warning("zone.died", zone="stable", pid=12, cause=first)
    assert log.of("zone.died") == [{"zone": "stable", "pid": 12, "cause": first}]
    served, died = recorder.events.read(1)
    assert (first, second) == ("b0-1", "b0-2")
    assert died.fields() == {
        "id": "b0-2",
        "position": 2,
        "time": "2023-11-14T22:30:00.000Z",
        "tick": 7,
        "zone": "stable",
        "kind": "zone.died",
        "level": "warning",
        "cause": "b0-1",
        "payload": {"pid": 12},
    }
    assert served.fields()["cause"] is None and served.at_s == 1000.0


def test_lines_of_zones_are_no_events(recorder, log):
    """What a zone writes belongs to the logs, and what status says anyway is no event."""
    recorder.info("zone.stderr", zone="stable", line="founded")
    recorder.info("world.ticking", tick=5)
    assert recorder.events.newest == 0 and len(log.lines) == 2
    written, said = recorder.lines.read(1)
    assert (written.zone, written.source, written.line) == ("stable", "stderr", "founded")
    assert (said.zone, said.source, said.line) == ("kernel", "kernel", "world.ticking tick=5")


def test_what_is_about_no_zone_is_the_kernels(recorder):
    """An event without a zone carries the kernel's name; without a world its tick is unknown."""
    recorder.tick_now = lambda: None
    recorder.error("kernel.degraded", why="disk full")
    (event,) = recorder.events.read(1)
    assert (event.zone, event.tick, event.level) == ("kernel", None, "error")


@pytest.mark.parametrize(
    "values",
    [
        {"why": "x" * 100_000},
        {"many": ["y" * 100] * 1000},
        {f"key{number}": "z" * 500 for number in range(100)},
        {"path": object(), "number": float("inf"), "nested": {"a": {1, 2}}},
    ],
)
def test_a_payload_is_bounded_and_json(recorder, values):
    """Whatever a caller logs, the payload is JSON of bounded size."""
    recorder.info("zone.odd", **values)
    (event,) = recorder.events.read(1)
    assert len(json.dumps(event.fields(), default=repr)) < 2 * PAYLOAD_BYTES_MAX
    assert isinstance(event.payload, dict)


def test_the_oldest_go(recorder):
    """So many are kept and no more; positions go on."""
    for number in range(EVENTS_MAX + 5):
        recorder.info("zone.died", number=number)
    ring = recorder.events
    assert (ring.oldest, ring.newest) == (6, EVENTS_MAX + 5)
    assert next(ring.read(1)).position == 6
    assert [event.position for event in ring.read(EVENTS_MAX + 4)] == [4100, 4101]
    assert list(ring.read(EVENTS_MAX + 6)) == []


def test_memory_is_bounded(recorder, monkeypatch):
    """Long lines push out more of the old ones: bytes count, too."""
    monkeypatch.setattr(events, "BYTES_MAX", 50_000)
    recorder = Recorder(RecordingLog(), FakeClock(), "b0")
    for _ in range(100):
        recorder.info("zone.stderr", zone="a", line="x" * 5000)
    kept = list(recorder.lines.read(1))
    assert sum(len(line.line) for line in kept) <= 50_000 and len(kept) > 10
    assert kept[-1].position == 100


@given(st.lists(st.integers(0, 400), max_size=60), st.integers(1, 20), st.integers(1, 1000))
def test_a_ring_keeps_the_newest(sizes, count_max, bytes_max):
    """Against a list: a suffix of what was added, within both limits unless it is one alone."""
    ring = Ring(count_max, bytes_max)
    for position, size in enumerate(sizes, start=1):
        ring.add(LogLine(position, 0.0, "a", "stderr", "info", ""), size)
    kept = [line.position for line in ring.read(0)]
    assert kept == list(range(ring.oldest, len(sizes) + 1))
    assert len(kept) <= count_max
    assert sum(sizes[place - 1] for place in kept) <= bytes_max or len(kept) == 1
