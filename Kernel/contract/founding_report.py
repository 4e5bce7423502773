"""What a founder has done, as a small file beside the arena that the kernel reads once.

Owns: its form and its name. Does not own: writing and reading it (`zones/runtime/arena_place.py`,
`Kernel/ports/arena_file.py`), what becomes of the notes. Standard library only.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from Kernel.contract.errors import CodecError

KEPT: Final = "kept"
MIGRATED: Final = "migrated"
RESTORED: Final = "restored"
FOUNDED: Final = "founded"
DEEDS: Final = (KEPT, MIGRATED, RESTORED, FOUNDED)
REPORT_BYTES_MAX: Final = 256 * 1024
NOTES_MAX: Final = 16
TEXT_CHARS_MAX: Final = 1000
TICK_LIMIT: Final = 2**62


@dataclass(frozen=True, slots=True)
class FoundingNote:
    """One sentence about the founding.

    Args:
        what: "arena", "snapshots", "world", "replay", "size", "migration" or "events": one note
            about each.
        why: begins with "cannot" where `degraded`.
        hint: a command that helps.
        degraded: something is lost or does not work; else it is only said.
    """

    what: str
    why: str
    hint: str
    degraded: bool


@dataclass(frozen=True, slots=True)
class Replayed:
    """How a restored world was brought to the tick it is at.

    Args:
        from_tick: of the snapshot; the ticks behind it were computed again.
        inputs: how many were applied again.
        seconds: how long it took.
    """

    from_tick: int
    inputs: int
    seconds: float


@dataclass(frozen=True, slots=True)
class FoundingReport:
    """What a founder did.

    Args:
        did: one of DEEDS: the arena that was there was kept, brought to this build's columns or to
            another size, or a world was restored from a snapshot, or founded by its settings.
        tick: of the arena that is there now.
        aside: name of the file that the old arena was set aside as, "" when none was.
        replayed: of a restored world; None of others, and where an older build has restored it.
    """

    did: str
    tick: int
    aside: str = ""
    notes: tuple[FoundingNote, ...] = field(default=())
    replayed: Replayed | None = None

    def encode(self) -> bytes:
        """Return the file's content; texts that are too long are cut, notes beyond the most too."""
        notes = [
            {**asdict(note), "why": note.why[:TEXT_CHARS_MAX], "hint": note.hint[:TEXT_CHARS_MAX]}
            for note in self.notes[:NOTES_MAX]
        ]
        replayed = asdict(self.replayed) if self.replayed is not None else None
        fields = {
            "did": self.did,
            "tick": self.tick,
            "aside": self.aside,
            "notes": notes,
            "replayed": replayed,
        }
        return json.dumps(fields).encode()


def report_path(folder: Path, zone: str) -> Path:
    """Return where the report about a zone's arena lies."""
    return folder / f"{zone}.founded.json"


def parse_report(data: bytes) -> FoundingReport:
    """Return the report in a file.

    Raises:
        CodecError: it is none.
    """
    try:
        fields = json.loads(data)
        notes = tuple(_parse_note(note) for note in fields["notes"])
        replayed = Replayed(**fields["replayed"]) if fields.get("replayed") else None
        report = FoundingReport(
            _text(fields["did"]), fields["tick"], _text(fields["aside"]), notes, replayed
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise CodecError(f"cannot read the report of a founder: {error!r}") from error
    sound = type(report.tick) is int and 0 <= report.tick < TICK_LIMIT
    if replayed is not None:
        counts = (replayed.from_tick, replayed.inputs)
        sound = sound and all(type(n) is int and 0 <= n < TICK_LIMIT for n in counts)
        sound = sound and type(replayed.seconds) in (int, float) and replayed.seconds >= 0
    if not sound or report.did not in DEEDS or len(notes) > NOTES_MAX or "/" in report.aside:
        raise CodecError("cannot read the report of a founder: a value is out of its range")
    return report


def _parse_note(fields: Any) -> FoundingNote:
    return FoundingNote(
        _text(fields["what"]),
        _text(fields["why"]),
        _text(fields["hint"]),
        fields["degraded"] is True,
    )


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > TEXT_CHARS_MAX:
        raise TypeError("a text is none, or too long")
    return value
