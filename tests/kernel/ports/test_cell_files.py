"""What a temporary process is given: a job that nobody can change, pipes that hold nobody up."""

import os

import pytest

from Kernel.contract.call_job import COMPILED_BYTES_MAX, frame_compiled, unframe_compiled
from Kernel.ports.cell_files import (
    CODE_PIPE_BYTES,
    open_answer,
    open_code_pipe,
    read_answer,
    read_code,
    seal_job,
)


def test_a_job_is_read_from_its_beginning_and_stays_as_it_is() -> None:
    """Whoever has a copy of the descriptor can neither write nor shorten it."""
    fd = seal_job(b"job")
    assert os.read(fd, 10) == b"job"
    for change in (lambda: os.pwrite(fd, b"x", 0), lambda: os.ftruncate(fd, 1)):
        with pytest.raises(PermissionError):
            change()
    os.close(fd)


def test_an_answer_is_there_or_not_or_over() -> None:
    """Asking never waits."""
    ours, theirs = open_answer()
    assert read_answer(ours) is None
    os.write(theirs, b"said")
    os.close(theirs)
    assert (read_answer(ours), read_answer(ours)) == (b"said", b"")
    os.close(ours)


def test_the_most_compiled_code_fits_into_its_pipe() -> None:
    """Written at once, while nobody reads, and read back whole when its writer is gone."""
    ours, theirs = open_code_pipe()
    framed = frame_compiled(os.urandom(COMPILED_BYTES_MAX))
    assert os.write(theirs, framed) == len(framed)
    os.close(theirs)
    assert unframe_compiled(read_code(ours, CODE_PIPE_BYTES)) == framed[8:]
    os.close(ours)


def test_who_writes_without_end_is_not_waited_for() -> None:
    """A full pipe takes no more, and reading it ends, though its writer is still there."""
    ours, theirs = open_code_pipe()
    assert read_code(ours, 100) == b""
    with pytest.raises(BlockingIOError):
        while True:
            os.write(theirs, bytes(65536))
    assert unframe_compiled(read_code(ours, CODE_PIPE_BYTES)) is None
    os.close(ours)
    os.close(theirs)
