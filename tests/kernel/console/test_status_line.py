"""The kernel's stderr: never waits, never raises, tells what it lost, keeps one line moving."""

import fcntl
import io
import json
import os
import pty
import socket
import struct
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

import pytest

from Kernel.console.status_line import WIDTH_FALLBACK, WRITE_BYTES_MAX, StatusLine
from Kernel.ports.face import Face, Reader

ERASE = "\r\x1b[K"
PIPE, MOVING = Face(Reader.PROGRAM), Face(Reader.PEOPLE, moving=True)
FACES = {"pipe": PIPE, "terminal": Face(Reader.PEOPLE), "journal": Face(Reader.JOURNAL)}


@dataclass
class Ends:
    """Two ends: what is written to `stream` is read at `reader`."""

    reader: int
    stream: TextIO

    def read(self) -> str:
        """Return all that waits to be read."""
        os.set_blocking(self.reader, False)
        data = b""
        try:
            while part := os.read(self.reader, 65536):
                data += part
        except BlockingIOError:
            pass
        return data.decode()


def open_ends(reader: int, writer: int) -> Iterator[Ends]:
    """Give both ends and close what a test has left open."""
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        ends = Ends(reader, stream)
        yield ends
    if ends.reader >= 0:
        os.close(ends.reader)


@pytest.fixture
def pipe() -> Iterator[Ends]:
    """Give a pipe."""
    yield from open_ends(*os.pipe())


@pytest.fixture
def terminal() -> Iterator[Ends]:
    """Give a terminal 20 columns wide."""
    main, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("4H", 24, 20, 0, 0))
    yield from open_ends(main, writer)


@pytest.fixture
def journal() -> Iterator[Ends]:
    """Give a stream socket, as systemd gives a service."""
    ours, theirs = socket.socketpair()
    yield from open_ends(ours.detach(), theirs.detach())


@pytest.mark.parametrize("kind", list(FACES))
def test_a_reader_that_stops_holds_nobody_up(kind: str, request: pytest.FixtureRequest) -> None:
    """What is not read is dropped and counted; the first write that goes through tells so."""
    ends: Ends = request.getfixturevalue(kind)
    line = StatusLine(ends.stream, FACES[kind])
    for number in range(5000):
        line.write(f"line {number} {'x' * 90}\n")
        line.flush()
    lost = line.dropped
    assert 0 < lost < 5000
    ends.read()
    line.write("after\n")
    told, after = ends.read().splitlines()[-2:]
    assert after == "after" and line.dropped == 0
    if kind == "pipe":
        assert json.loads(told) == {"event": "log.dropped", "count": lost}
    else:
        mark = "▲ " if kind == "terminal" else "<4>"
        assert told == f"{mark}{lost} lines were dropped: nobody took them"
    line.write("more\n")
    assert ends.read().splitlines() == ["more"]


def test_a_shared_pipe_with_one_free_page_is_enough(
    pipe: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a descriptor of our own a write of any length does not wait either."""

    def refuse(*_words: object) -> int:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        line = StatusLine(pipe.stream, PIPE)
    assert os.get_blocking(pipe.stream.fileno())
    for _ in range(100):
        line.write("é" * WRITE_BYTES_MAX + "\n")
    assert line.dropped > 0
    for written in pipe.read().splitlines():
        assert len(written.encode()) < WRITE_BYTES_MAX
        assert written == "é" * (len(written) - 1) + "…"


def test_others_may_still_wait(pipe: Ends) -> None:
    """The stream that we share with the shell stays one that waits."""
    StatusLine(pipe.stream, PIPE).write("x\n")
    assert os.get_blocking(pipe.stream.fileno())


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_closed_pipe_is_no_error(pipe: Ends, when: str) -> None:
    """Nobody there to read: everything is dropped, nothing is raised."""
    line = StatusLine(pipe.stream, MOVING) if when == "after" else None
    os.close(pipe.reader)
    pipe.reader = -1
    line = line or StatusLine(pipe.stream, MOVING)
    line.write("x\n")
    line.show("moving")
    line.flush()
    assert line.dropped == 1


def test_a_closed_stream_is_no_error() -> None:
    """A stream that was closed takes nothing and does not raise."""
    stream = io.StringIO()
    line = StatusLine(stream, MOVING)
    stream.close()
    line.flush()
    assert line.write("x\n") == line.write("y\n") == 2
    assert line.dropped == 2


def test_the_moving_line_fits_the_terminal(terminal: Ends) -> None:
    """A line too long for the terminal is cut, so that it can be erased again."""
    line = StatusLine(terminal.stream, MOVING)
    line.show("0123456789" * 4)
    assert terminal.read() == ERASE + "012345678901234567…"
    line.show("short")
    line.write("log\n")
    assert terminal.read() == f"{ERASE}short{ERASE}log\r\n"


def test_a_stream_without_descriptor_is_just_written() -> None:
    """What is no file gets every character, and a moving line of the usual width."""
    stream = io.StringIO()
    line = StatusLine(stream, MOVING)
    line.write("x" * 9000)
    assert stream.getvalue() == "x" * 9000
    line.show("y" * 200)
    assert stream.getvalue().endswith(ERASE + "y" * (WIDTH_FALLBACK - 2) + "…")
