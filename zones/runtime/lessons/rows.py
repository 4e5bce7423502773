"""Lessons and their outcomes as rows of SQLite: the tables, what is written, what is read.

Owns: schema, statements. Does not own: the file and when it is written
(`zones/ledger/lesson_table.py`), the order of what is found (`store.py`).
Works on any connection: the archive's file, or a copy in memory that a tool brings up to date.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import apsw
import numpy as np
from numpy.typing import NDArray

from Kernel.contract.envelope import Envelope
from Kernel.contract.errors import CodecError
from zones.runtime.lessons.embeddings import HASHED
from zones.runtime.lessons.lesson import KIND, Lesson, about, read_lesson
from zones.runtime.lessons.vectors import Floats

Row = tuple[int, Envelope]

FILE: Final = "lessons.sqlite3"
VERSION: Final = 1
LESSONS_MAX: Final = 100_000
"""More than these, the oldest leave the table (they stay in the log) and are counted."""
OUTCOMES_MAX: Final = 200_000
MUTATION: Final = "mutation."
CHANGED: Final = "agent.changed_state"
TOLD_CHARS_MAX: Final = 200
VECTOR_ROWS: Final = 2048
"""Vectors compared at once: 3 MB of them."""

SCHEMA: Final = (
    # Widths before names: a table scan of positions is short.
    "CREATE TABLE lesson (position INTEGER PRIMARY KEY, lesson_id TEXT NOT NULL UNIQUE, "
    "event_id BLOB NOT NULL, time_ns INTEGER NOT NULL, tick INTEGER, zone TEXT NOT NULL, "
    "agent TEXT NOT NULL, role TEXT NOT NULL, cause BLOB NOT NULL, times INTEGER NOT NULL, "
    "situation TEXT NOT NULL, action TEXT NOT NULL, result TEXT NOT NULL, feedback TEXT NOT NULL, "
    "tags TEXT NOT NULL, from_positions TEXT NOT NULL) STRICT",
    "CREATE VIRTUAL TABLE lesson_text USING fts5(situation, action, result, feedback, tags, "
    "content='lesson', content_rowid='position', tokenize='porter unicode61 remove_diacritics 2')",
    "CREATE TABLE vector (model TEXT NOT NULL, position INTEGER NOT NULL, vector BLOB NOT NULL, "
    "PRIMARY KEY (model, position)) STRICT, WITHOUT ROWID",
    # What became of mutations, and of changes that were taken back.
    "CREATE TABLE outcome (row INTEGER PRIMARY KEY, position INTEGER NOT NULL, "
    "event_id BLOB NOT NULL, kind TEXT NOT NULL, tick INTEGER, subject TEXT NOT NULL, "
    "plan TEXT NOT NULL, told TEXT NOT NULL) STRICT",
    "CREATE INDEX outcome_subject ON outcome (subject, position)",
    "CREATE INDEX outcome_plan ON outcome (plan) WHERE plan != ''",
    "CREATE TABLE tally (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID",
)
_TEXT: Final = "situation, action, result, feedback, tags"
_COLUMNS: Final = (
    "lesson_id, situation, action, result, feedback, tags, position, event_id, time_ns, tick, "
    "zone, agent, role, cause, from_positions, times"
)
# A word in the situation or the action says more about "have we tried this" than one in the rest.
_BM25: Final = "bm25(lesson_text, 4.0, 4.0, 1.0, 1.0, 2.0)"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutation or a change, as one event says it.

    Args:
        subject: id of the mutation, or what the change took back.
    """

    position: int
    event_id: bytes
    kind: str
    tick: int | None
    subject: str
    told: str


def write_rows(db: apsw.Connection, rows: Sequence[Row], embedded_max: int | None = None) -> None:
    """Take events into the tables; whoever calls holds the transaction.

    Args:
        embedded_max: so many lessons get their hashed vector now, half a millisecond each; None:
            all of them.
    """
    learned = 0
    for position, envelope in rows:
        if envelope.kind == KIND:
            lesson = read_lesson(position, envelope)
            if lesson is None:
                _count(db, "unreadable")
            else:
                _write_lesson(db, lesson)
                if embedded_max is None or learned < embedded_max:
                    write_vector(db, HASHED.name, position, HASHED.embed(lesson.about))
                learned += 1
        elif envelope.kind.startswith(MUTATION) or envelope.kind == CHANGED:
            _write_outcome(db, position, envelope)
    if learned:
        _forget_oldest(db)


