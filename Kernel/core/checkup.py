"""Examine a machine and a home: what is sound, what limps, what fails, and what mends it.

Owns: the checks, one small function each, in layers from the machine up to the home. Does not own:
looking (`Kernel/ports/machine.py`), how findings look (`Kernel/console/render.py`).
Pure: a check takes what was seen and returns what to think of it. Model: `brew doctor`, one line
and one command for each finding. Longer than a file should be because it is one list of checks.
"""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

PYTHON_MIN = (3, 11)
LINUX_SLICES = (6, 12)
"""EEVDF takes a thread's own time slice from here on."""
SLOT_BYTES = 1100
"""Memory of a world for each slot (config/world.yaml says the same), both buffers."""
WORLD_BYTES = 8 * 2**20
"""Memory of a world besides its slots: rings, header, ground, the log of lives."""
SNAPSHOTS_KEPT = 3
FILES_MIN = 1024
PROCESSES_MIN = 256
FREE_DISK_MIN = 256 * 2**20
YEAR_S = 365 * 86_400
DATE_MIN_S = 54 * YEAR_S
"""Some day of 2023: no machine that runs this is older."""
CLOCK_NS_MAX = 1_000_000
STALE_SNAPSHOT_S = 3600.0
FUEL_LEAST, FUEL_MOST = 0.6, 4.0
"""Of the steps the configuration takes for a millisecond of traits: so many are near enough."""


class Verdict(StrEnum):
    """What to think of a finding."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined.

    Args:
        value: what was seen.
        limit: what it is held to, or "".
        hint: the command that mends it, "" when nothing is to be mended.
    """

    layer: str
    what: str
    verdict: Verdict
    value: str
    limit: str = ""
    hint: str = ""

    def fields(self) -> dict[str, object]:
        """Return it as programs read it."""
        return {
            "layer": self.layer,
            "what": self.what,
            "verdict": self.verdict.value,
            "value": self.value,
            "limit": self.limit,
            "hint": self.hint,
        }


@dataclass(frozen=True, slots=True)
class Package:
    """A package we need.

    Args:
        minimum: what pyproject.toml asks for.
        locked: what requirements.lock names, "" when it names none.
        installed: what is there, "" when nothing is.
    """

    name: str
    minimum: str
    locked: str
    installed: str


@dataclass(frozen=True, slots=True)
class Machine:
    """What was seen of a machine and of one home. None: it could not be found out.

    Args:
        features: by the name of a system call or option, whether it works.
        shm_free_bytes, shm_total_bytes: of /dev/shm; None: there is none that we may write.
        arena_bytes: size of this home's arena where there is one.
        world_slots: of the world in the configuration.
        config_error: why the configuration cannot be used, "" when it can.
        removes_ipc: logind removes shared memory when its user logs out.
        clock_resolution_ns: of CLOCK_MONOTONIC.
        date_s: seconds since 1970.
        clock_synced: by NTP.
        run_mode, socket_mode: permission bits of HOME/run and its socket, None: not there.
        files_max, processes_max, memlock_bytes: our soft limits; -1: unlimited.
        kernels_compiled: the compile cache of the present sources holds something.
        cgroup_version: 2, 1, or None.
        pressure: /proc/pressure can be read.
        lock_holder: pid of the process that holds the home, 0: nobody.
        lock_is_kernel: that process is the kernel which wrote its pid into the lock.
        arena: what the header of the arena says, "" when there is none.
        arena_error: why it cannot be used, "" when it can.
        snapshots: how many there are.
        snapshot_age_s: of the newest, None when there is none.
        fallback: every byte of the fallback slot is as its list says.
        fallback_error: what is damaged in the slot, "" when nothing is or there is none.
        safe_mode: a kernel answers at this home, and it is safe mode.
        refused: of a kernel that answers, requests by whoever may not make them, by road.
        fuel_per_ms: steps of traits that were done in a millisecond.
        world_fuel_per_ms: steps that the configuration takes for a millisecond.
    """

    python: tuple[int, ...]
    linux: tuple[int, ...]
    packages: tuple[Package, ...]
    features: Mapping[str, bool]
    shm_free_bytes: int | None
    shm_total_bytes: int | None
    arena_bytes: int | None
    world_slots: int | None
    config_error: str
    removes_ipc: bool | None
    home: str
    home_writable: bool
    disk_free_bytes: int | None
    clock_resolution_ns: int
    date_s: float
    clock_synced: bool | None
    run_mode: int | None
    socket_mode: int | None
    files_max: int
    processes_max: int
    memlock_bytes: int
    kernels_compiled: bool
    cgroup_version: int | None
    pressure: bool
    lock_holder: int
    lock_is_kernel: bool
    arena: str
    arena_error: str
    snapshots: int
    snapshot_age_s: float | None
    fallback: bool
    fallback_error: str
    safe_mode: bool = False
    refused: Mapping[str, int] = field(default_factory=dict)
    fuel_per_ms: int | None = None
    world_fuel_per_ms: float | None = None

    @property
    def world_bytes(self) -> int | None:
        """Memory the world of the configuration takes, about."""
        return None if self.world_slots is None else WORLD_BYTES + SLOT_BYTES * self.world_slots


