"""How an arena is found, founded and moved to other columns; what is noted of it."""

import errno
import signal
from pathlib import Path

import pytest

from Kernel.contract.arena import Header
from Kernel.contract.founding_report import FoundingNote, FoundingReport, Replayed, report_path
from tests.support.arena_stage import Stage
from tests.support.fakes import FakeMachine
from tests.support.toy import service as toy


@pytest.fixture
def stage(machine: FakeMachine, folders: list[Path]) -> Stage:
    """Give a keeper at its beginning."""
    return Stage(machine, folders)


class TestFounding:
    def test_failing_founder_is_tried_again(self, stage):
        """A founder that fails counts, and the next one may succeed."""
        stage.prepare()
        stage.machine.zygote.fork(500)
        stage.round()
        stage.die(500, code=1)
        assert stage.keeper.state.patience.failures == 1 and "founder" in stage.keeper.state.why
        assert stage.machine.log.of("zone.died")[-1]["role"] == "founder"
        stage.found()
        assert stage.keeper.state.founded

    def test_founder_that_made_nothing_has_failed(self, stage):
        """Exit code 0 without an arena is a failure."""
        stage.prepare()
        stage.machine.zygote.fork(500)
        stage.round()
        stage.die(500, code=0)
        assert not stage.keeper.state.founded and stage.keeper.state.patience.failures == 1

    def test_late_founder_does_not_open_the_arena_again(self, stage):
        """An arena has one right to write: a founder that ends while somebody ticks makes none."""
        active, heir = stage.serve()
        before = stage.keeper.arena
        assert stage.keeper.on_founder_exit(stage.keeper.line, 0)
        assert stage.keeper.arena is before and stage.words.get(Header.OWNER) == active
        assert stage.words.get(Header.PERMISSION) == heir

    def test_founded_arena_out_of_reach_is_a_failure(self, stage, monkeypatch):
        """No descriptor left just when the founder ends: the kernel lives and tries again."""

        def refuse(path, schema_hash):
            raise OSError(errno.EMFILE, "Too many open files")

        stage.prepare()
        with monkeypatch.context() as patch:
            patch.setattr("Kernel.ports.arena_file.open_arena", refuse)
            stage.found()
        assert not stage.keeper.state.founded and stage.keeper.state.patience.failures == 1
        stage.found()
        assert stage.keeper.state.founded

    def test_arena_out_of_reach_is_left_where_it_is(self, machine, folders, monkeypatch):
        """A machine out of descriptors costs another try, never a healthy arena."""
        Stage(machine, folders).serve()
        stage = Stage(machine, folders)

        def refuse(path, schema_hash):
            raise OSError(errno.EMFILE, "Too many open files")

        monkeypatch.setattr("Kernel.ports.arena_file.open_arena", refuse)
        stage.prepare()
        assert not stage.keeper.state.founded and stage.machine.processes.killed()
        assert [path.name for path in folders[0].glob("*.arena*")] == ["stable.arena"]

    @pytest.mark.parametrize("harm", ["magic", "commit", "short", "foreign", "empty"])
    def test_unusable_arena_is_set_aside(self, machine, folders, harm):
        """A damaged or foreign file is renamed with a note, never overwritten."""
        Stage(machine, folders).serve()
        path = folders[0] / "stable.arena"
        data = bytearray(path.read_bytes())
        if harm == "magic":
            data[0] ^= 1
        elif harm == "commit":
            data[Header.COMMIT] ^= 2
        elif harm == "foreign":
            data[Header.SCHEMA_HASH] ^= 1
        else:
            data = data[: 100 if harm == "short" else 0]
        path.write_bytes(data)
        stage = Stage(machine, folders)
        stage.prepare()
        assert (folders[0] / "stable.arena.set-aside-1").read_bytes() == data
        (note,) = stage.keeper.notes
        assert "stable.arena.set-aside-1" in note["why"] and note["why"].startswith("cannot")
        stage.found()
        assert stage.keeper.state.founded

    def test_founder_that_can_is_given_the_arena(self, machine, folders):
        """A generation that inspects gets the path of what is there, and its report is told."""
        Stage(machine, folders).serve()
        path = folders[0] / "stable.arena"
        stage = Stage(machine, folders)
        stage.prepare(inspects=True)
        assert not stage.keeper.state.founded, "nobody lives in it before it was looked at"
        request = machine.zygote.fork(500)
        assert request.role == "founder" and request.facts["inspect"] == str(path)
        stage.round()
        notes = (
            FoundingNote("arena", "cannot x", "ls", True),
            FoundingNote("size", "grown", "molt status", False),
        )
        report_path(folders[0], "stable").write_bytes(
            FoundingReport("migrated", 0, "old", notes).encode()
        )
        stage.die(500, code=0)
        assert stage.keeper.state.founded and stage.keeper.resumed_tick == stage.keeper.tick()
        assert [note["why"] for note in stage.keeper.notes] == ["cannot x"]
        assert not report_path(folders[0], "stable").exists(), "it is read once"

    def test_founder_tells_what_it_has_restored(self, machine, folders):
        """How a lost world came back is kept for as long as the kernel runs."""
        stage = Stage(machine, folders)
        stage.prepare()
        report = FoundingReport("restored", 0, replayed=Replayed(0, 0, 0.1))
        report_path(folders[0], "stable").write_bytes(report.encode())
        stage.found()
        assert stage.keeper.restored == report and stage.keeper.resumed_tick == 0

    def test_arena_that_founders_die_of_is_set_aside(self, machine, folders):
        """One crash may be anything; at the second the file goes, and the next founder is alone."""
        Stage(machine, folders).serve()
        stage = Stage(machine, folders)
        stage.prepare(inspects=True)
        for pid in (500, 501):
            assert machine.zygote.fork(pid).facts["inspect"]
            stage.round()
            stage.die(pid, number=signal.SIGSEGV)
        assert (folders[0] / "stable.arena.set-aside-1").exists()
        assert "2 founders died of it" in stage.keeper.notes[0]["why"]
        request = machine.zygote.fork(502)
        assert "inspect" not in request.facts

    def test_founder_that_only_fails_costs_no_arena(self, machine, folders):
        """An exit code is no room or no descriptors: tried again, with the same file."""
        Stage(machine, folders).serve()
        stage = Stage(machine, folders)
        stage.prepare(inspects=True)
        for pid in (500, 501, 502):
            assert machine.zygote.fork(pid).facts["inspect"]
            stage.round()
            stage.die(pid, code=1)
        assert (folders[0] / "stable.arena").exists() and not stage.keeper.notes


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
    stage.keeper.generations.renew()
    stage.round()
    stage.machine.zygote.prepare(toy.Generation({}).facts | {"schema_hash": "11" * 32})
    stage.round(6)
    request = stage.machine.zygote.fork(stage.machine.processes.new_pid())
    assert stage.keeper.ladder.current == 2
    assert request.role == "founder" and request.facts["migrate_from"]


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
