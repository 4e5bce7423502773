"""Pressure: how much of the time somebody had to wait for a processor, for memory, for a disk.

Owns: the form of PSI (Linux `Documentation/accounting/psi.rst`). Does not own: which file, and what
is too much (`Kernel/core/overload.py`).
"""

from pathlib import Path
from typing import NamedTuple

_READ_BYTES = 1024


class Pressure(NamedTuple):
    """Of the last ten seconds.

    Args:
        some: % of the time in which one at least had to wait.
        full: % of the time in which all had to.
    """

    some: float = 0.0
    full: float = 0.0


def read_pressure(path: Path) -> Pressure | None:
    """Return what a file of pressure tells, None where there is none or it tells nothing."""
    try:
        with path.open("rb") as file:
            text = file.read(_READ_BYTES).decode(errors="replace")
    except OSError:  # no such file, or EOPNOTSUPP: the machine was started with psi=0
        return None
    found: dict[str, float] = {}
    for line in text.splitlines():
        name, _, rest = line.partition(" avg10=")
        try:
            found[name] = float(rest.split(" ", 1)[0])
        except ValueError:
            return None
    return Pressure(found["some"], found.get("full", 0.0)) if "some" in found else None
