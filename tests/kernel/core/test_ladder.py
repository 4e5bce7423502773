"""Which generation serves: the rungs one by one, then driven at random."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from Kernel.core.ladder import (
    Begin,
    Ladder,
    Move,
    Promote,
    Retire,
    Rules,
    Rung,
    climb,
    promote,
    renew,
)

RULES = Rules(guard_s=30.0, probe_base_s=5.0, probe_cap_s=40.0)
READY = Rung(slot=False, prepared=True, ready=True)
SERVING = replace(READY, serving=True)
UNLOADABLE = Rung(slot=False, spent="cannot load zones.world: invalid syntax")
CRASHING = replace(SERVING, serving=False, ready=False, spent="8 failures in a row")
SLOT_READY = replace(READY, slot=True)
SLOT_SERVING = replace(SERVING, slot=True)


class Zone:
    """A zone on paper: the ladder and the rungs a test makes by hand."""

    def __init__(self, *, has_slot: bool = True) -> None:
        self.ladder = Ladder()
        self.rungs: dict[int, Rung] = {}
        self.has_slot = has_slot
        self.now_s = 1000.0
        self.held = False

    def climb(self, *, changed: bool = False) -> list[Move]:
        """One round."""
        self.ladder, moves = climb(
            self.ladder, self.rungs, RULES, self.now_s, has_slot=self.has_slot, changed=changed,
            held=self.held,
        )  # fmt: skip
        self.carry_out(moves)
        return list(moves)

    def carry_out(self, moves: tuple[Move, ...]) -> None:
        for move in moves:
            if isinstance(move, Begin):
                assert move.number not in self.rungs
                self.rungs[move.number] = Rung(slot=move.slot)
            elif isinstance(move, Retire):
                del self.rungs[move.number]

    def settle(self) -> None:
        """Rounds until nothing moves."""
        for _ in range(20):
            if not self.climb():
                return
        raise AssertionError("the ladder does not come to rest")

    def served(self) -> "Zone":
        """Bring the checkout up."""
        self.climb()
        self.rungs[1] = READY
        self.settle()
        self.rungs[1] = SERVING
        self.settle()
        return self


def test_the_checkout_comes_first():
    """A boot begins the checkout, promotes it when it is ready, and is then content."""
    zone = Zone()
    assert zone.climb() == [Begin(1, slot=False)]
    assert zone.climb() == []
    zone.rungs[1] = READY
    assert zone.climb() == [Promote(1, 0)]
    zone.rungs[1] = SERVING
    assert zone.climb() == [] and zone.ladder.current == 1


def test_a_broken_checkout_is_followed_by_the_slot():
    """What cannot be loaded is let go, the slot is begun and serves."""
    zone = Zone()
    zone.climb()
    zone.rungs[1] = UNLOADABLE
    assert zone.climb() == [Retire(1, UNLOADABLE.spent)]
    assert zone.climb() == [Begin(2, slot=True)]
    zone.rungs[2] = SLOT_READY
    assert zone.climb() == [Promote(2, 0)]


def test_without_a_slot_nothing_is_left():
    """No slot: the ladder says why it gives up, and tries again when its time has come."""
    zone = Zone(has_slot=False)
    zone.climb()
    zone.rungs[1] = UNLOADABLE
    zone.climb()
    zone.climb()
    assert zone.ladder.gave_up and zone.climb() == []
    zone.now_s += RULES.probe_cap_s
    assert zone.climb() == [Begin(2, slot=False)] and not zone.ladder.gave_up


def test_a_changed_checkout_is_a_reason_to_try_at_once():
    """Given up, or in the slot: a change of files begins the checkout anew."""
    zone = Zone(has_slot=False)
    zone.climb()
    zone.rungs[1] = UNLOADABLE
    zone.climb()
    zone.climb()
    assert zone.climb(changed=True) == [Begin(2, slot=False)]
    zone = Zone()
    zone.ladder = Ladder(current=2, count=2, failures=1)
    zone.rungs[2] = SLOT_SERVING
    assert zone.climb() == []
    assert zone.climb(changed=True) == [Begin(3, slot=False)]


def test_the_slot_probes_a_checkout_that_could_not_be_loaded_with_growing_patience():
    """The delay doubles up to its cap; the slot serves all the while."""
    zone = Zone()
    zone.climb()
    zone.rungs[1] = UNLOADABLE
    zone.settle()
    zone.rungs[2] = SLOT_READY
    zone.settle()
    zone.rungs[2] = SLOT_SERVING
    delays = []
    for _ in range(6):
        began_s = zone.now_s
        while not (moves := zone.climb()):
            zone.now_s += 0.25
        delays.append(zone.now_s - began_s)
        (begun,) = moves
        zone.rungs[begun.number] = UNLOADABLE
        zone.climb()
        assert zone.ladder.current == 2
    assert delays == [5.0, 10.0, 20.0, 40.0, 40.0, 40.0]


def test_code_that_failed_while_it_ran_is_not_tried_again_unchanged():
    """It would fail again: the slot stays until the checkout changes."""
    zone = Zone().served()
    zone.rungs[1] = CRASHING
    zone.settle()
    zone.rungs[2] = SLOT_READY
    zone.settle()
    zone.rungs[2] = SLOT_SERVING
    zone.now_s += 1e6
    assert zone.climb() == []
    assert zone.climb(changed=True) == [Begin(3, slot=False)]


def test_a_mended_checkout_forgets_what_was():
    """Serving again, failures and the spent slot are forgotten."""
    zone = Zone().served()
    zone.ladder = replace(zone.ladder, failures=3, probe_at_s=5.0, slot_spent=True)
    zone.settle()
    assert zone.ladder.failures == 0 and not zone.ladder.slot_spent


def renewed() -> Zone:
    """Return a zone with a new generation serving and the one before warm."""
    zone = Zone().served()
    zone.ladder, moves = renew(zone.ladder)
    zone.carry_out(moves)
    zone.rungs[2] = READY
    assert zone.climb() == [Promote(2, 1)]
    zone.rungs[1] = READY
    zone.rungs[2] = SERVING
    return zone


def test_who_was_replaced_stays_warm_for_the_guard_period():
    """The former is kept until its time is over, then let go."""
    zone = renewed()
    assert (zone.ladder.current, zone.ladder.former) == (2, 1)
    zone.now_s += RULES.guard_s - 0.01
    assert zone.climb() == []
    zone.now_s += 0.02
    assert zone.climb() == [Retire(1, "its guard period is over")]


def test_who_was_replaced_stays_warm_while_a_mutation_is_under_guard():
    """Its period is counted in ticks, which may take longer than any time that is set."""
    zone = renewed()
    zone.held = True
    zone.now_s += 100 * RULES.guard_s
    assert zone.climb() == []
    zone.held = False
    assert zone.climb() == [Retire(1, "its guard period is over")]


def test_the_guard_lasts_while_nobody_serves():
    """A former is not let go while the current generation has nobody who serves."""
    zone = renewed()
    zone.rungs[2] = READY
    zone.now_s += 2 * RULES.guard_s
    assert zone.climb() == []


def test_a_spent_generation_gives_way_to_the_one_before():
    """Promotion comes first, letting go second: there is always somebody named."""
    zone = renewed()
    zone.rungs[2] = CRASHING
    assert zone.climb() == [Promote(1, 2), Retire(2, CRASHING.spent)]
    assert (zone.ladder.current, zone.ladder.former) == (1, 0)
    zone.rungs[1] = SERVING
    zone.now_s += 1e6
    assert zone.climb() == [], "the new code is not tried again by itself"


def test_all_rungs_are_climbed_down_in_order():
    """New, the one before, the slot, nothing."""
    zone = renewed()
    zone.rungs[2] = CRASHING
    zone.settle()
    zone.rungs[1] = CRASHING
    zone.settle()
    assert zone.ladder.incoming == 3 and zone.rungs[3].slot
    zone.rungs[3] = SLOT_READY
    zone.settle()
    zone.rungs[3] = replace(CRASHING, slot=True)
    zone.settle()
    assert zone.ladder.gave_up == CRASHING.spent


def test_a_new_generation_that_fails_costs_the_serving_one_nothing():
    """It is let go; who serves goes on serving."""
    zone = Zone().served()
    zone.ladder, moves = renew(zone.ladder)
    zone.carry_out(moves)
    zone.rungs[2] = UNLOADABLE
    assert zone.climb() == [Retire(2, UNLOADABLE.spent)]
    assert zone.ladder.current == 1 and zone.ladder.incoming == 0


def test_going_back_by_command():
    """Who was serving is let go, and not kept as the one before."""
    zone = renewed()
    zone.ladder, moves = promote(zone.ladder, zone.rungs, RULES, zone.now_s, 1)
    assert moves == (Promote(1, 2), Retire(2, ""))
    assert (zone.ladder.current, zone.ladder.former) == (1, 0)


FATES = st.sampled_from(["ready", "serving", "unloadable", "crashing", "dying"])


@given(
    fates=st.lists(st.tuples(st.integers(1, 12), FATES, st.booleans()), max_size=80),
    has_slot=st.booleans(),
)
def test_at_random(fates, has_slot):
    """Whatever befalls whom: a generation is begun, promoted and let go at most once in order.

    There are never more than three, the current one is never let go without another in its place,
    and a zone without a generation to serve has given up, or is making one ready.
    """
    zone = Zone(has_slot=has_slot)
    for number, fate, changed in fates:
        rung = zone.rungs.get(number)
        if rung is not None and not rung.spent:
            zone.rungs[number] = {
                "ready": replace(rung, prepared=True, ready=True),
                "serving": replace(rung, prepared=True, ready=True, serving=True),
                "unloadable": replace(rung, spent="cannot load"),
                "crashing": replace(rung, prepared=True, ready=False, serving=False, spent="no"),
                "dying": replace(rung, ready=False, serving=False),
            }[fate]
        zone.now_s += 1.0
        for move in zone.climb(changed=changed):
            if isinstance(move, Promote):
                assert move.number in zone.rungs
        ladder = zone.ladder
        assert len(zone.rungs) <= 3 and set(zone.rungs) <= {
            ladder.current, ladder.former, ladder.incoming,
        }  # fmt: skip
        current = zone.rungs.get(ladder.current)
        if (current is None or current.spent) and not ladder.incoming:
            settled = Zone(has_slot=has_slot)
            settled.ladder, settled.rungs, settled.now_s = ladder, dict(zone.rungs), zone.now_s
            settled.settle()
            after = settled.ladder
            assert after.gave_up or after.incoming or not settled.rungs[after.current].spent