def count_lessons(db: apsw.Connection) -> int:
    """Return how many lessons there are."""
    return int(db.execute("SELECT count(*) FROM lesson").get)


def count_vectors(db: apsw.Connection, model: str) -> int:
    """Return how many lessons have a vector of a model."""
    return int(db.execute("SELECT count(*) FROM vector WHERE model = ?", (model,)).get)


def tally(db: apsw.Connection, name: str) -> int:
    """Return a counter: "dropped" or "unreadable"."""
    return int(db.execute("SELECT sum(count) FROM tally WHERE name = ?", (name,)).get or 0)


def without_vector(db: apsw.Connection, model: str, count: int) -> list[tuple[int, str, str]]:
    """Return position, id and text of the newest lessons that have no vector of a model."""
    found = db.execute(
        "SELECT position, lesson_id, situation, action, tags FROM lesson WHERE position NOT IN "
        "(SELECT position FROM vector WHERE model = ?) ORDER BY position DESC LIMIT ?",
        (model, count),
    )
    return [
        (position, named, about(situation, action, json.loads(tags)))
        for position, named, situation, action, tags in found
    ]


def write_vector(db: apsw.Connection, model: str, position: int, vector: Floats) -> None:
    """Keep a vector, unless the lesson has left meanwhile."""
    db.execute(
        "INSERT OR REPLACE INTO vector SELECT ?, position, ? FROM lesson WHERE position = ?",
        (model, np.asarray(vector, "<f4").tobytes(), position),
    )


def drop_vectors(db: apsw.Connection, kept: Sequence[str]) -> None:
    """Delete the vectors of all models but two at most."""
    first, last = kept[0], kept[-1]
    db.execute("DELETE FROM vector WHERE model != ? AND model != ?", (first, last))


def vectors(
    db: apsw.Connection, model: str, dimensions: int
) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
    """Yield ids of lessons and their vectors, shape (rows, dimensions), some at a time.

    A vector of another length is left out: the file is not to be trusted.
    """
    cursor = db.execute(
        "SELECT lesson_id, vector FROM vector JOIN lesson USING (position) "
        "WHERE model = ? AND length(vector) = ? ORDER BY position",
        (model, 4 * dimensions),
    )
    while rows := [row for _, row in zip(range(VECTOR_ROWS), cursor, strict=False)]:
        data = np.frombuffer(b"".join(row[1] for row in rows), "<f4")
        yield [row[0] for row in rows], data.reshape(len(rows), dimensions)


def find_words(db: apsw.Connection, match: str, count: int) -> dict[str, float]:
    """Return lesson id -> BM25, higher is better, of the best ones.

    Args:
        match: in the language of FTS5 (`ranking.match_text`).
    """
    # Rounded, so that the order within equal ones is theirs and not that of their positions.
    found = db.execute(
        f"SELECT lesson_id, round({_BM25}, 9) AS worth FROM lesson_text JOIN lesson ON "
        "lesson.position = lesson_text.rowid WHERE lesson_text MATCH ? "
        "ORDER BY worth, lesson_id LIMIT ?",
        (match, count),
    )
    return {named: -worth for named, worth in found}


def read_lessons(db: apsw.Connection, ids: Sequence[str]) -> dict[str, Lesson]:
    """Return lessons by id; those that are not there are left out."""
    found: dict[str, Lesson] = {}
    for named in ids:
        for row in db.execute(f"SELECT {_COLUMNS} FROM lesson WHERE lesson_id = ?", (named,)):
            found[named] = _lesson(row)
    return found


def newest_lessons(db: apsw.Connection, count: int) -> list[Lesson]:
    """Return the lessons learned last, newest first."""
    statement = f"SELECT {_COLUMNS} FROM lesson ORDER BY position DESC LIMIT ?"
    return [_lesson(row) for row in db.execute(statement, (count,))]


def outcomes_of(db: apsw.Connection, subject: str, count: int) -> list[Outcome]:
    """Return what became of a mutation, or what took an event back; newest last."""
    found = db.execute(
        "SELECT position, event_id, kind, tick, subject, told FROM outcome WHERE subject = ? "
        "ORDER BY position DESC LIMIT ?",
        (subject, count),
    )
    return [Outcome(*row) for row in found][::-1]


def mutations_of_plan(db: apsw.Connection, plan: str, count: int) -> list[str]:
    """Return the ids of the mutations that were made for a plan."""
    statement = "SELECT DISTINCT subject FROM outcome WHERE plan = ? ORDER BY subject LIMIT ?"
    return [str(row[0]) for row in db.execute(statement, (plan, count))] if plan else []


