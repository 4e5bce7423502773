"""Whether the ledger is being written, and how far it is behind the world: for tools that read it.

Owns: the sentence that says so. Does not own: reading (`ledger_file.py`), the lock (the log takes
it). Looking takes no lock, wakes nobody, and a home at rest is nothing to say anything about.
"""

import os
import socket
from pathlib import Path
from typing import Final

from Kernel.contract.arena import Header, State
from Kernel.contract.arena_lookup import find_arena, map_arena
from Kernel.contract.envelope import ID_BYTES
from Kernel.contract.errors import LedgerError, MoltError
from Kernel.contract.places import CONSOLE_SOCKET, LEDGER
from zones.runtime.ledger_file import LedgerReader

LOCK: Final = "writer"
"""Held by the one writer, see `zones/ledger/writer_file.py`."""
BEHIND_MIN: Final = 100
"""Events of a world that are not stored yet: less than this is only the way of things."""
HINT: Final = "molt kernel-events"
_CONNECT_S: Final = 0.2


def what_is_missing(home: Path, zone: str = "stable") -> str:
    """Return why newest events may be missing from the ledger of a home, "" when none are.

    Args:
        zone: whose world it is compared with.
    """
    if not is_kernel_there(home):
        return ""
    if not is_written(home / LEDGER):
        return "the archive is away: what happens now is stored when it is back"
    behind = events_behind(home, zone)
    if behind >= BEHIND_MIN:
        return f"the archive is {behind} events behind the world of '{zone}'"
    return ""


def is_kernel_there(home: Path) -> bool:
    """Return whether somebody listens at the console of a home."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(_CONNECT_S)
        try:
            # By the folder: a path of more than 107 bytes is none to a socket.
            folder = os.open(home / CONSOLE_SOCKET.parent, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            peer.connect(f"/proc/self/fd/{folder}/{CONSOLE_SOCKET.name}")
        except OSError:
            return False
        finally:
            os.close(folder)
    return True


def is_written(folder: Path) -> bool:
    """Return whether a process holds the lock of a ledger; asking takes nothing.

    Where the system does not say (another PID namespace), it is taken to be held.
    """
    try:
        status = (folder / LOCK).stat()
        told = Path("/proc/locks").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return False
    except OSError:
        return True
    # By the number of the file alone: some file systems (btrfs) tell stat another device.
    place = f":{status.st_ino}"
    return any(" FLOCK " in line and f"{place} " in line for line in told.splitlines())


def events_behind(home: Path, zone: str) -> int:
    """Return how many committed events of a world are not stored yet, 0 where nobody can say."""
    try:
        words, _ = map_arena(find_arena(home, zone))
        reader = LedgerReader(home / LEDGER)
        mark = reader.arena_mark(words.get_bytes(Header.ARENA_ID, ID_BYTES))
        reader.close()
    except (LedgerError, MoltError):
        return 0
    written = words.state(words.get(Header.COMMIT), State.OUTBOX_NEXT)
    return max(written - mark.sequence, 0) if mark is not None else 0
