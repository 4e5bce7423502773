"""One layer of a cage, applied to this process.

Owns: what each layer of a plan comes down to. Does not own: which are applied and in which order
(`cage.py`).
"""

import ctypes
import os
import struct
from dataclasses import replace
from functools import cache
from typing import Final

from zones.runtime.cages import code_pages, landlock, limits, namespaces, privileges, surroundings
from zones.runtime.cages.calling import process_control, system_call, this_machine
from zones.runtime.cages.filters import build_filter
from zones.runtime.cages.plans import Plan
from zones.runtime.cages.profiles import PROFILES

_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_SET_MODE_FILTER: Final = 1
_SECCOMP_TSYNC: Final = 1
_STEP_BYTES: Final = 8
_NO_PID: Final = 0x7E57C0DE
"""Stands for the pid in a filter made beforehand: pids end at 2^22."""


def forget_environment(plan: Plan) -> None:
    """ENVIRONMENT: empty, also where the OS had put it."""
    surroundings.forget_environment()


def keep_descriptors(plan: Plan) -> None:
    """DESCRIPTORS: close all that are not kept."""
    if plan.keep is not None:
        surroundings.keep_descriptors(plan.keep)


def renounce(plan: Plan) -> None:
    """PRIVILEGES, its first half: no_new_privs and undumpable, no code that can be written over."""
    privileges.renounce()
    if not plan.row().new_code:
        code_pages.close_code_pages()


def drop_capabilities(plan: Plan) -> None:
    """PRIVILEGES, its second half: making namespaces takes capabilities, and gives all of them."""
    privileges.drop_capabilities()


def set_limits(plan: Plan) -> None:
    """RLIMITS."""
    limits.set_limits(plan.limits)


def separate(plan: Plan) -> None:
    """NAMESPACES: those of the profile, and an empty root where the plan names no path."""
    profile = plan.row()
    if not profile.namespaces:
        return
    namespaces.separate(profile.namespaces)
    if profile.empty_root and not plan.read and not plan.write:
        namespaces.empty_root()


def restrict_files(plan: Plan) -> None:
    """LANDLOCK."""
    profile = plan.row()
    if not profile.files:
        return
    process_control(_SET_NO_NEW_PRIVS, 1)
    abi = landlock.ask_abi()
    if not abi:
        raise OSError(38, "the OS has no Landlock, or it is off")
    landlock.restrict(abi, plan.read, plan.write, plan.connect, plan.bind, sockets=profile.sockets)


def filter_calls(plan: Plan) -> None:
    """SECCOMP: for all threads; from here on the profile holds."""
    process_control(_SET_NO_NEW_PRIVS, 1)
    program = filter_for(plan.profile, bool(plan.connect or plan.bind)).replace(
        struct.pack("=I", _NO_PID), struct.pack("=I", os.getpid())
    )
    steps = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(
        struct.pack("@HP", len(program) // _STEP_BYTES, ctypes.addressof(steps))
    )
    behind = system_call(
        "seccomp", _SECCOMP_SET_MODE_FILTER, _SECCOMP_TSYNC, ctypes.addressof(header)
    )
    if behind:
        raise OSError(1, f"thread {behind} has a filter of its own")


@cache
def filter_for(profile: str, tcp: bool = False) -> bytes:
    """Return the filter of a profile for this machine, with a mark where the pid goes.

    It takes a millisecond to write: whoever forks many calls this before.

    Args:
        tcp: its plan names ports, so a bus zone may make TCP sockets.

    Raises:
        OSError: this machine is in no table.
    """
    row = PROFILES[profile]
    return build_filter(replace(row, tcp=row.tcp or tcp), this_machine(), _NO_PID)
