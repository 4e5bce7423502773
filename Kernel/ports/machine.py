"""Look at a machine and a home for `molt doctor`; look only, and leave both as they were.

Owns: every probe. Does not own: what to think of what was seen (`Kernel/core/checkup.py`), reading
the configuration. A probe that fails says that it does not know.
"""

import ctypes
import os
import re
import resource
import stat
import sys
import time
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from Kernel.contract.arena import Header
from Kernel.contract.arena_lookup import find_arena, map_arena
from Kernel.contract.compiled_files import cache_name, hash_sources
from Kernel.contract.errors import ArenaError, ConfigError, MoltError, NoArena
from Kernel.contract.places import CONSOLE_SOCKET, SHARED_MEMORY
from Kernel.contract.robust_mutex import MUTEX_BYTES, RobustMutex
from Kernel.core.checkup import Machine, Package
from Kernel.ports.slots import FALLBACK, find_slot

WORLD_ZONE = "stable"
_NEED = re.compile(r"([A-Za-z0-9_.-]+)\s*>=\s*([0-9.]+)")
_LOCKED = re.compile(r"^([a-z0-9._-]+)==([^ \\]+)", re.MULTILINE)
_PR_GET_CHILD_SUBREAPER = 37


def look_at_machine(
    checkout: Path, home: Path, world_slots: int | None = None, config_error: str = ""
) -> Machine:
    """Return what can be seen.

    Args:
        checkout: where the code lies.
        home: where the world lives; need not be there.
        world_slots: of the configuration, None when it is unknown.
        config_error: why the configuration cannot be read, or "".
    """
    shm = _free_bytes(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK) else None
    arena, arena_error, arena_bytes = _arena(home)
    snapshots = _snapshots(home)
    holder = _lock_holder(home)
    fallback, fallback_error = _fallback(home)
    clock = time.get_clock_info("monotonic")
    return Machine(
        python=sys.version_info[:3],
        linux=_linux(),
        packages=_packages(checkout),
        features=_features(),
        shm_free_bytes=shm[0] if shm else None,
        shm_total_bytes=shm[1] if shm else None,
        arena_bytes=arena_bytes,
        world_slots=world_slots,
        config_error=config_error,
        removes_ipc=_removes_ipc(),
        home=str(home),
        home_writable=os.access(_nearest(home), os.W_OK | os.X_OK),
        disk_free_bytes=(_free_bytes(_nearest(home)) or (None, None))[0],
        clock_resolution_ns=round(clock.resolution * 1e9),
        date_s=time.time(),
        clock_synced=_clock_synced(),
        run_mode=_mode(home / "run"),
        socket_mode=_mode(home / CONSOLE_SOCKET),
        files_max=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        processes_max=resource.getrlimit(resource.RLIMIT_NPROC)[0],
        memlock_bytes=resource.getrlimit(resource.RLIMIT_MEMLOCK)[0],
        kernels_compiled=_kernels_compiled(checkout),
        cgroup_version=_cgroup_version(),
        pressure=os.access("/proc/pressure/cpu", os.R_OK),
        lock_holder=holder,
        lock_is_kernel=bool(holder) and holder == _written_pid(home),
        arena=arena,
        arena_error=arena_error,
        snapshots=len(snapshots),
        snapshot_age_s=time.time() - max(snapshots) if snapshots else None,
        fallback=fallback,
        fallback_error=fallback_error,
    )


def _kernels_compiled(checkout: Path) -> bool:
    try:
        return any(compile_cache(checkout).rglob("*.nbc"))
    except OSError:
        return False  # a checkout without its files is compiled for nobody


def compile_cache(checkout: Path) -> Path:
    """Return where the compiled code of the present sources lies, as `zones.world` names it."""
    name = cache_name(hash_sources(checkout))
    return checkout / ".cache" / "numba" / name


def _packages(checkout: Path) -> tuple[Package, ...]:
    try:
        project = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
        needs = [_NEED.match(line) for line in project["dependencies"]]
        lock = dict(_LOCKED.findall((checkout / "requirements.lock").read_text()))
    except (OSError, ValueError, KeyError):
        return ()
    return tuple(
        Package(need[1], need[2], lock.get(_as_locked(need[1]), ""), _installed(need[1]))
        for need in needs
        if need is not None
    )


