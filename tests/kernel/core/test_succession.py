"""Who may write next, what a death means, and the story of a takeover."""

import signal
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.core.succession import (
    FAULT_SIGNALS,
    Words,
    decide_permission,
    is_failure,
    takeover_story,
)
from Kernel.core.supervisor import Generation, Process

ACTIVE = Process(10, 0.0, ready=True)
BEFORE = Words(
    tick=100, epoch=3, owner=10, taken_over_ns=1_000, first_commit_ns=2_000, missed_ticks=4
)
BEGAN_NS = 5_000_000
AFTER = Words(
    tick=103,
    epoch=4,
    owner=11,
    taken_over_ns=BEGAN_NS + 300_000,
    first_commit_ns=BEGAN_NS + 900_000,
    missed_ticks=5,
)


class TestPermission:
    @pytest.mark.parametrize(
        ("zone", "pid"),
        [
            (Generation("stable"), 0),
            (Generation("stable", active=ACTIVE), 0),
            (Generation("stable", heir=Process(11, 0.0)), 0),
            (Generation("stable", heir=Process(11, 0.0, ready=True)), 11),
            (Generation("stable", active=ACTIVE, heir=Process(11, 0.0, ready=True)), 11),
            (Generation("stable", heir=Process(11, 0.0, ready=True), stopping=True), 0),
        ],
    )
    def test_only_a_ready_heir_is_named(self, zone, pid):
        """The permission word names a ready heir of a zone that is not stopping, or nobody."""
        assert decide_permission([zone]) == pid


class TestVerdict:
    @pytest.mark.parametrize("number", sorted(FAULT_SIGNALS))
    def test_fault_signals_count(self, number):
        """A fault signal is evidence, whatever had been done before."""
        for progressed in (False, True):
            assert is_failure(
                code=None, signal_number=number, excused=False, hung=False, progressed=progressed
            )

    @pytest.mark.parametrize(
        ("code", "number", "hung", "progressed", "counts"),
        [
            (None, signal.SIGKILL, False, True, False),  # from outside, after work done
            (None, signal.SIGTERM, False, True, False),
            (None, signal.SIGKILL, False, False, True),  # before any: the next would fare no better
            (None, signal.SIGKILL, True, True, True),  # ours, for a hang
            (1, None, False, True, True),
            (78, None, False, True, True),
            (0, None, False, True, False),  # left in order
            (0, None, False, False, True),  # left without having done anything
        ],
    )
    def test_table_of_deaths(self, code, number, hung, progressed, counts):
        """Each way to die counts against the generation, or does not."""
        verdict = is_failure(
            code=code, signal_number=number, excused=False, hung=hung, progressed=progressed
        )
        assert verdict is counts

    @given(
        code=st.none() | st.integers(0, 255),
        number=st.none() | st.integers(1, 64),
        hung=st.booleans(),
        progressed=st.booleans(),
    )
    def test_what_the_drill_did_never_counts(self, code, number, hung, progressed):
        """A fault the kernel's own drill caused is no evidence of anything."""
        assert not is_failure(
            code=code, signal_number=number, excused=True, hung=hung, progressed=progressed
        )


class TestStory:
    def test_whole_story(self):
        """Times count from the fault in milliseconds; missed ticks are those since then."""
        story = takeover_story(BEFORE, AFTER, BEGAN_NS, paused=False)
        assert story is not None
        assert (story.noticed_ms, story.served_ms) == (0.3, 0.9)
        assert (story.tick_before, story.tick_after) == (100, 103)
        assert (story.missed_ticks, story.epoch) == (1, 4)

    @pytest.mark.parametrize(
        "after",
        [
            BEFORE,
            replace(AFTER, epoch=3),  # nobody has taken over
            replace(AFTER, taken_over_ns=BEGAN_NS - 1),  # that was an earlier takeover
            replace(AFTER, first_commit_ns=0),  # taken over, nothing committed yet
            replace(AFTER, first_commit_ns=BEGAN_NS - 1),  # that commit was the predecessor's
        ],
    )
    def test_no_story_before_the_end(self, after):
        """While the heir has not committed there is nothing to tell."""
        assert takeover_story(BEFORE, after, BEGAN_NS, paused=False) is None

    def test_paused_world_is_served_when_it_is_taken_over(self):
        """A world that stands still owes no commit."""
        after = replace(AFTER, first_commit_ns=0)
        story = takeover_story(BEFORE, after, BEGAN_NS, paused=True)
        assert story is not None and story.served_ms == story.noticed_ms == 0.3
