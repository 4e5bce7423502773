"""The thread that thinks: one thought at a time, which can be given up.

Owns: the thread, what came of its thought. Does not own: what is thought (an author), which thought
is next (`orchestrator.py`). The loop of the zone goes on beating meanwhile; a thought that does not
look at its `stop` is left to itself, and its answer is dropped.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from zones.agents.telling import Context
from zones.agents.thoughts import AuthorFailed, Cancelled, Stop, Thought

Job = Callable[[Stop], Thought[Any]]


class Thinker:
    """Thinks for the loop.

    Attributes:
        context: of the thought under way, None while there is none.
        since_s: when that was begun, monotonic seconds.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self.context: Context | None = None
        self.since_s = 0.0
        self._now_s = now_s
        self._stop = threading.Event()
        self._threads = ThreadPoolExecutor(1, "thought")
        self._future: Future[Thought[Any]] | None = None

    def begin(self, context: Context, job: Job) -> None:
        """Begin a thought."""
        assert self._future is None, "one at a time"
        self._stop = threading.Event()
        self.context, self.since_s = context, self._now_s()
        self._future = self._threads.submit(job, self._stop.is_set)

    def take(self) -> Thought[Any] | AuthorFailed | None:
        """Return what a thought came to, once; None while it goes on, or where it was given up.

        What breaks in an author is no answer of his: the zone lives on without it.
        """
        future = self._future
        if future is None or not future.done():
            return None
        self._future = None
        error = future.exception()
        if error is None:
            return future.result()
        if isinstance(error, Cancelled):
            self.context = None
            return None
        if isinstance(error, AuthorFailed):
            return error
        return AuthorFailed(f"cannot think: {type(error).__name__}: {error}"[:500])

    def over(self) -> None:
        """Be free for the next thought."""
        self.context = None

    def give_up(self) -> None:
        """Want no answer any more."""
        self._stop.set()

    @property
    def busy(self) -> bool:
        """Whether a thought is under way, or its answer is not taken yet."""
        return self._future is not None
