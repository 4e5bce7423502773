"""Which events of a log are a world's past, and that a missing one is seen; records are hostile."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.envelope import Envelope, pack_envelope
from Kernel.contract.errors import LedgerError
from Kernel.contract.inputs import PAUSE, Input
from tests.zones.world.paper_log import envelope_of
from zones.world import past
from zones.world.past import Past, Start, Stretch, find_number, read_past
from zones.world.recorded import Recorded

A, B, C = (bytes([each]) * 16 for each in (0xAA, 0xBB, 0xCC))
START = Start(A.hex(), 10, 2)


def applied(arena: bytes, number: int, tick: int) -> Envelope:
    """Return the event of a pause."""
    given_ = {"kind": PAUSE, "at_tick": 0}
    event = {"kind": "input.applied", "tick": tick, "sequence": number, "input": given_}
    return envelope_of(arena, number, event, "stable")


def begun(arena: bytes, number: int, tick: int, parent: bytes, kind: str = "restored") -> Envelope:
    """Return the first event of an arena that goes on from another."""
    event = {"kind": f"world.{kind}", "tick": tick, "from_arena": parent.hex(), "first": number}
    return envelope_of(arena, number, event, "stable")


def read(*log: Envelope | bytes, start: Start = START) -> Past:
    """Return the past in a log, oldest event first."""
    records = [each if isinstance(each, bytes) else pack_envelope(each) for each in log]
    return read_past(reversed(list(enumerate(records, 1))), start)


def ticks(found: Past) -> list[int]:
    """Return the ticks of the inputs."""
    return [each.tick for each in found.inputs]


def test_what_came_before_the_start_is_left() -> None:
    """Reading ends at the newest event of before."""

    def rows() -> Iterator[tuple[int, bytes]]:
        yield 3, pack_envelope(applied(A, 2, 12))
        yield 2, pack_envelope(applied(A, 1, 10))
        yield 1, pack_envelope(applied(A, 0, 9))

    found = read_past(rows(), START)
    assert found.inputs == (Recorded(12, Input(PAUSE)),)
    assert (found.tick, found.known, found.why, found.sequence) == (12, 12, "", 3)
    assert found.stretches == (Stretch(A.hex(), 10, 12),)


def test_later_of_two_that_go_on_counts() -> None:
    """Restored twice from the same arena: what the first one did was undone."""
    found = read(
        applied(A, 2, 12), applied(A, 3, 14),
        begun(B, 3, 12, A), applied(B, 4, 13), applied(B, 5, 20),
        begun(C, 3, 12, A), applied(C, 4, 15),
    )  # fmt: skip
    assert ticks(found) == [12, 15]
    assert (found.arena, found.known) == (C.hex(), 15)
    assert [each.arena for each in found.stretches] == [A.hex(), C.hex()]
    began = found.stretches[1].behind
    assert found.tells_of(Start(C.hex(), began, 0)), "a snapshot of the tick it began with"
    assert not found.tells_of(Start(C.hex(), began - 1, 0))


def test_migrated_world_tells_again_what_was_not_stored() -> None:
    """Its new arena brings events over with their numbers: each counts once, none is missing."""
    found = read(
        applied(A, 2, 11), applied(B, 2, 11), applied(B, 3, 12), migrated(4, 12), applied(B, 5, 13)
    )
    assert ticks(found) == [11, 12, 13] and found.why == "" and found.migrated == (12,)
    lost = read(applied(A, 2, 11), migrated(4, 12), applied(B, 5, 13))
    assert ticks(lost) == [11] and lost.why.startswith("cannot find event 3 of arena bbbbbbbb")


def migrated(number: int, tick: int) -> Envelope:
    """Return the event of a migration from A to B whose first event is number 2."""
    event = {"kind": "world.migrated", "tick": tick, "from_arena": A.hex(), "first": 2}
    return envelope_of(B, number, event, "stable")


@pytest.mark.parametrize("links", [[(A, A)], [(B, A), (A, B)], [(B, B)]])
def test_arenas_in_a_circle_end(links: list[tuple[bytes, bytes]]) -> None:
    """A log can say anything: nothing is followed twice."""
    log = [applied(A, 2, 12)]
    log += [begun(child, 3, 12, parent) for child, parent in links]
    assert ticks(read(*log)) == [12]


def test_event_that_was_refused_ends_it() -> None:
    """What a world told and the archive could not take may have been an input."""
    refused = {"kind": "archive.refused", "tick": 12, "why": "damaged"}
    found = read(applied(A, 2, 11), envelope_of(A, 3, refused, "stable"), applied(A, 4, 13))
    assert (ticks(found), found.tick, found.known) == ([11], 11, 13)
    assert found.why == "cannot read event 3 of arena aaaaaaaa: it was refused"


def test_time_that_runs_back_ends_it() -> None:
    """No world tells of an earlier tick after a later one."""
    found = read(applied(A, 2, 15), applied(A, 3, 12), applied(A, 4, 20))
    assert (ticks(found), found.tick) == ([15], 15)
    assert found.why == "cannot use event 3 of arena aaaaaaaa: its tick is 12"


def test_way_back_that_is_too_far_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest ROWS_MAX events are looked at: what lies before them may be missing."""
    monkeypatch.setattr(past, "ROWS_MAX", 2)
    found = read(applied(A, 1, 9), applied(A, 2, 11), applied(A, 3, 12), applied(A, 4, 13))
    assert (found.tick, ticks(found)) == (10, [])
    assert found.why == "cannot find tick 10 in the newest 2 events of the log"


