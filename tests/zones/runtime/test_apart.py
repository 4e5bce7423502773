"""Work in a throw-away child: whatever it does, the caller hears of it in time and goes on."""

import contextlib
import ctypes
import os
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from zones.runtime.apart import ApartFailed, Limits, run_apart
from zones.runtime.cage import Plan

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


def open_ones() -> bytes:
    """Return the numbers of all descriptors that are open."""
    found = []
    for number in range(1024):
        with contextlib.suppress(OSError):
            os.get_inheritable(number)
            found.append(number)
    return b" ".join(b"%d" % number for number in found)


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

    assert len(run_apart(open_ones, LIMITS).split()) == 4  # 0, 1, 2, the way back
    os.close(kept)
    with pytest.raises(ApartFailed, match="Operation not permitted"):
        run_apart(lambda: write(tmp_path / "x"), LIMITS)


def test_a_call_that_the_cage_does_not_allow_is_told():
    """The work is ended by it, and that counts against the work."""
    with pytest.raises(ApartFailed, match="does not allow") as told:
        run_apart(lambda: bytes(socket.socket().fileno()), LIMITS)
    assert told.value.crashed


def test_who_compiles_writes_below_its_folder_only(tmp_path):
    """Regular files there, up to the limit of their size; none elsewhere."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    plan = Plan("compile", write=(str(inside),))
    limits = replace(LIMITS, file_bytes=1)
    assert run_apart(lambda: write(inside / "x"), limits, plan) == b"written"
    assert (inside / "x").read_bytes() == b"x"
    with pytest.raises(ApartFailed, match="Permission denied"):
        run_apart(lambda: write(outside), limits, plan)
    with pytest.raises(ApartFailed, match=r"File too large|signal 25"):
        run_apart(lambda: write(inside / "y"), LIMITS, plan)