def _as_locked(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _features() -> dict[str, bool]:
    """Return which system calls work, by trying them on ourselves."""

    def mutex() -> None:
        fd = os.memfd_create("molt-doctor", os.MFD_CLOEXEC)
        try:
            os.ftruncate(fd, MUTEX_BYTES)
            made = RobustMutex(fd)
            made.initialise()
            made.lock()
            made.unlock()
        finally:
            os.close(fd)

    def memory_file() -> None:
        os.close(os.memfd_create("molt-doctor", os.MFD_CLOEXEC))

    def process_file() -> None:
        os.close(os.pidfd_open(os.getpid()))

    def subreaper() -> None:
        word = ctypes.c_int()
        if ctypes.CDLL(None).prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(word), 0, 0, 0):
            raise OSError("prctl refused")

    tries: dict[str, Callable[[], None]] = {
        "robust mutex": mutex,
        "memfd": memory_file,
        "pidfd": process_file,
        "child subreaper": subreaper,
    }
    return {name: _works(attempt) for name, attempt in tries.items()}


def _works(attempt: Callable[[], None]) -> bool:
    try:
        attempt()
    except (OSError, MoltError, AttributeError):
        return False
    return True


def _linux() -> tuple[int, ...]:
    match = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _free_bytes(path: Path) -> tuple[int, int] | None:
    """Return what is free for us, and the whole size, of the file system a path is on."""
    try:
        found = os.statvfs(path)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize


def _nearest(path: Path) -> Path:
    """Return the path, or the nearest above it that is there."""
    path = path.absolute()
    return next(each for each in (path, *path.parents) if each.exists())


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None


def _read(path: Path, bytes_max: int = 65536) -> str:
    try:
        with path.open("rb") as file:
            return file.read(bytes_max).decode(errors="replace")
    except OSError:
        return ""


def _removes_ipc() -> bool | None:
    """Return whether logind removes our shared memory at logout; system users' it never does."""
    if os.getuid() < 1000 or not Path("/run/systemd/users").is_dir():
        return None
    user = os.environ.get("USER", "")
    if user and Path("/var/lib/systemd/linger", user).exists():
        return False
    folders = (Path("/usr/lib/systemd"), Path("/etc/systemd"))
    files = [folder / "logind.conf" for folder in folders]
    files += [each for folder in folders for each in sorted(folder.glob("logind.conf.d/*.conf"))]
    said = [word for file in files for word in re.findall(r"^RemoveIPC=(\w+)", _read(file), re.M)]
    return not said or said[-1].lower() not in ("no", "0", "false", "off")


def _clock_synced() -> bool | None:
    return True if Path("/run/systemd/timesync/synchronized").exists() else None


def _cgroup_version() -> int | None:
    if Path("/sys/fs/cgroup/cgroup.controllers").exists():
        return 2
    return 1 if Path("/sys/fs/cgroup/memory").is_dir() else None


def _written_pid(home: Path) -> int:
    text = _read(home / "run" / "kernel.lock", 32).strip()
    return int(text) if text.isdecimal() else 0


def _lock_holder(home: Path) -> int:
    """Return who holds the home, 0 for nobody; asks the list of locks, and takes none."""
    try:
        wanted = (home / "run" / "kernel.lock").stat()
    except OSError:
        return 0
    place = f"{os.major(wanted.st_dev):02x}:{os.minor(wanted.st_dev):02x}:{wanted.st_ino}"
    for line in _read(Path("/proc/locks"), 1 << 20).splitlines():
        words = line.split()
        if len(words) >= 6 and words[1] == "FLOCK" and words[5] == place:
            return int(words[4])
    return 0


def _arena(home: Path) -> tuple[str, str, int | None]:
    """Return what the arena's header says, why it cannot be used, and its size in bytes."""
    try:
        path = find_arena(home, WORLD_ZONE)
        size = path.stat().st_size
        words, _status = map_arena(path)
    except NoArena:
        return "", "", None
    except ArenaError as error:
        return "", error.message, None
    except OSError as error:
        return "", f"cannot read the arena: {error.strerror}", None
    return f"tick {words.get(Header.COMMIT)}, {size / 2**20:.1f} MB", "", size


def _fallback(home: Path) -> tuple[bool, str]:
    """Return whether the fallback slot is there and sound, and what is damaged in it."""
    try:
        return find_slot(home, FALLBACK) is not None, ""
    except ConfigError as error:
        return False, error.message
    except OSError as error:
        return False, f"cannot read the slot: {error.strerror}"


def _snapshots(home: Path) -> list[float]:
    """Return when each snapshot was written, seconds since 1970."""
    try:
        return [path.stat().st_mtime for path in (home / "data" / "snapshots").glob("*.snapshot")]
    except OSError:
        return []
