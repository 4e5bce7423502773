"""Control groups: found, limited, read and removed; on paper, and for real where we may."""

import os
import shutil
import signal
import socket
from pathlib import Path

import pytest

from Kernel.contract.places import arena_places
from Kernel.core.limits import Limits
from Kernel.ports.cgroup_tree import CONTROLLERS, CPU, MEMORY, TASKS, find_places
from Kernel.ports.cgroups import RECORD, Cgroups, NoCgroups, SystemCgroups
from Kernel.ports.pressure import Pressure
from tests.support.fake_cgroups import FakeCgroups

FILES = {
    "memory.limit_in_bytes": "",
    "memory.usage_in_bytes": "5000000",
    "memory.stat": "inactive_file 1\ntotal_inactive_file 1000000\n",
    "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
    "memory.max": "",
    "memory.swap.max": "",
    "memory.current": "7000000",
    "memory.pressure": "some avg10=1.50 avg60=0 total=1\nfull avg10=0.25 total=1\n",
    "memory.events": "low 0\nmax 9\noom 2\noom_kill 1\n",
    "cpu.cfs_quota_us": "",
    "cpu.cfs_period_us": "",
    "cpu.max": "",
    "cpu.weight": "",
    "cpu.shares": "",
    "cpu.stat": "throttled_time 2500000000\nthrottled_usec 1500000\n",
    "pids.max": "",
    "pids.current": "12",
    "pids.events": "max 4\n",
    "cgroup.procs": "",
    "cgroup.type": "domain",
}
"""Of a group, as Linux makes them with it."""
LIMITS = Limits(memory_mb=64, cpu_percent=150, cpu_weight=1000, processes=9)


class Machine:
    """A machine on paper: its control groups are plain folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = folder / "proc"
        self.process.mkdir()
        self.home = folder / "home"
        (self.home / "run").mkdir(parents=True)
        self.mounts: list[str] = []
        self.paths: list[str] = []

    def mount(self, kind: str, name: str, options: str, root: str = "/") -> Path:
        """Mount a hierarchy and return its folder."""
        point = self.folder / name
        point.mkdir()
        self.mounts.append(f"35 31 0:32 {root} {point} rw - {kind} {kind} rw,{options}")
        (self.process / "mountinfo").write_text("\n".join(self.mounts))
        return point

    def be_in(self, number: int, names: str, group: str) -> None:
        """Put this process into a group."""
        self.paths.append(f"{number}:{names}:{group}")
        (self.process / "cgroup").write_text("\n".join(self.paths))

    def first(self) -> None:
        """Have hierarchies of version 1, this process in a group of its own for memory."""
        memory = self.mount("cgroup", "memory", "memory")
        self.be_in(4, "memory", "/job")
        self.mkdir(memory / "job")
        for number, name in ((1, "cpu"), (8, "pids")):
            self.fill(self.mount("cgroup", name, name))
            self.be_in(number, name, "/")

    def second(self, controllers: str = "cpu memory pids", held: str = "") -> Path:
        """Have version 2, this process in a group that was delegated; return that."""
        unified = self.mount("cgroup2", "unified", "nsdelegate")
        self.be_in(0, "", "/user/molt")
        (unified / "user").mkdir()
        own = unified / "user" / "molt"
        self.mkdir(own)
        (own / "cgroup.controllers").write_text(controllers)
        (own / "cgroup.subtree_control").write_text(held)
        (own / "cgroup.procs").write_text(f"{os.getpid()}\n")
        return own

    @staticmethod
    def fill(folder: Path) -> None:
        """Make the files of a group."""
        for name, text in FILES.items():
            (folder / name).write_text(text)

    def mkdir(self, folder: Path) -> None:
        """Make a group as Linux does: with its files."""
        folder.mkdir()
        self.fill(folder)

    @staticmethod
    def rmdir(folder: Path) -> None:
        """Remove a group as Linux does: with its files, and only while nobody is in it."""
        if (folder / "cgroup.procs").read_text().strip() not in ("", "0"):
            raise OSError(16, "Device or resource busy")
        shutil.rmtree(folder)

    def boot(self) -> SystemCgroups:
        """Return the groups as a kernel makes them."""
        return SystemCgroups(self.home, self.process, self.mkdir, self.rmdir)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Give a machine without any control groups."""
    return Machine(tmp_path)


def text(folder: Path, name: str) -> str:
    """Return what was written into a file of a group."""
    return (folder / name).read_text()


