"""A budget outlives a kernel that is killed, for the very code that has spent it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from Kernel.core import supervisor as sup
from Kernel.core.supervisor import Generation, Kind, Patience, Policy, Spent
from Kernel.memory.budgets import made_of, recall_budget, remember_budget
from Kernel.memory.contexts import BUDGETS, new_memory
from tests.support.arena_stage import Stage
from tests.support.fakes import FakeMachine

POLICY = Policy(Kind.ARENA, failures_max=8)
CODE = made_of("a", {"seed": 1})


@pytest.fixture
def machine() -> Iterator[FakeMachine]:
    """Give the machine that outlives its kernels."""
    machine = FakeMachine()
    yield machine
    machine.processes.close()


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Give the folders of an arena."""
    found = [tmp_path / "shm", tmp_path / "data"]
    for folder in found:
        folder.mkdir()
    return found


def failed(failures: int, of_zygote: int = 0) -> Generation:
    """Return a generation that has failed."""
    return Generation(
        "stable", patience=Patience(failures), zygote_patience=Patience(of_zygote), why="it broke"
    )


class TestEntry:
    def test_what_was_used_up_comes_back(self):
        """For the same code and settings of the same zone."""
        memory = new_memory()
        remember_budget(memory, CODE, failed(3, 2), 0.0)
        assert recall_budget(memory, "stable", CODE, POLICY, 1.0) == Spent(3, 2, "it broke")
        assert recall_budget(memory, "archive", CODE, POLICY, 1.0) is None

    @pytest.mark.parametrize(("fingerprint", "seed"), [("b", 1), ("a", 2)])
    def test_other_code_or_settings_begin_anew(self, fingerprint, seed):
        """What has changed deserves a budget of its own."""
        memory = new_memory()
        remember_budget(memory, CODE, failed(3), 0.0)
        code = made_of(fingerprint, {"seed": seed})
        assert recall_budget(memory, "stable", code, POLICY, 0.0) is None

    def test_one_try_is_always_left(self):
        """Something else may have been mended: a file's word alone condemns nobody."""
        memory = new_memory()
        remember_budget(memory, CODE, failed(50, 8), 0.0)
        spent = recall_budget(memory, "stable", CODE, POLICY, 0.0)
        assert spent == Spent(7, 7, "it broke")
        assert spent is not None
        assert not sup.spent(sup.resume(Generation("stable"), spent), POLICY)
        assert recall_budget(memory, "stable", CODE, replace(POLICY, failures_max=1), 0.0) is None

    def test_health_is_remembered_too(self):
        """Only of one that serves: a fresh start that has done nothing yet proves nothing."""
        memory = new_memory()
        remember_budget(memory, CODE, failed(3), 0.0)
        remember_budget(memory, CODE, failed(0), 1.0)
        assert recall_budget(memory, "stable", CODE, POLICY, 1.0) is not None
        remember_budget(memory, CODE, replace(failed(0), healthy_s=2.0), 12.0)
        assert recall_budget(memory, "stable", CODE, POLICY, 12.0) is None

    def test_what_was_proved_leaves_one_try(self):
        """Two faults that convict count like all that there are."""
        memory = new_memory()
        remember_budget(memory, CODE, replace(failed(2), condemned="proved"), 0.0)
        assert recall_budget(memory, "stable", CODE, POLICY, 0.0) == Spent(7, 0, "it broke")

    def test_the_health_of_other_code_says_nothing_about_it(self):
        """The generation before serves well; what was found of the newer one stays."""
        memory = new_memory()
        remember_budget(memory, CODE, failed(3), 0.0)
        before = made_of("older", {})
        remember_budget(memory, before, replace(failed(0), healthy_s=0.0), 1.0)
        assert recall_budget(memory, "stable", CODE, POLICY, 1.0) == Spent(3, 0, "it broke")

    def test_nothing_is_written_while_nothing_changes(self):
        """A round of the kernel costs no snapshot."""
        memory = new_memory()
        remember_budget(memory, CODE, failed(3), 0.0)
        seen = memory.changes
        for now_s in range(5):
            remember_budget(memory, CODE, failed(3), float(now_s))
        assert memory.changes == seen

    @pytest.mark.parametrize(
        "told",
        [
            3,
            [],
            {},
            {"failures": 3},
            {"failures": -1, "zygote_failures": 0, "why": ""},
            {"failures": 1.5, "zygote_failures": 0, "why": ""},
            {"failures": True, "zygote_failures": 0, "why": ""},
            {"failures": 10**9, "zygote_failures": 0, "why": ""},
            {"failures": 1, "zygote_failures": 0, "why": None},
            {"failures": 0, "zygote_failures": 0, "why": ""},
        ],
    )
    def test_a_hostile_entry_counts_for_nothing(self, told):
        """Whoever can write the file cannot end the kernel by it."""
        memory = new_memory()
        assert memory.put(BUDGETS, f"stable {CODE}", told, 0.0)
        assert recall_budget(memory, "stable", CODE, POLICY, 0.0) is None


