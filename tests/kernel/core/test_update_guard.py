"""How zones are given a version, and what takes it back: one zone at a time, all or none."""

from dataclasses import replace

from Kernel.core.update_guard import (
    Give,
    Keep,
    TakeBack,
    UpdateRules,
    Watch,
    ZoneView,
    decide_guard,
)

RULES = UpdateRules(guard_ticks=100, ready_s=60.0, failures_max=2)
BEGUN = Watch(1000.0)
WORLD, ARCHIVE = ZoneView("stable"), ZoneView("archive")
SERVES = [replace(WORLD, serves=True), replace(ARCHIVE, serves=True)]


def test_one_zone_at_a_time() -> None:
    """The next is given it only once the one before runs it and nothing else is made ready."""
    zones = [WORLD, ARCHIVE]
    assert decide_guard(BEGUN, zones, 50, RULES, 1001.0) == (BEGUN, Give("stable"))
    zones = [replace(WORLD, coming=True, settled=False), ARCHIVE]
    assert decide_guard(BEGUN, zones, 50, RULES, 1002.0) == (BEGUN, None)
    zones = [SERVES[0], ARCHIVE]
    assert decide_guard(BEGUN, zones, 50, RULES, 1003.0) == (BEGUN, Give("archive"))
    zones = [replace(WORLD, settled=False), ARCHIVE]
    assert decide_guard(BEGUN, zones, 50, RULES, 1003.0) == (BEGUN, None), "somebody else's comes"


def test_the_guard_counts_ticks_from_when_all_run_it() -> None:
    """A pause does not end it, however long; a world that is not there does not either."""
    watch, act = decide_guard(BEGUN, SERVES, 70, RULES, 1004.0)
    assert act is None and watch.until_tick == 170
    assert decide_guard(watch, SERVES, 169, RULES, 9e9) == (watch, None)
    assert decide_guard(watch, SERVES, None, RULES, 9e9) == (watch, None)
    assert decide_guard(watch, SERVES, 170, RULES, 1005.0) == (watch, Keep())
    assert decide_guard(BEGUN, SERVES, None, RULES, 1004.0) == (BEGUN, None), (
        "no tick to count from"
    )


def test_kept_only_while_all_serve() -> None:
    """A zone that is between two processes at the last tick is waited for."""
    watch = Watch(1000.0, 170)
    between = [SERVES[0], ARCHIVE]
    assert decide_guard(watch, between, 200, RULES, 1100.0) == (watch, None)


def test_the_first_that_cannot_takes_all_back() -> None:
    """Whichever zone, and at whichever moment."""
    for zones in ([replace(WORLD, lost="it was condemned"), ARCHIVE],
                  [SERVES[0], replace(ARCHIVE, lost="it was condemned")]):  # fmt: skip
        for watch in (BEGUN, Watch(1000.0, 170)):
            _watch, act = decide_guard(watch, zones, 170, RULES, 1001.0)
            name = next(each.name for each in zones if each.lost)
            assert act == TakeBack(f"zone {name}: it was condemned")


def test_too_many_faults_take_it_back() -> None:
    """Those of all zones count together, though each zone comes back by itself."""
    zones = [replace(SERVES[0], failed=1), SERVES[1]]
    assert decide_guard(Watch(1000.0, 170), zones, 90, RULES, 1001.0)[1] is None
    zones = [replace(SERVES[0], failed=1), replace(SERVES[1], failed=1)]
    act = decide_guard(Watch(1000.0, 170), zones, 90, RULES, 1001.0)[1]
    assert act == TakeBack("its processes have failed 2 times under guard")


def test_what_never_gets_ready_is_taken_back() -> None:
    """Whatever it waits for, the activation has a limit."""
    zones = [SERVES[0], replace(ARCHIVE, coming=True, settled=False)]
    assert decide_guard(BEGUN, zones, 90, RULES, 1059.0)[1] is None
    act = decide_guard(BEGUN, zones, 90, RULES, 1060.0)[1]
    assert act == TakeBack("zone archive did not run it within 60 s of the beginning")
