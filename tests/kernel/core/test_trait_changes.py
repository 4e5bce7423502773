"""Traits coming into a world on paper and going out of it, whatever goes wrong on the way."""

import errno
import hashlib
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from Kernel.console.trait_commands import degraded_traits
from Kernel.contract.arena import State
from Kernel.contract.errors import Refused
from Kernel.contract.inputs import PAUSE, REFUSALS, Input
from Kernel.contract.trait_registry import ACTIVE_MAX, SUSPENDED, TraitRow
from Kernel.contract.zygote_protocol import Configure, Unprepared
from Kernel.core.posted_trait import Stage
from Kernel.core.trait_addition import KILLED_MAX, TraitRefused, Wish
from Kernel.core.trial import TrialWish
from tests.support.fakes import FakeMachine
from tests.support.trait_scene import CODE_HASH, SOURCE, VERDICT, Scene, trait_scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a world that ticks, with an heir."""
    with trait_scene(tmp_path) as scene:
        yield scene


class TestComingIn:
    def test_a_trait_comes_in_by_succession(self, scene):
        """Tried, loaded by a new generation, brought in by an input, told at each step."""
        addition = scene.add()
        assert addition.result() is None and scene.changes.under_way() == "preparing"
        scene.judge()
        job = scene.request.facts["trial"]
        assert job["add"] and job["trial"] and (job["home"], job["zone"]) == ("/nowhere", "stable")
        assert scene.world.ladder.incoming == 2 and scene.changes.under_way() == "loading"
        assert scene.prepare().traits == [CODE_HASH]
        scene.succeed()
        assert addition.result() is None, "its input waits for the next tick"
        tick = scene.kernel.tick()
        scene.kernel.round()
        told = addition.result()
        assert (told["name"], told["version"], told["tier"]) == ("Forager", 1, "native")
        assert told["applied_at_tick"] == tick and not scene.changes.under_way()
        (applied,) = [
            i for i, kind in scene.machine.log.named.items() if kind == "mutation.applied"
        ]
        assert scene.machine.log.why(applied) == [
            "mutation.applied", "generation.promoted", "generation.begun", "mutation.ready",
            "trait.validated", "trial.ended", "trial.begun", "command.taken",
        ]  # fmt: skip

    def test_whoever_asked_may_leave(self, scene):
        """Nobody looks at the answer: the trait comes in all the same."""
        scene.bring_in()
        assert [row.name for row in scene.world.traits.rows()] == ["Forager"]
        assert scene.world.traits.hashes == [CODE_HASH]

    def test_a_refused_source_costs_nothing(self, scene):
        """Rule, line and reason are told; no generation is begun, nothing is kept."""
        addition = scene.add()
        verdict = {"accepted": False, "code_hash": CODE_HASH, "rule": "name", "line": 3}
        scene.judge(verdict | {"reason": "open may not be used"})
        with pytest.raises(
            TraitRefused, match=r"line 3: open may not be used \(rule name\)"
        ) as told:
            addition.result()
        assert told.value.details == {
            "rule": "name", "line": 3, "reason": "open may not be used", "stage": "validation",
        }  # fmt: skip
        assert not scene.world.ladder.incoming and not scene.world.traits.hashes
        assert len(scene.machine.log.of("trait.refused")) == 1
        (failed,) = scene.machine.log.of("mutation.failed")
        assert (failed["stage"], failed["rule"], failed["rollback_to"]) == (
            "validation",
            "name",
            "",
        )

    @pytest.mark.parametrize(
        "told",
        [{"accepted": True}, VERDICT | {"code_hash": "0" * 64}, VERDICT | {"version": 0}, [1]],
    )
    def test_a_verdict_that_is_none_is_refused(self, scene, told):
        """What the trial says has had a foreign source in its hands: it is parsed."""
        addition = scene.add()
        scene.judge(told)
        with pytest.raises(TraitRefused, match=r"cannot be used.* \(rule lied\)"):
            addition.result()
        assert not scene.world.ladder.incoming

    def test_a_trial_that_fails_is_told(self, scene):
        """Its end is the reason, and not the source's fault if it was killed; the next is taken."""
        addition = scene.add()
        for _ in range(KILLED_MAX + 1):
            scene.bear()
            scene.machine.processes.end(scene.pid, number=signal.SIGKILL)
            scene.kernel.round()
        with pytest.raises(TraitRefused, match="says nothing about the source") as refused:
            addition.result()
        assert refused.value.hint == "molt doctor"
        scene.add()

    def test_a_trial_that_says_why_it_failed_is_quoted(self, scene):
        """Then it is the machine's trouble, and no verdict on the source."""
        addition = scene.add()
        scene.judge({"failed": "cannot try a trait: no space left"}, code=1)
        with pytest.raises(Refused, match="cannot try: no space left"):
            addition.result()
        assert not scene.machine.log.of("trait.refused")

    def test_without_a_trial(self, scene):
        """Asked for so: it is checked all the same, and every later event says that it was not."""
        scene.add(trial=False)
        scene.judge()
        assert scene.request.facts["trial"]["trial"] is False
        (validated,) = scene.machine.log.of("trait.validated")
        assert validated["tried"] is False
        (told,) = [i for i, kind in scene.machine.log.named.items() if kind == "trait.validated"]
        chain = ["trait.validated", "trial.skipped", "command.taken"]
        assert scene.machine.log.why(told) == chain
        scene.prepare()
        scene.succeed()
        scene.kernel.tick()
        scene.kernel.round()
        for kind in ("mutation.ready", "mutation.applied"):
            assert scene.machine.log.of(kind)[0]["tried"] is False

    def test_what_a_killed_kernel_has_left_is_forgotten(self, scene):
        """A hash that was written and never came in is not loaded for ever; others are told."""
        scene.bring_in()
        scene.world.traits.hashes.append("0" * 64)
        scene.add(SOURCE + b"#")
        scene.bear()
        assert scene.request.facts["trial"]["hashes"] == [CODE_HASH]

    def test_no_more_than_fit(self, scene):
        """With all places taken a new name is refused before any generation; a version is not."""
        row = TraitRow(1, "Forager", 1, "0" * 64, "native", "none", "active")
        scene.machine.arenas.rows = [
            replace(row, slot=each, name=f"T{each}") for each in range(1, ACTIVE_MAX + 1)
        ]
        scene.world.traits.hashes = [row.hash]
        scene.kernel.words.put_state(scene.kernel.words.get(512), State.REGISTRY_VERSION, 9)
        # One that lacks its code comes back by itself: it keeps its place.
        scene.machine.arenas.rows[0] = replace(row, name="T1", status=SUSPENDED)
        addition = scene.add()
        scene.judge()
        with pytest.raises(Refused, match=f"{ACTIVE_MAX} are active, the limit is {ACTIVE_MAX}"):
            addition.result()
        assert not scene.world.ladder.incoming
        scene.add()
        scene.judge(VERDICT | {"name": "T3"})
        assert scene.world.ladder.incoming

    def test_it_waits_for_a_generation_that_is_being_made_ready(self, scene):
        """Another renewal is under way: the trait's own comes after it."""
        scene.world.generations.renew()
        scene.kernel.round()
        scene.add()
        scene.judge()
        assert scene.world.ladder.count == 2
        scene.prepare()
        scene.succeed()
        assert scene.world.ladder.incoming == 3 and scene.prepare().traits == [CODE_HASH]


