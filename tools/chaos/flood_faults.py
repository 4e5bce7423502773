"""Floods from outside: at the scribe's socket, the console, the user bus, and at private endpoints.

Owns: which there are, and how long. Does not own: what is said and what must come back
(`pestering.py`, `bus_pestering.py`, `usurping.py`): children of ours see to it. Each flood leaves
some 15,000 events in the ledger at most.
"""

from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Final

from tools.chaos.child import Child
from tools.chaos.fault import Fault, Injury
from tools.chaos.target import Target, identities
from tools.chaos.usurping import HOWS

FLOOD_S: Final = (2.0, 5.0)
USURP_S: Final = 5.0
PESTERING: Final = "tools.chaos.pestering"


def flood_faults(zones: Sequence[str]) -> list[Fault]:
    """Return the floods for a kernel with such bus zones."""
    return [
        Fault("flood scribe", 3, partial(_flood, (PESTERING, "scribe"))),
        Fault("flood console", 3, partial(_flood, (PESTERING, "console"))),
        Fault("flood user bus", 3, partial(_flood, ("tools.chaos.bus_pestering",))),
        *(Fault(f"usurp {zone}", 1, partial(_usurp, zone)) for zone in zones),
    ]


def _flood(program: tuple[str, ...], target: Target, chance: Random) -> Injury:
    lasts_s = chance.uniform(*FLOOD_S)
    seed = chance.randrange(1 << 30)
    child = Child(*program, str(target.home), str(lasts_s), str(seed))
    told = f"{lasts_s:.1f} s of {' '.join(program)}, seed {seed}"
    return Injury(told, lasts_s=lasts_s, heal=child.end, shown=child.is_content)


def _usurp(zone: str, target: Target, chance: Random) -> Injury | None:
    """Its process is killed, and somebody else is at the next one's endpoint before it."""
    pids = target.pids(zone)
    if not pids:
        return None
    victims = list(identities(pids))
    how = chance.choice(HOWS)
    words = (str(target.home), zone, str(pids[0]), str(USURP_S), how)
    child = Child("tools.chaos.usurping", *words)
    told = f"somebody comes to the endpoint of {zone} after {pids[0]}: {how}"
    return Injury(told, victims, heal=child.end, shown=child.is_content)
