"""Have we tried this before? Finding lessons, with how they ended; and making new ones.

Owns: the search, what became of what a lesson was drawn from, `add_lesson`. Does not own: the file
(`zones/ledger/lesson_table.py`, in the archive), its rows, the order of two lists (`ranking.py`).

Reading needs no archive: what the file has not taken yet is read from the log itself, into a copy
in memory; so does a file that is missing or damaged.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import apsw

from Kernel.contract.envelope import Envelope, id_text, parse_envelope
from Kernel.contract.errors import CodecError, LedgerError
from Kernel.contract.kinds import Story
from zones.runtime.lessons.embeddings import HASHED, Choice
from zones.runtime.lessons.lesson import KIND, Lesson, make_lesson_event
from zones.runtime.lessons.ranking import fuse, match_text
from zones.runtime.lessons.rows import (
    CHANGED,
    FILE,
    MUTATION,
    SCHEMA,
    VERSION,
    Outcome,
    Row,
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
    write_rows,
)
from zones.runtime.lessons.vectors import Embedding

QUESTION_CHARS_MAX: Final = 8192
LIST_MAX: Final = 100
"""Best ones of each of the two lists; what is behind them in both is not found."""
FOUND_MAX: Final = 100
BUSY_MS: Final = 2000
ID_CHARS_MAX: Final = 64
SCAN_MAX: Final = 1_000_000
"""Events of the log that are looked through for lessons that the file lacks: about two seconds."""
SCAN_ROWS: Final = 4096
EMBEDDED_MAX: Final = 16
"""Vectors of the sentence model that a reader makes itself, where the archive has not yet."""
EMBEDDED_QUICKLY_MAX: Final = 2000
EVENTS_MAX: Final = 16
"""Of those a lesson came from, and of those that say how it ended."""
PLAN: Final = "evolution.plan"
ROUNDING: Final = 6

P = TypeVar("P")
T = TypeVar("T")


class LogReader(Protocol):
    """The log as it is read here; see `zones/runtime/ledger_file.py`."""

    @property
    def newest(self) -> int:
        """The last position, 0 when there is none."""

    def read(self, first: int, last: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield records, ascending."""

    def get(self, position: int) -> bytes | None:
        """Return one record."""


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


class _View(NamedTuple):
    """The rows as they are seen now."""

    db: apsw.Connection
    upto: int
    is_memory: bool


