"""Recorded inputs are read from whatever prints them."""

import json
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.codec import pack
from Kernel.contract.envelope import Envelope, Level, new_id
from Kernel.contract.errors import ConfigError
from Kernel.contract.event_text import event_fields, event_line
from Kernel.contract.inputs import PAUSE, SET_PARAM, Input
from zones.world import recorded
from zones.world.recorded import Recorded, read_inputs


def envelope(tick: int, kind: str = "input.applied", **payload: Any) -> Envelope:
    """Return an event of a world as the log holds it."""
    given = payload or {"sequence": tick, "input": {"kind": PAUSE, "at_tick": 0}}
    return Envelope(
        id=new_id(0, bytes(10)), time_ns=0, tick=tick, zone="stable", kind=kind, version=1,
        level=Level.INFO, payload=pack({"tick": tick, **given}), agent="ab" * 16,
    )  # fmt: skip


EVENTS = [
    envelope(3),
    envelope(300, "telemetry", entity_count=5),
    envelope(9, input={"kind": SET_PARAM, "at_tick": 0, "param": "friction", "value": 0.5}),
]
WANTED = [Recorded(3, Input(PAUSE)), Recorded(9, Input(SET_PARAM, param="friction", value=0.5))]


@pytest.mark.parametrize("indent", [None, 2])
def test_document_of_events_is_read(indent: int | None, tmp_path: Path) -> None:
    """One JSON document, on one line or on many, with whatever else stands in it."""
    events = [event_fields(place, each) for place, each in enumerate(EVENTS, 1)]
    path = tmp_path / "events.json"
    path.write_text(json.dumps({"v": 1, "events": events, "newest": 3}, indent=indent))
    assert read_inputs(path) == WANTED
    path.write_text(json.dumps({"events": []}, indent=indent))
    assert read_inputs(path) == []


def test_document_longer_than_a_line_is_read(tmp_path: Path) -> None:
    """The limit of a line is not that of a document."""
    events = [event_fields(place, envelope(place)) for place in range(1, 500)]
    path = tmp_path / "events.json"
    path.write_text(json.dumps({"events": events}))
    assert path.stat().st_size > recorded.LINE_BYTES_MAX
    assert [each.tick for each in read_inputs(path)] == list(range(1, 500))


def test_lines_of_events_are_read(tmp_path: Path) -> None:
    """A line for each, as -f prints them."""
    path = tmp_path / "events.jsonl"
    path.write_text("".join(event_line(1, each) + "\n" for each in EVENTS))
    assert read_inputs(path) == WANTED


@pytest.mark.parametrize("cause", [b"\1" * 16, "0190a2b4-0000-7000-8000-000000000000", None])
def test_cause_decides_nothing(cause: object, tmp_path: Path) -> None:
    """An input may say what it came from, as bytes or in hex: it is the same input."""
    given = {"kind": PAUSE, "at_tick": 0, "cause": cause}
    path = tmp_path / "events.jsonl"
    path.write_text(event_line(1, envelope(3, sequence=0, input=given)))
    assert read_inputs(path) == WANTED[:1]


def test_what_was_undone_is_dropped(tmp_path: Path) -> None:
    """The world was restored at tick 5: what had been done at tick 9 was done to another one."""
    events = [*EVENTS, envelope(5, "world.restored", from_arena="cd" * 16), envelope(7)]
    path = tmp_path / "events.jsonl"
    path.write_text("".join(event_line(1, each) + "\n" for each in events))
    assert [each.tick for each in read_inputs(path)] == [3, 7]


def test_document_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what to do instead."""
    monkeypatch.setattr(recorded, "DOCUMENT_BYTES_MAX", 1000)
    path = tmp_path / "events.json"
    path.write_text(json.dumps({"events": [{}] * 1000}, indent=1))
    with pytest.raises(ConfigError, match=r"line 1: the document is beyond the limits: use lines"):
        read_inputs(path)


def test_too_many_inputs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a limit to what is kept in memory."""
    monkeypatch.setattr(recorded, "INPUTS_MAX", 2)
    path = tmp_path / "events.jsonl"
    path.write_text((event_line(1, envelope(3)) + "\n") * 3)
    with pytest.raises(ConfigError, match=r"line 3: more than 2 inputs"):
        read_inputs(path)
