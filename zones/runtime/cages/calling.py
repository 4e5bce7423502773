"""System calls that Python has no function for.

Owns: how they are made and how they fail. Does not own: what they are for.
"""

import ctypes
import os
from functools import cache
from typing import Final

from zones.runtime.cages.syscalls import Machine, machine

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.restype = ctypes.c_long
_LIBC.syscall.argtypes = [ctypes.c_long] * 7
_LIBC.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]


class NotKnownHere(OSError):
    """The machine, or the call on it, is not in the tables."""


@cache
def this_machine() -> Machine:
    """Return the machine this runs on.

    Raises:
        NotKnownHere: the tables do not have it.
    """
    name = os.uname().machine
    found = machine(name)
    if found is None:
        raise NotKnownHere(38, f"the machine {name} is in no table")
    return found


def system_call(name: str, *arguments: int) -> int:
    """Make a call by its name and return its result.

    Args:
        arguments: whole numbers, or addresses of memory that outlives the call.

    Raises:
        OSError: it failed, or is not known here.
    """
    number = this_machine().numbers.get(name)
    if number is None:
        raise NotKnownHere(38, f"there is no {name} on {os.uname().machine}")
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    result: int = _LIBC.syscall(number, *padded)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def process_control(option: int, *arguments: int) -> int:
    """Make a prctl and return its result.

    Raises:
        OSError: it failed.
    """
    result: int = _LIBC.prctl(option, *(*arguments, 0, 0, 0, 0)[:4])
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl {option}: {os.strerror(code)}")
    return result


def clear_environment() -> None:
    """Empty the environment as C code sees it."""
    _LIBC.clearenv()
