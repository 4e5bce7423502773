"""The right to write: handed over by the operating system when its owner dies."""

import ctypes
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from Kernel.contract.errors import MoltError
from Kernel.contract.robust_mutex import MUTEX_BYTES, THREADS_MAX, RobustMutex
from tests.support.wait import wait_until
from zones.runtime.kinship import die_with


@pytest.fixture
def fd() -> Iterator[int]:
    """Give a memfd with a fresh mutex in it."""
    fd = os.memfd_create("test-mutex", os.MFD_CLOEXEC)
    os.ftruncate(fd, MUTEX_BYTES)
    RobustMutex(fd).initialise()
    yield fd
    os.close(fd)


class Child:
    """A forked process that runs `act(mutex, say)` and then waits to be killed."""

    def __init__(self, fd: int, act: Callable[[RobustMutex, Callable[[bytes], None]], None]):
        self.reader, writer = os.pipe()
        test_pid = os.getpid()
        self.pid = os.fork()
        if not self.pid:
            try:
                die_with(test_pid)
                mutex = RobustMutex(fd)  # held until death: without it the mapping would go
                act(mutex, lambda word: os.write(writer, word))
                signal.pause()
            finally:
                os._exit(1)
        os.close(writer)
        os.set_blocking(self.reader, False)
        self.said = b""

    def has_said(self, word: bytes) -> bool:
        """Read what there is and tell whether this word was said."""
        try:
            self.said += os.read(self.reader, 100)
        except BlockingIOError:
            pass
        return word in self.said

    def is_waiting(self) -> bool:
        """Tell whether it sleeps in a futex."""
        with open(f"/proc/{self.pid}/wchan", "rb") as wchan:
            return b"futex" in wchan.read()

    def kill(self) -> None:
        """End and reap it."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.reader)


def soon_ns(seconds: float = 0.001) -> int:
    """Return a time a little from now."""
    return time.monotonic_ns() + round(seconds * 1e9)


def lock_and_hold(mutex: RobustMutex, say: Callable[[bytes], None]) -> None:
    """Take the right, tell how it was left, keep it."""
    say(b"D" if mutex.lock() else b"L")


def test_lock_and_unlock_in_order(fd):
    """A right given back in order is taken without news of a death."""
    first, second = RobustMutex(fd), RobustMutex(fd)
    assert first.lock() is False
    first.unlock()
    assert second.lock() is False
    second.unlock()


def test_owner_killed_while_another_waits(fd):
    """SIGKILL of the owner wakes who waits, and tells it that the last owner died."""
    owner = Child(fd, lock_and_hold)
    wait_until("the owner", lambda: owner.has_said(b"L"))
    heir = Child(fd, lock_and_hold)
    wait_until("the heir to wait", heir.is_waiting)
    assert not heir.has_said(b"D")
    owner.kill()
    wait_until("the handover", lambda: heir.has_said(b"D"))
    heir.kill()


def test_owner_killed_before_another_comes(fd):
    """News of a death waits for whoever comes next, once."""
    owner = Child(fd, lock_and_hold)
    wait_until("the owner", lambda: owner.has_said(b"L"))
    owner.kill()
    mutex = RobustMutex(fd)
    assert mutex.lock() is True
    mutex.unlock()
    assert mutex.lock() is False
    mutex.unlock()


def test_a_wait_with_an_end(fd):
    """Not had in time it is another's still; had in time it is ours, whoever died holding it."""
    owner = Child(fd, lock_and_hold)
    wait_until("the owner", lambda: owner.has_said(b"L"))
    mutex = RobustMutex(fd)
    assert not mutex.lock_until(soon_ns())
    owner.kill()
    assert mutex.lock_until(soon_ns(10))
    assert not RobustMutex(fd).lock_until(soon_ns()), "it is held"
    mutex.unlock()
    assert mutex.lock() is False
    mutex.unlock()


def test_owner_killed_while_another_waits_again_and_again(fd):
    """Waits that end in vain leave nothing behind that would keep the news of a death back."""

    def wait_long(mutex: RobustMutex, say: Callable[[bytes], None]) -> None:
        while not mutex.lock_until(soon_ns()):
            say(b"w")
        say(b"D")

    owner = Child(fd, lock_and_hold)
    wait_until("the owner", lambda: owner.has_said(b"L"))
    heir = Child(fd, wait_long)
    wait_until("some waits", lambda: heir.has_said(b"www"))
    owner.kill()
    wait_until("the handover", lambda: heir.has_said(b"D"))
    heir.kill()


