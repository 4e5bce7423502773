"""What a founder writes is read back, and anything else is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.errors import CodecError
from Kernel.contract.founding_report import (
    DEEDS,
    NOTES_MAX,
    REPORT_BYTES_MAX,
    TEXT_CHARS_MAX,
    FoundingNote,
    FoundingReport,
    Replayed,
    parse_report,
)

TEXTS = st.text(max_size=200)
NOTES = st.builds(FoundingNote, TEXTS, TEXTS, TEXTS, st.booleans())
COUNTS = st.integers(0, 2**62 - 1)
REPLAYED = st.none() | st.builds(Replayed, COUNTS, COUNTS, st.floats(0, 1e6))


@given(st.sampled_from(DEEDS), COUNTS, st.lists(NOTES, max_size=NOTES_MAX), REPLAYED)
def test_what_is_written_is_read(
    did: str, tick: int, notes: list[FoundingNote], replayed: Replayed | None
) -> None:
    """Every report comes back equal."""
    report = FoundingReport(did, tick, "stable.arena.set-aside-3", tuple(notes), replayed)
    assert parse_report(report.encode()) == report


def test_report_of_an_older_build_is_read() -> None:
    """It says nothing of a replay."""
    fields = json.loads(FoundingReport("restored", 5).encode())
    del fields["replayed"]
    assert parse_report(json.dumps(fields).encode()) == FoundingReport("restored", 5)


def test_too_much_is_cut_where_it_is_written() -> None:
    """A report always fits into what the kernel reads of it."""
    note = FoundingNote("arena", "é" * 5000, "h" * 5000, True)
    data = FoundingReport("kept", 1, "", (note,) * 99).encode()
    assert len(data) <= REPORT_BYTES_MAX
    report = parse_report(data)
    assert len(report.notes) == NOTES_MAX and len(report.notes[0].why) == TEXT_CHARS_MAX


@pytest.mark.parametrize(
    "harm",
    [
        {"did": "burnt"}, {"did": 5}, {"tick": -1}, {"tick": True}, {"tick": 1.5}, {"tick": 2**62},
        {"replayed": {"from_tick": -1, "inputs": 0, "seconds": 0.0}},
        {"replayed": {"from_tick": 1, "inputs": True, "seconds": 0.0}},
        {"replayed": {"from_tick": 1, "inputs": 0, "seconds": "x"}},
        {"replayed": {"from_tick": 1, "seconds": 1.0}}, {"replayed": 7},
        {"aside": "../x"}, {"aside": None}, {"notes": 4}, {"notes": [{}]},
        {"notes": [{"what": "", "why": "w" * 1001, "hint": "", "degraded": True}]},
    ],
)  # fmt: skip
def test_what_no_founder_writes_is_refused(harm: dict[str, object]) -> None:
    """Each field is checked."""
    fields = json.loads(FoundingReport("kept", 1).encode()) | harm
    with pytest.raises(CodecError, match="cannot read the report of a founder"):
        parse_report(json.dumps(fields).encode())


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    """Nothing but an error of the tree comes of garbage."""
    with pytest.raises(CodecError):
        parse_report(data)
