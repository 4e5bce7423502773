"""Which numbered lines of programs are stored or in the batch at hand, whatever road they came by.

Owns: that none is stored twice. Does not own: the roads (`scribe_server.py`, `left_lines.py`), the
marks on disk (`log.py`).
"""

from collections.abc import Callable
from typing import Final

from Kernel.contract.user_bus import SCRIBE
from zones.ledger.batch import Batch

KEPT_MAX: Final = 1024


class ScribeNumbers:
    """The newest number of each program's life.

    Args:
        stored: what the log holds of an epoch; raises LedgerError.
    """

    def __init__(self, stored: Callable[[str, bytes], int]) -> None:
        self._stored = stored
        self._newest: dict[bytes, int] = {}

    def begin_batch(self) -> None:
        """Forget what the log knows by now: all batches before this one are in it."""
        if len(self._newest) > KEPT_MAX:
            self._newest.clear()

    def is_known(self, epoch: bytes, number: int) -> bool:
        """Return whether a line is stored, or in the batch at hand.

        Raises:
            LedgerError: the log cannot say.
        """
        known = self._newest.get(epoch)
        if known is None:
            known = self._newest[epoch] = self._stored(SCRIBE, epoch)
        return number <= known

    def note(self, epoch: bytes, number: int, batch: Batch) -> None:
        """Note that with this batch everything up to a number is settled."""
        self._newest[epoch] = number
        batch.mark_sender(SCRIBE, epoch, number)
