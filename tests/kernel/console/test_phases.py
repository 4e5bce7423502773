"""Phases as they begin and end, against a list kept by hand."""

from hypothesis import given
from hypothesis import strategies as st

from Kernel.console.phases import Phases, Turn


def test_a_life():
    """Each phase is told when it begins and when it is over, with its seconds; "" is none."""
    phases = Phases()
    assert phases.see("stable", "", 0.0) == []
    assert phases.see("stable", "prepare", 1.0) == [Turn("stable", "prepare")]
    assert phases.see("stable", "prepare", 2.0) == []
    assert phases.see("stable", "start", 3.5) == [
        Turn("stable", "prepare", 2.5),
        Turn("stable", "start"),
    ]
    assert phases.see("stable", "", 4.0) == [Turn("stable", "start", 0.5)]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["", "x", "y"])), max_size=30))
def test_every_beginning_has_one_end(looks):
    """Whoever is in whatever phase: beginnings and ends take turns, and name the same phase."""
    phases, at = Phases(), {"a": "", "b": ""}
    for now_s, (who, phase) in enumerate(looks):
        for turn in phases.see(who, phase, float(now_s)):
            if turn.took_s is None:
                assert at[turn.who] == ""
                at[turn.who] = turn.phase
            else:
                assert at[turn.who] == turn.phase and turn.took_s > 0
                at[turn.who] = ""
        assert at[who] == phase