class TestFound:
    def test_nothing_is_mounted(self, machine):
        """Without control groups each controller is missing, and nothing is held."""
        groups = machine.boot()
        assert groups.holding.version == 0 and set(groups.holding.missing) == set(CONTROLLERS)
        assert groups.make("stable", LIMITS).descriptors == ()
        assert not (machine.home / RECORD).exists()

    def test_version_1_as_one_hierarchy_each(self, machine):
        """The group this process is in counts: limits above it hold for ours, too."""
        machine.first()
        found = find_places(machine.process)
        assert {place.folder.name: place.controllers for place in found.places} == {
            "job": (MEMORY,), "cpu": (CPU,), "pids": (TASKS,),
        }  # fmt: skip
        assert not found.missing

    def test_version_2_is_taken_where_it_has_controllers(self, machine):
        """A hybrid machine has both: what version 2 holds is not looked for in version 1."""
        own = machine.second("cpu memory")
        machine.fill(machine.mount("cgroup", "pids", "pids"))
        machine.be_in(8, "pids", "/")
        found = find_places(machine.process)
        assert [(place.version, place.controllers) for place in found.places] == [
            (2, (MEMORY, CPU)), (1, (TASKS,)),
        ]  # fmt: skip
        assert found.places[0].folder == own

    def test_version_2_without_controllers_says_so(self, machine):
        """As beside hierarchies of version 1: nothing is held there."""
        machine.second("")
        found = find_places(machine.process)
        assert not found.places and "has no controller memory" in found.missing[MEMORY].why

    @pytest.mark.parametrize("group", ["/elsewhere", "/../../up", "/docker/x/../../y"])
    def test_a_group_out_of_sight(self, machine, group):
        """A container may name groups that it cannot see: none of them is ever taken."""
        machine.mount("cgroup", "memory", "memory", root="/docker/x")
        machine.be_in(4, "memory", group)
        found = find_places(machine.process)
        assert not found.places and "is not below" in found.missing[MEMORY].why

    def test_a_container_sees_its_group_at_the_mount(self, machine):
        """What is mounted is the container's own group: paths in /proc begin above it."""
        folder = machine.mount("cgroup", "memory", "memory", root="/docker/x")
        machine.fill(folder)
        machine.be_in(4, "memory", "/docker/x")
        assert [place.folder for place in find_places(machine.process).places] == [folder]

    def test_a_mount_with_a_space_in_its_name(self, machine):
        """The table of mounts writes a space as an octal number."""
        folder = machine.mount("cgroup", "a b", "memory")
        machine.fill(folder)
        machine.be_in(4, "memory", "/")
        mounts = (machine.process / "mountinfo").read_text()
        (machine.process / "mountinfo").write_text(mounts.replace("a b", r"a\040b"))
        assert [place.folder for place in find_places(machine.process).places] == [folder]

    def test_what_cannot_be_written_is_told(self, machine, monkeypatch):
        """A container that may only look: each controller with the file that refuses."""
        machine.first()
        monkeypatch.setattr("os.access", lambda path, _mode: "pids" not in str(path))
        groups = machine.boot()
        assert set(groups.holding.missing) == {TASKS}
        assert groups.holding.missing[TASKS].why.endswith("cannot be written")
        assert groups.holding.holds(MEMORY) and not groups.holding.holds(TASKS)


class TestSecondVersion:
    def test_the_kernel_makes_room_for_its_zones(self, machine):
        """A group with limited groups below it holds no processes: the kernel moves beside them."""
        own = machine.second()
        groups = machine.boot()
        (kernel,) = [each for each in own.iterdir() if each.name.endswith("-kernel")]
        assert text(kernel, "cgroup.procs") == "0"
        assert text(own, "cgroup.subtree_control") == "+pids"  # the last one written
        group = groups.make("stable", LIMITS)
        (folder,) = [each for each in own.iterdir() if each.name.endswith("-stable")]
        assert text(folder, "memory.max") == str(64 << 20)
        assert text(folder, "memory.swap.max") == "0"
        assert text(folder, "cpu.max") == "150000 100000" and text(folder, "pids.max") == "9"
        assert text(folder, "cpu.weight") == "1000"
        assert len(group.descriptors) == 1
        usage = group.usage()
        assert (usage.out_of_memory, usage.tasks_refused, usage.throttled_s) == (1, 4, 1.5)
        assert usage.at_limit == 2 and usage.memory_pressure == Pressure(1.5, 0.25)
        groups.close()
        assert text(own, "cgroup.procs") == "0" and not kernel.exists() and not folder.exists()
        assert text(own, "cgroup.subtree_control") == "-pids"

    def test_nobody_else_is_moved(self, machine):
        """A shell in the same group: no limits, the reason, and how to get a group alone."""
        own = machine.second()
        (own / "cgroup.procs").write_text(f"1\n{os.getpid()}\n")
        groups = machine.boot()
        assert groups.holding.version == 0
        assert groups.holding.missing[MEMORY].why.startswith("1 other processes are in")
        assert "Delegate=yes" in groups.holding.missing[MEMORY].hint
        assert text(own, "cgroup.subtree_control") == ""

    def test_controllers_that_hold_already_move_nobody(self, machine):
        """A second kernel in one group, or one beside a manager that has done it."""
        own = machine.second(held="cpu memory pids")
        (own / "cgroup.procs").write_text("")
        assert machine.boot().holding.version == 2
        assert not [each for each in own.iterdir() if each.name.startswith("molt-")]