class TestGoingWrong:
    def test_a_generation_that_cannot_load_it(self, scene):
        """The command fails, the set goes back, and the world ticks on with who served."""
        addition, active = scene.add(), scene.kernel.active
        scene.judge()
        scene.machine.zygote.expect(Configure)
        scene.machine.zygote.say(Unprepared(1, "cannot load it: no memory", ""))
        scene.kernel.round()
        scene.machine.processes.end(scene.machine.zygote.pid, code=78)
        scene.kernel.round()
        with pytest.raises(Refused, match="no memory; the world goes on without it"):
            addition.result()
        assert scene.world.traits.hashes == [] and scene.world.active.pid == active
        (failed,) = scene.machine.log.of("mutation.failed")
        assert failed["stage"] == "import"

    def test_a_generation_that_leaves_it_out(self, scene):
        """It serves all the same, with the reason why this one was not loaded."""
        addition = scene.add()
        scene.judge()
        scene.prepare(why="its machine code was changed")
        scene.succeed()
        with pytest.raises(Refused, match="its machine code was changed"):
            addition.result()
        assert scene.world.traits.hashes == []

    def test_what_was_left_out_is_loaded_by_another_generation(self, scene):
        """Who serves has tried to load it and has not: it is no code that is there."""
        scene.add()
        scene.judge()
        scene.prepare(why="its machine code was changed")
        scene.succeed()
        scene.add()
        scene.judge()
        assert scene.world.ladder.incoming == 3 and scene.prepare().traits == [CODE_HASH]

    def test_a_trial_that_somebody_kills_is_tried_again(self, scene):
        """That says nothing of the source, which comes in all the same."""
        addition = scene.add()
        for _ in range(KILLED_MAX):
            scene.bear()
            scene.machine.processes.end(scene.pid, number=signal.SIGKILL)
            scene.kernel.round()
            assert not scene.machine.log.of("mutation.failed")
        scene.judge()
        assert addition.stage is Stage.RENEWING

    def test_a_world_that_refuses_it(self, scene):
        """The world's own reason is told, and new generations do not load it."""
        scene.kernel.refuses = REFUSALS[7]
        addition = scene.bring_in()
        with pytest.raises(Refused, match="cannot add the trait: the trait memory"):
            addition.result()
        assert scene.world.traits.hashes == []

    def test_a_stop_leaves_it(self, scene):
        """A kernel that stops ends the trial and keeps nothing of the trait."""
        addition, waits = scene.add(), scene.add(SOURCE + b"#")
        scene.bear()
        scene.kernel.zones.begin_stop()
        assert scene.pid in scene.machine.processes.killed()
        for each in (addition, waits):
            with pytest.raises(Refused, match="being stopped"):
                each.result()

    def test_a_stop_says_nothing_of_a_mutation(self, scene):
        """Who asks by an id asks the next kernel again; a source is not refused by a stop."""
        tried = TrialWish(SOURCE, "sandbox", add=True)
        named = scene.changes.add(scene.world, Wish(tried, mutation_id="mut_1"))
        scene.judge()
        assert named.stage is Stage.RENEWING
        by_hand = scene.add(SOURCE + b"#")
        code_hash = hashlib.sha256(SOURCE + b"#").hexdigest()
        scene.judge(VERDICT | {"code_hash": code_hash, "version": 2})
        scene.kernel.zones.begin_stop()
        (failed,) = scene.machine.log.of("mutation.failed")
        assert failed["mutation_id"] == f"mut_{code_hash[:12]}" and "stopped" in failed["error"]
        for each in (named, by_hand):
            with pytest.raises(Refused, match="being stopped"):
                each.result()
        with pytest.raises(Refused, match="being stopped"):
            named.outcome()