def test_log_that_cannot_be_read_on_is_said() -> None:
    """An error on the way: what was read does not reach the start."""

    def rows() -> Iterator[tuple[int, bytes]]:
        yield 9, pack_envelope(applied(A, 5, 15))
        raise LedgerError("cannot read segment 1")

    found = read_past(rows(), START)
    assert (found.tick, found.known, found.why) == (10, 15, "cannot read segment 1")


def test_an_event_of_the_start_that_the_start_does_not_know_is_not_used() -> None:
    """The start knows all events of its tick: one beyond them contradicts it, and is said."""
    found = read(*[applied(A, 0, 0)] * 6, applied(A, 2, 10))
    assert (ticks(found), found.tick) == ([], 10)
    assert found.why == f"cannot use event 2 of arena {A.hex()[:8]}: its tick is 10"


def test_foreign_and_damaged_records_are_passed_over() -> None:
    """Other zones, other arenas, records that are none, an agent that only looks like an arena."""
    strange = applied(C, 7, 99)
    look_alike = Envelope(**{
        **{name: getattr(strange, name) for name in strange.__struct_fields__}, "agent": "x" * 32,
    })  # fmt: skip
    found = read(b"stable garbage", strange, look_alike, applied(A, 2, 12), b"\xc1stable")
    assert (ticks(found), found.why, found.known) == ([12], "", 12)


@given(st.integers(0, 5000), st.integers(-200, 200))
def test_numbers_are_found_near_the_expected_one(number: int, off: int) -> None:
    """Either way, by the id alone."""
    assert find_number(applied(A, number, 1), max(number + off, 0)) == number


@given(st.lists(st.tuples(st.sampled_from([A, B, C]), st.integers(0, 6), st.integers(0, 30),
                          st.sampled_from(["input", "restored", "migrated", "taken"]),
                          st.sampled_from([A, B, C])), max_size=14))  # fmt: skip
def test_any_log_gives_inputs_in_order(rows: list[tuple[Any, ...]]) -> None:
    """Whatever it says: ticks only grow, none is beyond the newest or before the start."""
    log = []
    for arena, number, tick, kind, parent in rows:
        if kind == "input":
            log.append(applied(arena, number, tick))
        elif kind == "taken":
            event = {"kind": "zone.taken_over", "tick": tick, "tick_found": tick, "build": "b"}
            log.append(envelope_of(arena, number, event, "stable"))
        else:
            log.append(begun(arena, number, tick, parent, kind))
    found = read(*log)
    assert ticks(found) == sorted(ticks(found))
    assert all(10 < tick <= found.tick for tick in ticks(found))
    assert found.known >= found.tick >= 10
