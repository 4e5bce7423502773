"""Who is at the other end of a Unix socket, for a process that hosts a zone.

Owns: asking the system. Does not own: who may ask what (`Kernel/contract/policy.py`).
"""

import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from Kernel.contract.kin import descends
from Kernel.contract.policy import Party, party_of

_CREDENTIALS: Final = struct.Struct("3i")
NOBODY: Final = 0
"""The pid of a kernel that there is not: nobody descends from it."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The process that has connected.

    Args:
        pid: at the time when it connected; it may be gone.
    """

    pid: int
    party: Party


def peer_at(sock: socket.socket, kernel_pid: int = NOBODY) -> Peer:
    """Return who has connected, by what the system says of the connection.

    One that is gone by now cannot be told from any other of its user, and is taken for that: who
    writes a line and leaves has done nothing wrong.

    Args:
        kernel_pid: whose descendants are its own; NOBODY: no process is.
    """
    try:
        raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid, uid, _gid = _CREDENTIALS.unpack(raw)
    except OSError:
        return Peer(NOBODY, Party.STRANGER)
    is_own = kernel_pid != NOBODY and descends(pid, kernel_pid, _read_stat) is True
    return Peer(pid, party_of(uid, os.geteuid(), is_own=is_own))


def _read_stat(pid: int) -> bytes:
    return Path(f"/proc/{pid}/stat").read_bytes()
