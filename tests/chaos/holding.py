"""A world that stands still: for a moment, or with all that led there stored.

Owns: both. Does not own: what it is compared with.
"""

from contextlib import closing
from pathlib import Path
from typing import Final

from Kernel.contract.arena import Header
from Kernel.contract.envelope import parse_envelope
from Kernel.contract.inputs import PAUSE
from Kernel.contract.places import LEDGER
from tools.chaos.checkup import Held
from tools.chaos.target import Target, wait_until
from zones.runtime.ledger_file import LedgerReader

AHEAD_TICKS: Final = 30
STORED_S: Final = 60.0
LOOK_BACK: Final = 5000
"""The newest events, among which a pause is looked for that was applied just now."""


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


def is_stored(home: Path, tick: int) -> bool:
    """Tell whether the pause at a tick, the last input, is in the ledger."""
    with closing(LedgerReader(home / LEDGER)) as reader:
        for _, record in reader.read_back(first=max(reader.newest - LOOK_BACK, 1)):
            event = parse_envelope(record)
            if event.kind == "input.applied" and event.tick == tick:
                given = event.payload_fields()["input"]
                if given["kind"] == PAUSE:
                    return True
    return False
