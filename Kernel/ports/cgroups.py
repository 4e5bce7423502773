"""Control groups: what the processes of a zone may take together, held by Linux itself.

Owns: groups of one home, below the group this kernel was started in, so that its limits hold for
ours, too: making, limiting, reading and removing them. Does not own: where that is
(`cgroup_tree.py`), how much a zone may take (`Kernel/core/limits.py`), what follows from it
(`Kernel/core/enclosure.py`).

A process enters by writing "0" into the descriptors of `cgroup.procs` it was given: before it is
enclosed, and with no moment in which it is outside. A group is named after the home and the zone;
nothing else is ever touched. What a killed kernel has left is removed by the next one of its home.

With version 2 a group that has groups with limits below it can hold no processes: the kernel then
moves itself into one beside its zones. Where others are in its group, too, there are no limits:
they are not ours to move.
"""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from Kernel.contract.places import arena_places
from Kernel.core.limits import Limits
from Kernel.ports.cgroup_files import SystemGroup, Usage, read, write
from Kernel.ports.cgroup_tree import CONTROLLERS, OWN_PROCESS, Missing, Place, find_places

RECORD: Final = Path("run", "cgroups")
"""The folders, below the home, in which groups of this home may be left."""
_RECORD_BYTES: Final = 65536
_KERNEL: Final = "kernel"
_DELEGATE: Final = "systemd-run --user --scope -p Delegate=yes python manifest.py"


@dataclass(frozen=True, slots=True)
class Holding:
    """What groups hold on this machine.

    Args:
        version: 2, 1, or 0 for none.
        folders: where groups are made.
        missing: why a controller (memory, cpu, pids) holds nothing, by its name.
    """

    version: int = 0
    folders: tuple[str, ...] = ()
    missing: dict[str, Missing] = field(default_factory=dict)

    def holds(self, controller: str) -> bool:
        """Tell whether limits of a controller are held."""
        return bool(self.version) and controller not in self.missing


class Group(Protocol):
    """The group of one zone, or of one temporary process."""

    name: str
    descriptors: tuple[int, ...]
    """Of `cgroup.procs`, one for each hierarchy; none where nothing holds."""

    def limit(self, limits: Limits) -> None:
        """Let other limits hold from now on; raise OSError if they cannot be written."""

    def usage(self) -> Usage:
        """Return what its processes take."""

    def members(self) -> frozenset[int]:
        """Return the processes in it."""


class Cgroups(Protocol):
    """What the kernel does with control groups; a test gives its own."""

    holding: Holding

    def make(self, name: str, limits: Limits) -> Group:
        """Make the group of this name, or take the one there is; raise OSError if it cannot be."""

    def remove(self, group: Group) -> None:
        """Let a group go; its descriptors are closed, and it is gone once it is empty."""

    def close(self) -> None:
        """Remove every group, at the end."""


class NoCgroups:
    """Where no group can be made: nothing is held, and that is told.

    Args:
        why: for each controller.
    """

    def __init__(self, why: str = "no control groups are used", hint: str = "") -> None:
        self.holding = Holding(missing=dict.fromkeys(CONTROLLERS, Missing(why, hint)))

    def make(self, name: str, _limits: Limits) -> Group:
        """Return a group that holds nothing."""
        return _NoGroup(name)

    def remove(self, group: Group) -> None:
        """There is nothing to remove."""

    def close(self) -> None:
        """There is nothing to remove."""


class _NoGroup:
    def __init__(self, name: str) -> None:
        self.name = name
        self.descriptors: tuple[int, ...] = ()

    def limit(self, limits: Limits) -> None:
        """Nothing holds."""

    def usage(self) -> Usage:
        """Return that nothing is known."""
        return Usage()

    def members(self) -> frozenset[int]:
        """Return nobody."""
        return frozenset()


