"""An overloaded machine is no reason to end anybody: the watchdog tells starved from hung."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.arena import Header
from tests.chaos.harness import KernelRun, wait_until
from tests.support.leash import die_with_us

pytestmark = [pytest.mark.slow, pytest.mark.chaos]
HOGS = 8
HOGS_S = 6.0
"""For each round of `make kills`: ten rounds are the minute that is promised."""


@contextlib.contextmanager
def hogs() -> Iterator[None]:
    """Keep every core busy with eight processes that never rest."""
    started = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"], preexec_fn=die_with_us())
        for _ in range(HOGS)
    ]
    try:
        yield
    finally:
        for hog in started:
            hog.kill()
            hog.wait()


def test_no_false_verdict_beside_eight_hogs(home: Path, rounds: int) -> None:
    """The world ticks on under its shipped deadline: nobody is killed, no epoch passes."""
    with KernelRun(home) as kernel:
        wait_until(lambda: kernel.word(Header.COMMIT) > 10, "the world ticks")
        wait_until(kernel.heir_pid, "an heir stands by")
        epoch, tick = kernel.word(Header.EPOCH), kernel.word(Header.COMMIT)
        with hogs():
            time.sleep(HOGS_S * rounds)
        assert kernel.word(Header.EPOCH) == epoch, kernel.log()
        assert kernel.word(Header.COMMIT) > tick
        assert "zone.killed" not in kernel.log()


def test_a_hang_beside_eight_hogs_is_still_found(home: Path) -> None:
    """Starvation excuses once: a world that really hangs is taken over all the same."""
    with KernelRun(home) as kernel:
        wait_until(kernel.heir_pid, "an heir stands by")
        epoch = kernel.word(Header.EPOCH)
        with hogs():
            os.kill(kernel.word(Header.OWNER), signal.SIGSTOP)
            wait_until(lambda: kernel.word(Header.EPOCH) > epoch, "the heir has taken over")
