"""Ctrl-C waits while somebody is hurt or healed, and is heard afterwards."""

import os
import signal

import pytest

from tools.chaos.interrupts import NUMBERS, Interrupts


@pytest.mark.parametrize("number", NUMBERS)
def test_it_is_heard_at_once(number):
    """Both signals mean the same."""
    with Interrupts(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)
        signal.sigtimedwait([], 1.0)


def test_it_waits_while_it_is_put_off():
    """All of what is under way is done first; it comes once."""
    done = []
    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt), interrupts.put_off():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            done.append("hurt and noted")
        with interrupts.put_off():
            done.append("healed")
    assert done == ["hurt and noted", "healed"]


def test_what_goes_wrong_meanwhile_goes_first():
    """An error of ours is not hidden by it."""
    with Interrupts() as interrupts, pytest.raises(ValueError, match="ours"), interrupts.put_off():
        os.kill(os.getpid(), signal.SIGINT)
        raise ValueError("ours")


def test_the_handlers_of_before_are_put_back():
    """Whoever had them."""
    before = [signal.getsignal(each) for each in NUMBERS]
    with Interrupts():
        assert [signal.getsignal(each) for each in NUMBERS] != before
    assert [signal.getsignal(each) for each in NUMBERS] == before