def test_a_row_of_deaths(fd):
    """Each of many owners killed one after another hands the right on."""
    owner = Child(fd, lock_and_hold)
    wait_until("the first", lambda: owner.has_said(b"L"))
    for _ in range(10):
        heir = Child(fd, lock_and_hold)
        wait_until("the heir to wait", heir.is_waiting)
        owner.kill()
        wait_until("the handover", lambda: heir.has_said(b"D"))  # noqa: B023 - used at once
        owner = heir
    owner.kill()


def test_waiter_killed_leaves_the_owner_alone(fd):
    """Who dies waiting takes nothing with it."""
    mutex = RobustMutex(fd)
    mutex.lock()
    waiter = Child(fd, lock_and_hold)
    wait_until("the waiter", waiter.is_waiting)
    waiter.kill()
    mutex.unlock()
    assert mutex.lock() is False
    mutex.unlock()


def test_right_lost_for_good_is_an_error_in_words(fd):
    """A right that was given back inconsistent cannot be taken: said, and never waited for."""
    owner = Child(fd, lock_and_hold)
    wait_until("the owner", lambda: owner.has_said(b"L"))
    owner.kill()
    careless = RobustMutex(fd)
    libc = ctypes.CDLL(None)
    libc.pthread_mutex_lock(careless._mutex)  # EOWNERDEAD, and nobody says "consistent"
    libc.pthread_mutex_unlock(careless._mutex)
    with pytest.raises(MoltError, match="cannot lock the right to write: State not rec"):
        RobustMutex(fd).lock()


def test_only_the_owner_gives_it_back(fd):
    """An unlock by another thread is refused: the owner is a thread."""
    mutex = RobustMutex(fd)
    mutex.lock()
    caught: list[MoltError] = []

    def give_back() -> None:
        try:
            RobustMutex(fd).unlock()
        except MoltError as error:
            caught.append(error)

    thread = threading.Thread(target=give_back)
    thread.start()
    thread.join()
    assert caught and "pthread_mutex_unlock" in caught[0].message
    mutex.unlock()


def take_one_of_a_thread(mutex: RobustMutex, say: Callable[[bytes], None]) -> None:
    """Lock the mutex of thread 2 and keep it."""
    ctypes.CDLL(None).pthread_mutex_lock(ctypes.c_void_p(mutex.addresses[2]))
    say(b"L")


class TestThreads:
    def test_all_are_free_at_first(self, fd):
        """A fresh one is nobody's; there are as many as fit beside the right itself."""
        mutex = RobustMutex(fd)
        assert len(mutex.addresses) == THREADS_MAX
        assert all(mutex.is_free(thread) for thread in range(THREADS_MAX))
        assert not any(mutex.owner(thread) for thread in range(THREADS_MAX))

    def test_held_until_its_thread_has_died(self, fd):
        """Of a living owner it is not free, of a dead one it is, and can be taken as ever."""
        mutex = RobustMutex(fd)
        owner = Child(fd, take_one_of_a_thread)
        wait_until("the owner", lambda: owner.has_said(b"L"))
        assert mutex.owner(2) == owner.pid
        assert [mutex.is_free(thread) for thread in range(4)] == [True, True, False, True]
        owner.kill()
        assert mutex.is_free(2) and mutex.owner(2) == 0
        again = Child(fd, take_one_of_a_thread)
        wait_until("another owner", lambda: again.has_said(b"L"))
        assert mutex.owner(2) == again.pid
        again.kill()

    def test_the_right_itself_is_another(self, fd):
        """Threads' mutexes say nothing of the right, nor it of them."""
        mutex = RobustMutex(fd)
        mutex.lock()
        assert all(mutex.is_free(thread) for thread in range(THREADS_MAX))
        mutex.unlock()

    def test_what_is_no_mutex_is_an_error_in_words(self, fd):
        """One that its owner has overwritten is never free: said, not waited for."""
        mutex = RobustMutex(fd)
        os.pwrite(fd, b"\xff" * 128, 3 * 128)
        with pytest.raises(MoltError, match="cannot take over: mutex of thread 2: Invalid"):
            mutex.is_free(2)