def _write_lesson(db: apsw.Connection, lesson: Lesson) -> None:
    times = 1
    for position, earlier in list(
        db.execute("SELECT position, times FROM lesson WHERE lesson_id = ?", (lesson.lesson_id,))
    ):
        times += earlier
        _delete_lesson(db, position)
    tags = json.dumps(lesson.tags, ensure_ascii=False)
    texts = tuple(
        _sound(text)
        for text in (lesson.situation, lesson.action, lesson.result, lesson.feedback, tags)
    )
    db.execute(
        f"INSERT INTO lesson (lesson_id, {_TEXT}, position, event_id, time_ns, tick, zone, agent, "
        "role, cause, from_positions, times) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            lesson.lesson_id,
            *texts,
            lesson.position,
            lesson.event_id,
            lesson.time_ns,
            lesson.tick,
            lesson.zone,
            lesson.agent,
            lesson.role,
            lesson.cause,
            json.dumps(lesson.from_positions),
            times,
        ),
    )
    db.execute(
        f"INSERT INTO lesson_text (rowid, {_TEXT}) VALUES (?,?,?,?,?,?)", (lesson.position, *texts)
    )


def _delete_lesson(db: apsw.Connection, position: int) -> None:
    # An index beside its content is told the old words, else it keeps them for good.
    db.execute(
        f"INSERT INTO lesson_text (lesson_text, rowid, {_TEXT}) "
        f"SELECT 'delete', position, {_TEXT} FROM lesson WHERE position = ?",
        (position,),
    )
    db.execute("DELETE FROM lesson WHERE position = ?", (position,))
    for (model,) in list(db.execute("SELECT DISTINCT model FROM vector")):
        db.execute("DELETE FROM vector WHERE model = ? AND position = ?", (model, position))


def _forget_oldest(db: apsw.Connection) -> None:
    surplus = count_lessons(db) - LESSONS_MAX
    if surplus <= 0:
        return
    oldest = "SELECT position FROM lesson ORDER BY position LIMIT ?"
    for (position,) in list(db.execute(oldest, (surplus,))):
        _delete_lesson(db, position)
    _count(db, "dropped", surplus)


def _write_outcome(db: apsw.Connection, position: int, envelope: Envelope) -> None:
    try:
        payload = envelope.payload_fields()
    except CodecError:
        return
    subject = payload.get("rolls_back" if envelope.kind == CHANGED else "mutation_id")
    if not isinstance(subject, str) or not subject:
        return
    plan = payload.get("plan_id")
    db.execute(
        "INSERT INTO outcome (position, event_id, kind, tick, subject, plan, told) "
        "VALUES (?,?,?,?,?,?,?)",
        (
            position,
            envelope.id,
            envelope.kind,
            envelope.tick,
            _sound(subject),
            _sound(plan) if isinstance(plan, str) else "",
            _sound(_told(payload)),
        ),
    )
    db.execute(
        "DELETE FROM outcome WHERE row <= (SELECT max(row) FROM outcome) - ?", (OUTCOMES_MAX,)
    )


def _told(payload: dict[str, Any]) -> str:
    """Return what such an event says of itself, in one line."""
    parts: list[str] = []
    trait, version = payload.get("trait_name"), payload.get("version")
    if isinstance(trait, str):
        parts.append(f"{trait} v{version}" if isinstance(version, int) else trait)
    for name in ("stage", "error", "reason", "target_resource"):
        value = payload.get(name)
        if isinstance(value, str) and value:
            parts.append(value)
    back = payload.get("rollback_to")
    if isinstance(back, str) and back:
        parts.append(f"back to {back}")
    return " ".join("; ".join(parts).split())[:TOLD_CHARS_MAX]


def _count(db: apsw.Connection, name: str, more: int = 1) -> None:
    db.execute(
        "INSERT INTO tally VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET count = count + ?",
        (name, more, more),
    )


def _sound(text: str) -> str:
    """Return a text that SQLite can hold: half a surrogate pair is replaced."""
    return text.encode("utf-8", "replace").decode()


def _lesson(row: Sequence[Any]) -> Lesson:
    named, situation, action, result, feedback, tags, position, event_id, *rest = row
    time_ns, tick, zone, agent, role, cause, positions, times = rest
    return Lesson(
        named,
        situation,
        action,
        result,
        feedback,
        tuple(json.loads(tags)),
        position,
        event_id,
        time_ns,
        tick,
        zone,
        agent,
        role,
        cause,
        tuple(json.loads(positions)),
        times,
    )
