"""A signal has words, whether the system has a name for it or not."""

import signal

from Kernel.contract.signal_words import describe_signal


def test_a_signal_is_named_where_it_has_a_name():
    """Most of those for real time have none."""
    assert describe_signal(signal.SIGKILL) == "signal 9 (SIGKILL)"
    assert describe_signal(signal.SIGRTMIN + 6) == f"signal {signal.SIGRTMIN + 6}"
