"""Wait for something real to happen, with a deadline that fails the test."""

import select
import time
from collections.abc import Callable
from typing import TypeVar

DEADLINE_S = 10.0
T = TypeVar("T")


def wait_until(what: str, look: Callable[[], T], deadline_s: float = DEADLINE_S) -> T:
    """Return what `look` gives as soon as it is true; fail naming `what` when it never is."""
    end = time.monotonic() + deadline_s
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"cannot wait longer for {what}: {deadline_s:g} s are over"
        time.sleep(0.002)


def has_said_something(descriptor: int, timeout_s: float) -> bool:
    """Wait until something can be read, or the other side has gone; tell whether it is so.

    By poll: select takes no descriptor beyond 1023, and a long test run may have more.
    """
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    return bool(poller.poll(timeout_s * 1000))
