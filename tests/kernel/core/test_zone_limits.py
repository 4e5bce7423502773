"""Limits of a zone: what its processes are given, what is told of them, what ends one."""

import os
import signal
from dataclasses import replace

import pytest

from Kernel.contract.arena import Header
from Kernel.core.blame import SLOT_SHIFT
from Kernel.core.enclosure import Enclosure, Shortage
from Kernel.core.limits import Limits
from Kernel.core.zone_limits import CALM_S
from Kernel.ports.cgroup_files import Usage
from Kernel.ports.cgroups import NoCgroups
from Kernel.ports.meters import Taken
from Kernel.ports.process import Exit
from tests.support.arena_stage import Stage
from tests.support.fake_cgroups import FakeCgroups

MB = 1 << 20
TRAIT_3 = 1 | 3 << SLOT_SHIFT
LIMITS = Limits(memory_mb=64, processes=9, descriptors=40, file_mb=2)
KILLED = Exit(7, None, signal.SIGKILL)


class TestEnclosure:
    def test_without_groups_a_process_limits_itself(self):
        """Memory is then a limit of address space; there is nothing to enter."""
        enclosure = Enclosure(NoCgroups(), "stable", "sealed", LIMITS)
        assert enclosure.descriptors() == {} and enclosure.problem == ""
        assert enclosure.facts() == {
            "cage": "sealed",
            "limits": {
                "memory_bytes": 64 * MB,
                "cpu_s": None,
                "processes": None,
                "descriptors": 40,
                "file_bytes": 2 * MB,
            },
        }
        assert not enclosure.shortage(KILLED)

    def test_no_limit_leaves_everything_as_it_is(self):
        """0 of a key is no limit, and never a limit of nothing."""
        limits = Enclosure(NoCgroups(), "stable", "none", Limits()).facts()["limits"]
        assert set(limits.values()) == {None}

    def test_a_group_holds_memory(self):
        """It is made at the first fork; address space is then left alone."""
        groups = FakeCgroups()
        enclosure = Enclosure(groups, "stable", "sealed", LIMITS)
        assert not groups.groups
        named = enclosure.descriptors()
        assert list(named) == ["cgroup.0", "cgroup.1"] and enclosure.descriptors() == named
        assert groups.groups["stable"].limits == LIMITS
        assert enclosure.facts()["limits"]["memory_bytes"] is None
        enclosure.close()
        assert not groups.groups

    def test_a_group_that_cannot_be_made(self):
        """A process goes without, limits itself, and it is told; the next fork tries again."""
        groups = FakeCgroups()
        groups.problem = OSError(28, "No space left on device")
        enclosure = Enclosure(groups, "stable", "sealed", LIMITS)
        assert enclosure.descriptors() == {}
        assert enclosure.problem == "cannot make its control group: No space left on device"
        assert enclosure.facts()["limits"]["memory_bytes"] == 64 * MB
        groups.problem = None
        assert enclosure.descriptors() and enclosure.problem == ""

    def test_other_limits_hold_at_once(self):
        """A reload reaches the group of processes that run."""
        groups = FakeCgroups()
        enclosure = Enclosure(groups, "stable", "sealed", LIMITS)
        enclosure.descriptors()
        enclosure.change(replace(LIMITS, memory_mb=128))
        assert groups.groups["stable"].limits.memory_mb == 128

    def test_deaths_of_too_little_memory_are_told_from_others(self):
        """As many deaths by SIGKILL as the group counts; what it counted before is not ours."""
        groups = FakeCgroups()
        groups.make("stable", LIMITS).used = Usage(0, 0, 0.0, out_of_memory=5)
        enclosure = Enclosure(groups, "stable", "sealed", LIMITS)
        enclosure.descriptors()
        assert not enclosure.shortage(KILLED)
        groups.groups["stable"].used = Usage(0, 0, 0.0, out_of_memory=6)
        assert not enclosure.shortage(Exit(7, None, signal.SIGSEGV))
        assert not enclosure.shortage(Exit(7, 0, None))
        assert enclosure.shortage(KILLED) is Shortage.OF_GROUP
        assert not enclosure.shortage(KILLED)


