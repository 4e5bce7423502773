"""The harness itself: whatever ends a test run, no kernel outlives it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.harness import ROOT, KernelRun, is_running, wait_until

PARENT = """
import subprocess, sys, time
from tests.support.leash import die_with_us
child = subprocess.Popen(["sleep", "300"], start_new_session=True, preexec_fn=die_with_us())
print(child.pid, flush=True)
time.sleep(300)
"""


def test_leashed_process_dies_with_its_parent() -> None:
    """A child on the leash is gone once its parent is killed, in a session of its own too."""
    with subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE) as run:
        try:
            assert run.stdout is not None
            child = int(run.stdout.readline())
            assert is_running(child)
        finally:
            run.send_signal(signal.SIGKILL)
        wait_until(lambda: not is_running(child), "the child is gone")


@pytest.mark.slow
def test_interrupted_start_leaves_no_kernel(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Ctrl-C while the test waits for the kernel to be ready ends that kernel."""
    started: list[int] = []

    def interrupted(run: KernelRun) -> None:
        started.append(run.process.pid)
        assert is_running(run.process.pid)
        raise KeyboardInterrupt

    monkeypatch.setattr(KernelRun, "_read_ready", interrupted)
    with pytest.raises(KeyboardInterrupt):
        KernelRun(home)
    assert len(started) == 1
    assert not is_running(started[0])
