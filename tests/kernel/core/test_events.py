"""The kernel's events: numbered, bounded, and told as they were logged."""

import json

import pytest

from Kernel.contract.envelope import (
    Envelope,
    Level,
    id_text,
    pack_envelope,
    parse_envelope,
    parse_id,
)
from Kernel.core import events
from Kernel.core.events import EVENTS_MAX, PAYLOAD_BYTES_MAX, Recorder
from tests.support.fakes import FakeClock, FakeEntropy, RecordingLog


@pytest.fixture
def log() -> RecordingLog:
    """Give what stands behind the recorder."""
    return RecordingLog()


@pytest.fixture
def recorder(log: RecordingLog) -> Recorder:
    """Give a recorder of a world at tick 7."""
    recorder = Recorder(log, FakeClock(), FakeEntropy())
    recorder.tick_now = lambda: 7
    return recorder


DIED = {"role": "active", "pid": 12, "how": "signal 9", "counts": False, "failures": 0}


def test_an_event_is_kept_and_passed_on(recorder, log):
    """What is logged is an event with number, time, tick, zone, kind and the rest as payload."""
    first = recorder.info("drill.begun", zone="stable", pid=12, fault="kill")
    second = recorder.warning("zone.died", zone="stable", cause=first, **DIED)
    assert log.of("zone.died") == [{"zone": "stable", **DIED}]
    begun, died = recorder.events.read(1)
    assert (first, second) == (parse_id(begun.id), parse_id(died.id)) and first != second
    assert died.fields() == {
        "id": id_text(second),
        "position": 2,
        "time": "2023-11-14T22:30:00.000Z",
        "tick": 7,
        "zone": "stable",
        "kind": "zone.died",
        "level": "warning",
        "cause": id_text(first),
        "payload": DIED,
    }
    assert begun.fields()["cause"] is None and begun.at_s == 1000.0


def test_the_same_event_is_sent(recorder):
    """What goes to the ledger has the same id, time and cause, and the kernel speaks in it."""
    sent: list[Envelope] = []
    recorder.send = sent.append
    first = recorder.error("kernel.misfit", told="a", why="b", values="c")
    recorder.warning("zone.died", zone="stable", cause=first, **DIED)
    recorder.info("world.ticking", tick=5)
    misfit, died = sent
    assert died.payload_fields() == {"zone": "stable", **DIED}
    assert (died.zone, died.kind, died.tick, died.cause) == ("kernel", "zone.died", 7, first)
    assert (misfit.level, died.level) == (Level.ERROR, Level.WARNING)
    assert [id_text(each.id) for each in sent] == [each.id for each in recorder.events.read(1)]
    assert parse_envelope(pack_envelope(died)) == died


def test_an_effect_may_come_before_its_cause_is_told(recorder):
    """An id that was reserved names the event when it is told."""
    reserved = recorder.reserve()
    assert recorder.info("config.read", changed=1, event_id=reserved) == reserved
    (event,) = recorder.events.read(1)
    assert event.id == id_text(reserved) and event.payload == {"changed": 1}


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("zone.nosuch", {"zone": "stable"}),
        ("zone.died", {"zone": "stable", "pid": "twelve"}),
        ("config.read", {"changed": object()}),
        ("config.changed", {"key": "a", "effect": "now", "new": "x" * 100_000}),
        ("arena.founded", {"told": {1: 2}}),
        ("arena.founded", {"told": 2**80}),
    ],
)
def test_a_misfit_is_sent_as_such(recorder, log, kind, values):
    """A bug of ours ends nothing: all there was to say is sent, and the log tells of it."""
    sent: list[Envelope] = []
    recorder.send = sent.append
    cause = bytes(range(16))
    event_id = recorder.info(kind, cause=cause, **values)
    (misfit,) = sent
    assert misfit.kind == "kernel.misfit" and misfit.cause == cause and misfit.id == event_id
    fields = misfit.payload_fields()
    assert fields["told"] == kind and fields["why"].startswith("cannot ")
    assert next(iter(values)) in fields["values"]
    assert log.of("kernel.misfit") and len(misfit.payload) < 10_000
    assert next(recorder.events.read(1)).kind == kind


@pytest.mark.parametrize("tick", [-1, 2**63])
def test_a_tick_out_of_range_is_no_tick(recorder, tick):
    """A world can write anything into its words."""
    recorder.tick_now = lambda: tick
    recorder.info("kernel.stopping")
    assert next(recorder.events.read(1)).tick is None


def test_a_secret_is_not_sent(recorder):
    """What looks like a credential is taken out before it leaves the kernel."""
    sent: list[Envelope] = []
    recorder.send = sent.append
    recorder.info("config.changed", key="world.name", effect="now", new="AKIAIOSFODNN7EXAMPLE")
    assert "AKIA" not in str(sent[0].payload_fields())


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
    recorder = Recorder(RecordingLog(), FakeClock(), FakeEntropy())
    for _ in range(100):
        recorder.info("zone.stderr", zone="a", line="x" * 5000)
    kept = list(recorder.lines.read(1))
    assert sum(len(line.line) for line in kept) <= 50_000 and len(kept) > 10
    assert kept[-1].position == 100
