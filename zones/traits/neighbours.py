"""Who and what is near, for traits: one order for both tiers.

Owns: the searches of `contract.py`. Does not own: the indexes (`zones/world/grid.py`, `crowd.py`).

For compiled code, as `numerics.py` (the same `link()`); `table` is the address of the table:

    count, within = neighbours.nearby_entities(table, part, slot, x, y, radius)
    count, within = neighbours.nearby_resources(table, part, x, y, radius)
    place = neighbours.nearest_food(table, x, y, reach)      # int64, -1 for none

slot is the own one, which is left out; x, y, radius are float64. count is at most NEARBY_MAX,
`within` is how many lie within the radius, for fuel. The found slots (numbers of places) are
int32 at `results(table, part)`, which is the address of the part's scratch: count of them, in
order. The first NEARBY_MAX * 12 bytes of the scratch of a part are used here, each search
overwrites the one before. A radius that is NaN or negative finds nothing; the fault of NaN is the
caller's to count.

For Python: `neighbours_calls.py`.
"""
