"""Have we tried this before? Finding lessons, with how they ended; and making new ones.

Owns: the search, what became of what a lesson was drawn from, `add_lesson`. Does not own: the file
(`zones/ledger/lesson_table.py`, in the archive), its rows, the order of two lists
(`ranking.py`), the answer as data (`tried.py`).

Reading needs no archive: see `view.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import apsw

from Kernel.contract.envelope import Envelope, id_text, parse_envelope
from Kernel.contract.errors import CodecError, LedgerError
from Kernel.contract.kinds import Story
from zones.runtime.lessons.embeddings import HASHED, Choice
from zones.runtime.lessons.lesson import make_lesson_event
from zones.runtime.lessons.ranking import fuse, match_text
from zones.runtime.lessons.rows import (
    FILE,
    count_lessons,
    count_vectors,
    find_words,
    mutations_of_plan,
    newest_lessons,
    outcomes_of,
    read_lessons,
    tally,
    vectors,
    without_vector,
)
from zones.runtime.lessons.tried import ROUNDING, Match, Origin, Tried
from zones.runtime.lessons.vectors import Embedding
from zones.runtime.lessons.view import FreshRows, LogReader, View

QUESTION_CHARS_MAX: Final = 8192
LIST_MAX: Final = 100
"""Best ones of each of the two lists; what is behind them in both is not found."""
FOUND_MAX: Final = 100
ID_CHARS_MAX: Final = 64
EMBEDDED_MAX: Final = 16
"""Vectors of the sentence model that a reader makes itself, where the archive has not yet."""
EMBEDDED_QUICKLY_MAX: Final = 2000
EVENTS_MAX: Final = 16
"""Of those a lesson came from, and of those that say how it ended."""
PLAN: Final = "evolution.plan"

P = TypeVar("P")


class LessonsStore:
    """The lessons of one home, for reading; and for who learns one.

    Not for use by two threads at once.

    Args:
        folder: HOME/data/ledger.
        choice: the model of questions (`embeddings.choose_embedding`).
        log: None: what the file lacks, and events that lessons were drawn from, are not looked up.
    """

    def __init__(self, folder: Path, choice: Choice, log: LogReader | None = None) -> None:
        self._choice = choice
        self._log = log
        self._rows = FreshRows(folder / FILE, log)

    def add_lesson(
        self,
        publish: Callable[[Envelope], P],
        situation: str,
        action: str,
        result: str,
        feedback: str,
        tags: Sequence[str],
        story: Story,
        entropy: bytes,
        from_positions: Sequence[int] = (),
    ) -> P:
        """Learn a lesson: send its event, from which it comes to stand in the store.

        The same situation, action and result learned again count up one lesson.

        Args:
            publish: sends the event and returns when it is durable.
            entropy: 10 random bytes.
            from_positions: of the events it is drawn from.

        Raises:
            Refused: a text is missing or too long.
            CodecError: it is too large as a whole.
        """
        event = make_lesson_event(
            situation, action, result, feedback, tags, story, entropy, from_positions
        )
        return publish(event)

    def tried_before(self, question: str, limit: int = 5) -> Tried:
        """Return the nearest lessons, best first, with how they ended.

        Args:
            question: any text; what is behind QUESTION_CHARS_MAX is not looked at.

        Raises:
            LedgerError: the log cannot be read.
        """
        return self._rows.ask(lambda view: self._search(view, question, min(limit, FOUND_MAX)))

    def newest(self, limit: int = 20) -> Tried:
        """Return the lessons learned last, newest first, told as an answer to no question.

        Raises:
            LedgerError: the log cannot be read.
        """

        def look(view: View) -> Tried:
            found = newest_lessons(view.db, min(limit, FOUND_MAX))
            matches = tuple(
                self._with_events(view, Match(lesson, 0.0, None, (), False)) for lesson in found
            )
            return self._answer(view, "", matches, self._choice.embedding)

        return self._rows.ask(look)

    def named(self, lesson_id: str) -> Tried | None:
        """Return the lesson with an id, None when there is none.

        Raises:
            LedgerError: the log cannot be read.
        """

        def look(view: View) -> Tried | None:
            if len(lesson_id) > ID_CHARS_MAX:
                return None
            for lesson in read_lessons(view.db, [lesson_id]).values():
                match = self._with_events(view, Match(lesson, 0.0, None, (), True))
                return self._answer(view, lesson_id, (match,), self._choice.embedding)
            return None

        return self._rows.ask(look)

    def status(self) -> dict[str, Any]:
        """Return what is there, which model is in use and why, as plain data.

        Raises:
            LedgerError: the log cannot be read.
        """

        def look(view: View) -> dict[str, Any]:
            lessons = count_lessons(view.db)
            asked = self._choice.embedding
            embedded = count_vectors(view.db, asked.name)
            in_use = self._in_use(view)
            return {
                "lessons": lessons,
                "newest": self._log.newest if self._log else view.upto,
                "upto": view.upto,
                "dropped": tally(view.db, "dropped"),
                "unreadable": tally(view.db, "unreadable"),
                "model": {
                    **self._choice.fields(),
                    "embedded": embedded,
                    "waiting": max(lessons - embedded, 0),
                },
                "in_use": in_use.name,
                "bytes": self._rows.size_bytes(),
                "notes": list(self._rows.notes),
            }

        return self._rows.ask(look)

    def _search(self, view: View, question: str, limit: int) -> Tried:
        text = question[:QUESTION_CHARS_MAX]
        embedding = self._in_use(view)
        by_words, by_every_word = (
            find_words(view.db, match, LIST_MAX) if (match := match_text(text, every)) else {}
            for every in (False, True)
        )
        alike = self._similarities(view, embedding, text)
        by_meaning = dict(
            sorted(
                ((named, near) for named, near in alike.items() if near >= embedding.floor),
                key=lambda item: (-item[1], item[0]),
            )[:LIST_MAX]
        )
        order = fuse((by_words, by_meaning))[: max(limit, 0)]
        lessons = read_lessons(view.db, [named for named, _ in order])
        matches = []
        for named, score in order:
            if named not in lessons:
                continue
            similarity = alike.get(named)
            found_by = (*(["words"] * (named in by_words)), *(["meaning"] * (named in by_meaning)))
            near = (similarity or 0.0) >= embedding.near or named in by_every_word
            match_found = Match(lessons[named], score, similarity, found_by, near)
            matches.append(self._with_events(view, match_found))
        return self._answer(view, question, tuple(matches), embedding)

    def _answer(
        self, view: View, question: str, matches: tuple[Match, ...], embedding: Embedding
    ) -> Tried:
        count = count_lessons(view.db)
        return Tried(question, matches, count, embedding.name, tuple(self._rows.notes))

    def _in_use(self, view: View) -> Embedding:
        """Return the model that all lessons have vectors of, or of which few are missing."""
        wanted = self._choice.embedding
        waiting = count_lessons(view.db) - count_vectors(view.db, wanted.name)
        if wanted.is_quick or waiting <= EMBEDDED_MAX:
            return wanted
        self._rows.note(
            f"{waiting} lessons have no vector of {wanted.name} yet: hashed n-grams are in use; "
            "the archive makes the rest when it is idle"
        )
        return HASHED

    def _similarities(self, view: View, embedding: Embedding, text: str) -> dict[str, float]:
        """Return lesson id -> cosine, rounded so that equal texts are equal wherever they stand."""
        asked = embedding.embed(text)
        if not asked.any():
            return {}
        alike: dict[str, float] = {}
        for ids, rows in vectors(view.db, embedding.name, embedding.dimensions):
            # Not by BLAS: there the sum of a row depends on where it stands.
            sums = (rows * asked).sum(axis=1).tolist()
            alike.update(
                (named, round(near, ROUNDING)) for named, near in zip(ids, sums, strict=True)
            )
        few = EMBEDDED_QUICKLY_MAX if embedding.is_quick else EMBEDDED_MAX
        if len(alike) < count_lessons(view.db):
            for _, named, about in without_vector(view.db, embedding.name, few):
                near = float((embedding.embed(about) * asked).sum())
                alike[named] = round(near, ROUNDING)
        # NaN, from a damaged vector, compares with nothing and would break the order.
        return {named: near for named, near in alike.items() if near == near}

    def _with_events(self, view: View, match: Match) -> Match:
        """Return a match with what its lesson was drawn from, and what became of that."""
        lesson = match.lesson
        origins: list[Origin] = []
        subjects: dict[str, None] = {}
        for position in lesson.from_positions:
            origin, envelope = self._origin(position)
            origins.append(origin)
            if envelope is not None:
                subjects.update(dict.fromkeys(_subjects(view.db, envelope)))
        outcomes = {
            outcome.position: outcome
            for subject in list(subjects)[:EVENTS_MAX]
            for outcome in outcomes_of(view.db, subject, EVENTS_MAX)
        }
        newest = sorted(outcomes)[-EVENTS_MAX:]
        return Match(
            lesson,
            match.score,
            match.similarity,
            match.found_by,
            match.near,
            tuple(origins[-EVENTS_MAX:]),
            tuple(outcomes[position] for position in newest),
        )

    def _origin(self, position: int) -> tuple[Origin, Envelope | None]:
        try:
            record = self._log.get(position) if self._log is not None else None
        except LedgerError as error:
            self._rows.note(error.message)
            record = None
        if record is None:
            return Origin(position), None
        try:
            envelope = parse_envelope(record)
        except CodecError:
            return Origin(position), None
        return Origin(position, envelope.id, envelope.kind), envelope


def _subjects(db: apsw.Connection, envelope: Envelope) -> list[str]:
    """Return what an event speaks of, as outcomes name it."""
    try:
        payload: Mapping[str, Any] = envelope.payload_fields()
    except CodecError:
        return []
    mutation, plan = payload.get("mutation_id"), payload.get("plan_id")
    found = [id_text(envelope.id)]
    if isinstance(mutation, str) and mutation:
        found.append(mutation)
    if envelope.kind == PLAN and isinstance(plan, str):
        found += mutations_of_plan(db, plan, EVENTS_MAX)
    return found
