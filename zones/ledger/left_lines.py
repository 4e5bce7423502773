"""Lines of programs that have ended before the archive answered: taken up from their files.

Owns: looking for write-ahead files of scribes that nobody holds, storing each line of them once,
keeping what is refused, deleting a file when all of it is settled. Does not own: their form and
locks (`zones/runtime/ahead_file.py`), what a line says (`scribe_line.py`).

Looked for at the start and every LOOK_S. A file that is locked belongs to a living program, which
sends it by itself. A kill between storing and deleting leaves a file whose lines are all known.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from structlog.typing import FilteringBoundLogger

from Kernel.contract.envelope import pack_envelope
from Kernel.contract.errors import CodecError, LedgerError
from Kernel.contract.user_bus import SCRIBE
from zones.ledger.batch import Batch
from zones.ledger.own_events import OwnEvents
from zones.ledger.scribe_line import parse_line
from zones.ledger.scribe_numbers import ScribeNumbers
from zones.runtime.ahead_file import LeftFile, find_left, keep_refused

LOOK_S: Final = 5.0
TURN_LINES_MAX: Final = 64
"""Of one turn, as at the socket: some 2 ms."""


class LeftLines:
    """What waits in files of programs that are gone.

    Args:
        folder: HOME/data/ahead.
        numbers: which lines are known; the same as the socket's.
        own: makes the archive's own events.
        now_s, wall_ns, entropy: monotonic seconds, the hour, 10 random bytes.
    """

    def __init__(
        self,
        folder: Path,
        numbers: ScribeNumbers,
        own: OwnEvents,
        now_s: Callable[[], float],
        wall_ns: Callable[[], int],
        entropy: Callable[[], bytes],
        log: FilteringBoundLogger,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._folder = folder
        self._numbers = numbers
        self._own = own
        self._now_s = now_s
        self._wall_ns = wall_ns
        self._entropy = entropy
        self._log = log
        self._due_s = now_s()
        self._files: Iterator[LeftFile] = iter(())
        self._file: LeftFile | None = None
        self._lines: deque[tuple[int, bytes]] = deque()
        self._trouble = ""

    def facts(self) -> dict[str, Any]:
        """Return what status shows."""
        return dict(self.counts)

    def collect(self, batch: Batch) -> bool:
        """Put lines that were left into the batch; True: there may be more."""
        if self._file is None and not self._open_next():
            return False
        file = self._file
        assert file is not None, "one was opened"
        left = TURN_LINES_MAX
        while self._lines and left and not batch.is_full:
            number, text = self._lines[0]
            try:
                self._take(file.ahead.epoch, number, text, batch)
            except LedgerError:  # the log cannot say: later
                return False
            except OSError as error:  # a refused one cannot be kept: it stays where it is
                self._complain(str(error))
                self._put_back()
                return True
            self._lines.popleft()
            left -= 1
        if not self._lines:
            self._file = None
            batch.then(lambda _first: self._delete(file))
        return True

    def close(self) -> None:
        """Let go of what is not stored: it stays for the next life."""
        self._put_back()

    def _put_back(self) -> None:
        """Leave a file as it is; what is stored of it is known when it is found again."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._lines.clear()
        self._files = iter(())
        self._due_s = self._now_s() + LOOK_S

    def _open_next(self) -> bool:
        """Take over the next file, where there is one and it is time to look."""
        now_s = self._now_s()
        if now_s < self._due_s:
            return False
        try:
            self._file = next(self._files, None)
            if self._file is None:
                self._files = find_left(self._folder, SCRIBE)
                self._file = next(self._files, None)
        except OSError as error:
            self._complain(str(error))
            self._files = iter(())
        if self._file is None:
            self._due_s = now_s + LOOK_S
            return False
        self._lines = deque(self._file.ahead.entries)
        return True

    def _take(self, epoch: bytes, number: int, text: bytes, batch: Batch) -> None:
        if self._numbers.is_known(epoch, number):
            self.counts["duplicates"] += 1
            return
        try:
            line = parse_line(text, self._wall_ns(), self._entropy())
            if (line.epoch, line.number) != (epoch, number):
                raise CodecError("cannot store a line whose number is not that of its entry")
            record = pack_envelope(line.envelope)
            self.counts["stored"] += 1
        except CodecError as error:
            self.counts["refused"] += 1
            keep_refused(self._folder, SCRIBE, epoch, number, text, error.message)
            record = self._refusal(error.message, text)
        batch.add(record)
        self._numbers.note(epoch, number, batch)

    def _refusal(self, why: str, text: bytes) -> bytes:
        """Return what is stored in place of a line that never can be; nothing of it was cleaned."""
        shown = {"why": why[:300], "bytes": len(text), "begins": b"", "from": SCRIBE}
        return self._own.record("archive.refused", shown)

    def _delete(self, file: LeftFile) -> None:
        try:
            if file.cut_bytes:
                self._log.warning("archive.ahead_torn", path=str(file.path), bytes=file.cut_bytes)
            file.clear()
            self.counts["files"] += 1
        except OSError as error:  # what is found again is known
            file.close()
            self._complain(str(error))
        self._trouble = ""

    def _complain(self, why: str) -> None:
        if why != self._trouble:
            self._trouble = why
            self._log.warning("archive.ahead_unread", why=why)
