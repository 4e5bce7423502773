"""What speaks against a candidate, and what does not."""

from dataclasses import replace

import pytest

from Kernel.contract.trial_effect import Effect
from zones.traits.contract import ATTRIBUTE, OK
from zones.world.invariants import Check
from zones.world.trial.judging import Outcome, Pair, Undecided, judge, judge_promise, place_of
from zones.world.trial.reading import Left
from zones.world.trial.runs import How

BUDGET_US = 16_000.0
GOOD = Left(
    population=100, metrics={"energy": 1.0}, failed=(), bodies="", extinct=False,
    tick_us={"median": 1000.0, "p99": 2000.0}, statuses={OK: 100}, fuel=100, fuel_max=1,
)  # fmt: skip
CONTROL = replace(GOOD, statuses={}, fuel=0)
BOOKS = Check("energy books", 5.0, 0.1, "energy that nothing accounts for")


def pair(candidate=None, control=None, factor=1, **changed):
    """Return a pair of which something is not as it should be."""
    candidate = candidate or Outcome(How.DONE, left=replace(GOOD, **changed))
    return Pair(candidate, control or Outcome(How.DONE, left=CONTROL), factor)


def at(median_us):
    """Return the tick times of a run."""
    return {"median": median_us, "p99": 2 * median_us}


def test_nothing_speaks_against_a_good_one():
    """In any number of pairs."""
    assert judge([pair(), pair(), pair(factor=2)], BUDGET_US) == ("", "", OK)


@pytest.mark.parametrize("how", [How.DIED, How.HUNG, How.FLOODED, How.SLOW])
def test_an_end_before_the_end_is_told_with_its_place(how):
    """The tick that was under way, and the slot whose code ran."""
    ended = Outcome(how, "came to grief", tick=41, flight=7 | 3 << 16)
    rule, reason, _ = judge([pair(), pair(ended)], BUDGET_US)
    assert rule == how.value
    assert reason == "tried on a copy of the world, it came to grief in tick 42, trait slot 3"


def test_a_lie_has_no_place():
    """Where a liar says it was is no news."""
    rule, reason, _ = judge([pair(Outcome(How.LIED, "left no arena"), factor=2)], BUDGET_US)
    assert (rule, reason) == (
        "lied", "tried on a copy of the world, with 2 times the population, it left no arena"
    )  # fmt: skip


def test_an_invariant_counts_only_where_the_control_keeps_it():
    """A world may be strange by itself."""
    assert judge([pair(failed=(BOOKS,))], BUDGET_US).rule == "invariant"
    strange = Outcome(How.DONE, left=replace(CONTROL, failed=(BOOKS,)))
    assert judge([pair(control=strange, failed=(BOOKS,))], BUDGET_US).rule == ""


@pytest.mark.parametrize(
    ("good", "bad", "rule"), [(51, 49, ""), (50, 50, "faults"), (0, 1, "faults"), (0, 0, "")]
)
def test_half_of_the_calls_may_not_fail(good, bad, rule):
    """All pairs counted together."""
    judgement = judge([pair(statuses={OK: good, ATTRIBUTE: bad})], BUDGET_US)
    assert judgement.rule == rule
    assert not rule or judgement.reason.endswith("calls had a fault: no such attribute")


def test_dying_out_counts_only_where_the_control_does_not():
    """A world may be doomed by itself."""
    assert judge([pair(extinct=True)], BUDGET_US).rule == "extinct"
    doomed = Outcome(How.DONE, left=replace(CONTROL, extinct=True))
    assert judge([pair(control=doomed, extinct=True)], BUDGET_US).rule == ""


def test_a_world_that_is_kept_alive_says_little_of_who_dies_out():
    """Of its control 3 of 23 may be left by chance; it is another matter if it lives on refills."""
    poor = Outcome(How.DONE, left=replace(CONTROL, population=23, seeded=30))
    assert judge([pair(control=poor, extinct=True, seeded=33)], BUDGET_US).rule == ""
    assert judge([pair(control=poor, extinct=True, seeded=3000)], BUDGET_US).rule == "extinct"


def test_a_world_that_lives_of_who_is_put_in_is_as_good_as_dead():
    """It never falls below its least: those that it puts in keep it there."""
    judgement = judge([pair(population=20, seeded=31, at_least=True)], BUDGET_US)
    assert judgement.rule == "extinct" and "more live than the 20" in judgement.reason
    assert judge([pair(population=20, seeded=3, at_least=True)], BUDGET_US).rule == ""
    for strange in ({"at_least": True}, {"seeded": 20}):
        poor = Outcome(How.DONE, left=replace(CONTROL, **strange))
        tried = pair(control=poor, population=20, seeded=31, at_least=True)
        assert judge([tried], BUDGET_US).rule == ""


@pytest.mark.parametrize(
    ("with_us", "without_us", "rule"),
    [
        (20_000.0, 10_000.0, "slow"),
        (15_999.0, 1_000.0, ""),
        (17_000.0, 15_000.0, ""),
        (40_000.0, 17_000.0, ""),
    ],
)
def test_a_tick_beyond_the_budget_is_too_slow(with_us, without_us, rule):
    """Not where the control is as well, nor where they differ by noise."""
    control = Outcome(How.DONE, left=replace(CONTROL, tick_us=at(without_us)))
    judgement = judge([pair(control=control, tick_us=at(with_us))], BUDGET_US)
    assert judgement.rule == rule


def test_a_control_that_ends_badly_leaves_it_undecided():
    """The fault is not the candidate's: it is in the control, too."""
    broken = Outcome(How.DIED, "died by signal 9 (SIGKILL)")
    with pytest.raises(Undecided, match="the control died by signal 9"):
        judge([pair(control=broken)], BUDGET_US)


def test_the_flight_word_of_a_liar_has_a_name_too():
    """Whatever it says."""
    assert place_of(7) == "traits" and place_of(7 | 63 << 16) == "trait slot 63"
    assert place_of(2**64 - 1) == "an unknown phase"


@pytest.mark.parametrize(
    ("low", "high", "better", "rule"),
    [
        (1.0, 3.0, "more", ""), (1.0, 3.0, "less", "promise"), (-3.0, -1.0, "more", "promise"),
        (-1.0, 3.0, "less", ""), (None, None, "less", ""),
    ],
)  # fmt: skip
def test_a_promise_is_broken_only_by_a_clear_effect(low, high, better, rule):
    """The other way round; what is not clear yet is left to the guard."""
    mean = 0.0 if low is None else (low + high) / 2
    others = Effect("deaths", -9.0, -10.0, -8.0, 4), Effect("deaths", 9.0, 8.0, 10.0, 4)
    found = judge_promise([*others, Effect("births", mean, low, high, 4)], "births", better)
    assert found.rule == rule


def test_a_candidate_without_a_control_is_judged_by_itself():
    """How it ended and its faults count, a difference there is none."""
    lonely = Pair(Outcome(How.DONE, left=replace(GOOD, extinct=True)), None)
    assert judge([pair(), lonely], BUDGET_US).rule == ""
    faulty = Pair(Outcome(How.DONE, left=replace(GOOD, statuses={ATTRIBUTE: 400})), None)
    assert judge([pair(), faulty], BUDGET_US).rule == "faults"
    died = Pair(Outcome(How.DIED, "died"), None)
    assert judge([pair(), died], BUDGET_US).rule == "died"
