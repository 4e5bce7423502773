"""Which unpacked version a slot of a home is, where a bundle has filled it.

Owns: where the record of updates and the unpacked versions lie, reading the part of the record that
says which slot is which. Does not own: the rest of the record (`Kernel/core/update_record.py`),
writing it (`Kernel/ports/update_files.py`), whether a version is sound (`slot_files.py`). Standard
library only: safe mode reads it, too.

A version lies in `slots/versions/<id>`, its id being the sha256 of what is in it, and never moves:
a process that runs it finds its files where they were. Which slot it is says one small file, so
that any change of the slots is one rename. A slot that the record does not fill is the folder of
its name, as `make setup` fills `slots/fallback`: the factory version, which no update touches.
"""

import json
import os
import re
from pathlib import Path

RECORD = "updates.json"
VERSIONS = "versions"
FORMAT = 1
RECORD_BYTES_MAX = 1 << 16
_ID = re.compile(r"[0-9a-f]{64}")


def read_pointers(folder: Path) -> tuple[dict[str, str], str]:
    """Return the id of the version by slot, and why that cannot be said, "" where it can.

    Whatever the file holds, a home without pointers has its factory version.

    Args:
        folder: that of the slots.
    """
    place = folder / RECORD
    try:
        fd = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return {}, ""
    except OSError as error:
        return {}, f"cannot read {place}: {error.strerror}"
    try:
        data = os.read(fd, RECORD_BYTES_MAX + 1)
        told = json.loads(data)
        if told["format"] != FORMAT:
            raise ValueError(f"format {told['format']!r:.20}, {FORMAT} is known")
        slots = {str(name): str(id_) for name, id_ in told["slots"].items() if id_}
        if not all(map(_ID.fullmatch, slots.values())):
            raise ValueError("an id is none")
    except OSError as error:
        return {}, f"cannot read {place}: {error.strerror}"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return {}, f"cannot use {place}: {str(error)[:200]}"
    finally:
        os.close(fd)
    return slots, ""
