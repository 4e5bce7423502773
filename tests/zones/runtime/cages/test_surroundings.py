"""Environment and descriptors: forgotten for good."""

import os
import subprocess
import sys

from tests.support.caged import errno_of, run
from zones.runtime.cages import surroundings


def test_the_environment_is_forgotten():
    """Empty for Python, for C, for programs that are started, and where the OS had put it."""
    program = """
import ctypes, os
from zones.runtime.cages import surroundings
libc = ctypes.CDLL(None)
libc.getenv.restype = ctypes.c_char_p
libc.setenv(b"SET_IN_C", b"hidden", 1)
assert b"hunter2" in surroundings.read_initial_environment()
assert b"hunter2" in open("/proc/self/environ", "rb").read()
surroundings.forget_environment()
print(
    len(os.environ),
    libc.getenv(b"SECRET"),
    libc.getenv(b"SET_IN_C"),
    surroundings.read_initial_environment().strip(bytes(1)),
    open("/proc/self/environ", "rb").read().strip(bytes(1)),
)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "SECRET": "hunter2"},
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert done.stdout.split() == ["0", "None", "None", "b''", "b''"]


def test_a_place_that_is_not_told_is_an_error(monkeypatch):
    """Else a secret would stay there, and the layer would count as applied."""
    monkeypatch.setattr(surroundings, "_ENV_START", 52)  # its neighbours: exit code, and no more
    surroundings.initial_block.cache_clear()
    end = run(surroundings.forget_environment)
    assert "Error" in end.said


def test_descriptors_are_closed_but_some(tmp_path):
    """Standard ones that are not kept lead to nothing; inheritable ones go like all others."""
    (tmp_path / "x").write_bytes(b"kept")
    kept, other = os.open(tmp_path / "x", os.O_RDONLY), os.open(tmp_path, os.O_RDONLY)
    high = 900
    os.dup2(other, high, inheritable=True)

    def inside() -> str:
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            surroundings.keep_descriptors({kept, writer, 2})
            told = [
                os.read(kept, 4),
                errno_of(lambda: os.fstat(other)),
                errno_of(lambda: os.fstat(high)),
                os.read(0, 1),
                os.fstat(0).st_rdev == os.stat(os.devnull).st_rdev == os.fstat(1).st_rdev,
            ]
            os.write(writer, str(told).encode())
            os._exit(0)
        os.close(writer)
        os.waitpid(pid, 0)
        return os.read(reader, 4096).decode()

    assert run(inside).said == str([b"kept", "EBADF", "EBADF", b"", True])
    for descriptor in (kept, other, high):
        os.close(descriptor)