class SystemCgroups:
    """The real ones.

    Args:
        home: whose groups they are.
        process: the folder in /proc of this process.
        mkdir, rmdir: make and remove a group; a test sees to its files, too.
    """

    def __init__(
        self,
        home: Path,
        process: Path = OWN_PROCESS,
        mkdir: Callable[[Path], None] = Path.mkdir,
        rmdir: Callable[[Path], None] = Path.rmdir,
    ) -> None:
        self._mkdir = mkdir
        self._rmdir = rmdir
        self._prefix = _prefix_of(home)
        self._record = home / RECORD
        self._groups: dict[str, SystemGroup] = {}
        self._doomed: list[Path] = []
        self._moved_from: Path | None = None
        left = remove_leftovers(home, rmdir)
        found = find_places(process)
        missing = dict(found.missing)
        places = []
        for place in found.places:
            why = self._take_up(place)
            if why is None:
                places.append(place)
            else:
                missing |= dict.fromkeys(place.controllers, why)
        self._places = tuple(places)
        self.holding = Holding(
            max((place.version for place in places), default=0),
            tuple(str(place.folder) for place in places),
            missing,
        )
        self._write_record(left)

    def make(self, name: str, limits: Limits) -> Group:
        """Make the group of this name, or take the one there is."""
        if name not in self._groups:
            self._sweep()
            self._groups[name] = self._open(name)
        self._groups[name].limit(limits)
        return self._groups[name]

    def remove(self, group: Group) -> None:
        """Let a group go."""
        made = self._groups.pop(group.name, None)
        if made is not None:
            made.close()
            self._doomed += made.folders
        self._sweep()

    def close(self) -> None:
        """Remove every group, and go back to where this process was."""
        for group in list(self._groups.values()):
            self.remove(group)
        self._sweep()
        if self._moved_from is not None and not self._doomed:
            home, self._moved_from = self._moved_from, None
            own = home / f"{self._prefix}{_KERNEL}"
            with contextlib.suppress(OSError):
                for controller in CONTROLLERS:
                    write(home / "cgroup.subtree_control", f"-{controller}")
                write(home / "cgroup.procs", "0")
                self._rmdir(own)
        if not self._doomed:
            self._record.unlink(missing_ok=True)

    def _open(self, name: str) -> SystemGroup:
        folders: list[Path] = []
        descriptors: list[int] = []
        try:
            for place in self._places:
                folder = place.folder / f"{self._prefix}{name}"
                with contextlib.suppress(FileExistsError):  # one that was still in use
                    self._mkdir(folder)
                if folder in self._doomed:
                    self._doomed.remove(folder)
                folders.append(folder)
                descriptors.append(os.open(folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC))
        except OSError:
            for descriptor in descriptors:
                os.close(descriptor)
            self._doomed += folders
            self._sweep()
            raise
        return SystemGroup(name, self._places, folders, tuple(descriptors))

    def _sweep(self) -> None:
        """Remove the groups that are let go and empty; one whose last process ends is so soon."""
        self._doomed = [folder for folder in self._doomed if not _is_removed(folder, self._rmdir)]

    def _take_up(self, place: Place) -> Missing | None:
        """Have the controllers of a place hold in groups below it, or return why they cannot."""
        if place.version == 1:
            return None
        control = place.folder / "cgroup.subtree_control"
        wanted = set(place.controllers) - set(read(control).split())
        if not wanted:
            return None
        others = set(read(place.folder / "cgroup.procs").split()) - {str(os.getpid())}
        # The root group may hold processes and controllers; only it has no cgroup.type.
        is_root = not (place.folder / "cgroup.type").exists()
        if others and not is_root:
            why = f"{len(others)} other processes are in {place.folder}"
            return Missing(why, _DELEGATE)
        try:
            if not is_root:
                own = place.folder / f"{self._prefix}{_KERNEL}"
                self._mkdir(own)
                write(own / "cgroup.procs", "0")
                self._moved_from = place.folder
            for controller in sorted(wanted):
                write(control, f"+{controller}")
        except OSError as error:
            return Missing(f"{place.folder}: {error.strerror or error}", _DELEGATE)
        return None

    def _write_record(self, left: list[Path]) -> None:
        folders = {str(each) for each in left} | {str(place.folder) for place in self._places}
        with contextlib.suppress(OSError):  # then a killed kernel leaves empty folders
            if folders:
                self._record.write_text("".join(f"{each}\n" for each in sorted(folders)))
            else:
                self._record.unlink(missing_ok=True)


def remove_leftovers(home: Path, rmdir: Callable[[Path], None] = Path.rmdir) -> list[Path]:
    """Remove the groups that killed kernels of a home have left; return folders with a rest."""
    left = []
    for line in read(home / RECORD, _RECORD_BYTES).splitlines():
        parent = Path(line)
        try:
            found = [each for each in parent.iterdir() if each.name.startswith(_prefix_of(home))]
        except OSError:  # gone, with all that was in it
            continue
        if not all([_is_removed(each, rmdir) for each in found]):
            left.append(parent)
    return left


def _prefix_of(home: Path) -> str:
    return f"{arena_places(home, os.getuid())[0].name}-"


def _is_removed(folder: Path, rmdir: Callable[[Path], None]) -> bool:
    try:
        rmdir(folder)
    except FileNotFoundError:
        return True
    except OSError:  # somebody is in it yet
        return False
    return True
