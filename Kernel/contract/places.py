"""Where the things of a home lie that processes besides the kernel look for.

Owns: the folders an arena may be in, its file name, where the journal and the sockets
are. Does not own: making any of them (`Kernel/ports/arena_file.py`, the archive, the console).
Looking makes nothing. Standard library only.
"""

import hashlib
import os
import struct
from pathlib import Path

from Kernel.contract.arena import HEADER_BYTES, MAGIC, TICK_LIMIT, Header

SHARED_MEMORY = Path("/dev/shm")
LEDGER = Path("data", "ledger")
LOGS = Path("log")
CONSOLE_SOCKET = Path("run", "console.sock")
SCRIBE_SOCKET = Path("run", "scribe.sock")
BUS = Path("run", "bus")
SET_ASIDE_MAX = 5
"""So many files that could not be used are kept, the newest."""
HOME_MARK = "home.id"
"""A file in `HOME/data` and beside its arenas. Where they differ, the arenas belong to a home
that was deleted and made anew."""


def arena_places(home: Path, user: int) -> tuple[Path, Path]:
    """Return the folders the arenas of a home may lie in, best first.

    The first is in shared memory, named by the user and by the home, since a name there is seen
    by all; the second is in the home's data.

    Args:
        home: links in it are followed, so that every way to it gives the same folders.
        user: uid of who runs the kernel.
    """
    digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]
    return SHARED_MEMORY / f"molt-{user}-{digest}", home / "data" / "arenas"


def arena_name(zone: str) -> str:
    """Return the file name of a zone's arena."""
    return f"{zone}.arena"


def plan_set_aside(path: Path) -> tuple[str, list[str]]:
    """Return the name under which a file is set aside, and which older ones to delete then.

    The newest SET_ASIDE_MAX stay, and the world that came farthest: a fault that sets aside one
    fresh arena after the other must never cost it.

    Raises:
        OSError: its folder cannot be read.
    """
    stem = f"{path.name}.set-aside-"
    older = {
        int(each.removeprefix(stem)): path.with_name(each)
        for each in os.listdir(path.parent)
        if each.startswith(stem) and each.removeprefix(stem).isdecimal()
    }
    number = max(older, default=0) + 1
    ticks = {each: told_tick(file) for each, file in older.items()}
    farthest = max(sorted(ticks), key=lambda each: ticks[each], default=0)
    kept = farthest if ticks.get(farthest, 0) > 0 else 0
    gone = [
        older[each].name
        for each in sorted(older)
        if each <= number - SET_ASIDE_MAX and each != kept
    ]
    return f"{stem}{number}", gone


def told_tick(path: Path) -> int:
    """Return the tick an arena file says it has committed, sound or cut short; -1 for none."""
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
    except OSError:
        return -1
    if len(header) < HEADER_BYTES:
        return -1
    (magic,) = struct.unpack_from("<Q", header, Header.MAGIC)
    (tick,) = struct.unpack_from("<Q", header, Header.COMMIT)
    return tick if magic == MAGIC and tick < TICK_LIMIT else -1
