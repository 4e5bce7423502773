"""Hostile sources, run unchecked in trials of a real kernel, end contained; uncaged they do not."""

import pytest

from tests.cage.bare import reached_apart, with_an_aim
from tests.cage.campaign import SAMPLE, carry_out_apart, classify, sources, uncontained
from tests.cage.kernel_calls import MACHINE

pytestmark = pytest.mark.slow


def test_a_sample_of_hostile_sources_is_contained() -> None:
    """Nothing reached, nothing left over, the kernel and its zones unharmed, each end an event."""
    campaign = carry_out_apart(sample=True)
    assert list(uncontained(campaign)) == []
    assert len(campaign.fates) == len(SAMPLE)
    ends = {fate.end for fate in campaign.fates}
    assert "killed by the filter" in ends and "not tried" not in ends


@pytest.mark.skipif(MACHINE != "x86_64", reason="machine code and numbers of calls are of x86_64")
def test_the_sources_reach_their_aims_without_a_cage() -> None:
    """A source that never succeeds would prove nothing."""
    assert sorted({each.name for each in with_an_aim()} - set(reached_apart())) == []


def test_each_source_has_a_category() -> None:
    """The table is made of them."""
    assert [each.name for each in sources(False) if not each.category] == []


def test_ends_are_told_apart() -> None:
    """A source that was killed for a call is not one that merely failed."""
    reply = {"accepted": False, "rule": "died", "reason": "it died by signal 31 (SIGSYS) in tick 7"}
    assert classify({"ok": True, "result": reply})[0] == "killed by the filter"
    reply["reason"] = "it died by signal 11 (SIGSEGV) in tick 7"
    assert classify({"ok": True, "result": reply})[0] == "crashed"
    reply["reason"] = "it left with exit code 77 in tick 7"
    assert classify({"ok": True, "result": reply})[0] == "left"
