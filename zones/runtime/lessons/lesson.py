"""One lesson: what was tried in which situation, and how it ended.

Owns: its fields, their limits, its id, the event it is. Does not own: where lessons are kept
(`rows.py`), how they are found again (`store.py`).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from Kernel.contract.envelope import Envelope
from Kernel.contract.errors import CodecError, Refused
from Kernel.contract.event_text import iso_time, role_word
from Kernel.contract.kinds import Story, make_event

KIND: Final = "lesson.learned"
TEXT_CHARS_MAX: Final = 4000
TAGS_MAX: Final = 32
TAG_CHARS_MAX: Final = 64
POSITIONS_MAX: Final = 256
_TEXTS: Final = ("situation", "action", "result", "feedback")


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson as it stands in the log.

    Args:
        position: of the event that taught it last.
        event_id: of that event; `molt why` takes it.
        cause: id of the event that led to it, b"" for none.
        from_positions: of the events it was drawn from.
        times: how often it was learned.
    """

    lesson_id: str
    situation: str
    action: str
    result: str
    feedback: str
    tags: tuple[str, ...]
    position: int
    event_id: bytes
    time_ns: int
    tick: int | None
    zone: str
    agent: str
    role: str
    cause: bytes
    from_positions: tuple[int, ...]
    times: int = 1

    @property
    def about(self) -> str:
        """What its vector is made of: what a question can know before the attempt."""
        return about(self.situation, self.action, self.tags)

    @property
    def time(self) -> str:
        """When it was learned, ISO 8601 in UTC."""
        return iso_time(self.time_ns / 1e9)


def about(situation: str, action: str, tags: Sequence[str]) -> str:
    """Return the text of a lesson that is compared by meaning; the result is left out."""
    return "\n".join(part for part in (situation, action, " ".join(tags)) if part)


def lesson_id(situation: str, action: str, result: str) -> str:
    """Return the id of a lesson: a hash of it, so the same one learned again stays one."""
    text = "\0".join((situation, action, result)).encode("utf-8", "replace")
    return f"L-{hashlib.blake2b(text, digest_size=5).hexdigest()}"


def make_lesson_event(
    situation: str,
    action: str,
    result: str,
    feedback: str,
    tags: Sequence[str],
    story: Story,
    entropy: bytes,
    from_positions: Sequence[int] = (),
) -> Envelope:
    """Return the event of a lesson, validated and redacted.

    Args:
        entropy: 10 random bytes, for the id of the event.

    Raises:
        Refused: a text is empty or too long, or there are too many tags or positions.
        CodecError: it is too large as a whole.
    """
    for name, text in zip(_TEXTS, (situation, action, result, feedback), strict=True):
        if len(text) > TEXT_CHARS_MAX:
            raise Refused(
                f"cannot learn a lesson whose {name} has {len(text)} characters: "
                f"{TEXT_CHARS_MAX} at most"
            )
    if not (situation.strip() and action.strip() and result.strip()):
        raise Refused("cannot learn a lesson without a situation, an action and a result")
    if len(tags) > TAGS_MAX or any(len(tag) > TAG_CHARS_MAX for tag in tags):
        raise Refused(
            f"cannot learn a lesson with {len(tags)} tags: {TAGS_MAX} of {TAG_CHARS_MAX} "
            "characters at most"
        )
    if len(from_positions) > POSITIONS_MAX:
        raise Refused(
            f"cannot learn a lesson from {len(from_positions)} events: {POSITIONS_MAX} at most"
        )
    payload = {
        "lesson_id": lesson_id(situation, action, result),
        "situation": situation,
        "action": action,
        "result": result,
        "feedback": feedback,
        "tags": list(tags),
        "from_positions": list(from_positions),
    }
    return make_event(KIND, payload, story, entropy)


def read_lesson(position: int, envelope: Envelope) -> Lesson | None:
    """Return the lesson of an event, None when its payload is not one; the bytes are hostile."""
    try:
        payload = envelope.payload_fields()
    except CodecError:
        return None
    texts = [payload.get(name) for name in ("lesson_id", *_TEXTS)]
    tags = payload.get("tags")
    positions = payload.get("from_positions") or []
    if not isinstance(tags, list) or not isinstance(positions, list):
        return None
    if not all(_is_text(text) for text in (*texts, *tags)) or not texts[0]:
        return None
    if not all(_is_position(number) for number in positions):
        return None
    named, situation, action, result, feedback = (str(text) for text in texts)
    return Lesson(
        lesson_id=named,
        situation=situation,
        action=action,
        result=result,
        feedback=feedback,
        tags=tuple(tags[:TAGS_MAX]),
        position=position,
        event_id=envelope.id,
        time_ns=envelope.time_ns,
        tick=envelope.tick,
        zone=envelope.zone,
        agent=envelope.agent,
        role=role_word(envelope.role),
        cause=envelope.cause,
        from_positions=tuple(positions[:POSITIONS_MAX]),
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_position(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63
