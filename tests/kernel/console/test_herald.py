"""What the service manager is told: once, in order, and not more often than it can be read."""

import pytest

from Kernel.console.herald import (
    BOOT_EXTENSION_S,
    LOOK_S,
    OWED_MAX,
    STATUS_S,
    STOP_SLACK_S,
    Herald,
)
from tests.support.fakes import FakeClock


class Manager:
    """A service manager that notes what it is told, as long as it listens."""

    def __init__(self, watchdog_s: float = 0.0) -> None:
        self.watchdog_s = watchdog_s
        self.listens = True
        self.told: list[tuple[str, ...]] = []

    def tell(self, *lines: str) -> bool:
        if self.listens:
            self.told.append(lines)
        return self.listens

    def close(self) -> None:
        self.listens = False


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def manager() -> Manager:
    return Manager()


def test_life_is_shown_at_half_of_the_time(clock):
    """WATCHDOG=1 goes out when half of the time is over, not at every round, and only by a turn."""
    manager = Manager(watchdog_s=4.0)
    herald = Herald(manager, clock)
    herald.look()
    assert manager.told == [("WATCHDOG=1",)]
    clock.advance(1.9)
    herald.look()
    assert len(manager.told) == 1
    clock.advance(0.2)
    herald.look()
    herald.look()
    assert manager.told == [("WATCHDOG=1",)] * 2


def test_life_that_was_not_heard_is_shown_again(clock):
    """A sign of life that the full queue did not take is given again at the next round."""
    manager = Manager(watchdog_s=4.0)
    manager.listens = False
    herald = Herald(manager, clock)
    herald.look()
    manager.listens = True
    herald.look()
    assert manager.told == [("WATCHDOG=1",)]


def test_nobody_watches(clock, manager):
    """Without a watchdog no sign of life is sent."""
    herald = Herald(manager, clock)
    clock.advance(1e6)
    herald.look()
    assert manager.told == []


def test_each_step_of_a_boot_earns_time_once(clock, manager):
    """A new step extends the start; the same again, or one seen before, does not."""
    herald = Herald(manager, clock)
    for step in ("carry", "carry", "behave", "carry"):
        herald.booting(step)
    more = f"EXTEND_TIMEOUT_USEC={BOOT_EXTENSION_S * 1e6:.0f}"
    assert manager.told == [
        ("STATUS=Starting: carry", more),
        ("STATUS=Starting: behave", more),
        ("STATUS=Starting: carry",),
    ]


def test_what_is_said_once_is_owed_until_it_is_heard(clock, manager):
    """READY and STOPPING survive a full queue, in order; their number is bounded."""
    herald = Herald(manager, clock)
    manager.listens = False
    for _ in range(OWED_MAX):
        herald.reloading()
    herald.ready()
    manager.listens = True
    herald.look()
    stamp = f"MONOTONIC_USEC={clock.now_ns() // 1000}"
    assert manager.told == [("RELOADING=1", stamp)] * (OWED_MAX - 1) + [("READY=1",)]
    herald.look()
    assert len(manager.told) == OWED_MAX


def test_status_at_once_when_it_matters(clock, manager):
    """Another state is told at once, new numbers alone after STATUS_S."""
    herald = Herald(manager, clock)
    herald.status("", "tick 1")
    herald.status("", "tick 2")
    herald.status("archive", "tick 3, degraded")
    clock.advance(STATUS_S)
    herald.status("archive", "tick 4, degraded")
    said = [line.removeprefix("STATUS=") for (line,) in manager.told]
    assert said == ["tick 1", "tick 3, degraded", "tick 4, degraded"]


def test_looking_has_a_rhythm(clock, manager):
    """How things are is looked up at once and then every LOOK_S, however often the loop turns."""
    herald = Herald(manager, clock)
    assert [herald.is_due(), herald.is_due()] == [True, False]
    clock.advance(LOOK_S)
    assert herald.is_due()


def test_a_stop_says_how_long_it_may_take(clock, manager):
    """STOPPING comes with the stop's deadline, each new stage with its own."""
    herald = Herald(manager, clock)
    herald.stopping(10.0)
    herald.leaving("stable: leaving at a tick boundary", 2.0)
    herald.leaving("stable: leaving at a tick boundary", 1.5)
    assert manager.told == [
        ("STOPPING=1", "STATUS=Stopping", f"EXTEND_TIMEOUT_USEC={(10 + STOP_SLACK_S) * 1e6:.0f}"),
        (
            "STATUS=Stopping: stable: leaving at a tick boundary",
            f"EXTEND_TIMEOUT_USEC={(2 + STOP_SLACK_S) * 1e6:.0f}",
        ),
    ]
