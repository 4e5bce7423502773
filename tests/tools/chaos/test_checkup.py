"""Each rule of the checkup finds what breaks it, and nothing where all holds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from Kernel.contract.arena import Header
from tests.tools.chaos.fake_target import FakeLog, FakeSender, FakeTarget
from tools.chaos.checkup import (
    GROWTH_DESCRIPTORS,
    ONCE_MISSES,
    Checkup,
    Costs,
    Sample,
    check_flat,
    check_missed,
)
from tools.chaos.fault import Misses
from tools.chaos.target import Process, identities

QUIET = "nothing"


@pytest.fixture
def target(tmp_path: Path) -> FakeTarget:
    """Give a kernel on paper."""
    return FakeTarget(tmp_path)


def checkup(target: FakeTarget) -> Checkup:
    """Return a checkup of it."""
    return Checkup(target, FakeLog(target.home, FakeSender(target.home)))


class TestLooking:
    """After a round."""

    def test_a_tick_that_was_taken_back(self, target):
        """Committed is committed; it is told once."""
        look = checkup(target)
        target.words[Header.COMMIT] = 120
        assert look.look(1.0) == []
        target.words[Header.COMMIT] = 119
        assert look.look(2.0) == ["the world is at tick 119, and was at 120 before"]
        assert look.look(3.0) == []

    def test_who_is_left_over(self, target):
        """Once below the kernel, alive, and not below it now; the dead are forgotten."""
        look = checkup(target)
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
            (alive,) = identities([child.pid])
            target.below = {alive, Process(2**22 + 5, "1")}
            assert look.look(1.0) == []
            target.below = set()
            (told,) = look.look(2.0)
            assert told.startswith(f"process {child.pid} is left over: ")
            child.kill()
            child.wait()
            assert look.look(3.0) == [] and not look.seen

    def test_who_would_be_found(self, target):
        """A canary is found while it runs, and leaves nothing behind."""
        look = checkup(target)
        (ours,) = identities([os.getpid()])
        assert look.would_find(ours) and not look.would_find(Process(ours.pid, "another time"))
        assert not look.seen

    def test_what_is_taken_is_noted(self, target):
        """Memory and descriptors of who is there; who is gone is left out."""
        target.by_role = {"stable": [os.getpid()], "archive": [2**22 + 8]}
        look = checkup(target)
        look.look(7.0)
        assert list(look.samples) == ["stable"]
        (taken,) = look.samples["stable"]
        assert taken.at_s == 7.0 and taken.rss_mb > 1 and taken.descriptors > 2


class TestMissed:
    """Ticks."""

    def held(self, missed: list[int], quiet: list[int], misses: Misses = Misses.NONE) -> bool:
        costs = {"kill it": Costs(misses, missed), QUIET: Costs(Misses.NONE, quiet)}
        (check,) = check_missed(costs, QUIET)
        assert check.name == "ticks missed: kill it"
        return check.holds

    def test_nothing_missed_holds(self):
        """With quiet rounds and without any."""
        assert self.held([0, 0, 0], [0, 0]) and self.held([0], [])

    def test_more_than_the_machine_misses_does_not(self):
        """Again and again more than the worst quiet round."""
        assert not self.held([3, 4, 3, 5], [0, 1, 0]) and self.held([3, 4, 3, 5], [3, 4, 5])

    def test_one_round_is_no_evidence(self):
        """The machine was elsewhere once; but not for so long that a world gives up."""
        assert self.held([0, 11, 0], [0, 0]) and not self.held([0, 11, 11], [0, 0])
        assert not self.held([ONCE_MISSES + 1], [0, 0])

    def test_a_takeover_costs_one(self):
        """No more than the tick that was under way, beside what the machine costs."""
        assert self.held([1, 1, 1, 1], [0, 0], Misses.TAKEOVER)
        assert not self.held([3, 3, 3, 3], [0, 0], Misses.TAKEOVER)

    def test_some_may_cost_many(self):
        """Nobody is there who could tick: no row."""
        assert check_missed({"hang": Costs(Misses.MANY, [99])}, QUIET) == []


class TestFlat:
    """Memory and descriptors."""

    def held(self, *taken: tuple[float, int]) -> bool:
        samples = [Sample(0.0, memory, files) for memory, files in taken]
        (check,) = check_flat({"archive": samples})
        return check.holds

    def test_who_stays_as_it_is_holds(self):
        """Or takes a little more; a peak in the middle is none of the last third."""
        assert self.held((50.0, 20)) and self.held((50.0, 20), (500.0, 99), (60.0, 22))

    def test_who_grows_does_not(self):
        """In memory, or in descriptors."""
        assert not self.held((200.0, 20), (230.0, 20), (260.0, 20))
        assert not self.held((50.0, 20), (50.0, 30), (50.0, 21 + GROWTH_DESCRIPTORS))
