"""A world that stands still: for a moment, or with all that led there stored.

Owns: both. Does not own: what it is compared with.
"""

from typing import Final

from Kernel.contract.arena import Header
from tests.chaos.test_traits import is_stored
from tools.chaos.checkup import Held
from tools.chaos.target import Target, wait_until

AHEAD_TICKS: Final = 30
STORED_S: Final = 60.0


def hold(target: Target) -> Held:
    """Hold the world a little later, and wait until all that led there is stored.

    Raises:
        NotInTime: it is not.
    """
    held = target.ask("pause", at_tick=target.word(Header.COMMIT) + AHEAD_TICKS)
    wait_until(lambda: is_stored(target.home, held["tick"]), "all inputs are stored", STORED_S)
    return Held(held["tick"], held["hash"])


def hold_for_a_moment(target: Target) -> Held:
    """Hold the world, let it go on, and return how it was."""
    held = target.ask("pause")
    target.ask("resume")
    return Held(held["tick"], held["hash"])
