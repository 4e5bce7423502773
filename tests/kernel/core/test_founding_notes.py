"""What is noted of a founding: what was lost is told and passes, what is wrong stays."""

from pathlib import Path

import pytest

from tests.support.arena_stage import Stage
from tests.support.fakes import FakeMachine


@pytest.fixture
def stage(machine: FakeMachine, folders: list[Path]) -> Stage:
    """Give a keeper at its beginning."""
    return Stage(machine, folders)


def noted(stage: Stage) -> list[str]:
    """Return what is noted."""
    return sorted(each["what"] for each in stage.keeper.notes)


def test_what_was_lost_is_no_fault_for_ever(stage):
    """Degraded until the world has ticked on for a while; what is still wrong stays so."""
    stage.prepare()
    stage.found(folder=1)  # not in shared memory, and that lasts
    stage.keeper.note("world", "the world was restored from the snapshot of tick 3", "")
    told = ["stable: shared memory", "stable: world"]
    assert noted(stage) == told
    stage.take_over(stage.fork_heir())
    for age_s in (0, stage.keeper.config.policy.healthy_after_s - 1):
        stage.machine.clock.advance(age_s)
        stage.round()
        assert noted(stage) == told
    stage.machine.clock.advance(1)
    stage.round()
    assert noted(stage) == told[:1]


def test_another_seed_says_both_ways_out(stage):
    """A world keeps its seed: the file is set back, or another world is founded elsewhere."""
    stage.prepare(seed=7)
    stage.found()
    (note,) = stage.keeper.notes
    assert note["what"] == "stable: settings" and "the settings say 7" in note["why"]
    assert note["hint"] == "set world.seed back to 0, or: python manifest.py --home OTHER"
