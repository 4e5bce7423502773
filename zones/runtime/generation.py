"""What a service package gives to be hosted: a class `Generation` in its `service` module.

Owns: the two forms of it. Does not own: any service. A generation is made once, in the zygote, as
`Generation(settings, progress)`; then the zygote is forked and each process uses it for its role.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from Kernel.contract.arena import ArenaWords
from zones.runtime.arena_zone import Engine
from zones.runtime.cage import Layer
from zones.runtime.enclosing import Reach
from zones.runtime.seat import BusSeat

Progress = Callable[[int, int, str], None]
"""Called by a generation that takes long to make: steps done, steps there are, the one begun."""


def untold(_done: int, _total: int, _what: str) -> None:
    """Report no progress."""


class ArenaGeneration(Protocol):
    """A generation of an arena zone.

    Attributes:
        facts: plain data for the kernel: generation, schema_hash (hex), period_ns, parameters;
            settings: the table of its keys (`Key.fields`), if its settings may be read again;
            traits: after `load_traits`, a row {"hash", "tier", "why"} for each, "why" "" where it
            was loaded; cells: temporary processes it can be, "trial" among them if it can try
            traits.
    """

    facts: dict[str, Any]

    def load_traits(self, home: Path, hashes: Sequence[str], progress: Progress) -> None:
        """Before the first fork: load the code of these traits from the store of a home.

        Called again in a zygote that was forked from another: what is loaded already stays, and
        what is not among these any more is let go. Runs no trait. One that cannot be loaded is told
        in `facts` and left out: the world goes on without it. Not called where there are none; a
        service without traits has no such method.
        """

    def found(self, job: dict[str, Any]) -> None:
        """Role founder: make the arena file."""

    def try_trait(
        self, facts: Mapping[str, Any], descriptors: Mapping[str, int], missing: frozenset[Layer]
    ) -> None:
        """Role trial: carry one out and write the answer; only of a service whose facts say so.

        Args:
            facts: of the Fork.
            descriptors: by name; "result" is to be written to.
            missing: layers of the cage that this machine has not got.
        """

    def scratch(self) -> tuple[ArenaWords, Engine]:
        """Role heir: a scratch arena in private memory and the engine on it, for rehearsal."""

    def open_engine(self, words: ArenaWords, side: memoryview) -> Engine:
        """Role heir: the engine on the mapped arena."""


class BusGeneration(Protocol):
    """A generation of a bus zone.

    Attributes:
        facts: plain data for the kernel; settings as above.
    """

    facts: dict[str, Any]

    def reach(self) -> Reach:
        """Say what it needs of the system besides its home, in the process that will run.

        Machine code that is loaded late must be loaded here: once it is sealed, it cannot be.
        """

    def run(self, seat: BusSeat) -> None:
        """Role process: the whole life of one process."""
