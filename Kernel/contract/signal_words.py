"""A signal as people read it.

Owns: its words. Does not own: what it means for who was ended by it. Pure.
"""

import signal


def describe_signal(number: int) -> str:
    """Return "signal 9 (SIGKILL)"; most of the real-time signals have no name."""
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