class TestGroups:
    def test_limits_of_version_1(self, machine):
        """Memory with swap, a share of the processor's time, tasks; 0 takes a limit away."""
        machine.first()
        group = machine.boot().make("stable", LIMITS)
        memory, cpu, tasks = (
            next(iter((machine.folder / name).glob("**/molt-*-stable")))
            for name in ("memory/job", "cpu", "pids")
        )
        assert text(memory, "memory.limit_in_bytes") == str(64 << 20)
        assert text(cpu, "cpu.cfs_quota_us") == "150000" and text(tasks, "pids.max") == "9"
        assert text(cpu, "cpu.shares") == "10240"
        group.limit(Limits())
        assert text(memory, "memory.limit_in_bytes") == "-1"
        assert text(cpu, "cpu.cfs_quota_us") == "-1" and text(tasks, "pids.max") == "max"
        assert text(cpu, "cpu.shares") == "1024"
        usage = group.usage()
        assert (usage.memory_bytes, usage.tasks, usage.out_of_memory) == (4_000_000, 12, 3)
        assert (usage.tasks_refused, usage.throttled_s) == (4, 2.5)
        assert usage.at_limit is None and usage.memory_pressure is None

    def test_who_is_in_one(self, machine):
        """Processes by their pids."""
        machine.first()
        group = machine.boot().make("stable", LIMITS)
        next((machine.folder / "memory/job").glob("molt-*")).joinpath("cgroup.procs").write_text(
            "12\n345\n"
        )
        assert group.members() == {12, 345}

    def test_a_group_that_cannot_be_made_leaves_nothing(self, machine):
        """No descriptor and no folder of the attempt stays; the reason reaches who asked."""
        machine.first()
        groups = machine.boot()
        before = len(os.listdir("/proc/self/fd"))
        (machine.folder / "pids").rename(machine.folder / "gone")
        with pytest.raises(FileNotFoundError):
            groups.make("stable", LIMITS)
        assert len(os.listdir("/proc/self/fd")) == before
        assert not list((machine.folder / "memory/job").glob("molt-*"))

    def test_one_that_is_busy_goes_later(self, machine):
        """A process that is stuck keeps its group; it is removed when it is gone."""
        machine.first()
        groups = machine.boot()
        group = groups.make("trial-1", LIMITS)
        folder = next((machine.folder / "memory/job").glob("molt-*"))
        (folder / "cgroup.procs").write_text("12\n")
        groups.remove(group)
        assert folder.exists() and group.descriptors == ()
        (folder / "cgroup.procs").write_text("")
        groups.close()
        assert not folder.exists() and not (machine.home / RECORD).exists()

    def test_the_next_kernel_removes_what_a_killed_one_has_left(self, machine):
        """Only of the same home, wherever that was started; others' groups are never touched."""
        machine.first()
        killed = machine.boot()
        group = killed.make("stable", LIMITS)
        others = machine.folder / "cpu" / "molt-0-0123456789ab-stable"
        machine.mkdir(others)
        left = list(machine.folder.glob("**/molt-*-stable"))
        assert len(left) == 4
        (machine.process / "cgroup").write_text("")  # the next one is started somewhere else
        assert machine.boot().holding.version == 0
        assert list(machine.folder.glob("**/molt-*-stable")) == [others]
        for descriptor in group.descriptors:
            os.close(descriptor)

    def test_what_is_still_in_use_is_tried_again_by_the_one_after(self, machine):
        """A folder with a rest stays on the record."""
        machine.first()
        machine.boot().make("stable", LIMITS)
        folder = next((machine.folder / "memory/job").glob("molt-*"))
        (folder / "cgroup.procs").write_text("12\n")
        (machine.process / "cgroup").write_text("")
        machine.boot()
        assert folder.exists() and str(folder.parent) in (machine.home / RECORD).read_text()
        (folder / "cgroup.procs").write_text("")
        machine.boot()
        assert not folder.exists() and not (machine.home / RECORD).exists()


