"""Blame by evidence: who is convicted, after how much of it, and who never is."""

from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.arena import FLIGHT_TAKEOVER, PHASES_MAX
from Kernel.contract.inputs import SLOTS_MAX
from Kernel.core.blame import (
    GENERATION_TIMES,
    SLOT_SHIFT,
    SLOT_TIMES,
    Evidence,
    Suspect,
    Verdict,
    is_disproved,
    weigh,
)

BEHAVE = 6
TRAIT_3 = BEHAVE | 3 << SLOT_SHIFT


def verdicts(*evidence: Evidence) -> list[Verdict]:
    """Return the verdict after each piece of evidence."""
    suspect, found = Suspect(), []
    for each in evidence:
        suspect, verdict = weigh(suspect, each)
        found.append(verdict)
    return found


def fault(tick: int = 100, flight: int = TRAIT_3) -> Evidence:
    """Return a fault signal at a place."""
    return Evidence(tick, flight, "signal 11 (SIGSEGV)")


def test_a_flight_word_names_phase_and_slot():
    """The low half is the phase, the high half the trait slot."""
    assert (fault().phase, fault().slot) == (BEHAVE, 3)
    assert (fault(flight=BEHAVE).phase, fault(flight=BEHAVE).slot) == (BEHAVE, 0)


def test_a_trait_is_convicted_by_the_second_fault_at_its_place():
    """Once may be chance; twice at the same tick and the same flight word is not."""
    assert verdicts(fault(), fault()) == [Verdict.NOBODY, Verdict.TRAIT]


def test_a_generation_takes_a_third_time():
    """Where no trait was running the whole generation would go, so more is asked for."""
    core = fault(flight=BEHAVE)
    assert verdicts(core, core, core) == [Verdict.NOBODY, Verdict.NOBODY, Verdict.GENERATION]


def test_another_tick_or_place_begins_anew():
    """Faults at changing places convict nobody, however many they are."""
    places = [fault(tick, TRAIT_3 + (tick % 2 << SLOT_SHIFT)) for tick in range(50)]
    assert set(verdicts(*places)) == {Verdict.NOBODY}
    assert verdicts(fault(1), fault(2), fault(1)) == [Verdict.NOBODY] * 3


def test_between_two_ticks_no_code_can_be_named():
    """A death while the world waits, or takes over, convicts nobody and clears nobody."""
    waiting, taking_over = fault(flight=0), fault(flight=FLIGHT_TAKEOVER)
    assert set(verdicts(*[waiting] * 9, *[taking_over] * 9)) == {Verdict.NOBODY}
    assert verdicts(fault(), waiting, fault())[-1] is Verdict.TRAIT


def test_a_word_that_no_world_writes_convicts_nobody():
    """A world can write any flight word: a slot or phase there is none of names no code."""
    for flight in (1 << 45 | 3, BEHAVE | SLOTS_MAX << SLOT_SHIFT, PHASES_MAX + 1, 3 << SLOT_SHIFT):
        assert set(verdicts(*[fault(flight=flight)] * 5)) == {Verdict.NOBODY}


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from([0, BEHAVE, TRAIT_3, FLIGHT_TAKEOVER])),
        max_size=60,
    )
)
def test_nobody_is_convicted_without_so_much_evidence_in_a_row(places):
    """A conviction always stands on enough evidence of that place, with no other place between."""
    suspect = Suspect()
    named: list[tuple[int, int]] = []
    for tick, flight in places:
        suspect, verdict = weigh(suspect, fault(tick, flight))
        if flight not in (0, FLIGHT_TAKEOVER):
            named.append((tick, flight))
        if verdict is not Verdict.NOBODY:
            times = SLOT_TIMES if flight >> SLOT_SHIFT else GENERATION_TIMES
            assert named[-times:] == [(tick, flight)] * times


def test_another_generation_may_be_the_proof():
    """A second fault at a tick that another computes is proof; once, or a trait, is not."""
    assert is_disproved(Suspect(100, BEHAVE, 1), 100, faults=2)
    assert not is_disproved(Suspect(100, BEHAVE, 1), 100, faults=1)
    assert not is_disproved(Suspect(100, BEHAVE, 2), 101, faults=2)
    assert not is_disproved(Suspect(100, TRAIT_3, 2), 100, faults=2)


def test_a_trait_that_gets_through_no_tick_is_convicted_at_another():
    """The generation before has computed the tick without it; taken up again it fails at once."""
    suspect, verdict = weigh(Suspect(), Evidence(5, TRAIT_3, "x"), stood_still=False)
    assert verdict is Verdict.NOBODY
    assert weigh(suspect, Evidence(9, TRAIT_3, "x"), stood_still=True)[1] is Verdict.TRAIT
    assert weigh(suspect, Evidence(9, TRAIT_3, "x"), stood_still=False)[1] is Verdict.NOBODY
    other = TRAIT_3 + (1 << SLOT_SHIFT)
    assert weigh(suspect, Evidence(9, other, "x"), stood_still=True)[1] is Verdict.NOBODY
