"""What a process has from who started it: its environment and its descriptors.

Owns: forgetting them. Does not own: what a zygote's environment holds in the first place
(`fallback/zone_environment.py`).
"""

import ctypes
import errno
import os
from collections.abc import Iterable
from functools import cache
from typing import Final

from zones.runtime.cages.calling import clear_environment

_ENV_START, _ENV_END = 50, 51  # fields of /proc/self/stat, counted from 1 as proc(5) does
DESCRIPTORS_MAX: Final = 1 << 20


def forget_environment() -> None:
    """Empty the environment, and overwrite the memory in which it was handed over.

    Removing a variable only unlinks it: its text stays where the OS put it at the start, for
    whoever reads the memory of this process.

    Raises:
        OSError: where that memory is cannot be read.
    """
    start, end = initial_block()
    clear_environment()  # what C code has set, too; some of it points into that block
    os.environ.clear()
    ctypes.memset(start, 0, end - start)


def read_initial_environment() -> bytes:
    """Return what is left of the environment that was handed over."""
    start, end = initial_block()
    return ctypes.string_at(start, end - start)


@cache
def initial_block() -> tuple[int, int]:
    """Return where the environment was handed over: the same in all forks of a process.

    Raises:
        OSError: it is not told.
    """
    with open("/proc/self/stat", "rb") as file:
        # The name of the program stands in brackets and may hold anything.
        fields = file.read().rpartition(b")")[2].split()
    start, end = int(fields[_ENV_START - 3]), int(fields[_ENV_END - 3])
    if not 0 < start <= end:
        raise OSError(errno.ENODATA, "the place of the environment is not told")
    return start, end


def keep_descriptors(keep: Iterable[int]) -> None:
    """Close all descriptors but some; a standard one that is closed leads to nothing."""
    kept = sorted(keep)
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for standard in (0, 1, 2):
        if standard not in kept:
            os.dup2(nothing, standard)
    start = 3
    for descriptor in kept:
        if descriptor >= start:
            os.closerange(start, descriptor)
            start = descriptor + 1
    os.closerange(start, DESCRIPTORS_MAX)
