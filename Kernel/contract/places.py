"""Where the things of a home lie that processes besides the kernel look for.

Owns: the folders an arena may be in, its file name, where the journal and the console's socket
are. Does not own: making any of them (`Kernel/ports/arena_file.py`, the archive, the console).
Looking makes nothing. Standard library only.
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")
JOURNAL = Path("data", "journal")
CONSOLE_SOCKET = Path("run", "console.sock")
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


def plan_set_aside(name: str, names: Iterable[str]) -> tuple[str, list[str]]:
    """Return the name under which a file is set aside, and which older ones to delete then.

    Args:
        names: of all files in its folder.
    """
    stem = f"{name}.set-aside-"
    older = [
        int(each.removeprefix(stem))
        for each in names
        if each.startswith(stem) and each.removeprefix(stem).isdecimal()
    ]
    number = max(older, default=0) + 1
    gone = [f"{stem}{each}" for each in sorted(older) if each <= number - SET_ASIDE_MAX]
    return f"{stem}{number}", gone
