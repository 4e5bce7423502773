"""Find the control groups that this process may make others below: where they are, what they hold.

Owns: reading /proc/self/mountinfo and /proc/self/cgroup (Linux `Documentation/admin-guide/
cgroup-v1/cgroups.rst`, `cgroup-v2.rst`). Does not own: making a group (`cgroups.py`). Looks only.
"""

import itertools
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MEMORY: Final = "memory"
CPU: Final = "cpu"
TASKS: Final = "pids"
CONTROLLERS: Final = (MEMORY, CPU, TASKS)
OWN_PROCESS: Final = Path("/proc/self")
_READ_BYTES: Final = 1 << 20
_LIMIT_ABOVE: Final = "hierarchical_memory_limit"
_NO_LIMIT_BYTES: Final = 1 << 60
"""Version 1 says so much where no limit is set."""
_ESCAPE: Final = re.compile(r"\\([0-7]{3})")
_DELEGATE: Final = "systemd-run --user --scope -p Delegate=yes python manifest.py"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of control groups that this process is in.

    Args:
        folder: the group of this process; ours are made below it.
        controllers: those that hold there.
        version: 1 or 2.
    """

    folder: Path
    controllers: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a controller cannot be had, and what would help."""

    why: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What there is.

    Args:
        places: one of version 2, or one for each hierarchy of version 1; none twice.
        missing: by controller.
    """

    places: tuple[Place, ...]
    missing: dict[str, Missing]


@dataclass(frozen=True, slots=True)
class _Mount:
    root: str
    point: Path
    kind: str
    options: tuple[str, ...]


def find_places(process: Path = OWN_PROCESS) -> Found:
    """Return where groups may be made that hold memory, processor time and tasks.

    Version 2 is taken where it has what is wanted, as on every newer system; controllers that are
    bound to hierarchies of version 1 are not there.

    Args:
        process: the folder in /proc of this process.
    """
    mounts = _read_mounts(process / "mountinfo")
    paths = _read_paths(process / "cgroup")
    second = _find_second(mounts, paths)
    places = [second] if second is not None and second.controllers else []
    missing: dict[str, Missing] = {}
    for controller in CONTROLLERS:
        if any(controller in place.controllers for place in places):
            continue
        found = _find_first(controller, mounts, paths)
        if isinstance(found, Place):
            places.append(found)
        else:
            missing[controller] = found
    return _usable(places, missing)


def own_memory_limit(process: Path = OWN_PROCESS) -> int | None:
    """Return what the group of this process, and those above it, may have of memory, bytes.

    Args:
        process: the folder in /proc of this process.

    Returns:
        None where no limit is set, or none can be seen.
    """
    mounts, paths = _read_mounts(process / "mountinfo"), _read_paths(process / "cgroup")
    found: list[int] = []
    for mount in mounts:
        if mount.kind == "cgroup2":
            folder = _below(mount, paths.get(""))
            while folder is not None:
                found += _wholes([_read(folder / "memory.max").strip()])
                folder = folder.parent if folder != mount.point else None
        elif MEMORY in mount.options:
            folder = _below(mount, paths.get(MEMORY))
            if folder is not None:
                words = _read(folder / "memory.stat").split()
                pairs = itertools.pairwise(words)
                found += _wholes(each for name, each in pairs if name == _LIMIT_ABOVE)
    return min((each for each in found if each < _NO_LIMIT_BYTES), default=None)


def _wholes(words: Iterable[str]) -> list[int]:
    return [int(word) for word in words if word.isdecimal()]


def _usable(places: list[Place], missing: dict[str, Missing]) -> Found:
    """Leave out where nothing can be made: a container sees its groups, and may not change them."""
    usable = []
    for place in places:
        why = _why_unusable(place)
        if why is None:
            usable.append(place)
        else:
            missing = missing | dict.fromkeys(place.controllers, why)
    return Found(tuple(usable), missing)


def _why_unusable(place: Place) -> Missing | None:
    needed = [place.folder, place.folder / "cgroup.procs"]
    if place.version == 2:
        needed.append(place.folder / "cgroup.subtree_control")
    for path in needed:
        if not os.access(path, os.W_OK):
            why = f"{path} cannot be written"
            return Missing(why, _DELEGATE if os.getuid() else "")
    return None


def _find_second(mounts: list[_Mount], paths: dict[str, str]) -> Place | None:
    for mount in mounts:
        folder = _below(mount, paths.get("")) if mount.kind == "cgroup2" else None
        if folder is not None:
            there = _read(folder / "cgroup.controllers").split()
            return Place(folder, tuple(each for each in CONTROLLERS if each in there), 2)
    return None


def _find_first(controller: str, mounts: list[_Mount], paths: dict[str, str]) -> Place | Missing:
    for mount in mounts:
        if mount.kind == "cgroup" and controller in mount.options:
            folder = _below(mount, paths.get(controller))
            if folder is None:
                return Missing(f"the {controller} group of this process is not below {mount.point}")
            return Place(folder, (controller,), 1)
    if any(mount.kind == "cgroup2" for mount in mounts):
        why = f"the group of this process has no controller {controller}"
        return Missing(why, _DELEGATE if os.getuid() else "")
    return Missing("no control groups are mounted")


def _below(mount: _Mount, path: str | None) -> Path | None:
    """Return the folder of a group as this process sees it; None for one out of its sight."""
    if path is None:
        return None
    root = mount.root.rstrip("/")
    if path != root and not path.startswith(root + "/"):
        return None
    inner = path[len(root) :].strip("/")
    if ".." in inner.split("/"):
        return None
    folder = mount.point / inner
    return folder if folder.is_dir() else None


def _read_mounts(path: Path) -> list[_Mount]:
    found = []
    for line in _read(path).splitlines():
        before, _, after = line.partition(" - ")
        fields, rest = before.split(), after.split()
        if len(fields) >= 5 and len(rest) >= 3 and rest[0] in ("cgroup", "cgroup2"):
            root, point = (_plain(fields[place]) for place in (3, 4))
            found.append(_Mount(root, Path(point), rest[0], tuple(rest[2].split(","))))
    return found


def _read_paths(path: Path) -> dict[str, str]:
    """Return the group of a process by controller; that of version 2 has the name ""."""
    found: dict[str, str] = {}
    for line in _read(path).splitlines():
        number, _, rest = line.partition(":")
        names, _, group = rest.partition(":")
        if number == "0" or names:
            found |= dict.fromkeys(names.split(","), group)
    return found


def _plain(text: str) -> str:
    """Return a path of mountinfo without its escapes."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_READ_BYTES).decode(errors="replace")
    except OSError:
        return ""