Check = Callable[[Machine], Finding]


def examine(machine: Machine) -> list[Finding]:
    """Return a finding for each check, in the order of `CHECKS`."""
    return [check(machine) for check in CHECKS]


def check_python(machine: Machine) -> Finding:
    """Hold the interpreter to the oldest we run on."""
    return _judge(
        "python", "version", _dotted(machine.python), machine.python >= PYTHON_MIN,
        limit=f"at least {_dotted(PYTHON_MIN)}", hint="make PYTHON=python3.11 setup",
    )  # fmt: skip


def check_packages(machine: Machine) -> Finding:
    """Hold the packages to pyproject.toml, and to the lock file as a warning."""
    bad = [each for each in machine.packages if not _reaches(each.installed, each.minimum)]
    other = [each for each in machine.packages if each.locked not in ("", each.installed)]
    limit = "pyproject.toml and requirements.lock"
    if bad:
        value = ", ".join(f"{p.name} {p.installed or 'missing'} (>= {p.minimum})" for p in bad)
        return Finding("python", "packages", Verdict.FAIL, value, limit, "make setup")
    if other:
        value = ", ".join(f"{p.name} {p.installed} (locked {p.locked})" for p in other)
        return Finding("python", "packages", Verdict.WARN, value, limit, "make setup")
    return Finding("python", "packages", Verdict.OK, f"{len(machine.packages)} as locked", limit)


def check_compiled(machine: Machine) -> Finding:
    """See whether the world's code is compiled; without it the first boot takes a minute."""
    return _judge(
        "python", "compiled kernels",
        "of the present sources" if machine.kernels_compiled else "none of the present sources",
        machine.kernels_compiled, hint="python -m zones.world compile", worst=Verdict.WARN,
    )  # fmt: skip


def check_fuel(machine: Machine) -> Finding:
    """Hold the steps that stand for a millisecond of traits to what this machine does in one.

    Steps decide ticks, not time: too many let traits take longer than the tick has, too few stop
    traits that would have had the time.
    """
    done, taken = machine.fuel_per_ms, machine.world_fuel_per_ms
    if done is None or taken is None:
        return Finding("machine", "trait fuel", Verdict.OK, "not measured")
    fits = FUEL_LEAST * taken <= done <= FUEL_MOST * taken
    advised = int(float(f"{done:.1e}"))
    return _judge(
        "machine", "trait fuel", f"{done:,} steps in a millisecond", fits,
        limit=f"the configuration takes {taken:,.0f} for one (fuel_per_ms)", worst=Verdict.WARN,
        hint=f"molt params fuel_per_ms {advised}",
    )  # fmt: skip


def check_features(machine: Machine) -> Finding:
    """See whether the operating system has what a takeover is made of."""
    missing = [name for name, works in machine.features.items() if not works]
    return _judge(
        "machine", "system calls",
        f"without {', '.join(missing)}" if missing else ", ".join(machine.features),
        not missing, hint="uname -r; boot Linux 5.10 or newer, without a filter of system calls",
    )  # fmt: skip


def check_slices(machine: Machine) -> Finding:
    """See whether heirs may ask for short time slices."""
    return _judge(
        "machine", "short time slices", f"Linux {_dotted(machine.linux)}",
        machine.linux >= LINUX_SLICES, limit=f"Linux {_dotted(LINUX_SLICES)}: takeovers beside "
        "other work take longer before", hint="uname -r", worst=Verdict.WARN,
    )  # fmt: skip


def check_cgroup(machine: Machine) -> Finding:
    """See whether the machine tells of memory ends and pressure, which tells starved from hung."""
    version = machine.cgroup_version
    value = f"cgroup {'none' if version is None else f'v{version}'}, pressure "
    value += "readable" if machine.pressure else "not readable"
    return _judge(
        "machine", "cgroup and pressure", value, version == 2 and machine.pressure,
        limit="cgroup v2 and /proc/pressure", hint="boot Linux with " + (
            "psi=1" if version == 2 else "systemd.unified_cgroup_hierarchy=1"
        ),
        worst=Verdict.WARN,
    )  # fmt: skip