@pytest.fixture
def groups(machine):
    """Give control groups that hold everything."""
    machine.cgroups = FakeCgroups()
    yield machine.cgroups
    machine.cgroups.close()


def serve(machine, folders) -> Stage:
    """Return a world that serves, with limits, and the pids of its two processes."""
    stage = Stage(machine, folders, limits=LIMITS)
    stage.active, stage.heir = stage.serve()
    return stage


def pass_time(stage: Stage, seconds: float) -> None:
    """Let time go by for a world that ticks on."""

    def look() -> None:
        stage.tick()
        stage.round(1)

    stage.machine.clock.pass_time(seconds, look)


def notes(stage: Stage) -> dict[str, str]:
    """Return what is noted, by what it is about."""
    return {each["what"]: each["why"] for each in stage.keeper.notes}


class TestGiven:
    def test_every_process_is_told_its_cage_and_limits(self, machine, folders, groups):
        """Founder and heirs alike: in the facts, with the group by descriptors of its own name."""
        stage = Stage(machine, folders, limits=LIMITS)
        stage.prepare()
        founder = machine.zygote.fork(machine.processes.new_pid())
        assert founder.facts["cage"] == "sealed"
        assert founder.facts["limits"]["descriptors"] == 40
        assert founder.descriptors == ["cgroup.0", "cgroup.1", "stack"]
        assert groups.groups["stable"].limits == LIMITS

    def test_a_group_that_cannot_be_made_is_degraded(self, machine, folders, groups):
        """It is shown with the reason, until it can."""
        groups.problem = PermissionError(13, "Permission denied")
        stage = serve(machine, folders)
        pass_time(stage, 2)
        assert "Permission denied" in notes(stage)["stable: control group"]
        groups.problem = None
        stage.die(stage.heir, number=signal.SIGKILL)
        stage.fork_heir()
        pass_time(stage, 2)
        assert notes(stage) == {}


class TestHeld:
    def test_who_is_beyond_a_limit_is_ended_with_the_reason(self, machine, folders):
        """Where no group holds it: an event with the value and the limit, and it counts."""
        stage = serve(machine, folders)
        machine.loads.takes[stage.active] = Taken(65 * MB, 0, 1, 8)
        pass_time(stage, 2.4)
        (told,) = machine.log.of("zone.limit_reached")
        assert told == {
            "zone": "stable",
            "pid": stage.active,
            "what": "memory_mb",
            "value": 65.0,
            "limit": 64.0,
            "by": "kernel",
            "why": "it takes 65 MB of memory, the limit is 64",
        }
        assert machine.processes.killed() == [stage.active]
        (died,) = [each for each, kind in machine.log.named.items() if kind == "zone.died"]
        assert machine.log.why(died) == ["zone.died", "zone.killed", "zone.limit_reached"]
        assert machine.log.of("zone.died")[0]["counts"]
        assert machine.log.of("zone.evidence")[0]["how"] == told["why"]

    def test_what_is_near_a_limit_is_noted_and_forgotten(self, machine, folders):
        """As long as it lasts, and CALM_S more: what goes to and fro is told once."""
        stage = serve(machine, folders)
        machine.loads.takes[stage.heir] = Taken(60 * MB, 0, 1, 8)
        pass_time(stage, 3)
        assert notes(stage) == {
            "stable: memory_mb": f"pid {stage.heir} takes more than 90% of 64 MB"
        }
        assert len(machine.log.of("zone.degraded")) == 1
        del machine.loads.takes[stage.heir]
        pass_time(stage, CALM_S + 3)
        assert notes(stage) == {}

    def test_how_often_it_is_looked(self, machine, folders):
        """Not in each round, which may come every two milliseconds: by how near a limit is."""
        stage = serve(machine, folders)
        taken = machine.loads.taken
        looked = []
        machine.loads.taken = lambda pid: looked.append(pid) or taken(pid)
        counts = []
        for megabytes in (1, 40, 60):
            machine.loads.takes[stage.active] = Taken(megabytes * MB, 0, 1, 8)
            pass_time(stage, 3)
            looked.clear()
            pass_time(stage, 4)
            counts.append(looked.count(stage.active))
        assert counts[0] in (1, 2) and counts[1] in (3, 4) and counts[2] >= 9

    def test_reading_stays_within_its_share_of_a_core(self, machine, folders):
        """A reading that takes 2 ms, of which a half percent for eight is to be made, has 3.2 s."""
        stage = serve(machine, folders)
        machine.loads.cost_ns = 2_000_000
        machine.loads.takes[stage.active] = Taken(60 * MB, 0, 1, 8)
        pass_time(stage, 4)
        before = stage.keeper.limits.spent_s
        pass_time(stage, 32)
        assert stage.keeper.limits.spent_s - before <= 32 * 0.005 / 8 + 0.002

    def test_other_limits_count_after_a_reload(self, machine, folders, groups):
        """What a group holds is held anew, without another process."""
        stage = serve(machine, folders)
        stage.keeper.config = replace(stage.keeper.config, limits=Limits(memory_mb=99))
        pass_time(stage, 1)
        assert groups.groups["stable"].limits.memory_mb == 99


