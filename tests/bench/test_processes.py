"""Looking at processes: what is parsed, and whose death is seen."""

import subprocess
import sys

import pytest

from tests.bench.processes import DeathWatch, descendants, end_all, parse_rollup, read_memory

ROLLUP = """00400000-7ffd3000 ---p 00000000 00:00 0                    [rollup]
Rss:               20000 kB
Pss:                5000 kB
Pss_Dirty:          4000 kB
Private_Clean:       300 kB
Private_Dirty:      1000 kB
"""
SLEEPER = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
PARENT = [
    sys.executable,
    "-S",
    "-c",
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])\n"
    "print(child.pid, flush=True)\n"
    "time.sleep(60)",
]


def test_rollup_is_read_in_megabytes() -> None:
    """A kB of the kernel is 1024 bytes; an MB of the report is 10**6; names are matched whole."""
    memory = parse_rollup(ROLLUP)
    assert memory.rss_mb == pytest.approx(20.48)
    assert memory.pss_mb == pytest.approx(5.12)
    assert memory.private_dirty_mb == pytest.approx(1.024)


def test_memory_of_a_live_process_is_read() -> None:
    """A running process has resident memory, and its private part is not above it."""
    process = subprocess.Popen(SLEEPER)
    try:
        memory = read_memory(process.pid)
    finally:
        process.kill()
        process.wait()
    assert 0 < memory.private_dirty_mb <= memory.rss_mb


def test_whole_tree_is_found_and_ended() -> None:
    """Descendants are found at any depth, and all that were handed over are ended."""
    process = subprocess.Popen(PARENT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    grandchild = int(process.stdout.readline())
    below = descendants(process.pid)
    watch = DeathWatch([process.pid, grandchild])
    process.kill()
    process.wait()
    assert [item.pid for item in below] == [grandchild]
    assert set(watch.wait(0.0)) == set(), "no time, no answer"
    seen = watch.wait(0.05)
    assert set(seen) == {process.pid}, "the grandchild outlives its parent"
    end_all(below)
    assert set(watch.wait(5.0)) == {grandchild}
    watch.close()
    process.stdout.close()


def test_process_that_is_gone_has_no_descendants_and_needs_no_watch() -> None:
    """Asking about a pid that is no more gives nothing, at once."""
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    assert descendants(process.pid) == []
    assert DeathWatch([process.pid]).wait(5.0) == {}
