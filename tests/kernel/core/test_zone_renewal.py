"""Soft restarts of a world over fakes: counted, begun by exec, told with their reason."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from Kernel.contract.arena import State
from Kernel.contract.zygote_protocol import ZYGOTE, Unprepared
from Kernel.core.soft_restart import RETRY_S
from Kernel.core.zone_renewal import LOOK_S, ZoneRenewal
from tests.support.arena_stage import Stage
from tests.support.fakes import FakeMachine
from tests.support.toy import service as toy
from zones.world.settings import KEYS

HOUR_S = 3600.0
ABLE = toy.Generation({}).facts | {ZYGOTE: True, "settings": [key.fields() for key in KEYS]}


@pytest.fixture
def stage(machine: FakeMachine, folders: list[Path]) -> Iterator[Stage]:
    """Give a zone that is up, with limits of an hour and of five mutations."""
    stage = Stage(machine, folders)
    settings = {"soft_restart_interval_hours": 1.0, "soft_restart_mutation_threshold": 5}
    stage.keeper.config = replace(stage.keeper.config, settings=settings)
    stage.prepare(**ABLE)
    stage.found()
    stage.active = stage.fork_heir()
    stage.take_over(stage.active)
    stage.fork_heir()
    stage.tick()
    stage.renewal = ZoneRenewal(stage.keeper)
    look(stage)
    yield stage


def look(stage: Stage, after_s: float = LOOK_S) -> None:
    """Let time go by and look; then let the kernel act."""
    stage.machine.clock.advance(after_s)
    stage.renewal.look(stage.machine.clock.now_s())
    stage.round()


def mutate(stage: Stage, count: int) -> None:
    """Have the set of traits change so many times."""
    tick = stage.keeper.tick()
    version = stage.words.state(tick, State.REGISTRY_VERSION)
    for each in (tick, tick + 1):  # a toy carries nothing over
        stage.words.put_state(each, State.REGISTRY_VERSION, version + count)


def test_by_hours_a_generation_is_started_anew(stage):
    """By exec, though a zygote could be forked; the event says why, and is its cause."""
    look(stage, HOUR_S - 10.0)
    assert not stage.keeper.ladder.incoming
    look(stage, 20.0)
    log = stage.machine.log
    assert [each["why"] for each in log.of("zone.restart_due")] == ["1.0 hours, the limit is 1"]
    assert [each.service for each in stage.machine.processes.zygotes] == ["tests.support.toy"] * 2
    (begun,) = (each for each, kind in log.named.items() if kind == "generation.begun")
    assert log.why(begun) == ["generation.begun", "zone.restart_due"]
    stage.prepare(**ABLE)
    stage.take_over(stage.fork_heir())
    stage.die(stage.active, code=0)
    look(stage)
    assert stage.renewal.row.started_s == stage.keeper.line.made.started_s
    look(stage, HOUR_S / 2)
    assert len(log.of("zone.restart_due")) == 1, "it counts from the new one"


def test_by_mutations_and_forks_do_not_reset_the_count(stage):
    """What was forked since belongs to the same row."""
    mutate(stage, 3)
    stage.keeper.generations.renew()
    stage.round()
    stage.machine.processes.fork_zygote(stage.machine.processes.zygotes[0])
    stage.prepare(**ABLE)
    stage.take_over(stage.fork_heir())
    stage.die(stage.active, code=0)
    stage.fork_heir()
    look(stage)
    assert stage.renewal.row.mutations == 3 and stage.keeper.line.made.forks == 1
    mutate(stage, 2)
    look(stage)
    assert not stage.keeper.ladder.incoming, "the one before is kept for going back yet"
    look(stage, stage.keeper.rules.guard_s + 1.0)
    look(stage)
    (told,) = stage.machine.log.of("zone.restart_due")
    assert told["why"] == "5 mutations, the limit is 5" and stage.keeper.ladder.incoming == 3


def test_one_that_fails_costs_nothing_and_is_tried_later(stage):
    """Who serves goes on; the next try comes after RETRY_S."""
    look(stage, HOUR_S)
    stage.machine.zygote.say(Unprepared(1, "cannot load it", "edit it"))
    stage.round()
    stage.die(stage.machine.zygote.pid, code=78)
    look(stage)
    assert stage.keeper.active.pid == stage.active and not stage.keeper.ladder.incoming
    look(stage, RETRY_S - 10.0)
    assert len(stage.machine.log.of("zone.restart_due")) == 1
    look(stage, 10.0)
    assert len(stage.machine.log.of("zone.restart_due")) == 2


def test_code_that_knows_no_such_limits_is_left_alone(stage):
    """A slot of before there were any, or a service that tells no keys."""
    del stage.keeper.line.facts["settings"]
    look(stage, 100 * HOUR_S)
    assert not stage.keeper.ladder.incoming


def test_limits_count_at_once(stage):
    """The file is read again: the new value holds from the next look on; 0 is never."""
    never = {"soft_restart_interval_hours": 0, "soft_restart_mutation_threshold": 0}
    stage.keeper.config = replace(stage.keeper.config, settings=never)
    mutate(stage, 100)
    look(stage, 100 * HOUR_S)
    assert not stage.keeper.ladder.incoming
    stage.keeper.config = replace(stage.keeper.config, settings={})
    look(stage)
    assert stage.keeper.ladder.incoming == 2, "a day is over, as the default has it"
