"""Ctrl-C, and a request to end, while somebody is injured: heard at once, obeyed when all is noted.

Owns: the handlers of SIGINT and SIGTERM while it is entered. Does not own: what follows
(`campaign.py` heals, `command.py` shows what was found).
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, Self

NUMBERS: Final = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Turns both signals into a KeyboardInterrupt, which waits while it is put off.

    A context manager; the main thread's alone.
    """

    def __init__(self) -> None:
        self._put_off = False
        self._came = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._before = {each: signal.signal(each, self._hear) for each in NUMBERS}
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def put_off(self) -> Iterator[None]:
        """Finish what is under way first: an injury that is not noted would never be healed.

        Raises:
            KeyboardInterrupt: at the end, one came meanwhile.
        """
        self._put_off = True
        try:
            yield
        finally:
            self._put_off = False
        if self._came:
            self._came = False
            raise KeyboardInterrupt

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        if not self._put_off:
            raise KeyboardInterrupt
        self._came = True
