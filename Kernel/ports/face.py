"""Who reads our stderr: people on a terminal, a program at the end of a pipe, or the journal.

Owns: finding that out, from the descriptor and the environment. Does not own: what each of them is
shown (`Kernel/core/log_lines.py`, `Kernel/console/screen.py`).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TextIO


class Reader(Enum):
    """Who reads."""

    PEOPLE = "people"
    PROGRAM = "program"
    JOURNAL = "journal"


@dataclass(frozen=True, slots=True)
class Face:
    """How to speak to who reads.

    Args:
        moving: the last line can be renewed in place.
        colours: colour is welcome.
    """

    reader: Reader
    moving: bool = False
    colours: bool = False


def find_face(stream: TextIO, environment: Mapping[str, str]) -> Face:
    """Return the face for a stream.

    systemd sets JOURNAL_STREAM to device and inode of the stream it gave us: one that was led
    elsewhere since does not match, and is then a pipe or file like any other.
    """
    if stream.isatty():
        able = environment.get("TERM", "") != "dumb"
        watched = environment.get("CI", "").lower() in ("", "0", "false")
        return Face(Reader.PEOPLE, able and watched, able and not environment.get("NO_COLOR"))
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # closed, or no file at all
        return Face(Reader.PROGRAM)
    if environment.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}":
        return Face(Reader.JOURNAL)
    return Face(Reader.PROGRAM)
