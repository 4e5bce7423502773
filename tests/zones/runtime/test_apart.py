"""Work in a throw-away child: whatever it does, the caller hears of it in time and goes on."""

import ctypes
import os
import time
from pathlib import Path

import pytest

from zones.runtime.apart import ApartFailed, Limits, run_apart

LIMITS = Limits(wall_s=5.0, cpu_s=5, memory_bytes=64 << 20)
SHORT = Limits(wall_s=0.1, cpu_s=5, memory_bytes=64 << 20)


def fail() -> bytes:
    """Fail as our own code does."""
    raise ValueError("no such thing")


def eat() -> bytes:
    """Take more memory than is allowed."""
    return bytes(200 << 20)[:1]


def write(path: Path) -> bytes:
    """Write a file, which is not allowed."""
    path.write_bytes(b"x")
    return b"written"


def crash() -> bytes:
    """Read at address 0."""
    ctypes.string_at(0)
    return b""


def loop() -> bytes:
    """Never come back."""
    while True:
        pass


def test_the_result_comes_back():
    """Bytes out, and the child is gone."""
    assert run_apart(lambda: b"done" * 1000, LIMITS) == b"done" * 1000
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize(
    ("work", "why"),
    [(fail, "no such thing"), (eat, "MemoryError"), (lambda: b"x" * 100_000, "said more")],
)
def test_what_goes_wrong_is_told(work, why):
    """An exception, a limit, an answer that is too long: the reason comes back."""
    with pytest.raises(ApartFailed, match=why):
        run_apart(work, LIMITS)


def test_a_crash_is_told_as_one():
    """A fault signal is evidence against the work."""
    with pytest.raises(ApartFailed, match="crashed by signal 11") as told:
        run_apart(crash, LIMITS)
    assert told.value.crashed


def test_what_hangs_is_ended():
    """The caller waits no longer than it said."""
    began_s = time.monotonic()
    with pytest.raises(ApartFailed, match=r"longer than 0\.1 s"):
        run_apart(loop, SHORT)
    assert time.monotonic() - began_s < 3.0


def test_no_descriptor_and_no_file(tmp_path):
    """It finds nothing open but the way back, and can write nothing."""
    kept = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(kept, True)

    def open_ones() -> bytes:
        return b" ".join(sorted(os.fsencode(name) for name in os.listdir("/proc/self/fd")))

    assert len(run_apart(open_ones, LIMITS).split()) == 5  # 0, 1, 2, the way back, the listing
    os.close(kept)
    with pytest.raises(ApartFailed, match=r"File too large|signal 25"):
        run_apart(lambda: write(tmp_path / "x"), LIMITS)
