"""Several traits coming into one world on paper: their order, one generation, the same twice."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from Kernel.contract.errors import Refused
from Kernel.core.limits import TrialLimits
from Kernel.core.posted_trait import Stage
from Kernel.core.trait_addition import GATHER_S
from Kernel.core.trait_changes import QUEUED_MAX
from tests.support.trait_scene import CODE_HASH, SOURCE, VERDICT, Scene, trait_scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a world that ticks, with an heir."""
    with trait_scene(tmp_path) as scene:
        yield scene


def test_one_after_the_other(scene: Scene) -> None:
    """One is tried, sixteen wait for it, one more is refused; they are tried in order."""
    first = scene.add()
    others = [scene.add(SOURCE + b"#" * n) for n in range(1, QUEUED_MAX + 1)]
    with pytest.raises(Refused, match="one is being tried and 16 wait; the limit is 16"):
        scene.add(SOURCE + b"-")
    scene.judge({"failed": "no space left"})
    with pytest.raises(Refused):
        first.result()
    assert others[0].stage is Stage.PREPARING and others[1].stage is Stage.QUEUED
    assert others[0].result() is None is others[1].result()
    scene.judge(VERDICT | {"code_hash": others[0].code_hash})
    assert others[0].stage is Stage.WAITING and others[1].stage is Stage.PREPARING


def test_one_generation_loads_all_that_are_accepted(scene: Scene) -> None:
    """None is begun while others are tried; each then comes in by an input of its own."""
    sources = [SOURCE + b"#" * n for n in range(3)]
    additions = [scene.add(source) for source in sources]
    for each in additions:
        assert not scene.world.ladder.incoming
        scene.judge(VERDICT | {"code_hash": each.code_hash, "name": f"T{each.code_hash[:4]}"})
    assert scene.world.ladder.incoming == 2 and scene.changes.under_way() == "loading"
    assert scene.prepare().traits == [each.code_hash for each in additions]
    scene.succeed()
    assert [each.stage for each in additions] == [Stage.POSTED] * 3
    scene.kernel.tick()
    scene.kernel.round()
    assert all(each.result()["applied_at_tick"] for each in additions)
    assert len(scene.machine.log.of("mutation.applied")) == 3
    begun = [i for i, kind in scene.machine.log.named.items() if kind == "generation.begun"]
    assert len(begun) == 1 and scene.machine.log.why(begun[0])[1] == "mutation.ready"


def test_none_waits_for_long(scene: Scene) -> None:
    """Others are tried slowly: what is accepted comes in meanwhile, and they later."""
    first, second = scene.add(), scene.add(SOURCE + b"#")
    scene.judge()
    scene.bear()
    scene.machine.clock.advance(GATHER_S + 0.1)
    scene.kernel.round()
    assert first.stage is Stage.RENEWING and scene.world.ladder.incoming == 2
    scene.say(VERDICT | {"code_hash": second.code_hash})
    assert second.stage is Stage.WAITING, "that generation was begun without it"
    assert scene.prepare().traits == [CODE_HASH]
    scene.succeed()
    assert first.stage is Stage.POSTED and second.stage is Stage.RENEWING
    assert scene.prepare().traits == [CODE_HASH, second.code_hash]


def test_what_is_on_its_way_is_not_forgotten(scene: Scene) -> None:
    """The set of what zygotes load is tidied at each trial: not of what is accepted."""
    scene.add()
    scene.add(SOURCE + b"#")
    scene.judge()
    assert scene.world.traits.hashes == [CODE_HASH]


def test_the_same_of_two_at_once(scene: Scene) -> None:
    """It is tried once and comes in once; both who asked hear of it."""
    first, second = scene.add(), scene.add()
    scene.judge()
    scene.prepare()
    scene.succeed()
    third = scene.add()
    scene.kernel.tick()
    scene.kernel.round()
    told = [each.result()["applied_at_tick"] for each in (first, second, third)]
    assert told[0] is not None and len(set(told)) == 1
    assert scene.add().result()["already"] is True, "who comes later hears that it is there"
    assert len(scene.machine.log.of("trial.begun")) == 1


def test_another_trial_of_the_same_is_another_wish(scene: Scene) -> None:
    """Who asks for a longer trial, or by the id of a mutation, is not given the other's."""
    first = scene.add()
    others = [scene.add(ticks=90), scene.add(seeds=3), scene.add(mutation_id="mut_1")]
    assert len({id(each) for each in (first, *others)}) == 4
    assert scene.add() is first and scene.add(ticks=90) is others[0]


def test_the_same_for_another_tick(scene: Scene) -> None:
    """It is tried for itself; what comes second is there already, and has not failed."""
    first, second = scene.add(), scene.add(at_tick=2)
    scene.judge()
    assert second.stage is Stage.QUEUED
    scene.prepare()
    scene.succeed()
    assert first.stage is Stage.POSTED and second.stage is Stage.PREPARING
    scene.kernel.tick()
    scene.judge()
    assert "already" not in first.result() and second.result()["already"] is True
    told = [kind for kind, _ in scene.machine.log.lines if kind.startswith("mutation.")]
    assert told == ["mutation.ready", "mutation.applied"]


def test_the_same_comes_in_before_it(scene: Scene) -> None:
    """Both are sent: the world refuses the second, which has not failed for that."""
    first, second = scene.add(), scene.add(at_tick=2)
    scene.judge()
    scene.prepare()
    scene.succeed()
    scene.judge()
    assert first.stage is second.stage is Stage.POSTED
    for _ in range(4):
        scene.kernel.tick()
        scene.kernel.round()
    assert "already" not in first.result() and second.result()["already"] is True
    assert not scene.machine.log.of("mutation.failed")


def test_one_whose_turn_comes_to_nothing(scene: Scene) -> None:
    """The limits were made smaller while it waited: it is told, and the next one begins."""
    scene.add()
    second, third = scene.add(SOURCE + b"#", ticks=900), scene.add(SOURCE + b"##", ticks=9)
    config = scene.kernel.zones.leaving.config
    scene.kernel.zones.leaving.config = replace(config, trial=TrialLimits(ticks_max=10))
    scene.judge({"failed": "no space left"})
    with pytest.raises(Refused, match="the limit is 10"):
        second.result()
    assert third.stage is Stage.PREPARING
