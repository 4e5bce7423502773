"""Faults of the wall clock: steps of hours, a clock that stands still, for the kernel alone.

Owns: a clock of the kernel's own, how it is moved. Does not own: the machine's clock, which is
never touched. The way is a library that is compiled and preloaded (`clock_shift.c`). Tried:
libfaketime 0.9.10, which refuses every sleep of a Python that is told the true monotonic clock.
"""

import shutil
import struct
import subprocess
import time
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from tests.chaos.own_faults import own_fault
from tests.chaos.own_target import OwnTarget
from tools.chaos.fault import Fault, Injury

SOURCE: Final = Path(__file__).with_name("clock_shift.c")
COMPILE_S: Final = 60.0
HOUR_NS: Final = 3_600_000_000_000
HOURS: Final = (1, 2, 5, 12, 30)
LASTS_S: Final = (4.0, 10.0)
LIBRARY: Final = "clock_shift.so"


class Clock:
    """The clock of one kernel.

    Args:
        folder: an empty one, for the library and the file that moves the clock.

    Raises:
        OSError: it cannot be had here.
    """

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise OSError("there is no C compiler")
        library = folder / LIBRARY
        self._file = folder / "clock"
        self.set()
        built = subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"],
            capture_output=True, text=True, timeout=COMPILE_S, check=False,
        )  # fmt: skip
        if built.returncode:
            raise OSError(f"cannot compile {SOURCE.name}: {built.stderr.strip()}")
        self.environment = {"LD_PRELOAD": str(library), "MOLT_CHAOS_CLOCK": str(self._file)}

    def set(self, ahead_ns: int = 0, frozen_ns: int = 0) -> None:
        """Move it so far ahead, or hold it at a time."""
        mode = "r+b" if self._file.exists() else "wb"
        with self._file.open(mode) as file:
            file.write(struct.pack("<qq", ahead_ns, frozen_ns))


def clock_faults(clock: Clock) -> list[Fault]:
    """Return the faults of this clock."""
    return [
        own_fault("clock forward", 2, partial(_step, clock, 1), alone=False),
        own_fault("clock back", 2, partial(_step, clock, -1), alone=False),
        own_fault("clock frozen", 2, partial(_freeze, clock), alone=False),
    ]


def _step(clock: Clock, sign: int, target: OwnTarget, chance: Random) -> Injury:
    hours = sign * chance.choice(HOURS)
    clock.set(ahead_ns=hours * HOUR_NS)
    return _moved(clock, target, f"the kernel's clock {hours:+d} h", chance)


def _freeze(clock: Clock, target: OwnTarget, chance: Random) -> Injury:
    clock.set(frozen_ns=time.time_ns())
    return _moved(clock, target, "the kernel's clock stands still", chance)


def _moved(clock: Clock, target: OwnTarget, told: str, chance: Random) -> Injury:
    injury = Injury(told, lasts_s=chance.uniform(*LASTS_S), heal=clock.set)
    if LIBRARY not in Path(f"/proc/{target.kernel}/maps").read_text():
        injury.breaches.append("the kernel does not look at the clock that was moved")
    return injury