class LessonsStore:
    """The lessons of one home, for reading; and for who learns one.

    Not for use by two threads at once.

    Args:
        folder: HOME/data/ledger.
        choice: the model of questions (`embeddings.choose_embedding`).
        log: None: what the file lacks, and events that lessons were drawn from, are not looked up.
    """

    def __init__(self, folder: Path, choice: Choice, log: LogReader | None = None) -> None:
        self._path = folder / FILE
        self._choice = choice
        self._log = log
        self._memory: _View | None = None
        self._notes: dict[str, None] = {}

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
        return self._ask(lambda view: self._search(view, question, min(limit, FOUND_MAX)))

    def newest(self, limit: int = 20) -> Tried:
        """Return the lessons learned last, newest first, told as an answer to no question.

        Raises:
            LedgerError: the log cannot be read.
        """

        def look(view: _View) -> Tried:
            found = newest_lessons(view.db, min(limit, FOUND_MAX))
            matches = tuple(
                self._with_events(view, Match(lesson, 0.0, None, (), False)) for lesson in found
            )
            return self._answer(view, "", matches, self._choice.embedding)

        return self._ask(look)

    def named(self, lesson_id: str) -> Tried | None:
        """Return the lesson with an id, None when there is none.

        Raises:
            LedgerError: the log cannot be read.
        """

        def look(view: _View) -> Tried | None:
            if len(lesson_id) > ID_CHARS_MAX:
                return None
            for lesson in read_lessons(view.db, [lesson_id]).values():
                match = self._with_events(view, Match(lesson, 0.0, None, (), True))
                return self._answer(view, lesson_id, (match,), self._choice.embedding)
            return None

        return self._ask(look)

    def status(self) -> dict[str, Any]:
        """Return what is there, which model is in use and why, as plain data.

        Raises:
            LedgerError: the log cannot be read.
        """

        def look(view: _View) -> dict[str, Any]:
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
                "bytes": self._path.stat().st_size if self._path.exists() else 0,
                "notes": list(self._notes),
            }

        return self._ask(look)

    def _search(self, view: _View, question: str, limit: int) -> Tried:
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
        self, view: _View, question: str, matches: tuple[Match, ...], embedding: Embedding
    ) -> Tried:
        count = count_lessons(view.db)
        return Tried(question, matches, count, embedding.name, tuple(self._notes))

    def _in_use(self, view: _View) -> Embedding:
        """Return the model that all lessons have vectors of, or of which few are missing."""
        wanted = self._choice.embedding
        waiting = count_lessons(view.db) - count_vectors(view.db, wanted.name)
        if wanted.is_quick or waiting <= EMBEDDED_MAX:
            return wanted
        self._note(
            f"{waiting} lessons have no vector of {wanted.name} yet: hashed n-grams are in use; "
            "the archive makes the rest when it is idle"
        )
        return HASHED

    def _similarities(self, view: _View, embedding: Embedding, text: str) -> dict[str, float]:
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

    def _with_events(self, view: _View, match: Match) -> Match:
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
            self._note(error.message)
            record = None
        if record is None:
            return Origin(position), None
        try:
            envelope = parse_envelope(record)
        except CodecError:
            return Origin(position), None
        return Origin(position, envelope.id, envelope.kind), envelope

    def _ask(self, look: Callable[[_View], T]) -> T:
        """Look at the rows; a file that turns out to be damaged is done without."""
        self._notes.clear()
        try:
            view = self._view()
            try:
                return look(view)
            finally:
                if not view.is_memory:
                    view.db.close()
        except (apsw.Error, ValueError) as error:
            self._note(_damaged(self._path, str(error)))
        self._memory = self._fill(_new_memory())
        return look(self._memory)

    def _view(self) -> _View:
        """Return the rows up to the end of the log, or as far as they go without it."""
        db = self._open_file()
        if db is None:
            self._memory = self._fill(self._memory or _new_memory())
            return self._memory
        upto = int(db.execute("SELECT upto FROM meta").get)
        if self._log is None or upto == self._log.newest:
            self._memory = None
            return _View(db, upto, False)
        if upto > self._log.newest:
            self._note(f"{self._path.name} was made from another log than the one that is there")
            db.close()
            self._memory = self._fill(_new_memory())
            return self._memory
        return self._with_tail(_View(db, upto, False), self._log)

    def _with_tail(self, file: _View, log: LogReader) -> _View:
        """Return the file itself when the log holds no lesson behind it, else a copy with them."""
        newest = log.newest
        if self._memory is not None and self._memory.upto >= file.upto:
            file.db.close()
            self._memory = self._fill(self._memory)
            return self._memory
        rows = list(self._relevant(log, file.upto, newest))
        if not rows:
            return _View(file.db, file.upto, False)
        memory = apsw.Connection(":memory:")
        with memory.backup("main", file.db, "main") as copy:
            copy.step()
        file.db.close()
        write_rows(memory, rows)
        self._memory = _View(memory, newest, True)
        return self._memory

    def _fill(self, memory: _View) -> _View:
        """Bring rows in memory up to the end of the log."""
        if self._log is None:
            return memory
        newest = self._log.newest
        write_rows(memory.db, list(self._relevant(self._log, memory.upto, newest)))
        return _View(memory.db, max(newest, memory.upto), True)

    def _relevant(self, log: LogReader, upto: int, newest: int) -> Iterator[Row]:
        first = upto + 1
        if newest - upto > SCAN_MAX:
            first = newest - SCAN_MAX + 1
            self._note(
                f"events {upto + 1} to {first - 1} were not looked through for lessons: "
                "the archive does it when it runs"
            )
        try:
            for position, record in log.read(first, newest):
                try:
                    envelope = parse_envelope(record)
                except CodecError:
                    continue  # `molt verify` says so; here it is no lesson
                kind = envelope.kind
                if kind in (KIND, CHANGED) or kind.startswith(MUTATION):
                    yield position, envelope
        except LedgerError as error:
            self._note(f"what is behind it was not looked through: {error.message}")

    def _open_file(self) -> apsw.Connection | None:
        """Open the archive's file for reading, None when it is not there or cannot be used."""
        if not self._path.exists():
            return None
        try:
            db = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READONLY)
            db.set_busy_timeout(BUSY_MS)
            version = db.execute("SELECT version FROM meta").get
        except apsw.Error as error:
            self._note(_damaged(self._path, str(error)))
            return None
        if version == VERSION:
            return db
        db.close()
        self._note(_damaged(self._path, f"it is of version {version}, this code has {VERSION}"))
        return None

    def _note(self, words: str) -> None:
        self._notes[words] = None


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


def _new_memory() -> _View:
    db = apsw.Connection(":memory:")
    for statement in SCHEMA:
        db.execute(statement)
    return _View(db, 0, True)


def _damaged(path: Path, why: str) -> str:
    return (
        f"cannot use {path.name}: {why}; the lessons are read from the log, and the archive makes "
        "it anew when it runs"
    )