def test_a_generation_goes_on_where_it_was() -> None:
    """Its first try is made at once, and the next failure is delayed as the sixth in a row."""
    policy = replace(POLICY, free_failures=3, backoff_base_s=1.0, backoff_cap_s=60.0)
    life = sup.resume(Generation("stable"), Spent(5, 0, "it broke"))
    assert (life.patience, life.zygote_patience, life.why) == (Patience(5), Patience(), "it broke")
    assert sup.decide(life, policy, 0.0) == (sup.StartZygote(),)
    again = sup.fail(life.patience, policy, 100.0)
    assert again == Patience(6, 100.0 + sup.backoff_s(policy, 6))


class TestKernels:
    """One kernel after the other, over the same memory."""

    def fail(self, stage: Stage, times: int) -> None:
        """Have the zygote die so often before it is ready."""
        for _ in range(times):
            stage.machine.clock.advance(10.0)
            stage.round()
            stage.machine.processes.end(stage.machine.zygote.pid, code=1)
            stage.round()

    def test_a_killed_kernel_does_not_refill_a_budget(self, machine, folders):
        """The next one spends what is left, and says that it knows."""
        self.fail(Stage(machine, folders), 5)
        following = Stage(machine, folders)
        following.round()
        assert following.keeper.state.zygote_patience.failures == 5
        (told,) = machine.log.of("zone.budget_resumed")
        assert (told["zone"], told["failures"], told["failures_max"]) == ("stable", 5, 8)
        assert following.keeper.ladder.count == 1, "it is tried again"

    def test_code_that_has_changed_gets_a_new_one(self, machine, folders):
        """Somebody has mended it."""
        self.fail(Stage(machine, folders), 5)
        machine.versions.version = "b"
        following = Stage(machine, folders)
        following.round()
        assert following.keeper.state.zygote_patience.failures == 0
        assert not machine.log.of("zone.budget_resumed")

    def test_one_that_was_spent_has_one_try(self, machine, folders):
        """And is given up by its next failure, not by eight."""
        stage = Stage(machine, folders)
        self.fail(stage, 8)
        assert stage.keeper.ladder.gave_up
        following = Stage(machine, folders)
        following.round()
        assert not following.keeper.ladder.gave_up
        self.fail(following, 1)
        assert following.keeper.ladder.gave_up

    def test_a_newer_one_that_was_let_go_is_remembered(self, machine, folders):
        """Going back does not wash it clean: the next kernel would begin with it."""
        stage = Stage(machine, folders)
        stage.serve()
        machine.versions.version = "worse"
        stage.keeper.generations.renew()
        self.fail(stage, 8)
        assert stage.keeper.ladder.current == 1 and not stage.keeper.ladder.incoming
        following = Stage(machine, folders)
        following.round()
        assert following.keeper.state.zygote_patience.failures == 7

    def test_health_ends_it(self, machine, folders):
        """A world that has served long enough owes nothing to the kernel after the next."""
        self.fail(Stage(machine, folders), 5)
        stage = Stage(machine, folders)
        stage.round()
        machine.clock.advance(10.0)
        stage.serve()
        machine.clock.advance(11.0)
        stage.tick()
        stage.round()
        assert not machine.memory.entries(BUDGETS, machine.clock.now_s())

    def test_a_stop_in_order_is_no_failure(self, machine, folders):
        """What ends because it was asked to is not written down."""
        stage = Stage(machine, folders)
        stage.serve()
        stage.keeper.learn(sup.StopAsked())
        for pid in stage.keeper.pids():
            machine.processes.end(pid, number=9)
        stage.round()
        assert len(machine.memory) == 0
