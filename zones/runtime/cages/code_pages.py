"""Memory that can be both written and executed: what a library has left of it is found and closed.

Owns: that. Does not own: that no more is made (the filter, `filters.py`).

libffi makes such a page for the first function of Python that C code can call, and every fork
inherits it: machine code could be written there without a call that a filter would see.
"""

from collections.abc import Iterator
from typing import Final

from zones.runtime.cages.calling import system_call

_READ_AND_EXECUTE: Final = 1 | 4


def close_code_pages() -> None:
    """Take the right to write from all memory of this process that may be executed.

    Functions that C code can call go on; no new ones can be made, and none can be given back.

    Raises:
        OSError: what is mapped cannot be read, or the OS refuses.
    """
    for start, end in list(_writable_code()):
        system_call("mprotect", start, end - start, _READ_AND_EXECUTE)


def _writable_code() -> Iterator[tuple[int, int]]:
    with open("/proc/self/maps", "rb") as file:
        for line in file:
            place, rights = line.split(maxsplit=2)[:2]
            if rights[1:3] == b"wx":
                start, end = place.split(b"-")
                yield int(start, 16), int(end, 16)
