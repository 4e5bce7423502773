"""Who and what is near, for traits: one order for both tiers.

Owns: the searches of `contract.py`. Does not own: how (`searches.py`), the indexes
(`zones/world/grid.py`, `crowd.py`), fuel and faults (each tier).

For compiled code, as `numerics.py` (and by the same `linked.link()`); `table` is the address of
the table, int64, `out` that of RESULT_BYTES of memory:

    count, within = neighbours.nearby_entities(table, out, slot, x, y, radius)
    count, within = neighbours.nearby_resources(table, out, x, y, radius)
    place = neighbours.nearest_food(table, x, y, reach)      # int64, -1 for none

slot is the own one, which is left out; x, y, radius are float64. count is at most NEARBY_MAX,
`within` is how many lie within the radius, for fuel. The slots, or numbers of places, that were
found are int32 at `out`, in order. A radius that is NaN or negative finds nothing; the fault of
NaN is the caller's to count.

For Python, in `linked.calls()`, those with `out` take none and give the list itself:

    slots, within = calls["nearby_entities"](table, slot, x, y, radius)
    places, within = calls["nearby_resources"](table, x, y, radius)
"""

from typing import Final

from zones.traits.machine import Operation
from zones.traits.searches import RESULT_BYTES as _RESULT_BYTES
from zones.traits.signatures import SEARCHES

RESULT_BYTES: Final = _RESULT_BYTES

nearby_entities = Operation("nearby_entities", SEARCHES["nearby_entities"], pure=False)
nearby_resources = Operation("nearby_resources", SEARCHES["nearby_resources"], pure=False)
nearest_food = Operation("nearest_food", SEARCHES["nearest_food"], pure=False)
