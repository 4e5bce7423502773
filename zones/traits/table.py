"""The table: where a trait's machine code finds a world, as a row of 64-bit words.

Owns: the order and meaning of the words. Does not own: filling them (`zones/world`), the arrays.
A word is the address of the first item of an array, or a number. A column of the own entity is of
the buffer that is being written, one of others of the committed one; all are indexed by slot.
"""

from typing import Final, NamedTuple


class Word(NamedTuple):
    """One word of the table.

    Args:
        dtype: numpy type of the items of an array; "" for a plain number (int64).
    """

    name: str
    dtype: str = ""


WORDS: Final = (
    # Own entity, buffer B, written: `new_` columns.
    Word("new_x", "<f4"),
    Word("new_y", "<f4"),
    Word("new_vx", "<f4"),
    Word("new_vy", "<f4"),
    Word("new_energy", "<f4"),
    Word("new_max_energy", "<f4"),
    Word("new_radius", "<f4"),
    Word("new_colour", "<u4"),
    Word("new_mood", "|u1"),
    Word("new_age", "<i4"),
    Word("memory", "<i8"),  # places x capacity, planar: place p of slot i is at p * capacity + i
    Word("ready", "<u8"),  # bit of a trait slot: its __init__ has run for the entity
    # Of one tick, by slot; zeroed before the trait phase.
    Word("moved2", "<f8"),
    Word("wanted", "<f4"),  # what it would eat, over all traits
    Word("place", "<i4"),  # from which place, -1 none
    # Everybody, buffer A.
    Word("x", "<f4"),
    Word("y", "<f4"),
    Word("vx", "<f4"),
    Word("vy", "<f4"),
    Word("energy", "<f4"),
    Word("max_energy", "<f4"),
    Word("radius", "<f4"),
    Word("colour", "<u4"),
    Word("mood", "|u1"),
    Word("age", "<i4"),
    Word("generation", "<i4"),
    Word("id", "<i8"),
    Word("traits", "<u8"),  # bits of the slots it carries, less the deactivated ones
    # Ripe food, sorted into rows of cells (`zones/world/grid.py`): starts has cols + 1 a row.
    Word("food_starts", "<i4"),
    Word("food_x", "<f4"),
    Word("food_y", "<f4"),
    Word("food_place", "<i4"),
    Word("food_amount", "<f4"),  # committed, by number of the place
    Word("place_x", "<f4"),  # of all places, ripe or not, by number
    Word("place_y", "<f4"),
    Word("food_cols"),
    Word("food_rows"),
    Word("places"),
    # The living, sorted into cells (`zones/world/crowd.py`): starts[row * cols + col].
    Word("crowd_starts", "<i4"),
    Word("crowd_x", "<f4"),
    Word("crowd_y", "<f4"),
    Word("crowd_slot", "<i4"),
    Word("crowd_cols"),
    Word("crowd_rows"),
    Word("numbers", "<f8"),  # see NUMBERS
    # The trait that runs.
    Word("slot"),
    Word("fuel_max"),  # limit of one call
    Word("memory_first"),  # its first place in the memory
    Word("moods", "|u1"),  # mood code of each of `Checked.moods`
    Word("masks", "<u8"),  # bits of the slots that have the name, of each of `Checked.traits`
    Word("tick_key"),  # of `random_streams.tick_key`, as int64
    Word("capacity"),
    # Who runs, in this order, and what became of it, by place in that list.
    Word("carriers", "<i4"),
    Word("fuel", "<u4"),  # used by the call
    Word("status", "|u1"),
    Word("scratch", "|u1"),  # SCRATCH_BYTES for each part
)
NUMBERS: Final = (
    "width",
    "height",
    "speed_max",
    "cost_speed",
    "eat_reach",
    "eat_bite",
    "max_energy_limit",
    "radius_limit",
    "food_cell",
    "food_slack",
    "crowd_cell",
)
"""Places of the array `numbers`. Slack: how far rounding may put a place outside its cell."""
SCRATCH_BYTES: Final = 256 * 1024

INDEX: Final = {word.name: index for index, word in enumerate(WORDS)}
NUMBER: Final = {name: index for index, name in enumerate(NUMBERS)}
