"""A machine that has less than ours: layers refused by the system, as a process sees it.

Owns: a filter under which the calls of a layer answer as they do where it is missing. Does not own:
what follows from that (`zones/runtime/cages/probing.py`). The table leaves layers out by the plan;
this takes them away, and the plan has to notice.
"""

import ctypes
import errno
import struct
from typing import Final

from tests.cage.kernel_calls import LIBC, buffer, call, number_of
from zones.runtime.cage import Layer

_LOAD: Final = 0x20
_IF_EQUAL: Final = 0x15
_IF_SET: Final = 0x45
_GIVE: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_FIRST_ARGUMENT_AT: Final = 16
_CLONE_NEWUSER: Final = 0x10000000
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_FILTER: Final = 2


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, no, value)


def refuse(layers: frozenset[Layer]) -> None:
    """Have this process and its children live on a machine without these layers.

    Args:
        layers: of NAMESPACES (user namespaces are refused), LANDLOCK (it is not built in).
    """
    program = b""
    if Layer.LANDLOCK in layers:
        program += _step(_LOAD, 0)
        program += _step(_IF_EQUAL, number_of("landlock_create_ruleset"), 0, 1)
        program += _step(_GIVE, _ERRNO | errno.ENOSYS)
    if Layer.NAMESPACES in layers:
        program += _step(_LOAD, 0)
        program += _step(_IF_EQUAL, number_of("unshare"), 0, 3)
        program += _step(_LOAD, _FIRST_ARGUMENT_AT)
        program += _step(_IF_SET, _CLONE_NEWUSER, 0, 1)
        program += _step(_GIVE, _ERRNO | errno.EPERM)
    program += _step(_GIVE, _ALLOW)
    words = buffer(program)
    head = buffer(struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(words)))
    LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    call("prctl", _PR_SET_SECCOMP, _FILTER, head, 0, 0)