class TestWaiting:
    def test_a_paused_world_answers_pending(self, scene):
        """As with parameters: the answer says that it waits, and it is applied by the next tick."""
        scene.world.inbox.post(Input(PAUSE))
        scene.kernel.tick()
        addition = scene.add()
        scene.judge()
        scene.prepare()
        active, pid = scene.kernel.active, scene.machine.processes.new_pid()
        request = scene.machine.zygote.fork(pid)
        scene.kernel.round()
        scene.machine.zygote.ring(request.serial)
        scene.kernel.round()
        scene.kernel.take_over(pid, commit=False)
        scene.machine.processes.end(active, code=0)
        scene.kernel.round()
        told = addition.result()
        assert told["paused"] is True and told["applied_at_tick"] is None
        assert told["pending"]["at_tick"] == scene.world.tick() + 1
        assert not scene.changes.under_way(), "the next one may come"

    def test_a_later_tick(self, scene):
        """With --at-tick the answer comes at once, and the input waits for its tick."""
        addition = scene.add(at_tick=scene.world.tick() + 50)
        scene.judge()
        scene.prepare()
        scene.succeed()
        assert addition.result()["pending"]["at_tick"] >= 50

    def test_what_waits_is_listed_and_not_removed(self, scene):
        """Until its tick there is nothing to take out, and that is what the refusal says."""
        scene.add(at_tick=scene.world.tick() + 50)
        scene.judge()
        scene.prepare()
        scene.succeed()
        (waiting,) = scene.changes.waiting()
        assert (waiting["act"], waiting["name"], waiting["version"]) == ("add", "Forager", 1)
        with pytest.raises(Refused, match=f"comes in at tick {waiting['at_tick']}") as refused:
            scene.changes.remove(scene.world, "forager", 0, b"")
        assert refused.value.hint == "molt trait list"
        for _ in range(60):
            scene.kernel.tick()
        scene.kernel.round()
        assert not scene.changes.waiting()
        removal = scene.changes.remove(scene.world, "forager", 10_000, b"")
        assert removal.result()["pending"] == {"at_tick": 10_000}
        assert scene.changes.waiting()[0]["act"] == "remove"


