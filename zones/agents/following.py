"""The thread that follows the log, into a queue that the loop empties.

Owns: the thread, the bound of the queue. Does not own: asking and coming again
(`zones/runtime/log_follower.py`), what an event means (`folding.py`). A full queue makes it wait:
the archive keeps what it has not been asked for.
"""

import queue
import threading
import time
from typing import Final

from Kernel.contract.envelope import Envelope
from Kernel.contract.errors import CodecError
from zones.runtime.log_follower import follow
from zones.runtime.user_bus import Connect

QUEUED_MAX: Final = 4096
TAKEN_MAX: Final = 1024
"""Events of one turn of the loop, so that it beats in between."""

Followed = tuple[int, Envelope]


class Following:
    """Events from a position on, for good."""

    def __init__(self, connect: Connect, from_position: int) -> None:
        self._events: queue.Queue[Followed] = queue.Queue(QUEUED_MAX)
        self._connect = connect
        self._from = from_position
        self._thread = threading.Thread(target=self._follow, name="following", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while True:
            try:
                for followed in follow(self._connect, self._from, time.sleep):
                    self._from = followed[0] + 1
                    self._events.put(followed)
            except CodecError:  # an event that nobody can read: what comes behind it can be
                self._from += 1

    def take(self) -> list[Followed]:
        """Return what has come, oldest first, without waiting."""
        taken: list[Followed] = []
        while len(taken) < TAKEN_MAX:
            try:
                taken.append(self._events.get_nowait())
            except queue.Empty:
                break
        return taken
