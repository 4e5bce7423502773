"""Getting batches into the log, whatever the disk does.

Owns: opening the log, the batch that could not be stored, when to try again, what is degraded.
Does not own: the log itself (`log.py`), who is told (`archive.py`).

A batch that could not be stored is kept whole and tried again until it is; meanwhile nothing more
is taken in, so whoever sends has to wait or to spill. Nothing that was acknowledged can be lost by
that, nothing is asked for twice, and no restart is needed when there is room again.
"""

from collections.abc import Callable
from typing import Final

from structlog.typing import FilteringBoundLogger

from Kernel.contract.errors import LedgerError
from Kernel.contract.messages import TEXT_CHARS_MAX, Degraded
from zones.ledger.batch import Batch
from zones.ledger.log import Log
from zones.runtime.ledger_file import SEGMENTS
from zones.runtime.retry import Retry

FIRST_S: Final = 0.1
"""The first pause after a failure: the writer before may be on its way out."""
PAUSE_MAX_S: Final = 5.0


class Committer:
    """The log and the one batch that waits for it, if any.

    Args:
        open_log: opens it; raises LedgerError.
        stored: is told of every batch that was stored: its first position and the batch.

    Attributes:
        log: None while it cannot be opened.
    """

    def __init__(
        self,
        open_log: Callable[[], Log],
        stored: Callable[[int, Batch], None],
        say: FilteringBoundLogger,
    ) -> None:
        self.log: Log | None = None
        self._open_log = open_log
        self._stored = stored
        self._say = say
        self._waiting: Batch | None = None
        self._retry = Retry()

    @property
    def why(self) -> str:
        """Return why nothing can be stored at present, "" when it can."""
        return self._retry.why

    @property
    def hint(self) -> str:
        """Return what helps."""
        return self._retry.hint

    @property
    def is_open(self) -> bool:
        """Return whether a new batch may be gathered."""
        return self.log is not None and self._waiting is None

    @property
    def has_moved(self) -> bool:
        """Return whether the ledger's folder is another one than this process began with."""
        return self.log is not None and self.log.has_moved

    def degraded(self) -> list[Degraded]:
        """Return what does not work at present, or cannot be trusted."""
        found = []
        if self._retry.failures:
            found.append(Degraded("archive.ledger", self.why[:TEXT_CHARS_MAX], self.hint))
        if self.log is not None and not self.log.flush.is_trusted:
            why = f"cannot trust that what is acknowledged is on disk: {self.log.flush.why}"
            found.append(Degraded("archive.flush", why[:TEXT_CHARS_MAX], self.log.flush.hint))
        if self.log is not None and self.log.missing:
            found.append(_missing(self.log))
        return found

    def commit(self, batch: Batch, now_s: float) -> bool:
        """Store a batch; False: it is kept and `try_again` goes on with it."""
        assert self.is_open and self.log is not None
        self._waiting = batch
        return self._store(now_s)

    def try_again(self, now_s: float) -> bool:
        """Open the log or store the batch that waits, if it is time; return whether all is well."""
        if self.is_open:
            return True
        if not self._retry.may_try(now_s):
            return False
        if self.log is None:
            try:
                self.log = self._open_log()
            except LedgerError as error:
                self._fail(error, now_s)
                return False
        if self._waiting is None:
            self._mend()
            return True
        return self._store(now_s)

    def close(self) -> None:
        """Close the log."""
        if self.log is not None:
            self.log.close()
            self.log = None

    def _store(self, now_s: float) -> bool:
        batch = self._waiting
        assert batch is not None and self.log is not None
        try:
            first = self.log.append(batch.records, batch.marks())
        except LedgerError as error:
            self._fail(error, now_s)
            return False
        self._waiting = None
        self._mend()
        self._stored(first, batch)
        return True

    def _fail(self, error: LedgerError, now_s: float) -> None:
        if not self._retry.failures or self._retry.why != error.message:
            self._say.error("archive.ledger_failed", why=error.message, hint=error.hint)
        self._retry = self._retry.failed(now_s, error.message, error.hint, FIRST_S, PAUSE_MAX_S)

    def _mend(self) -> None:
        if self._retry.failures:
            self._say.info("archive.ledger_recovered")
            self._retry = Retry()


def _missing(log: Log) -> Degraded:
    gaps = log.missing
    count = sum(gap.last - gap.first + 1 for gap in gaps)
    why = f"cannot read {count} events from {gaps[0].first} to {gaps[-1].last}: {gaps[0].why}"
    hint = f"put the files back into {log.folder / SEGMENTS}, then: molt verify"
    return Degraded("archive.segments", why[:TEXT_CHARS_MAX], hint)
