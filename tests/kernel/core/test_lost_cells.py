"""The next kernel tells the end of what died with the one before, whatever the notes hold."""

import json

import pytest

from Kernel.contract.envelope import id_text
from Kernel.contract.errors import CodecError
from Kernel.contract.event_words import tell
from Kernel.core.lost_cells import CellNote, pack_note, parse_note, tell_lost_cells
from Kernel.ports.cell_notes import NOTE_BYTES_MAX, MemoryCellNotes
from tests.support.fakes import RecordingLog

BEGUN, LOST = b"b" * 16, b"l" * 16
TRIAL = CellNote("trial", BEGUN, {"zone": "stable", "code_hash": "abcdef" * 10})
CALL = CellNote("call", BEGUN, {"name": "a.py"})
SOUND = {"role": "call", "begun": BEGUN.hex(), "about": {"name": "a"}}


@pytest.mark.parametrize("note", [TRIAL, CALL])
def test_a_note_comes_back(note):
    """As it was written."""
    assert parse_note(pack_note(note)) == note


def test_a_long_name_is_cut():
    """So that its note can be read again."""
    note = parse_note(pack_note(CellNote("call", BEGUN, {"name": "\N{SNOWMAN}" * 9999})))
    assert note.about["name"] == "\N{SNOWMAN}" * 400


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\xff\xfe", b"[" * NOTE_BYTES_MAX, b"{}", b"[]", b"7", pack_note(CALL)[:-1],
        *(
            json.dumps(SOUND | each).encode()
            for each in (
                {"role": "kernel"}, {"role": ["call"]}, {"begun": "12"}, {"begun": 12},
                {"about": {}}, {"about": {"name": 7}}, {"about": {"name": "x" * 3000}},
                {"about": {"name": "\ud800"}}, {"about": None},
            )
        ),
    ],
)  # fmt: skip
def test_what_is_no_note_tells_of_nothing(data):
    """It is deleted, and those beside it are told."""
    with pytest.raises(CodecError):
        parse_note(data)
    notes, log = MemoryCellNotes(), RecordingLog(strict=True)
    notes.keep("a", data)
    notes.keep("b", pack_note(CALL))
    tell_lost_cells(notes, log, LOST)
    assert [kind for kind, _ in log.lines] == ["call.ended"] and not notes.left()


@pytest.mark.parametrize(("lost", "cause"), [(LOST, LOST), (b"", BEGUN)])
def test_the_cause_is_the_loss_of_the_kernel(lost, cause):
    """Where nobody tells of that, it is the begin; either way the begin stands in the event."""
    notes, log = MemoryCellNotes(), RecordingLog(strict=True)
    notes.keep("trial-1", pack_note(TRIAL))
    notes.keep("call-1", pack_note(CALL))
    tell_lost_cells(notes, log, lost)
    assert set(log.causes.values()) == {cause}
    assert {values["begun"] for _, values in log.lines} == {id_text(BEGUN)}
    read = [tell(kind, values) for kind, values in log.lines]
    assert read == [
        "the trial of source abcdefabcdef ended: lost: the kernel ended before it did",
        "the call of a.py ended, kernel lost: the kernel ended before it did",
    ]
