"""How the machine is: pressure as Linux tells it, what groups above leave, and the real one."""

import os
from pathlib import Path

import pytest

from Kernel.ports.cgroup_tree import own_memory_limit
from Kernel.ports.machine_load import MachineLoad, NoMachineMeters, SystemMachineMeters
from Kernel.ports.pressure import Pressure, read_pressure

MB = 1 << 20
TEXT = (
    "some avg10=12.50 avg60=1.00 avg300=0.00 total=217209\n"
    "full avg10=0.25 avg60=0.00 avg300=0.00 total=16089\n"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TEXT, Pressure(12.5, 0.25)),
        (TEXT.splitlines()[0], Pressure(12.5, 0.0)),
        ("", None),
        ("full avg10=1.00 total=1\n", None),
        ("some avg10=lots total=1\n", None),
        ("some\n", None),
        ("\xff\xfe", None),
    ],
)
def test_pressure_is_read_as_linux_writes_it(tmp_path, text, expected):
    """Of a processor older kernels tell no full; what is no pressure tells nothing."""
    (tmp_path / "cpu").write_text(text, encoding="latin-1")
    assert read_pressure(tmp_path / "cpu") == expected


def test_a_machine_that_tells_no_pressure(tmp_path):
    """Started with psi=0, or older: nothing is known, and nothing fails."""
    assert read_pressure(tmp_path / "none") is None
    assert read_pressure(tmp_path) is None
    load = SystemMachineMeters(tmp_path, pressure=tmp_path).read()
    assert (load.cpu, load.memory, load.io) == (None, None, None)


class Groups:
    """Control groups on paper."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = folder / "proc"
        self.process.mkdir()
        self.mounts: list[str] = []
        self.paths: list[str] = []

    def add(self, kind: str, options: str, line: str, inner: str) -> Path:
        """Mount a hierarchy, with this process in the group `inner`; return its mount point."""
        point = self.folder / kind
        (point / inner.strip("/")).mkdir(parents=True)
        self.mounts.append(f"35 31 0:32 / {point} rw - {kind} {kind} rw,{options}")
        self.paths.append(line + inner)
        (self.process / "mountinfo").write_text("\n".join(self.mounts))
        (self.process / "cgroup").write_text("\n".join(self.paths))
        return point


@pytest.fixture
def groups(tmp_path: Path) -> Groups:
    """Give a machine without any."""
    return Groups(tmp_path)


def test_the_smallest_limit_above_counts(groups):
    """Of version 2 each group up to the root is looked at; "max" is none."""
    point = groups.add("cgroup2", "", "0::", "/a/b")
    assert own_memory_limit(groups.process) is None
    (point / "a" / "b" / "memory.max").write_text("max\n")
    (point / "a" / "memory.max").write_text(f"{64 * MB}\n")
    (point / "memory.max").write_text(f"{128 * MB}\n")
    assert own_memory_limit(groups.process) == 64 * MB


def test_version_one_tells_it_at_once(groups):
    """As the limit of its hierarchy; a huge number is none."""
    point = groups.add("cgroup", "memory", "4:memory:", "/a")
    stat = point / "a" / "memory.stat"
    stat.write_text(f"cache 1\nhierarchical_memory_limit {2**63 - 4096}\nrss 3\n")
    assert own_memory_limit(groups.process) is None
    stat.write_text(f"cache 1\nhierarchical_memory_limit {32 * MB}\nrss 3\n")
    assert own_memory_limit(groups.process) == 32 * MB


def test_the_pool_is_within_the_groups_above(groups):
    """Of a container that may have less than its machine has."""
    pool = SystemMachineMeters(groups.folder, process=groups.process).pool()
    assert pool.memory_bytes > 64 * MB and pool.cores == tuple(sorted(os.sched_getaffinity(0)))
    point = groups.add("cgroup2", "", "0::", "/a")
    (point / "a" / "memory.max").write_text(f"{64 * MB}\n")
    assert SystemMachineMeters(groups.folder, process=groups.process).pool() == type(pool)(
        pool.cores, 64 * MB, pool.descriptors
    )


def test_this_machine(tmp_path):
    """What is left of memory and disk is known on every Linux; of a home that is gone nothing."""
    load = SystemMachineMeters(tmp_path).read()
    assert load.memory_free_bytes and load.disk_free_bytes
    assert SystemMachineMeters(tmp_path / "gone").read().disk_free_bytes is None


def test_where_nothing_is_measured():
    """Nothing is known, and so nothing is cut."""
    assert NoMachineMeters().read() == MachineLoad()
    assert NoMachineMeters().pool().memory_bytes == 0
