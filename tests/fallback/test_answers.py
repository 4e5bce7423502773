"""What safe mode answers: never that a world ticks which does not, and hints that help."""

from dataclasses import replace

import pytest

from fallback.answers import Facts, degraded_fields, safe_mode_fields, status_fields, zone_fields
from fallback.arena_glance import WorldWords

WORLD = WorldWords(
    tick=260, population=3, lineages=1, births=0, paused=False, missed_ticks=0, period_ms=16.0,
    seed=1, max_entities=9, epoch=2, p99_tick_ms=None, taken_over_tick=250,
)  # fmt: skip
FACTS = Facts(
    pid=1, uptime_s=1.0, reason="the kernel cannot be imported", detail="", zone="stable",
    world=WORLD, no_world="", world_pid=7, version="the working tree", ticking=True, failures=0,
    why_still="", still_hint="", ticks_per_s=60.0, damaged=(), probes=0, probe_why="",
    probe_hint="", next_probe_s=5.0, stopping=False,
)  # fmt: skip
STILL = replace(
    FACTS, version="", world_pid=None, ticking=False, ticks_per_s=0.0, failures=3,
    why_still='the working tree: SyntaxError: no (File "zones/x.py", line 3)',
    still_hint="edit zones/x.py:3",
)  # fmt: skip


def test_a_world_that_nothing_runs() -> None:
    """It stands still, with the reason; at work to begin it does so, too, for another reason."""
    world = status_fields(FACTS)["world"]
    assert world["standing"] is False and world["standing_why"] == ""
    world = status_fields(STILL)["world"]
    assert world["standing"] is True and world["ticks_per_s"] == 0
    assert world["standing_why"] == "nothing runs it"
    begun = replace(STILL, world_pid=7, version="slot active", why_still="")
    assert status_fields(begun)["world"]["standing_why"] == "its process is starting"


def test_a_paused_world_is_said_to_be_paused() -> None:
    """`safe-mode status` and `ps` say it as well as `status` does."""
    paused = replace(FACTS, world=replace(WORLD, paused=True))
    assert safe_mode_fields(paused)["paused"] is True
    assert safe_mode_fields(FACTS)["paused"] is False
    assert zone_fields(paused)["doing"] == "paused at tick 260, by the working tree"
    assert zone_fields(FACTS)["doing"] == "tick 260, core physics by the working tree"


@pytest.mark.parametrize(
    ("detail", "hint"),
    [
        ("", "molt safe-mode leave"),
        ('SyntaxError: no (File "Kernel/boot.py", line 4)', "edit Kernel/boot.py:4, or: git stash"),
        ("RuntimeError; /h/log/crash-1.txt", "mend it, or: git stash"),
    ],
)
def test_the_hint_names_the_place(detail: str, hint: str) -> None:
    """What is broken at a known place is edited there."""
    assert degraded_fields(replace(FACTS, detail=detail))[0]["hint"] == hint


def test_the_hint_of_a_world_that_stands_still() -> None:
    """That of the version that ended last; making the installation anew mends no code."""
    hints = {each["what"]: each["hint"] for each in degraded_fields(STILL)}
    assert hints["stable"] == "edit zones/x.py:3"
    nowhere = replace(STILL, why_still="", still_hint="", world=None, no_world="no arena")
    hints = {each["what"]: each["hint"] for each in degraded_fields(nowhere)}
    assert hints["stable"] == "molt safe-mode leave"
