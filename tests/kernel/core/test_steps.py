"""Steps against who strains: up at once or after a time, down only after sustained calm."""

from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.core.steps import CALM_FACTOR_MAX, Pace, Standing, Step, Strain, advance

PACE = Pace(step_up_s=5.0, calm_s=30.0)
ALL = tuple(Step)[1:]
HOG = Strain("cpu_percent", 120, 100, "it takes more", top=Step.PAUSE, over=True)
NEAR = Strain("cpu_percent", 95, 100, "it is near")
LEAK = Strain("memory_mb", 90, 100, "it grows", at_once=Step.RESTART, top=Step.RESTART, over=True)


def walk(looks, standing: Standing | None = None, allowed=ALL) -> list[Step]:
    """Return the step after each look; `looks`: (seconds, strains)."""
    standing, found = standing or Standing(), []
    for now_s, strains in looks:
        standing = advance(standing, strains, allowed, PACE, now_s)
        found.append(standing.step)
    return found


def test_a_strain_that_lasts_leads_from_step_to_step():
    """It is warned of at once, the next step comes after each `step_up_s`, and none beyond top."""
    looks = [(t, [HOG]) for t in (0, 4, 5, 9, 10, 15, 100)]
    assert walk(looks) == [
        Step.WARN, Step.WARN, Step.THROTTLE, Step.THROTTLE, Step.PAUSE, Step.PAUSE, Step.PAUSE,
    ]  # fmt: skip


def test_what_cannot_wait_is_done_at_once():
    """A process that grows is replaced; no step below is waited for."""
    assert walk([(0, [LEAK])]) == [Step.RESTART]


def test_near_is_only_warned_of():
    """However long it lasts; and it is over when it is over, after calm."""
    assert walk([(0, [NEAR]), (1000, [NEAR])]) == [Step.WARN, Step.WARN]
    assert walk([(0, [NEAR]), (1, []), (31, [])]) == [Step.WARN, Step.WARN, Step.NONE]


def test_a_step_is_taken_back_after_sustained_calm_one_at_a_time():
    """A moment of calm is none: it begins anew with each strain."""
    hard = [(0, [HOG]), (5, [HOG]), (10, [HOG])]
    calm = [(11, []), (40, []), (41, []), (70, []), (71, []), (101, [])]
    assert walk(hard + calm)[3:] == [
        Step.PAUSE, Step.PAUSE, Step.THROTTLE, Step.THROTTLE, Step.WARN, Step.NONE,
    ]  # fmt: skip
    broken = [(11, []), (40, []), (40.5, [HOG]), (41, []), (70, [])]
    assert walk(hard + broken)[3:] == [Step.PAUSE] * 5


def test_near_lets_a_step_be_taken_back_to_a_warning():
    """Who is held back and stays below its limit is eased, and warned of as long as it is near."""
    looks = [(0, [HOG]), (5, [HOG]), (6, [NEAR]), (36, [NEAR]), (500, [NEAR])]
    assert walk(looks)[2:] == [Step.THROTTLE, Step.WARN, Step.WARN]


def test_who_strains_again_goes_back_at_once_and_is_held_longer():
    """Twice as long each time, eight times at most."""
    standing, now_s = Standing(), 0.0
    for held_s in (30, 60, 120, 240, 240):
        for _ in range(3):
            standing = advance(standing, [HOG], (Step.WARN, Step.THROTTLE), PACE, now_s)
            now_s += 5
        assert standing.step is Step.THROTTLE
        standing = advance(standing, [], (Step.WARN, Step.THROTTLE), PACE, now_s)
        standing = advance(standing, [], (Step.WARN, Step.THROTTLE), PACE, now_s + held_s - 1)
        assert standing.step is Step.THROTTLE
        now_s += held_s
        standing = advance(standing, [], (Step.WARN, Step.THROTTLE), PACE, now_s)
        assert standing.step is Step.WARN
        standing = advance(standing, [HOG], (Step.WARN, Step.THROTTLE), PACE, now_s + 1)
        assert standing.step is Step.THROTTLE
    assert 2**standing.relapses > CALM_FACTOR_MAX


def test_what_was_long_ago_is_forgotten():
    """Who has been well for `relapse_s` begins at the beginning."""
    looks = [(0, [HOG]), (5, [HOG]), (6, []), (36, []), (66, [])]
    later = [(66 + PACE.relapse_s, []), (400, [HOG]), (405, [HOG])]
    assert walk(looks + later)[-3:] == [Step.NONE, Step.WARN, Step.THROTTLE]


def test_only_what_is_allowed_is_done():
    """A world is neither throttled nor paused: from a warning it goes to a restart."""
    allowed = (Step.WARN, Step.RESTART)
    hard = Strain("descriptors", 99, 100, "full", top=Step.KILL, over=True)
    assert walk([(0, [hard]), (5, [hard]), (10, [hard])], allowed=allowed) == [
        Step.WARN, Step.RESTART, Step.RESTART,
    ]  # fmt: skip
    assert walk([(0, [hard]), (5, [LEAK])], allowed=()) == [Step.NONE, Step.NONE]


def test_a_replacement_that_is_wanted_no_more_leads_to_no_pause():
    """It could not begin, and the strain is gone: the zone was never held back."""
    assert walk([(0, [LEAK]), (1, []), (31, [])]) == [Step.RESTART, Step.RESTART, Step.NONE]


def test_another_strain_is_no_relapse():
    """Who was replaced for its memory is not throttled at once for a moment of hard work."""
    replaced = Standing(Step.NONE, 0.0, 0.0, Step.RESTART, "memory_mb", 0.0)
    assert walk([(1, [HOG])], replaced) == [Step.WARN]
    assert walk([(1, [LEAK])], replaced) == [Step.RESTART]


def test_what_is_not_allowed_any_more_is_taken_back_at_once():
    """The operator has said so, and reloaded: no calm is waited for."""
    hard = [(0, [HOG]), (5, [HOG]), (10, [HOG])]
    standing = Standing()
    for now_s, strains in hard:
        standing = advance(standing, strains, ALL, PACE, now_s)
    assert standing.step is Step.PAUSE
    assert advance(standing, [HOG], (Step.WARN,), PACE, 11.0).step is Step.WARN
    assert advance(standing, [], (), PACE, 11.0).step is Step.NONE


STRAINS = st.lists(
    st.builds(
        Strain,
        st.just("cpu_percent"),
        st.just(1.0),
        st.just(1.0),
        st.just("why"),
        at_once=st.sampled_from(Step),
        top=st.sampled_from(Step),
        over=st.booleans(),
    ),
    max_size=3,
)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.floats(0.1, 60), STRAINS), max_size=20),
    st.sets(st.sampled_from(ALL)),
)
def test_whatever_happens(looks, allowed):
    """No step that is not allowed, none back without calm, and all is let go in the end."""
    standing, now_s = Standing(), 0.0
    for passed_s, strains in looks:
        now_s += passed_s
        before = standing
        standing = advance(standing, strains, allowed, PACE, now_s)
        assert standing.step in (*allowed, Step.NONE)
        if standing.step < before.step:
            assert not any(each.over for each in strains)
            assert before.calm_from_s is not None and now_s - before.calm_from_s >= PACE.calm_s
    for _ in range(7):
        now_s += CALM_FACTOR_MAX * PACE.calm_s
        standing = advance(standing, [], allowed, PACE, now_s)
    assert standing.step is Step.NONE
