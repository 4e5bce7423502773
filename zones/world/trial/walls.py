"""The cages of a trial: of its coordinator, and of each child that it makes.

Owns: which plan each of them has. Does not own: the layers (`zones/runtime/cage.py`).

A coordinator that is held by Landlock cannot mount anything any more, and neither can its children:
so it takes the namespaces for all of them, and they are born into an empty network. Where nobody
holds the coordinator, or the machine has no Landlock, each child takes namespaces of its own: an
empty root is what then holds files, and nobody can take them twice.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from zones.runtime.cage import CageLimits, Layer, Plan, enclose, seal
from zones.runtime.trait_store import PLACE

RUN_BYTES: Final = 1 << 30
"""The scratch of a million Molbots is 100 MB. What all runs take together is held by a group."""
RUN_CPU_S: Final = 3600
"""For what the clock of the wall does not see; runs are ended long before."""
DESCRIPTORS: Final = 16
"""Enough for the layers themselves; behind the seal nothing can be opened."""


@dataclass(frozen=True, slots=True)
class Walls:
    """The cages of one trial.

    Args:
        missing: layers that this machine has not got.
        run_bytes: what a run may map besides the copy of the world.
        held: the coordinator is enclosed itself.
    """

    missing: frozenset[Layer] = frozenset()
    run_bytes: int = RUN_BYTES
    held: bool = False

    def hold_coordinator(self, home: Path, keep: Iterable[int]) -> "Walls":
        """Enclose this process as a coordinator, and return the walls of its children.

        Args:
            keep: descriptors that stay open.

        Raises:
            CageError: a layer that the machine has cannot be had.
        """
        store = home / PLACE
        written = (str(store),) if store.is_dir() else ()
        plan = Plan(
            "compile",
            read=("/proc", *written),
            write=(os.devnull, *written),
            keep=frozenset(keep),
            without=self.missing | (frozenset() if self._has_landlock() else {Layer.NAMESPACES}),
        )
        enclose(plan)
        return replace(self, held=True)

    def seal_run(self) -> None:
        """Enclose and seal this process, which is a run: it keeps its standard streams and 3."""
        limits = CageLimits(
            memory_bytes=self.run_bytes,
            cpu_s=RUN_CPU_S,
            processes=0,
            descriptors=DESCRIPTORS,
            file_bytes=0,
        )
        self._close(
            Plan("sealed", limits=limits, keep=frozenset(range(4)), without=self._left_out())
        )

    def seal_child(self) -> None:
        """Enclose and seal this process, whose limits and descriptors have been seen to."""
        self._close(Plan("sealed", without=self._left_out()))

    def seal_compiler(self) -> None:
        """Likewise, as the one that compiles: it reaches no file either."""
        self._close(Plan("compile", without=self._left_out()))

    def _left_out(self) -> frozenset[Layer]:
        taken = self.held and self._has_landlock()
        return self.missing | ({Layer.NAMESPACES} if taken else frozenset())

    def _has_landlock(self) -> bool:
        return Layer.LANDLOCK not in self.missing

    @staticmethod
    def _close(plan: Plan) -> None:
        enclose(plan)
        seal(plan)
