"""The stages of a stop: in order, none left early, none waited for without end."""

from hypothesis import given
from hypothesis import strategies as st

from Kernel.core.stopping import DOING, SHARE, Stage, Stop, advance, left_s

BEGUN = Stop(Stage.WORLDS, 0.0, 10.0)
pendings = st.dictionaries(st.sampled_from(list(Stage)[:-1]), st.integers(0, 2))


def test_the_shares_make_one_whole():
    """All stages together may take the stop's deadline and no more."""
    assert abs(sum(SHARE.values()) - 1.0) < 1e-9 and set(SHARE) == set(Stage) - {Stage.DONE}


def test_nothing_pending_is_done_at_once():
    """Stages nobody waits for are skipped in the same round."""
    assert advance(BEGUN, {}, 1.0) == (Stop(Stage.DONE, 1.0, 10.0), False)


def test_a_stage_is_left_when_nothing_of_it_is_pending():
    """The next pending stage begins, and its time begins then."""
    pending = {Stage.SERVICES: 1, Stage.ZYGOTES: 2}
    assert advance(BEGUN, pending, 1.5) == (Stop(Stage.SERVICES, 1.5, 10.0), False)


def test_overdue_after_its_share_of_the_time():
    """A stage that uses up its share is to be killed, and says so until it is over."""
    pending = {Stage.WORLDS: 1}
    limit_s = 10.0 * SHARE[Stage.WORLDS]
    assert advance(BEGUN, pending, limit_s) == (BEGUN, False)
    assert advance(BEGUN, pending, limit_s + 0.01) == (BEGUN, True)
    assert advance(BEGUN, pending, limit_s + 5.0) == (BEGUN, True)


def test_seconds_left_of_a_stage():
    """They run down to 0 when the stage is overdue, and a stop that is done has none."""
    limit_s = 10.0 * SHARE[Stage.WORLDS]
    assert left_s(BEGUN, 0.0) == limit_s and left_s(BEGUN, limit_s - 0.5) == 0.5
    assert left_s(BEGUN, limit_s + 5.0) == 0.0
    assert left_s(Stop(Stage.DONE, 3.0, 10.0), 3.0) == 0.0
    assert set(DOING) == set(Stage)


def test_done_stays_done():
    """A stop that is done does not begin again."""
    done = Stop(Stage.DONE, 3.0, 10.0)
    assert advance(done, {Stage.WORLDS: 1}, 99.0) == (done, False)


@given(rounds=st.lists(st.tuples(pendings, st.floats(0.01, 5.0)), max_size=20))
def test_stages_only_go_forward_and_wait_for_their_own(rounds):
    """Whatever is pending when: no stage comes back, none is passed while it has work."""
    stop, now_s = BEGUN, 0.0
    for pending, step_s in rounds:
        now_s += step_s
        new, overdue = advance(stop, pending, now_s)
        assert new.stage >= stop.stage
        assert all(not pending.get(Stage(passed), 0) for passed in range(stop.stage, new.stage))
        assert new.stage is Stage.DONE or pending.get(new.stage, 0)
        assert not overdue or (new == stop and new.stage is not Stage.DONE)
        stop = new


@given(pending=pendings)
def test_killing_what_is_overdue_ends_every_stop_in_time(pending):
    """When each overdue stage is emptied by force, the stop ends within its deadline."""
    stop, now_s = BEGUN, 0.0
    for _ in range(2000):
        stop, overdue = advance(stop, pending, now_s)
        if stop.stage is Stage.DONE:
            break
        if overdue:
            pending[stop.stage] = 0
        now_s += 0.01
    assert stop.stage is Stage.DONE and now_s <= 10.0 + 0.01 * 2 * len(Stage)
