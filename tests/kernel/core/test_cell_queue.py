"""Which temporary processes run, wait or are refused: first come first served, and bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.errors import Refused
from Kernel.core.cell_queue import Queue, QueueLimits, Words, admit, before, begin, leave

WORDS = Words("try", "trial", "trials", "molt ps")
TWO = QueueLimits(2, 16)


def asked(count: int, limits: QueueLimits = TWO) -> Queue:
    """Return the queue after so many were asked for, each begun as soon as there is a place."""
    queue = Queue()
    for number in range(1, count + 1):
        queue, _ = begin(admit(queue, number, limits, WORDS), limits)
    return queue


class TestAdmission:
    def test_the_first_begin_at_once_and_the_others_wait_in_order(self):
        """Two places: the third waits with nobody before it, the fourth with one."""
        queue = asked(4)
        assert queue.running == (1, 2) and queue.waiting == (3, 4)
        assert [before(queue, each) for each in (1, 3, 4)] == [0, 0, 1]

    def test_one_too_many_is_refused_with_the_numbers(self):
        """Nothing of the refused one stays; the refusal says how many there are and may be."""
        queue = asked(18)
        with pytest.raises(Refused) as refused:
            admit(queue, 19, TWO, WORDS)
        said = "cannot try: 2 trials run and 16 wait; the limit is 16"
        assert refused.value.message == said and refused.value.hint == "molt ps"

    @pytest.mark.parametrize(
        ("limits", "said"),
        [
            (QueueLimits(1, 0), "cannot try: 1 trial runs and 0 wait; the limit is 0"),
            (QueueLimits(0, 1), "cannot try: 0 trials run and 1 waits; the limit is 1"),
        ],
    )
    def test_small_limits(self, limits, said):
        """No queue at all, or no place at all, are limits like any other."""
        with pytest.raises(Refused) as refused:
            admit(asked(1, limits), 2, limits, WORDS)
        assert refused.value.message == said

    def test_a_burst_counts_the_free_places_too(self):
        """Asked in one round before anybody has begun: as many fit as would one after another."""
        queue = Queue()
        for number in range(18):
            queue = admit(queue, number, TWO, WORDS)
        with pytest.raises(Refused):
            admit(queue, 18, TWO, WORDS)


class TestLeaving:
    def test_the_oldest_takes_a_place_that_becomes_free(self):
        """One that runs leaves: the next in order begins, nobody else."""
        queue, begun = begin(leave(asked(5), 1), TWO)
        assert begun == (3,) and queue == Queue((2, 3), (4, 5))

    def test_one_that_waits_can_be_given_up(self):
        """Who came after moves up; giving up twice changes nothing."""
        queue = leave(leave(asked(5), 4), 4)
        assert queue == Queue((1, 2), (3, 5)) and before(queue, 5) == 1

    def test_limits_made_smaller_end_nobody(self):
        """Those that run go on; no more begin until there are fewer."""
        queue, begun = begin(asked(4), QueueLimits(1, 16))
        assert not begun and queue.running == (1, 2)


@given(
    st.lists(st.one_of(st.just("ask"), st.integers(0, 30)), max_size=80),
    st.integers(0, 3),
    st.integers(0, 4),
)
def test_against_two_lists(steps: list[str | int], at_once: int, queued: int):
    """Whatever comes and goes: never more than may, never out of order, nobody twice or lost."""
    limits, queue, number = QueueLimits(at_once, queued), Queue(), 0
    ran: list[int] = []
    there: list[int] = []
    for step in steps:
        if step == "ask":
            number += 1
            full = len(there) >= at_once + queued
            try:
                queue = admit(queue, number, limits, WORDS)
                there.append(number)
                assert not full
            except Refused:
                assert full
        else:
            queue = leave(queue, int(step))
            there = [each for each in there if each != step]
        queue, begun = begin(queue, limits)
        ran += begun
        assert sorted((*queue.running, *queue.waiting)) == there
        assert len(queue.running) <= at_once and len(queue.waiting) <= queued
    assert ran == sorted(ran) and len(set(ran)) == len(ran)
