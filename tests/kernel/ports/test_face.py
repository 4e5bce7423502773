"""Who reads stderr: told by the descriptor and the environment."""

import io
import os
import pty
from collections.abc import Iterator
from typing import TextIO

import pytest

from Kernel.ports.face import Face, Reader, find_face


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    """Give a terminal."""
    main, writer = pty.openpty()
    with os.fdopen(writer, "w") as stream:
        yield stream
    os.close(main)


@pytest.fixture
def pipe() -> Iterator[TextIO]:
    """Give a pipe."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        yield stream
    os.close(reader)


@pytest.mark.parametrize(
    ("environment", "moving", "colours"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "xterm", "CI": "true"}, False, True),
        ({"TERM": "xterm", "CI": "false"}, True, True),
        ({}, True, True),
    ],
)
def test_terminal(terminal, environment, moving, colours):
    """People read; a dumb terminal and a build machine get no moving line, NO_COLOR no colour."""
    assert find_face(terminal, environment) == Face(Reader.PEOPLE, moving, colours)


def test_pipe_is_for_programs(pipe):
    """A pipe is read by a program, whatever the terminal of the shell can do."""
    assert find_face(pipe, {"TERM": "xterm"}) == Face(Reader.PROGRAM)


def test_journal_is_known_by_its_inode(pipe):
    """Only the very stream that systemd names is the journal's: 2>file is a file."""
    status = os.fstat(pipe.fileno())
    named = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
    assert find_face(pipe, named) == Face(Reader.JOURNAL)
    other = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino + 1}"}
    assert find_face(pipe, other) == Face(Reader.PROGRAM)


def test_stream_without_a_file():
    """What is no file, and a closed one, is read by nobody we know."""
    assert find_face(io.StringIO(), {"JOURNAL_STREAM": "1:2"}) == Face(Reader.PROGRAM)
