"""A world that stands still, with all that led there stored.

Owns: that. Does not own: what it is compared with.
"""

from dataclasses import dataclass
from typing import Final

from Kernel.contract.arena import Header
from tests.chaos.test_traits import is_stored
from tools.chaos.target import Target, wait_until

AHEAD_TICKS: Final = 30
STORED_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Held:
    """Where it stands.

    Args:
        digest: its hash.
    """

    tick: int
    digest: str


def hold(target: Target) -> Held:
    """Hold the world a little later, and wait until all that led there is stored.

    Raises:
        NotInTime: it is not.
    """
    held = target.ask("pause", at_tick=target.word(Header.COMMIT) + AHEAD_TICKS)
    wait_until(lambda: is_stored(target.home, held["tick"]), "all inputs are stored", STORED_S)
    return Held(held["tick"], held["hash"])
