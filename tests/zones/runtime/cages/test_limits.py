"""Limits of one process: each holds, and none is ever raised."""

import errno
import mmap
import os
import resource
import signal

import pytest

from tests.support.caged import NOBODY, USERS, errno_of, refuse_calls, run
from zones.runtime.cages.limits import CageLimits, mapped_bytes, set_limits

MIB = 1 << 20


@pytest.mark.parametrize("user", USERS)
def test_memory_is_on_top_of_what_is_mapped(user):
    """However large the process was, it can grow by so much."""

    def inside() -> list[str]:
        set_limits(CageLimits(memory_bytes=64 * MIB))
        return [
            errno_of(lambda: mmap.mmap(-1, 32 * MIB).close()),
            errno_of(lambda: mmap.mmap(-1, 128 * MIB)),
        ]

    assert run(inside, user).said == str(["", "ENOMEM"])


@pytest.mark.parametrize("user", USERS)
def test_files_and_descriptors(user, tmp_path):
    """A file of one byte more is refused; so is one descriptor more."""
    target = os.open(tmp_path / "x", os.O_WRONLY | os.O_CREAT)

    def inside() -> list[str]:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        set_limits(CageLimits(file_bytes=4, descriptors=3))
        return [
            errno_of(lambda: os.write(target, b"1234")),
            errno_of(lambda: os.write(target, b"5")),
            errno_of(lambda: os.dup(target)),
        ]

    assert run(inside, user).said == str(["", "EFBIG", "EMFILE"])
    os.close(target)


@pytest.mark.skipif(NOBODY not in USERS and os.getuid() == 0, reason="takes an ordinary user")
def test_an_ordinary_user_starts_nothing():
    """With 0, not even a thread."""

    def inside() -> str:
        set_limits(CageLimits(processes=0))
        return errno_of(os.fork)

    assert run(inside, USERS[-1]).said == "EAGAIN"


@pytest.mark.slow
def test_time_of_the_processor_is_on_top_of_what_was_used():
    """The process is ended when it is over."""

    def inside() -> None:
        set_limits(CageLimits(cpu_s=1))
        while True:
            pass

    assert run(inside).signal in (signal.SIGXCPU, signal.SIGKILL)


def test_nothing_is_raised():
    """A limit that is lower already stays."""

    def inside() -> list[int]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
        set_limits(CageLimits(descriptors=64, file_bytes=100))
        return [*resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(1)[0]]

    assert run(inside).said == str([32, 32, 10])


def test_what_is_not_asked_for_stays():
    """But core dumps, locked memory and message queues: those are off for everybody."""

    def inside() -> list[object]:
        kinds = (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE)
        before = [resource.getrlimit(kind) for kind in kinds]
        set_limits(CageLimits())
        return [
            [resource.getrlimit(kind) for kind in kinds] == before,
            *(resource.getrlimit(kind) for kind in (resource.RLIMIT_CORE, 8, 12)),
        ]

    assert run(inside).said == str([True, (0, 0), (0, 0), (0, 0)])


def test_a_limit_that_cannot_be_set_is_an_error_of_the_system():
    """Refused by a filter around us: so it is told as every layer that fails."""

    def inside() -> None:
        refuse_calls({"prlimit64": errno.EPERM})
        set_limits(CageLimits(descriptors=8))

    assert run(inside).said.startswith("PermissionError")


def test_what_is_mapped_is_read():
    """It grows with what is mapped."""
    before = mapped_bytes()
    with mmap.mmap(-1, 64 * MIB):
        assert mapped_bytes() >= before + 64 * MIB