@pytest.mark.parametrize("kind", ["none", "fake", "paper"])
def test_all_keep_the_contract(kind, machine):
    """A group of one name is one; it may be limited, read, let go, and made again."""
    machine.first()
    groups: Cgroups = {"none": NoCgroups, "fake": FakeCgroups, "paper": machine.boot}[kind]()
    group = groups.make("stable", LIMITS)
    assert group.name == "stable" and groups.make("stable", Limits()).name == "stable"
    held = [each for each in CONTROLLERS if groups.holding.holds(each)]
    assert bool(group.descriptors) == bool(held)
    usage = group.usage()
    assert (usage.memory_bytes is not None) == groups.holding.holds(MEMORY)
    assert (usage.tasks is not None) == groups.holding.holds(TASKS)
    assert isinstance(group.members(), frozenset)
    groups.remove(group)
    again = groups.make("stable", LIMITS)
    assert again.name == "stable"
    groups.close()
    groups.close()


@pytest.mark.slow
class TestForReal:
    @pytest.fixture
    def groups(self, tmp_path):
        """Give groups of a home of our own, or skip with the reason."""
        (tmp_path / "run").mkdir()
        groups = SystemCgroups(tmp_path)
        missing = [groups.holding.missing.get(each) for each in (MEMORY, TASKS)]
        if any(missing):
            groups.close()
            pytest.skip(f"no control groups here: {missing}")
        yield groups
        groups.close()

    def test_who_takes_too_much_memory_is_killed_and_counted(self, groups):
        """The process that enters by its descriptors is ended by Linux; the counts tell.

        That of its limit, where there is one, tells it from want of memory of the machine.
        """
        group = groups.make("stable", Limits(memory_mb=32, processes=20))
        before = group.usage().at_limit
        pid = os.fork()
        if pid == 0:
            for descriptor in group.descriptors:
                os.write(descriptor, b"0")
            bytearray(256 << 20)
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == signal.SIGKILL
        assert group.usage().out_of_memory == 1
        after = group.usage().at_limit
        assert (before is None and after is None) or after > before

    def test_a_weight_is_what_linux_has(self, groups):
        """It takes the weight of a group and the change of it, in the scale of its version."""
        if not groups.holding.holds(CPU):
            pytest.skip(f"no control of the processor here: {groups.holding.missing[CPU]}")
        group = groups.make("stable", Limits(cpu_weight=1000))
        files = [folder / name for folder in group.folders for name in ("cpu.weight", "cpu.shares")]
        (file,) = [each for each in files if each.exists()]
        usual = {"cpu.weight": 100, "cpu.shares": 1024}[file.name]
        assert int(file.read_text()) == 10 * usual
        group.limit(Limits())
        assert int(file.read_text()) == usual

    def test_processes_are_counted_and_refused(self, groups):
        """One more than the limit is refused to the process inside, not to us."""
        group = groups.make("stable", Limits(processes=1))
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            for descriptor in group.descriptors:
                os.write(descriptor, b"0")
            try:
                os.fork()
                os._exit(1)
            except BlockingIOError:
                theirs.send(b"x")
                theirs.recv(1)
            os._exit(0)
        theirs.close()
        with ours:
            ours.settimeout(20.0)
            assert ours.recv(1) == b"x"
            assert pid in group.members() and group.usage().tasks == 1
            assert group.usage().tasks_refused >= 1
        assert os.waitpid(pid, 0)[1] == 0

    def test_nothing_is_left(self, tmp_path, groups):
        """After the end there is no folder of ours in any hierarchy."""
        groups.make("stable", LIMITS)
        ours = f"{arena_places(tmp_path, os.getuid())[0].name}-*"
        folders = [Path(each) for each in groups.holding.folders]
        assert all(list(each.glob(ours)) for each in folders)
        groups.close()
        assert not any(list(each.glob(ours)) for each in folders)