def check_files(machine: Machine) -> Finding:
    """Hold the limit of open files to what a kernel with many askers needs."""
    return _limit_finding("open files", machine.files_max, FILES_MIN, "n")


def check_processes(machine: Machine) -> Finding:
    """Hold the limit of processes to what zygotes, heirs and their threads need."""
    return _limit_finding("processes", machine.processes_max, PROCESSES_MIN, "u")


def check_memlock(machine: Machine) -> Finding:
    """Tell how much memory may be locked; nothing of this version needs any."""
    value = "unlimited" if machine.memlock_bytes < 0 else _bytes(machine.memlock_bytes)
    return Finding("machine", "locked memory", Verdict.OK, value)


def check_clock(machine: Machine) -> Finding:
    """See whether ticks can be timed, and whether the date is one."""
    good = machine.clock_resolution_ns <= CLOCK_NS_MAX and machine.date_s > DATE_MIN_S
    synced = {True: "synchronised", False: "not synchronised", None: "synchronised or not: unknown"}
    value = f"resolution {machine.clock_resolution_ns} ns, {synced[machine.clock_synced]}"
    if machine.date_s <= DATE_MIN_S:
        value += ", the date is long past"
    return _judge(
        "machine", "clock", value, good, limit=f"{CLOCK_NS_MAX} ns", hint="timedatectl",
        worst=Verdict.WARN,
    )  # fmt: skip


def check_shared_memory(machine: Machine) -> Finding:
    """Hold /dev/shm to what the world takes, besides what this home already has there."""
    free, need = machine.shm_free_bytes, machine.world_bytes
    if free is None or machine.shm_total_bytes is None:
        return Finding(
            "memory", "/dev/shm", Verdict.WARN, "none that may be written",
            "the arena lies in HOME/data then, and does not survive a crash of the machine",
            "ls -ld /dev/shm",
        )  # fmt: skip
    free += machine.arena_bytes or 0
    value = f"{_bytes(free)} of {_bytes(machine.shm_total_bytes)} for this world"
    if need is None:
        return Finding("memory", "/dev/shm", Verdict.OK, value)
    return _judge(
        "memory", "/dev/shm", value, free >= need, limit=f"{_bytes(need)} for the world",
        hint=f"mount -o remount,size={-(-need // 2**20) * 2}M /dev/shm", worst=Verdict.WARN,
    )  # fmt: skip


def check_logind(machine: Machine) -> Finding:
    """See whether logging out would take the arena away under a kernel that runs on."""
    words = {
        True: "removes shared memory when this user logs out",
        False: "leaves shared memory alone",
        None: "is not here, or not asked for this user",
    }
    return _judge(
        "memory", "logind", words[machine.removes_ipc], not machine.removes_ipc,
        limit="RemoveIPC=no", hint="loginctl enable-linger", worst=Verdict.WARN,
    )  # fmt: skip


def check_home(machine: Machine) -> Finding:
    """See whether the home can be written: without, there is no snapshot and no lock."""
    value = machine.home if machine.home_writable else f"{machine.home}: not writable"
    hint = "python manifest.py --home DIR, with a folder you may write"
    return _judge("home", "folder", value, machine.home_writable, hint=hint)


def check_disk(machine: Machine) -> Finding:
    """Hold the disk to the snapshots that are kept and a journal."""
    free = machine.disk_free_bytes
    if free is None:
        return Finding("home", "disk", Verdict.WARN, "free space unknown", "", "df -h")
    need = FREE_DISK_MIN + (SNAPSHOTS_KEPT + 1) * (machine.world_bytes or 0)
    return _judge(
        "home", "disk", f"{_bytes(free)} free", free >= need, limit=_bytes(need), hint="df -h",
        worst=Verdict.WARN if free >= need // 4 else Verdict.FAIL,
    )  # fmt: skip


def check_config(machine: Machine) -> Finding:
    """See whether the configuration can be read."""
    value = machine.config_error or "read, every key known and in range"
    return _judge("home", "configuration", value, not machine.config_error, hint="git diff config")


def check_run(machine: Machine) -> Finding:
    """See whether others are kept out of the console."""
    place = shlex.quote(f"{machine.home}/run")
    modes = (("run", machine.run_mode, 0o700), ("socket", machine.socket_mode, 0o600))
    open_ = [f"{name} {mode:o}" for name, mode, most in modes if mode is not None and mode & ~most]
    seen = [f"{name} {mode:o}" for name, mode, _ in modes if mode is not None]
    return _judge(
        "home", "console", ", ".join(open_ or seen) or "not made yet", not open_,
        limit="run 700, socket 600", hint=f"chmod 700 {place} && chmod 600 {place}/console.sock",
    )  # fmt: skip


