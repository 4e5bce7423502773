"""Signals at the birth of a child: what is meant for it is not told to us."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator

import pytest

from fallback.births import held_at_birth, hold_for_exec, let_through, newborn


@pytest.fixture
def woken() -> Iterator[socket.socket]:
    """Catch signals as the kernel does: as bytes of a socket."""
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    caught = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda _number, _frame: None) for number in caught]
    fd_before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    yield reader
    signal.set_wakeup_fd(fd_before)
    for number, handler in zip(caught, before, strict=True):
        signal.signal(number, handler)
    reader.close()
    writer.close()


def told(reader: socket.socket) -> bytes:
    """Return the signals that were told to us."""
    try:
        return reader.recv(256)
    except BlockingIOError:
        return b""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_signal_to_a_newborn_is_its_own(woken: socket.socket, moment: str) -> None:
    """Between fork and exec it ends the child alone, whatever of the preparation is done."""
    prepare = newborn()

    def hit() -> None:
        if moment == "after":
            prepare()
        os.kill(os.getpid(), signal.SIGTERM)
        if moment == "before":
            prepare()

    with held_at_birth():
        child = subprocess.Popen(["true"], preexec_fn=hit)
    assert child.wait(10) == -signal.SIGTERM
    assert told(woken) == b""


def test_one_that_came_to_us_meanwhile_is_not_lost(woken: socket.socket) -> None:
    """It is held back, and told once the child is born."""
    with held_at_birth():
        signal.raise_signal(signal.SIGINT)  # to this thread: other tests may have left theirs
        assert told(woken) == b""
    assert told(woken) == bytes([signal.SIGINT])


def test_a_child_hears_signals() -> None:
    """What was held back for its birth is not held back in it."""
    with held_at_birth():
        child = subprocess.Popen(
            ["sed", "-n", "/^SigBlk/p", "/proc/self/status"],
            stdout=subprocess.PIPE,
            preexec_fn=newborn(),
        )
    said, _ = child.communicate(timeout=10)
    assert int(said.split()[1], 16) == 0


def test_what_was_caught_and_not_acted_on_comes_again(woken: socket.socket) -> None:
    """Held for an exec, a signal waits for the next handlers, one that was already read too."""
    signal.raise_signal(signal.SIGTERM)
    try:
        hold_for_exec(told(woken))
        assert signal.SIGTERM in signal.sigpending() and told(woken) == b""
    finally:
        let_through()
    assert told(woken) == bytes([signal.SIGTERM])
