"""The file of lessons, made from the log: what the archive writes.

Owns: `lessons.sqlite3`, its check at the start, embedding anew in small steps. Does not own: its
rows (`zones/runtime/lessons/rows.py`), when there is time (`derived.py`), finding lessons.

A lesson gets its hashed vector in the transaction that takes it. That of the sentence model takes
tens of milliseconds and comes later, a few milliseconds at a time, so that no sender waits for it;
when the model changes, all are made anew from the text the same way.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import apsw

from Kernel.contract.errors import LedgerError
from Kernel.contract.messages import TEXT_CHARS_MAX, Degraded
from zones.ledger.derived import Row
from zones.ledger.derived_file import DerivedFile
from zones.runtime.lessons.embeddings import HASHED, Choice
from zones.runtime.lessons.lesson import KIND
from zones.runtime.lessons.rows import (
    FILE,
    SCHEMA,
    VERSION,
    count_lessons,
    count_vectors,
    drop_vectors,
    without_vector,
    write_rows,
    write_vector,
)
from zones.runtime.lessons.vectors import Embedding, Floats
from zones.runtime.sqlite_damage import DAMAGED, FAILED

PART: Final = "archive.lessons"
CHECKED_BYTES_MAX: Final = 32 * 1024 * 1024
"""A larger file is not read as a whole at the start; damage in it shows when it is used."""
AT_ONCE: Final = 64
"""Lessons of a batch that get their hashed vector at once; more only come when all is made anew."""
PENDING: Final = 64
"""Lessons that are looked up at once to be embedded."""

_Pending = tuple[Embedding, int, str]


class LessonTable:
    """The writer of the lessons.

    Args:
        folder: of the ledger.
        choice: the model whose vectors are made; hashed ones are made in any case.
        tell: called with the name of an event and its values, for people.
        now_s: monotonic seconds.

    Raises:
        LedgerError: the file cannot be made or opened for writing.
    """

    name = "lessons"

    def __init__(
        self,
        folder: Path,
        choice: Choice,
        tell: Callable[..., None],
        now_s: Callable[[], float],
    ) -> None:
        self._choice = choice
        why = f"cannot compare lessons by meaning: {choice.why}"[:TEXT_CHARS_MAX]
        self._degraded = (Degraded(PART, why, choice.hint),) if choice.is_degraded else ()
        self._tell = tell
        self._now_s = now_s
        self._file = DerivedFile(folder / FILE, VERSION, SCHEMA, tell)
        self._pending: list[_Pending] = []
        self._work: Generator[None, None, tuple[str, int, Floats]] | None = None
        self._is_complete = False
        self._check()

    @property
    def upto(self) -> int:
        """The last position taken; 0 for none."""
        return self._file.upto

    @property
    def last_id(self) -> bytes:
        """Id of the event at `upto`."""
        return self._file.last_id

    def take(self, rows: Sequence[Row]) -> None:
        """Take events.

        Raises:
            LedgerError: it cannot be written now; nothing of these was taken.
        """
        self._file.take(rows, lambda db: write_rows(db, rows, AT_ONCE))
        if any(envelope.kind == KIND for _, envelope in rows):
            self._is_complete = False

    def rebuild(self) -> None:
        """Empty it.

        Raises:
            LedgerError: it cannot be written now.
        """
        self._work, self._pending = None, []
        self._file.rebuild()
        self._is_complete = False

    def go_on(self, budget_s: float) -> bool:
        """Embed lessons that wait for it, for about so long.

        Returns:
            True: there is more to do.

        Raises:
            LedgerError: it cannot be written now.
        """
        end_s = self._now_s() + budget_s
        while not self._is_complete:
            self._advance()
            if self._now_s() >= end_s:
                break
        return not self._is_complete

    def facts(self) -> dict[str, Any]:
        """Return what it holds and which model is in use, for the state of the archive."""
        db = self._file.connection()
        with suppress(apsw.Error):
            lessons = count_lessons(db)
            waiting = max(lessons - count_vectors(db, self._choice.embedding.name), 0)
            return {"lessons": lessons, "waiting": waiting, "model": self._choice.fields()}
        return {"lessons": 0, "waiting": 0, "model": self._choice.fields()}

    def degraded(self) -> tuple[Degraded, ...]:
        """Return that a sentence model is installed and cannot be used, if that is so."""
        return self._degraded

    def close(self) -> None:
        """Close the file."""
        self._work = None
        self._file.close()

    def _advance(self) -> None:
        """Do one step of an embedding, and keep the vector when it is done."""
        if self._work is None:
            if not self._pending:
                self._pending = self._find_pending()
            if not self._pending:
                self._is_complete = True
                return
            self._work = _embed(*self._pending.pop())
        try:
            next(self._work)
        except StopIteration as done:
            self._work = None
            with self._db() as db, db:
                write_vector(db, *done.value)

    def _find_pending(self) -> list[_Pending]:
        """Return some lessons that have no vector of a model in use, the newest last."""
        with self._db() as db:
            for embedding in {
                each.name: each for each in (HASHED, self._choice.embedding)
            }.values():
                if count_vectors(db, embedding.name) < count_lessons(db):
                    rows = without_vector(db, embedding.name, PENDING)
                    return [(embedding, position, text) for position, _, text in rows[::-1]]
        return []

    def _check(self) -> None:
        """Empty a file that is damaged; delete the vectors of models that are no longer used."""
        why = ""
        try:
            if self._file.path.stat().st_size <= CHECKED_BYTES_MAX:
                why = str(self._file.connection().execute("PRAGMA quick_check(1)").get)
            if why in ("", "ok"):
                with self._file.connection() as db:
                    drop_vectors(db, (HASHED.name, self._choice.embedding.name))
                return
        except FAILED as error:
            why = str(error)
        self._tell("archive.derived_rebuilt", what=self._file.path.name, why=why)
        self._file.rebuild()

    @contextmanager
    def _db(self) -> Iterator[apsw.Connection]:
        try:
            yield self._file.connection()
        except DAMAGED as error:
            self._tell("archive.derived_rebuilt", what=self._file.path.name, why=str(error))
            self.rebuild()
        except apsw.Error as error:
            raise LedgerError(f"cannot use {self._file.path}: {error}") from error


def _embed(
    embedding: Embedding, position: int, text: str
) -> Generator[None, None, tuple[str, int, Floats]]:
    vector = yield from embedding.embed_in_steps(text)
    return embedding.name, position, vector
