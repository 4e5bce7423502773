"""What a process may do because of who started it: given up, for good.

Owns: no_new_privs, undumpable, capabilities, the signal at the death of the parent. Does not own:
user ids (a sealed process has no call left that asks for them), who the parent is (`kinship.py`).
"""

import contextlib
import ctypes
import os
import struct
from typing import Final

from zones.runtime.cages.calling import process_control, system_call

_SET_PDEATHSIG, _GET_PDEATHSIG = 1, 2
_GET_DUMPABLE, _SET_DUMPABLE = 3, 4
_CAPBSET_READ, _CAPBSET_DROP = 23, 24
_SET_NO_NEW_PRIVS, _GET_NO_NEW_PRIVS = 38, 39
_CAP_AMBIENT: Final = 47
_CAP_AMBIENT_CLEAR_ALL: Final = 4
_CAPABILITY_VERSION: Final = 0x20080522
_CAPABILITIES_MAX: Final = 64


def renounce() -> None:
    """Let no program that is started give more rights, and nobody of this user look inside.

    Raises:
        OSError: refused.
    """
    process_control(_SET_NO_NEW_PRIVS, 1)
    process_control(_SET_DUMPABLE, 0)


def drop_capabilities() -> None:
    """Give up all capabilities, and the bounding set where that is allowed.

    Raises:
        OSError: refused.
    """
    # Ends at the first that the OS does not know; or at once, for who has no CAP_SETPCAP: then
    # no_new_privs alone holds it.
    with contextlib.suppress(OSError):
        for capability in range(_CAPABILITIES_MAX):
            process_control(_CAPBSET_DROP, capability)
    process_control(_CAP_AMBIENT, _CAP_AMBIENT_CLEAR_ALL)
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION, 0))
    nothing = ctypes.create_string_buffer(24)
    system_call("capset", ctypes.addressof(header), ctypes.addressof(nothing))


def read_capabilities() -> int:
    """Return the effective, permitted and inheritable capabilities of this process, or'ed."""
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION, 0))
    data = ctypes.create_string_buffer(24)
    system_call("capget", ctypes.addressof(header), ctypes.addressof(data))
    result = 0
    for at in (0, 4, 8):  # effective, permitted, inheritable; their upper halves 12 bytes on
        result |= int.from_bytes(data.raw[at : at + 4] + data.raw[at + 12 : at + 16], "little")
    return result


def bounding_set_is_empty() -> bool:
    """Tell whether no program that is started could get a capability."""
    with contextlib.suppress(OSError):
        for capability in range(_CAPABILITIES_MAX):
            if process_control(_CAPBSET_READ, capability):
                return False
    return True


def has_renounced() -> bool:
    """Tell whether `renounce` holds."""
    return bool(process_control(_GET_NO_NEW_PRIVS)) and not process_control(_GET_DUMPABLE)


def read_death_signal() -> int:
    """Return the signal that comes when the parent dies, 0: none."""
    word = ctypes.c_int(0)
    process_control(_GET_PDEATHSIG, ctypes.addressof(word))
    return int(word.value)


def keep_death_signal(number: int, parent: int) -> None:
    """Set again what a change of credentials has cleared; leave at once if the parent has died.

    Args:
        number: as it was before; 0: nobody asked for one.
        parent: who it was before.
    """
    if not number:
        return
    process_control(_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os._exit(0)
