"""Who thinks at present: asked again now and then, since a model server comes and goes.

Owns: when it is asked, on a thread of its own. Does not own: how it is found out
(`authors/choice.py`).
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from Kernel.contract.messages import Degraded
from zones.agents.thoughts import Author

AGAIN_S: Final = 30.0
SOON_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who thinks, and why.

    Args:
        author: None: nobody can.
        model: which one he asks, "" for none.
        degraded: what is not as it should be, None where all is.
    """

    author: Author | None
    why: str
    hint: str = ""
    model: str = ""
    degraded: Degraded | None = None

    @property
    def name(self) -> str:
        """Return the author's name, "none" for nobody."""
        return self.author.name if self.author is not None else "none"


class Chooser:
    """Asks now and then.

    Args:
        choose: finds out; it may block for some seconds.

    Attributes:
        chosen: the newest answer, None before the first.
    """

    def __init__(self, choose: Callable[[], Chosen]) -> None:
        self.chosen: Chosen | None = None
        self._choose = choose
        self._threads = ThreadPoolExecutor(1, "choice")
        self._future: Future[Chosen] | None = None
        self._due_s = 0.0

    def look(self, now_s: float) -> None:
        """Ask when it is time, and take an answer that is there."""
        if self._future is not None and self._future.done():
            self.chosen = self._future.result()
            self._future = None
            is_well = self.chosen.degraded is None
            self._due_s = now_s + (AGAIN_S if is_well else SOON_S)
        if self._future is None and now_s >= self._due_s:
            self._future = self._threads.submit(self._choose)

    def ask_soon(self) -> None:
        """Ask at once: he that was chosen has not answered."""
        self._due_s = 0.0
