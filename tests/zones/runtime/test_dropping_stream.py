"""A standard stream that never waits and never fails."""

import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from zones.runtime.dropping_stream import DroppingStream

ROOT = Path(__file__).resolve().parents[3]


class Pipe:
    """A pipe of which the writing end does not wait, and a stream into it."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self.writer, False)
        self.stream = DroppingStream(self.writer)

    def fill(self) -> None:
        """Leave no room in it."""
        try:
            while True:
                os.write(self.writer, b"#" * 4096)
        except BlockingIOError:
            pass

    def read(self) -> bytes:
        """Return all that is in it but what has filled it."""
        data = b""
        try:
            while piece := os.read(self.reader, 1 << 20):
                data += piece
        except BlockingIOError:
            pass
        return data.lstrip(b"#")


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """Give a pipe."""
    pipe = Pipe()
    yield pipe
    os.close(pipe.reader)
    os.close(pipe.writer)


def test_what_has_room_goes_through(pipe):
    """Text arrives as it is; what is no text arrives as its number."""
    print("a word", "\udc80", file=pipe.stream)
    assert pipe.read() == b"a word \\udc80\n"


def test_full_is_dropped_counted_and_told_once(pipe):
    """Nobody reads: nothing waits, nothing is raised, and the count comes with the next word."""
    pipe.fill()
    print("lost", file=pipe.stream)
    print("lost, too", file=pipe.stream)
    assert pipe.stream.dropped == len(b"lost\nlost, too\n")
    pipe.read()
    print("heard", file=pipe.stream)
    said = pipe.read()
    assert said == b"\nmolt: 15 bytes of output found no room and were dropped\nheard\n"
    assert pipe.stream.dropped == 0
    print("again", file=pipe.stream)
    assert pipe.read() == b"again\n"


def test_more_than_a_pipe_holds_is_cut(pipe):
    """The beginning of a long text arrives, the rest is counted."""
    pipe.stream.write("x" * (1 << 20))
    arrived = len(pipe.read())
    assert 0 < arrived < 1 << 20
    assert arrived + pipe.stream.dropped == 1 << 20


def test_nobody_at_the_other_end(pipe):
    """A reader that is gone is no reason to fail."""
    os.close(pipe.reader)
    try:
        raise ValueError("a fault")
    except ValueError:
        traceback.print_exc(file=pipe.stream)
    assert pipe.stream.dropped > 0
    pipe.reader = os.open(os.devnull, os.O_RDONLY)


STREAMS = """
import os, sys, traceback
from zones.runtime.dropping_stream import drop_what_finds_no_room
before = os.get_blocking(2)
drop_what_finds_no_room()
assert not os.get_blocking(2) and not os.get_blocking(1)
for _ in range(10_000):
    print("nobody reads this")
    print("nor this", file=sys.stderr)
try:
    raise ValueError
except ValueError:
    traceback.print_exc()
os._exit(7 if sys.stdout.dropped and sys.stderr.dropped and before else 1)
"""


def test_standard_streams_of_one_process_only():
    """A process that nobody reads ends in time; those who share its pipe still wait in theirs."""
    reader, writer = os.pipe()
    done = subprocess.run(
        [sys.executable, "-c", STREAMS], cwd=ROOT, stdout=writer, stderr=writer, timeout=30,
        check=False,
    )  # fmt: skip
    assert done.returncode == 7
    assert os.get_blocking(writer)
    os.close(reader)
    os.close(writer)
