"""The answer to "have we tried this before?", as data and for programs.

Owns: its fields and their names in JSON. Does not own: finding it (`store.py`), how it looks on a
terminal (`zones/ledger/commands/lessons.py`).
"""

from dataclasses import dataclass
from typing import Any, Final

from Kernel.contract.envelope import id_text
from zones.runtime.lessons.lesson import Lesson
from zones.runtime.lessons.rows import Outcome

ROUNDING: Final = 6
"""Digits of scores and cosines."""


@dataclass(frozen=True, slots=True)
class Origin:
    """An event that a lesson was drawn from; no id and kind where the log is not at hand."""

    position: int
    event_id: bytes = b""
    kind: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """A lesson that was found.

    Args:
        score: of the fusion; orders matches of one question and means nothing else.
        similarity: cosine, -1 to 1; None where it was found by its words alone.
        found_by: "words", "meaning", or both.
        near: speaks of the same thing, by the model's measure, or has every word asked for.
        origins: the newest EVENTS_MAX of what it was drawn from.
        outcomes: what became of the mutations among these, oldest first.
    """

    lesson: Lesson
    score: float
    similarity: float | None
    found_by: tuple[str, ...]
    near: bool
    origins: tuple[Origin, ...] = ()
    outcomes: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """The answer to "have we tried this before?".

    Args:
        notes: what is not as it should be, for people.
    """

    question: str
    matches: tuple[Match, ...]
    lessons: int
    model: str
    notes: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether a lesson speaks of the same thing."""
        return any(match.near for match in self.matches)


def match_fields(match: Match) -> dict[str, Any]:
    """Return a match as plain data; its keys are kept."""
    lesson = match.lesson
    return {
        "lesson_id": lesson.lesson_id,
        "id": id_text(lesson.event_id),
        "position": lesson.position,
        "time": lesson.time,
        "tick": lesson.tick,
        "zone": lesson.zone,
        "agent": lesson.agent or None,
        "role": lesson.role or None,
        "times": lesson.times,
        "situation": lesson.situation,
        "action": lesson.action,
        "result": lesson.result,
        "feedback": lesson.feedback,
        "tags": list(lesson.tags),
        "cause": id_text(lesson.cause) or None,
        "score": round(match.score, ROUNDING),
        "similarity": match.similarity,
        "near": match.near,
        "found_by": list(match.found_by),
        "from": [
            {"position": each.position, "id": id_text(each.event_id) or None, "kind": each.kind}
            for each in match.origins
        ],
        "outcomes": [
            {
                "position": each.position,
                "id": id_text(each.event_id),
                "kind": each.kind,
                "tick": each.tick,
                "of": each.subject,
                "what": each.told,
            }
            for each in match.outcomes
        ],
    }


def tried_fields(tried: Tried) -> dict[str, Any]:
    """Return an answer as plain data."""
    return {
        "question": tried.question,
        "tried": tried.is_known,
        "lessons": [match_fields(match) for match in tried.matches],
        "of": tried.lessons,
        "model": tried.model,
        "notes": list(tried.notes),
    }
