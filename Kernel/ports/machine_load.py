"""How the whole machine is: pressure, memory and disk that are left, and what there is at all.

Owns: reading it. Does not own: what is too much (`Kernel/core/overload.py`), what zones may take of
it (`Kernel/core/budgets.py`), what one process takes (`meters.py`).
"""

import os
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import psutil

from Kernel.core.budgets import Pool
from Kernel.ports.cgroup_tree import OWN_PROCESS, own_memory_limit
from Kernel.ports.memory import free_memory_bytes
from Kernel.ports.pressure import Pressure, read_pressure

PRESSURE: Final = Path("/proc/pressure")


@dataclass(frozen=True, slots=True)
class MachineLoad:
    """The machine at one moment; None: it does not tell.

    Args:
        cpu, memory, io: pressure.
        memory_free_bytes: what new processes could take without swapping.
        disk_free_bytes: for us, of the file system the home is on.
    """

    cpu: Pressure | None = None
    memory: Pressure | None = None
    io: Pressure | None = None
    memory_free_bytes: int | None = None
    disk_free_bytes: int | None = None


class MachineMeters(Protocol):
    """What the governor asks of the machine; a test gives its own."""

    def read(self) -> MachineLoad:
        """Return how it is now."""

    def pool(self) -> Pool:
        """Return what there is at all."""


class NoMachineMeters:
    """Tells nothing."""

    def read(self) -> MachineLoad:
        """Return that nothing is known."""
        return MachineLoad()

    def pool(self) -> Pool:
        """Return that nothing is known."""
        return Pool()


class SystemMachineMeters:
    """The real ones.

    Args:
        home: whose disk counts.
        pressure: the folder of the files of pressure.
        process: the folder in /proc of this process.
    """

    def __init__(self, home: Path, pressure: Path = PRESSURE, process: Path = OWN_PROCESS) -> None:
        self._home = home
        self._pressure = pressure
        self._process = process

    def read(self) -> MachineLoad:
        """Return how it is now: three small files and two system calls."""
        return MachineLoad(
            cpu=read_pressure(self._pressure / "cpu"),
            memory=read_pressure(self._pressure / "memory"),
            io=read_pressure(self._pressure / "io"),
            memory_free_bytes=free_memory_bytes(),
            disk_free_bytes=self._disk_free_bytes(),
        )

    def pool(self) -> Pool:
        """Return what there is: of memory not more than the groups we are in leave us."""
        memory: int | None = int(psutil.virtual_memory().total)
        above = own_memory_limit(self._process)
        if above is not None:
            memory = min(memory or above, above)
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        descriptors = 0 if most == resource.RLIM_INFINITY else most
        return Pool(tuple(sorted(os.sched_getaffinity(0))), memory or 0, descriptors)

    def _disk_free_bytes(self) -> int | None:
        try:
            found = os.statvfs(self._home)
        except OSError:
            return None
        return found.f_bavail * found.f_frsize