class TestFlood:
    def test_who_logs_too_much_is_shown_and_heard_again_each_round(self, machine, folders):
        """Degraded as long as it floods; its pipe is let alone for the rest of a round."""
        stage = serve(machine, folders)
        writer = machine.zygote.stderr
        for _ in range(3):
            os.write(writer, b"x\n" * 5000)
            pass_time(stage, 1)
        assert len(machine.log.of("zone.stderr")) < 400
        assert "more than 100 lines a second" in notes(stage)["stable: log"]
        assert len(machine.log.of("zone.degraded")) == 1
        told = sum(each["count"] for each in machine.log.of("zone.lines_dropped"))
        assert told + len(machine.log.of("zone.stderr")) == 15_000
        pass_time(stage, CALM_S + 3)
        assert notes(stage) == {}

    def test_the_last_words_of_a_zygote_that_floods_are_read(self, machine, folders):
        """Its pipe is at rest when it dies: it is read to its end, and closed."""
        stage = serve(machine, folders)
        zygote = machine.zygote
        os.write(zygote.stderr, b"x\n" * 5000)
        machine.loop.turn(1)
        os.write(zygote.stderr, b"x\n" * 5000)
        machine.processes.end(zygote.pid, number=signal.SIGKILL)
        stage.round(4)
        told = sum(each["count"] for each in machine.log.of("zone.lines_dropped"))
        assert told + len(machine.log.of("zone.stderr")) == 10_000
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(zygote.handle.stderr_fd)