def check_lock(machine: Machine) -> Finding:
    """Tell who holds the home, and whether that is what is left of a dead kernel."""
    pid = machine.lock_holder
    if not pid:
        return Finding("home", "lock", Verdict.OK, "free: no kernel runs here")
    if machine.lock_is_kernel:
        return Finding("home", "lock", Verdict.OK, f"held by kernel {pid}")
    value = f"held by pid {pid}, left over from a kernel that is gone"
    hint = "python manifest.py (it ends what is left over)"
    return Finding("home", "lock", Verdict.WARN, value, "", hint)


def check_arena(machine: Machine) -> Finding:
    """See whether the world's arena can be read."""
    value = machine.arena_error or machine.arena or "none: the world is founded or restored at boot"
    hint = "python manifest.py (it sets the file aside and restores from a snapshot)"
    return _judge("home", "arena", value, not machine.arena_error, hint=hint)


def check_snapshots(machine: Machine) -> Finding:
    """Tell how many snapshots there are and how old the newest is."""
    if machine.snapshot_age_s is None:
        bare = not machine.arena
        value = "none yet" if bare else "none: a reboot would lose this world"
        return _judge("home", "snapshots", value, bare, hint="molt status", worst=Verdict.WARN)
    age_s = max(0.0, machine.snapshot_age_s)
    value = f"{machine.snapshots}, the newest {age_s:,.0f} s old"
    fresh = not machine.lock_is_kernel or age_s < STALE_SNAPSHOT_S
    return _judge(
        "home", "snapshots", value, fresh, limit=f"{STALE_SNAPSHOT_S:,.0f} s while a kernel runs",
        hint="molt logs archive", worst=Verdict.WARN,
    )  # fmt: skip


def check_safe_mode(machine: Machine) -> Finding:
    """See whether the kernel that answers had to give up every zone but the world's ticks."""
    value = "it runs in safe mode" if machine.safe_mode else "not in safe mode"
    return _judge("home", "kernel", value, not machine.safe_mode, hint="molt safe-mode status")


def check_requests(machine: Machine) -> Finding:
    """Tell what was asked for by whoever may not, since the kernel that answers began."""
    refused = {road: count for road, count in machine.refused.items() if count}
    told = ", ".join(f"{count} on the {road}" for road, count in refused.items())
    value = f"refused: {told}" if told else "none was refused"
    hint = "molt events kind=request.refused"
    return _judge("home", "requests", value, not told, hint=hint, worst=Verdict.WARN)


def check_fallback(machine: Machine) -> Finding:
    """See whether there is a copy of the modules that runs when the checkout is broken."""
    if machine.fallback_error:
        hint = f"python -m fallback.slot_proof --home {shlex.quote(machine.home)}"
        return Finding("home", "fallback slot", Verdict.FAIL, machine.fallback_error, "", hint)
    return _judge(
        "home", "fallback slot", "filled, every byte proven" if machine.fallback else "none yet",
        machine.fallback, hint="python manifest.py (it fills the slot some seconds after boot)",
        worst=Verdict.WARN,
    )  # fmt: skip


CHECKS: tuple[Check, ...] = (
    check_features,
    check_slices,
    check_cgroup,
    check_files,
    check_processes,
    check_memlock,
    check_clock,
    check_fuel,
    check_python,
    check_packages,
    check_compiled,
    check_shared_memory,
    check_logind,
    check_home,
    check_disk,
    check_config,
    check_run,
    check_lock,
    check_safe_mode,
    check_requests,
    check_arena,
    check_snapshots,
    check_fallback,
)


def _judge(
    layer: str,
    what: str,
    value: str,
    good: bool,
    limit: str = "",
    hint: str = "",
    worst: Verdict = Verdict.FAIL,
) -> Finding:
    return Finding(layer, what, Verdict.OK if good else worst, value, limit, "" if good else hint)


def _limit_finding(what: str, value: int, least: int, letter: str) -> Finding:
    shown = "unlimited" if value < 0 else str(value)
    return _judge(
        "machine", what, shown, value < 0 or value >= least, limit=f"at least {least}",
        hint=f"ulimit -{letter} {least}", worst=Verdict.WARN,
    )  # fmt: skip


def _reaches(installed: str, minimum: str) -> bool:
    return bool(installed) and _numbers(installed) >= _numbers(minimum)


def _numbers(version: str) -> tuple[int, ...]:
    """Return the release of a version, as far as it is numbers."""
    numbers: list[int] = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _bytes(size: int) -> str:
    return f"{size / 2**30:,.1f} GB" if size >= 2**30 else f"{size / 2**20:,.0f} MB"
