"""Faults of the disk a home lies on: full, slow, read-only by an error of its own.

Owns: how each begins and ends. Does not own: the disk (`home_disk.py`). That of a read-only disk
is a real error of ext4: such a file system takes no writer before it was unmounted and checked.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from Kernel.contract.arena import Header
from tests.chaos.home_disk import HomeDisk
from tests.chaos.own_faults import own_fault
from tests.chaos.own_target import OwnTarget
from tools.chaos.fault import Fault, Injury, Misses
from tools.chaos.target import KERNEL, MB, Target, wait_until

THROTTLE: Final = Path("/sys/fs/cgroup/blkio")
SLOW_BYTES_S: Final = 100_000
"""A commit of the log takes some 80 ms then."""
LASTS_S: Final = (6.0, 15.0)
EMPTY_S: Final = 10.0
BALLAST: Final = "ballast"


def disk_faults(disk: HomeDisk) -> list[Fault]:
    """Return the faults of this disk."""
    return [
        own_fault("disk full", 4, partial(_fill, disk)),
        own_fault("disk read-only", 2, partial(_break, disk), Misses.MANY),
        *([own_fault("disk slow", 4, partial(_slow, disk), alone=False)] if can_throttle() else []),
    ]


def can_throttle() -> bool:
    """Tell whether writing can be slowed down for some processes only."""
    return (THROTTLE / "blkio.throttle.write_bps_device").exists() and os.access(THROTTLE, os.W_OK)


def _fill(disk: HomeDisk, target: OwnTarget, chance: Random) -> Injury:
    """Take every free block, so that the next one that is needed is not there."""
    ballast = disk.home / BALLAST
    taken = 0
    with ballast.open("wb") as file:
        for step in (64 * MB, MB, 4096):
            with suppress(OSError):
                while True:
                    os.posix_fallocate(file.fileno(), taken, step)
                    taken += step
    injury = Injury(f"{taken >> 20} MB taken, none is left", lasts_s=chance.uniform(*LASTS_S))
    injury.shown = partial(target.says, "No space left", "disk is full")
    injury.heal = partial(_after_ticks, target, injury, target.word(Header.COMMIT), ballast.unlink)
    return injury


def _slow(disk: HomeDisk, target: OwnTarget, chance: Random) -> Injury:
    """Let who writes the log, the snapshots and the kernel's own files write slowly."""
    group = THROTTLE / f"molt-chaos-{os.getpid()}"
    group.mkdir(exist_ok=True)
    limit = group / "blkio.throttle.write_bps_device"
    limit.write_text(f"{disk.number} {SLOW_BYTES_S}")
    homes = {
        pid: _group_of(pid) for role in ("archive", "chronos", KERNEL) for pid in target.pids(role)
    }
    usual = _group_of(target.kernel)
    for pid in homes:
        _move(pid, group)

    def heal() -> None:
        """Move everybody back, and who was born here to where the kernel was."""

        def is_empty() -> bool:
            for pid in map(int, (group / "cgroup.procs").read_text().split()):
                _move(pid, homes.get(pid, usual))
            return not (group / "cgroup.procs").read_text().strip()

        wait_until(is_empty, "nobody is slowed down any more", EMPTY_S)
        group.rmdir()

    told = f"{SLOW_BYTES_S >> 10} kB a second for {len(homes)} processes"
    return Injury(told, lasts_s=chance.uniform(*LASTS_S), heal=heal)


def _break(disk: HomeDisk, target: OwnTarget, chance: Random) -> Injury:
    """Let the file system find an error in itself; it is mended while nobody is home."""
    Path(f"/sys/fs/ext4/{disk.name}/trigger_fs_error").write_text("chaos")
    injury = Injury("an error of ext4, read-only from then on", lasts_s=chance.uniform(*LASTS_S))
    injury.shown = partial(target.says, "Read-only", "readonly")

    def mend() -> None:
        injury.told += f"; stopped with exit code {target.stop()}"
        with target.nobody_home():
            disk.unmount()
            injury.told += f"; checked: {disk.check()}"
            disk.mount()
        target.boot()

    injury.heal = partial(_after_ticks, target, injury, target.word(Header.COMMIT), mend)
    return injury


def _after_ticks(target: Target, injury: Injury, tick: int, heal: Callable[[], None]) -> None:
    """Heal, and say so when the world did not tick on until then."""
    if target.word(Header.COMMIT) == tick:
        injury.breaches.append(f"the world stood still at tick {tick}: {injury.told}")
    heal()


def _group_of(pid: int) -> Path:
    """Return the group that throttles a process now."""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if "blkio" in controllers.split(","):
            return THROTTLE / path.lstrip("/")
    return THROTTLE


def _move(pid: int, group: Path) -> None:
    with suppress(OSError):  # it may have ended
        (group / "cgroup.procs").write_text(str(pid))
