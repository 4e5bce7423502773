"""The end of trials and calls that died with their kernel, told by the next one.

Owns: what a note of one says, reading it, telling its end. Does not own: the files
(`Kernel/ports/cell_notes.py`), when a note is written and deleted (`cells.py`).

A note is deleted once its end is told: a kernel that is killed in between leads to an end that is
told twice, never to none.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from Kernel.contract.call_job import Outcome
from Kernel.contract.envelope import id_text, parse_id
from Kernel.contract.errors import CodecError
from Kernel.core.events import EventLog
from Kernel.ports.cell_notes import NOTE_BYTES_MAX, CellNotes

WHY: Final = "the kernel ended before it did"
CHARS_MAX: Final = 400
ABOUT: Final = {"trial": ("zone", "code_hash"), "call": ("name",)}
"""What the end of a cell tells of what it was, by its role."""


@dataclass(frozen=True, slots=True)
class CellNote:
    """One cell that is under way.

    Args:
        begun: id of the newest event about it: its begin, or while it waits that it was asked for.
        about: the keys of ABOUT.
    """

    role: str
    begun: bytes
    about: Mapping[str, str]


def pack_note(note: CellNote) -> bytes:
    """Return a note as it is written."""
    about = {key: value[:CHARS_MAX] for key, value in note.about.items()}
    told = {"role": note.role, "begun": id_text(note.begun), "about": about}
    return json.dumps(told).encode()


def parse_note(data: bytes) -> CellNote:
    """Read a note; the bytes are hostile.

    Raises:
        CodecError: it is none.
    """
    try:
        told = json.loads(data[:NOTE_BYTES_MAX])
        role, begun = told["role"], parse_id(told["begun"])
        about = {key: told["about"][key] for key in ABOUT[role]}
        if not all(
            type(each) is str and len(each.encode()) <= 4 * CHARS_MAX for each in about.values()
        ):
            raise ValueError("it is about something that is no text")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CodecError(f"cannot use a note: {str(error)[:200]}") from error
    return CellNote(role, begun, about)


def tell_lost_cells(notes: CellNotes, log: EventLog, lost: bytes) -> None:
    """Tell the end of each that a kernel before has left, and delete what is left of it.

    Args:
        lost: id of the event that tells of that kernel's end, b"" where there is none.
    """
    for name, data in notes.left().items():
        try:
            note = parse_note(data)
        except CodecError:
            pass  # torn by the machine's end, or somebody else's: it tells of nothing
        else:
            _tell(note, log, lost)
        notes.forget(name)


def _tell(note: CellNote, log: EventLog, lost: bytes) -> None:
    begun, cause = id_text(note.begun), lost or note.begun
    if note.role == "trial":
        log.warning(
            "trial.ended", accepted=False, how="lost", reason=WHY, begun=begun, cause=cause,
            **note.about,
        )  # fmt: skip
    else:
        log.warning(
            "call.ended", outcome=Outcome.LOST.value, why=WHY, begun=begun, cause=cause,
            **note.about,
        )  # fmt: skip
