"""The archive's poller: who is ready is called, whether it looks first or sleeps at once."""

import socket
from collections.abc import Iterator

import pytest

from zones.ledger.poller import READ, Poller


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a road."""
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.mark.parametrize("looks", [0, 3])
def test_who_is_ready_is_called(pair: tuple[socket.socket, socket.socket], looks: int) -> None:
    """Looking before sleeping changes nothing but how soon it is noticed."""
    ours, theirs = pair
    poller, called = Poller(), []
    poller.add(ours.fileno(), READ, called.append)
    assert not poller.wait(0.0, looks) and called == []
    theirs.send(b"x")
    assert poller.wait(5.0, looks) and called == [READ]
    poller.close()


def test_looking_ends_in_sleep(pair: tuple[socket.socket, socket.socket]) -> None:
    """So many looks and one wait: a sender that is gone costs no more than that."""
    waits: list[float] = []

    class Counted(Poller):
        def __init__(self) -> None:
            super().__init__()
            real = self._epoll
            self._epoll = type(
                "Epoll", (), {"poll": lambda _, t: waits.append(t) or real.poll(t)}
            )()

    Counted().wait(0.001, 3)
    assert waits == [0.0, 0.0, 0.0, 0.001]
