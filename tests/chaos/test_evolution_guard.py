"""Traits that pass their trial and go wrong afterwards: each is taken back, the world goes on."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from tests.chaos.evolving import (
    SETTINGS,
    assert_nothing_lost,
    assert_ticks_on,
    encoded,
    planted,
    wait_for,
)
from tests.chaos.harness import KernelRun
from tests.support.quiet import OFF

pytestmark = [pytest.mark.slow, pytest.mark.chaos]

LATE = ("kernel.guard.ticks=3000",)
"""The planted ones go wrong after 600 calls."""
SHORT = {"ticks": 100, "seeds": 2}
GUILTY = """class Guilty(Trait):
    async def execute(self, entity):
        entity.move({}, 0.5)
"""


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("faults_late", {"faults"}),
        ("slows_late", {"missed", "metric", "faults"}),
        ("starves_late", {"metric"}),
    ],
)
def test_what_goes_wrong_later_is_taken_back(
    home: Path, rounds: int, name: str, rules: set[str]
) -> None:
    """Within its guard period, with the reason; the mutation has failed, nothing else has.

    One that faults in each run, others in `make kills`.
    """
    if rounds == 1 and name != "faults_late":
        return
    with KernelRun(home, *SETTINGS, *LATE, OFF) as kernel:
        told = kernel.ask("trait add", source=encoded(planted(name)), carriers="all", **SHORT)
        assert told["applied_at_tick"]
        (trip,) = wait_for(home, "guard.tripped")
        (failed,) = wait_for(home, "mutation.failed")
        assert trip["payload"]["rule"] in rules, trip["payload"]
        assert failed["payload"]["stage"] == "guard" and failed["payload"]["rollback_to"] == "none"
        assert failed["cause"] and failed["payload"]["error"]
        (row,) = kernel.ask("trait list")["traits"]
        assert row["status"] != "active", row
        assert_ticks_on(kernel)
        assert_nothing_lost(kernel)


@pytest.mark.parametrize("how", ["segfault", "hang"])
def test_what_ends_the_world_is_quarantined(home: Path, rounds: int, how: str) -> None:
    """Twice at one place convicts it alone; its carriers go back to the version before.

    A hang costs the watchdog's time: only in `make kills`.
    """
    if rounds == 1 and how != "segfault":
        return
    sources = [GUILTY.format(each).encode() for each in (0.25, 0.5)]
    plan = home / "plan.json"
    plan.write_text(json.dumps({"hash": sha256(sources[1]).hexdigest(), "how": how}))
    guilty = (
        "kernel.zones.stable.service=tests.support.guilty_traits", f"world.plan={plan}",
    )  # fmt: skip
    with KernelRun(home, *SETTINGS, *guilty, OFF) as kernel:
        for source in sources:
            kernel.ask("trait add", source=encoded(source), carriers="all", **SHORT)
        (failed,) = wait_for(home, "mutation.failed")
        assert failed["payload"]["stage"] == "execution"
        assert failed["payload"]["rollback_to"] == "Guilty_v1", failed["payload"]
        assert len(wait_for(home, "trait.quarantined")) == 1
        rows = kernel.ask("trait list")["traits"]
        assert {row["version"]: row["status"] for row in rows} == {1: "active", 2: "quarantined"}
        assert_ticks_on(kernel)
        assert_nothing_lost(kernel)


def test_a_generation_that_cannot_be_made_costs_nothing(home: Path) -> None:
    """The mutation has failed while it was prepared; not a process of the world was exchanged."""
    source = GUILTY.format(0.5).encode()
    plan = home / "plan.json"
    plan.write_text(json.dumps({"hash": sha256(source).hexdigest(), "how": "load"}))
    guilty = (
        "kernel.zones.stable.service=tests.support.guilty_traits", f"world.plan={plan}",
    )  # fmt: skip
    with KernelRun(home, *SETTINGS, *guilty, OFF) as kernel:
        pid = kernel.zone("stable")["pid"]
        reply = kernel.ask_raw("trait add", source=encoded(source), **SHORT)
        assert not reply["ok"] and "the plan says so" in json.dumps(reply), reply
        (failed,) = wait_for(home, "mutation.failed")
        assert (failed["payload"]["stage"], failed["payload"]["rollback_to"]) == ("import", "")
        assert kernel.zone("stable")["pid"] == pid
        assert_ticks_on(kernel)
        assert_nothing_lost(kernel)


def test_what_fails_among_many_only_is_taken_back(home: Path, rounds: int) -> None:
    """A boom makes ten times as many of a few: what goes wrong only then is found then."""
    boom = (
        "world.entities=30", "world.max_entities=500", "world.resource_spawn_rate=0.5",
        "world.birth_age=60", "world.day_growth=0", "world.season_growth=0",
    )  # fmt: skip
    words = [part for each in boom for part in ("--set", each.removeprefix("world."))]
    with KernelRun(home, *SETTINGS, *boom, *LATE, OFF) as kernel:
        source = encoded(planted("fails_in_crowds"))
        told = kernel.ask("trait add", source=source, carriers="all", **SHORT)
        assert told["applied_at_tick"]
        (trip,) = wait_for(home, "guard.tripped")
        assert trip["payload"]["rule"] in ("faults", "metric"), trip["payload"]
        (failed,) = wait_for(home, "mutation.failed")
        assert failed["payload"]["stage"] == "guard"
        assert_ticks_on(kernel)
        assert_nothing_lost(kernel, *words)
