"""A world that is moved to an arena of other columns, when something comes in between."""

import signal
from pathlib import Path

import pytest

from Kernel.contract.arena import Header
from tests.support.arena_stage import Stage
from tests.support.fakes import FakeMachine
from tests.support.toy import service as toy


@pytest.fixture
def stage(machine: FakeMachine, folders: list[Path]) -> Stage:
    """Give a keeper at its beginning."""
    return Stage(machine, folders)


def test_zygote_started_again_with_other_columns_moves_the_world(stage):
    """The checkout has changed meanwhile: the world is moved, and not left without an heir."""
    active, heir = stage.serve()
    stage.die(stage.machine.zygote.pid, number=signal.SIGKILL)
    stage.machine.zygote.prepare(toy.Generation({}).facts | {"schema_hash": "00" * 32})
    stage.round()
    assert stage.words.get(Header.DRAIN_AT) == stage.words.get(Header.COMMIT)
    assert heir in stage.machine.processes.killed()
    stage.die(active, code=0)
    request = stage.machine.zygote.fork(stage.machine.processes.new_pid())
    assert request.role == "founder" and request.facts["migrate_from"]


def test_next_generation_takes_a_move_over(stage):
    """While a world moves and cannot, a newer generation is ready when its zygote is."""
    active, _heir = stage.serve()
    stage.die(stage.machine.zygote.pid, number=signal.SIGKILL)
    stage.machine.zygote.prepare(toy.Generation({}).facts | {"schema_hash": "00" * 32})
    stage.round()
    stage.die(active, code=0)
    stage.keeper.renew()
    stage.round()
    stage.machine.zygote.prepare(toy.Generation({}).facts | {"schema_hash": "11" * 32})
    stage.round(6)
    request = stage.machine.zygote.fork(stage.machine.processes.new_pid())
    assert stage.keeper.ladder.current == 2
    assert request.role == "founder" and request.facts["migrate_from"]
