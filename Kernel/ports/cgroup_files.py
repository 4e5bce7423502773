"""Read and write the files of one control group, of version 1 and of version 2.

Owns: their names and forms (Linux `Documentation/admin-guide/cgroup-v1/memory.rst`, `pids.rst`,
`cgroup-v2.rst`, `scheduler/sched-bwc.rst`). Does not own: which group (`cgroups.py`).
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from Kernel.core.limits import MEGABYTE, USUAL_WEIGHT, Limits
from Kernel.ports.cgroup_tree import CPU, MEMORY, TASKS, Place
from Kernel.ports.pressure import Pressure, read_pressure

_PERIOD_US: Final = 100_000
_USUAL_SHARES: Final = 1024
"""What version 1 calls USUAL_WEIGHT."""
_NO_LIMIT: Final = {1: "-1", 2: "max"}
_MEMORY_FILES: Final = {
    1: ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
    2: ("memory.max",),
}
_READ_BYTES: Final = 8192


@dataclass(frozen=True, slots=True)
class Usage:
    """What the processes of a group take; None: no group holds that.

    Args:
        memory_bytes: without files that are only kept because there is room.
        tasks: processes and threads.
        throttled_s: how long they were kept from running by their limit, so far.
        out_of_memory: how many were killed for want of memory, so far: in this group, or in all of
            the machine.
        at_limit: how often the limit of memory of this group was met, so far; None: not told.
        tasks_refused: how often one more was refused, so far.
        memory_pressure: how long its processes wait for it; None: the machine does not tell.
    """

    memory_bytes: int | None = None
    tasks: int | None = None
    throttled_s: float | None = None
    out_of_memory: int = 0
    tasks_refused: int = 0
    at_limit: int | None = None
    memory_pressure: Pressure | None = None


class SystemGroup:
    """One group: a folder in each hierarchy."""

    def __init__(
        self,
        name: str,
        places: tuple[Place, ...],
        folders: list[Path],
        descriptors: tuple[int, ...],
    ) -> None:
        self.name = name
        self.folders = folders
        self.descriptors = descriptors
        self._of = {
            controller: (folder, place.version)
            for place, folder in zip(places, folders, strict=True)
            for controller in place.controllers
        }

    def limit(self, limits: Limits) -> None:
        """Let other limits hold from now on."""
        for controller, (folder, version) in self._of.items():
            _WRITERS[controller](folder, version, limits)

    def usage(self) -> Usage:
        """Return what its processes take."""
        memory, tasks = self._of.get(MEMORY), self._of.get(TASKS)
        cpu = self._of.get(CPU)
        return Usage(
            memory_bytes=None if memory is None else _memory_of(*memory),
            tasks=None if tasks is None else _whole(read(tasks[0] / "pids.current")),
            throttled_s=None if cpu is None else _throttled_of(*cpu),
            out_of_memory=0 if memory is None else _out_of_memory_of(*memory),
            tasks_refused=0 if tasks is None else _fields(tasks[0] / "pids.events").get("max", 0),
            at_limit=None if memory is None else _at_limit_of(*memory),
            memory_pressure=None if memory is None else _pressure_of(*memory),
        )

    def members(self) -> frozenset[int]:
        """Return the processes in it."""
        words = read(self.folders[0] / "cgroup.procs").split() if self.folders else []
        return frozenset(int(word) for word in words if word.isdecimal())

    def close(self) -> None:
        """Close its descriptors."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = ()


def _limit_memory(folder: Path, version: int, limits: Limits) -> None:
    most = str(limits.memory_mb * MEGABYTE) if limits.memory_mb else _NO_LIMIT[version]
    files = [folder / name for name in _MEMORY_FILES[version]]
    files = [path for path in files if path.exists()]  # one kernel counts swap, another does not
    try:
        for path in files:
            write(path, most)
    except OSError:  # memory and swap together can be lowered only last, and raised only first
        for path in (*reversed(files), *files):
            write(path, most)
    swap = folder / "memory.swap.max"
    if version == 2 and swap.exists():
        write(swap, "0" if limits.memory_mb else _NO_LIMIT[2])


def _limit_cpu(folder: Path, version: int, limits: Limits) -> None:
    quota = limits.cpu_percent * _PERIOD_US // 100
    if version == 2:
        write(folder / "cpu.max", f"{quota or _NO_LIMIT[2]} {_PERIOD_US}")
        write(folder / "cpu.weight", str(limits.cpu_weight))
        return
    if (folder / "cpu.shares").exists():
        write(folder / "cpu.shares", str(limits.cpu_weight * _USUAL_SHARES // USUAL_WEIGHT))
    if (folder / "cpu.cfs_quota_us").exists():
        write(folder / "cpu.cfs_period_us", str(_PERIOD_US))
        write(folder / "cpu.cfs_quota_us", str(quota) if quota else _NO_LIMIT[1])


def _limit_tasks(folder: Path, _version: int, limits: Limits) -> None:
    write(folder / "pids.max", str(limits.processes) if limits.processes else _NO_LIMIT[2])


_WRITERS: Final = {MEMORY: _limit_memory, CPU: _limit_cpu, TASKS: _limit_tasks}


def _memory_of(folder: Path, version: int) -> int:
    current, inactive = (
        ("memory.usage_in_bytes", "total_inactive_file"),
        ("memory.current", "inactive_file"),
    )[version - 1]
    kept = _fields(folder / "memory.stat").get(inactive, 0)
    return max(0, _whole(read(folder / current)) - kept)


def _out_of_memory_of(folder: Path, version: int) -> int:
    name = ("memory.oom_control", "memory.events")[version - 1]
    return _fields(folder / name).get("oom_kill", 0)


def _at_limit_of(folder: Path, version: int) -> int | None:
    """Version 1 has `memory.failcnt`, which newer kernels leave at 0 (seen on Linux 6.18)."""
    return _fields(folder / "memory.events").get("oom") if version == 2 else None


def _pressure_of(folder: Path, version: int) -> Pressure | None:
    """Only version 2 tells it of a group."""
    return read_pressure(folder / "memory.pressure") if version == 2 else None


def _throttled_of(folder: Path, version: int) -> float:
    name, scale = (("throttled_time", 1e-9), ("throttled_usec", 1e-6))[version - 1]
    return _fields(folder / "cpu.stat").get(name, 0) * scale


def _fields(path: Path) -> dict[str, int]:
    """Return the numbers of a file of lines "NAME NUMBER"."""
    pairs = (line.split() for line in read(path).splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdecimal()}


def _whole(text: str) -> int:
    text = text.strip()
    return int(text) if text.isdecimal() else 0


def read(path: Path, bytes_max: int = _READ_BYTES) -> str:
    """Return the text of a file, "" for one that cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(bytes_max).decode(errors="replace")
    except OSError:
        return ""


def write(path: Path, text: str) -> None:
    """Write a file of the system, in one call and without making one; raise OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
