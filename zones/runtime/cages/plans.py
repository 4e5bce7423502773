"""What a process is to be enclosed in: data, and the order of the layers.

Owns: `Plan`, `Layer`, the error of the cage. Does not own: what a profile allows (`profiles.py`),
applying (`layers.py`).
"""

from dataclasses import dataclass, field
from enum import StrEnum

from Kernel.contract.errors import MoltError
from zones.runtime.cages.limits import CageLimits
from zones.runtime.cages.profiles import PROFILES, Profile


class CageError(MoltError):
    """A layer that was promised cannot be had: the process must not go on as if it were held."""


class Layer(StrEnum):
    """The layers, in the order in which they are applied."""

    ENVIRONMENT = "environment"
    DESCRIPTORS = "descriptors"
    PRIVILEGES = "privileges"
    RLIMITS = "rlimits"
    NAMESPACES = "namespaces"
    LANDLOCK = "landlock"
    SECCOMP = "seccomp"


@dataclass(frozen=True)
class Plan:
    """A cage.

    Args:
        profile: a name of `PROFILES`.
        read: paths below which files may be read.
        write: paths below which files may be read, made and written.
        connect: TCP ports it may connect to.
        bind: TCP ports it may listen at.
        keep: descriptors that stay open, with the standard ones; None: all stay as they are.
        without: layers left out, for measuring and where the machine has not got them.
    """

    profile: str
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    connect: tuple[int, ...] = ()
    bind: tuple[int, ...] = ()
    limits: CageLimits = field(default_factory=CageLimits)
    keep: frozenset[int] | None = None
    without: frozenset[Layer] = frozenset()

    def row(self) -> Profile:
        """Return the profile.

        Raises:
            CageError: there is none of that name.
        """
        found = PROFILES.get(self.profile)
        if found is None:
            raise CageError(
                f"cannot enclose a process as {self.profile!r}: the profiles are "
                f"{', '.join(PROFILES)}",
                "molt doctor cage",
            )
        return found