class TestGoingOut:
    @pytest.mark.parametrize("name", ["Forager", "forager"])
    def test_a_trait_goes_by_its_name(self, scene, name):
        """By the name of its class or that in file names; the set forgets it."""
        scene.bring_in()
        removal = scene.changes.remove(scene.world, name, 0, b"")
        assert removal.result() is None
        tick = scene.kernel.tick()
        scene.kernel.round()
        assert removal.result()["applied_at_tick"] == tick
        assert scene.world.traits.rows() == [] and scene.world.traits.hashes == []
        assert len(scene.machine.log.of("trait.removed")) == 1

    def test_what_is_not_there_is_refused(self, scene):
        """With what was probably meant."""
        scene.bring_in()
        with pytest.raises(Refused, match="did you mean 'Forager'"):
            scene.changes.remove(scene.world, "Foragers", 0, b"")

    def test_it_comes_back_without_a_generation(self, scene):
        """Who serves has the code still: no second succession for it."""
        scene.bring_in()
        scene.changes.remove(scene.world, "Forager", 0, b"")
        scene.kernel.tick()
        scene.kernel.round()
        addition = scene.add()
        scene.judge()
        scene.kernel.tick()
        scene.kernel.round()
        assert addition.result()["applied_at_tick"] and scene.world.ladder.count == 2


class TestFullDisk:
    def test_a_set_that_cannot_be_written_is_told_until_it_is(self, scene, monkeypatch):
        """The next one that is prepared writes it: then nothing is wrong any more."""
        scene.bring_in()
        monkeypatch.setattr(scene.machine.trait_sets, "save", full_disk)
        scene.world.traits.hashes.append("0" * 64)
        scene.world.traits.drop("0" * 64)
        (told,) = scene.world.notes
        assert told["what"] == "stable: traits" and "No space left" in told["why"]
        scene.world.traits.take(CODE_HASH)
        assert scene.world.notes == []


def full_disk(_zone: str, _hashes: object) -> None:
    """Stand for a disk without room."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class TestSuspended:
    def suspend(self, scene: Scene) -> None:
        """Suspend the trait, as an heir does that lacks its code."""
        scene.machine.arenas.rows = [
            replace(row, status=SUSPENDED) for row in scene.machine.arenas.rows
        ]
        tick = scene.world.tick()
        version = scene.kernel.words.state(tick, State.REGISTRY_VERSION)
        scene.kernel.words.put_state(tick, State.REGISTRY_VERSION, version + 1)

    def test_it_is_taken_up_again_by_who_has_the_code(self, scene):
        """An input brings it back, once; its cause is told."""
        scene.bring_in()
        self.suspend(scene)
        scene.kernel.round()
        assert [each["name"] for each in scene.machine.log.of("trait.resumed")] == ["Forager"]
        scene.kernel.tick()
        scene.kernel.round()
        assert [row.status for row in scene.world.traits.rows()] == ["active"]

    @pytest.mark.parametrize(
        ("why", "hint"),
        [("", "molt soft-restart stable --fresh"), ("it was changed", "molt trait add FILE")],
    )
    def test_what_helps_depends_on_why_it_does_not_run(self, scene, why, hint):
        """Code that is broken in the store is broken for the next generation, too."""
        scene.bring_in()
        self.suspend(scene)
        rows = [{"hash": CODE_HASH, "why": why}] if why else []
        scene.world.serving_facts = lambda: {"traits": rows}
        (told,) = degraded_traits("stable", scene.world)
        assert told["hint"] == hint and why in told["why"]

    def test_what_the_world_refuses_is_not_tried_for_ever(self, scene):
        """Once by each process that serves."""
        scene.bring_in()
        scene.kernel.refuses = REFUSALS[5]
        self.suspend(scene)
        for _ in range(5):
            scene.kernel.tick()
            scene.kernel.round()
        assert len(scene.machine.log.of("trait.resumed")) == 1


def test_a_lost_set_is_found_in_the_arena(tmp_path):
    """The file is gone, the world has a trait: a generation that has its code is made by itself."""
    machine = FakeMachine()
    machine.arenas.rows = [TraitRow(1, "Forager", 1, CODE_HASH, "native", "none", "active")]
    scene = Scene(machine, tmp_path)
    scene.kernel.round()
    assert scene.world.traits.hashes == [CODE_HASH] == machine.trait_sets.load("stable")
    assert scene.world.ladder.incoming == 2 and scene.prepare().traits == [CODE_HASH]
    scene.kernel.close()
    machine.processes.close()
