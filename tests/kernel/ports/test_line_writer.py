"""Descriptors that we are handed: written without waiting, left as they are, refused when unfit."""

import fcntl
import os
import socket
from pathlib import Path

import pytest

from Kernel.contract.errors import ConfigError
from Kernel.ports.line_writer import open_writer


def test_a_full_pipe_takes_nothing_and_stays_blocking_for_others():
    """Our end does not block; the descriptor we were handed does as before."""
    read_end, write_end = os.pipe()
    writer = open_writer(write_end)
    taken = 0
    while count := writer.write(b"x" * 4096):
        taken += count
    assert taken >= 65536 and os.get_blocking(write_end)
    os.read(read_end, 65536)
    assert writer.write(b"x") == 1
    os.close(read_end)
    with pytest.raises(BrokenPipeError):
        writer.write(b"x")
    writer.close()
    os.close(write_end)


def test_a_file_is_written_where_it_is(tmp_path: Path):
    """Behind what others have written by the same descriptor."""
    with (tmp_path / "events").open("wb", buffering=0) as file:
        file.write(b"before\n")
        writer = open_writer(file.fileno())
        assert writer.write(b"after\n") == 6
        writer.close()
        file.write(b"end\n")
    assert (tmp_path / "events").read_bytes() == b"before\nafter\nend\n"


def test_a_full_socket_takes_nothing():
    """A socket is told with each message that we do not wait; its reader's end is an error."""
    ours, theirs = socket.socketpair()
    writer = open_writer(ours.fileno())
    while writer.write(b"x" * 4096):
        pass
    assert ours.getblocking()
    theirs.close()
    with pytest.raises(OSError, match=r"Broken pipe|Connection reset"):
        writer.write(b"x")
    writer.close()
    assert ours.fileno() >= 0
    ours.close()


def test_what_cannot_be_written_is_refused(tmp_path: Path):
    """Not open, for reading only, a folder."""
    closed = os.dup(0)
    os.close(closed)
    with pytest.raises(ConfigError, match=f"descriptor {closed}: it is not open"):
        open_writer(closed)
    with pytest.raises(ConfigError, match="descriptor -1: it is not open"):
        open_writer(-1)
    with pytest.raises(ConfigError, match="not open"):
        open_writer(2**40)
    read_end, write_end = os.pipe()
    with pytest.raises(ConfigError, match="for reading only"):
        open_writer(read_end)
    os.close(read_end)
    os.close(write_end)
    folder = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(ConfigError, match="for reading only"):
        open_writer(folder)
    os.close(folder)


def test_ours_ends_with_an_exec():
    """No zone inherits it."""
    read_end, write_end = os.pipe()
    writer = open_writer(write_end)
    assert fcntl.fcntl(writer.fileno(), fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    writer.close()
    os.close(read_end)
    os.close(write_end)
