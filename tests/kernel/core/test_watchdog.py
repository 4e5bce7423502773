"""The watchdog's verdicts: what stands still, whether it could have moved, what each mode does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.core.watchdog import (
    LOOK_SHARE,
    Mode,
    Verdict,
    Watch,
    extend,
    judge,
    next_look_s,
    note,
    observe,
    tell,
)
from Kernel.ports.meters import Load

DEADLINE_S = 0.25
ALL_THE_TIME = Load(0, 0)


def watched(*, since_s: float = 0.0, noted_s: float = 0.1) -> Watch:
    """Return a watch whose load was noted, as it is from LOOK_SHARE of the deadline on."""
    return note(Watch((1,), since_s), ALL_THE_TIME, noted_s)


def after(waited_s: float) -> Load:
    """Return the load of one that has waited so long for a processor since it was noted."""
    return Load(0, round(waited_s * 1e9))


@given(st.lists(st.tuples(st.floats(0.001, 0.2), st.booleans()), min_size=1, max_size=40))
def test_since_is_the_last_change(looks):
    """Whatever is seen, `since_s` is the moment of the last look that saw a change."""
    watch, now_s, value, moved_s = Watch((0,), 0.0), 0.0, 0, 0.0
    for pause_s, moves in looks:
        now_s += pause_s
        value += moves
        moved_s = now_s if moves else moved_s
        watch = observe(watch, (value,), now_s)
        assert watch.since_s == moved_s


def test_any_of_several_words_is_progress():
    """A world that waits moves its liveness word only, and is alive."""
    watch = observe(Watch((5, 1), 0.0), (5, 2), 3.0)
    assert watch.since_s == 3.0


def test_progress_forgets_what_was_held_against_it():
    """Who moves again starts anew: no baseline, no extension, nothing told."""
    watch = tell(extend(watched(), ALL_THE_TIME, 0.3))
    assert observe(watch, (2,), 0.4) == Watch((2,), 0.4)


def test_a_load_is_noted_before_it_is_needed():
    """At a share of the deadline the load is asked for, once."""
    quiet = Watch((1,), 0.0)
    early, then = DEADLINE_S * LOOK_SHARE - 0.001, DEADLINE_S * LOOK_SHARE + 0.001
    assert judge(quiet, DEADLINE_S, Mode.ACTIVE, ALL_THE_TIME, early) is Verdict.FINE
    assert judge(quiet, DEADLINE_S, Mode.ACTIVE, ALL_THE_TIME, then) is Verdict.MEASURE
    noted = note(quiet, ALL_THE_TIME, then)
    assert judge(noted, DEADLINE_S, Mode.ACTIVE, ALL_THE_TIME, then) is Verdict.FINE


@pytest.mark.parametrize(
    ("waited_s", "verdict"),
    [(0.0, Verdict.HUNG), (0.07, Verdict.HUNG), (0.09, Verdict.STARVED), (0.16, Verdict.STARVED)],
)
def test_starved_means_waiting_for_a_processor_half_of_the_time(waited_s, verdict):
    """Watched from 0.10 to 0.26 s: whoever waited less than 0.08 s of it could have moved."""
    assert judge(watched(), DEADLINE_S, Mode.ACTIVE, after(waited_s), 0.26) is verdict


def test_a_starved_one_has_one_deadline_more():
    """Starved once: fine until twice the deadline; then hung, however little it got."""
    watch = extend(watched(), after(0.15), 0.26)
    assert judge(watch, DEADLINE_S, Mode.ACTIVE, after(0.3), 0.49) is Verdict.FINE
    assert judge(watch, DEADLINE_S, Mode.ACTIVE, after(0.4), 0.51) is Verdict.HUNG


def test_strict_knows_no_excuse():
    """In strict mode the first missed deadline is the verdict."""
    assert judge(watched(), DEADLINE_S, Mode.STRICT, after(0.16), 0.26) is Verdict.HUNG


def test_passive_gives_the_same_verdict_as_active():
    """What passive changes is what follows, not what is seen."""
    assert judge(watched(), DEADLINE_S, Mode.PASSIVE, after(0.0), 0.26) is Verdict.HUNG
    assert judge(watched(), DEADLINE_S, Mode.PASSIVE, after(0.16), 0.26) is Verdict.STARVED


def test_nobody_is_excused_where_the_machine_tells_no_load():
    """Without schedstat a missed deadline is a hang."""
    assert judge(watched(), DEADLINE_S, Mode.ACTIVE, None, 0.26) is Verdict.HUNG


@given(since_s=st.floats(0, 10), ahead_s=st.floats(0, 1), extended=st.booleans())
def test_looks_are_frequent_enough_to_judge(since_s, ahead_s, extended):
    """The next look is never later than the deadline, nor so late that we had slept ourselves."""
    watch = Watch((1,), since_s, extended=extended)
    now_s = since_s + ahead_s
    look_s = next_look_s(watch, DEADLINE_S, now_s)
    assert look_s <= now_s + DEADLINE_S / 2
    assert look_s <= since_s + DEADLINE_S * (2 if extended else 1)
