"""The date, for commands that are asked for "the last five minutes".

Owns: nothing but the call. Nothing that must be repeatable may use it.
"""

import time


def now_ns() -> int:
    """Return nanoseconds since 1970."""
    return time.time_ns()