class TestOutOfMemory:
    def test_a_death_that_the_group_counts_is_evidence(self, machine, folders, groups):
        """Twice at one place convicts the trait that was running, as a fault of its own would."""
        stage = serve(machine, folders)
        for count, pid in enumerate((stage.active, stage.heir), 1):
            groups.groups["stable"].used = Usage(0, 0, 0.0, out_of_memory=count)
            stage.words.put(Header.FLIGHT, TRAIT_3)
            stage.die(pid, number=signal.SIGKILL)
            if count == 1:
                stage.take_over(stage.heir, ticks=0)
        died = [each for each, kind in machine.log.named.items() if kind == "zone.died"]
        assert machine.log.why(died[0]) == ["zone.died", "zone.limit_reached"]
        told = machine.log.of("zone.limit_reached")[0]
        assert (told["by"], told["pid"]) == ("cgroup", stage.active)
        assert [each["verdict"] for each in machine.log.of("zone.evidence")] == ["nobody", "trait"]
        assert machine.log.of("trait.quarantined")[0]["slot"] == 3

    def test_want_of_memory_of_the_machine_is_nobodys_fault(self, machine, folders, groups):
        """Linux counts it in the group all the same; but that has not met its limit.

        It is told, and is neither evidence nor a failure.
        """
        groups.used = Usage(0, 0, 0.0, at_limit=7)
        stage = serve(machine, folders)
        stage.words.put(Header.FLIGHT, TRAIT_3)
        groups.groups["stable"].used = Usage(0, 0, 0.0, out_of_memory=1, at_limit=7)
        stage.die(stage.active, number=signal.SIGKILL)
        (told,) = machine.log.of("zone.limit_reached")
        assert (told["by"], told["pid"]) == ("machine", stage.active)
        assert not machine.log.of("zone.evidence")
        assert not machine.log.of("zone.died")[0]["counts"]

    def test_its_own_limit_is_told_from_that(self, machine, folders, groups):
        """It was met since: evidence, also where the machine was short before."""
        groups.used = Usage(0, 0, 0.0, at_limit=7)
        stage = serve(machine, folders)
        group = groups.groups["stable"]
        stage.words.put(Header.FLIGHT, TRAIT_3)
        group.used = Usage(0, 0, 0.0, out_of_memory=1, at_limit=7)
        stage.die(stage.active, number=signal.SIGKILL)
        stage.take_over(stage.heir, ticks=0)
        stage.words.put(Header.FLIGHT, TRAIT_3)
        group.used = Usage(0, 0, 0.0, out_of_memory=2, at_limit=9)
        stage.die(stage.heir, number=signal.SIGKILL)
        assert [each["by"] for each in machine.log.of("zone.limit_reached")] == [
            "machine",
            "cgroup",
        ]
        assert len(machine.log.of("zone.evidence")) == 1

    def test_a_kill_from_outside_is_none(self, machine, folders, groups):
        """The group has counted nothing: it was somebody else."""
        stage = serve(machine, folders)
        stage.words.put(Header.FLIGHT, TRAIT_3)
        stage.die(stage.active, number=signal.SIGKILL)
        assert not machine.log.of("zone.limit_reached") and not machine.log.of("zone.evidence")

    def test_what_a_process_has_forked_is_told_too(self, machine, folders, groups):
        """No death of ours goes with it: it is told a look later, once."""
        stage = serve(machine, folders)
        groups.groups["stable"].used = Usage(0, 0, 0.0, out_of_memory=1)
        pass_time(stage, 4)
        assert [each["pid"] for each in machine.log.of("zone.limit_reached")] == [0]


class TestTold:
    def test_what_a_zone_takes_and_may_take(self, machine, folders, groups):
        """All together where a group counts, else the largest process and the sum of threads."""
        stage = serve(machine, folders)
        groups.groups["stable"].used = Usage(memory_bytes=7 * MB, tasks=5, throttled_s=0.0)
        groups.groups["stable"].inside = frozenset([stage.active])
        pass_time(stage, 2)
        told = stage.keeper.limits.fields()
        assert told["cage"] == "sealed" and told["limits"]["memory_mb"] == 64
        assert told["used"]["memory_mb"] == 7.0 and told["used"]["processes"] == 5
        assert (told["grouped"], told["processes"]) == (1, 2)

    def test_without_a_group(self, machine, folders):
        """Memory is that of the largest: what two share would be counted twice."""
        stage = serve(machine, folders)
        machine.loads.takes[stage.heir] = Taken(9 * MB, 0, 2, 11)
        pass_time(stage, 2)
        used = stage.keeper.limits.fields()["used"]
        assert used == {
            "memory_mb": 9.0,
            "cpu_percent": 0.0,
            "processes": 3,
            "descriptors": 11,
            "disk_mb_per_s": 0.0,
        }
