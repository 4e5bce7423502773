"""A sealed process as the host makes one: what it still does, and what it does no more."""

import faulthandler
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.support.wait import wait_until
from zones.runtime.cage import Layer, Plan, enclose, probe, seal
from zones.runtime.kinship import die_with

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("seccomp" in {each.value for each in probe().missing}, reason="no seccomp"),
]


class Sealed:
    """A sealed child with a memory file to write to.

    Args:
        before: called while it is enclosed, with the file; `act` when it is sealed.
    """

    def __init__(self, before: Callable[[int], object], act: Callable[[int], object]) -> None:
        self.file = os.memfd_create("told")
        parent = os.getpid()
        missing: frozenset[Layer] = probe().missing
        self.pid = os.fork()
        if not self.pid:
            try:
                die_with(parent)
                plan = Plan("sealed", keep=frozenset({self.file, 2}), without=missing)
                enclose(plan)
                before(self.file)
                seal(plan)
                act(self.file)
            finally:
                os._exit(3)

    def told(self) -> str:
        """Return what it has written."""
        return os.pread(self.file, 1 << 16, 0).decode()

    def close(self) -> int:
        """End it and return the signal it died of."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.file)
        return 0


@pytest.fixture
def made() -> Iterator[list[Sealed]]:
    """Give a list of children that are ended."""
    made: list[Sealed] = []
    yield made
    for each in made:
        each.close()


def test_a_hung_process_still_dumps_its_stacks(made):
    """The watchdog's signal is answered from C: all threads, as before it was sealed."""

    def begin(file: int) -> None:
        faulthandler.register(signal.SIGUSR1, file=file, all_threads=True)
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()

    def hang_in_a_tick(file: int) -> None:
        os.write(file, b"sealed\n")
        while True:
            pass

    made.append(Sealed(begin, hang_in_a_tick))
    wait_until("it to be sealed", made[0].told)
    os.kill(made[0].pid, signal.SIGUSR1)
    wait_until("its stacks", lambda: "hang_in_a_tick" in made[0].told())
    assert made[0].told().count("hread 0x") == 2


def test_its_end_is_news_of_a_fault(made):
    """Who reaches for what is refused dies by SIGSYS, which the kernel takes for a fault."""
    made.append(Sealed(lambda _file: None, lambda _file: os.fork()))
    assert os.waitpid(made[0].pid, 0)[1] & 0x7F == signal.SIGSYS
    made[0].pid = 0
