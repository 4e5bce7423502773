"""Whether the world in an arena that nobody writes is sound enough to go on in it.

Owns: which findings mean damage. Does not own: the checks (`invariants.py`), what is done about
damage (`service.py`). Pure: memory in, a sentence out.

Made once, at boot, before the first heir. A check that fails here and is no damage (the books, the
census) is told of while the world runs, like any other; so is every check of a world that knew of
failures of its own when it stopped: such a world is strange, not damaged.
"""

from typing import Final

from Kernel.contract.arena import ArenaWords, Header, State
from Kernel.contract.errors import ArenaError
from zones.world.columns import open_world, schema_hash
from zones.world.invariants import all_checks, cold_check

DAMAGE: Final = frozenset(
    {
        "tick", "numbers", "population", "slots", "most", "parameters", "ids", "lineages",
        "parents", "food grid", "food index", "fertility", "finite columns", "cold columns",
        "registry", "carriers",
    }
)  # fmt: skip
NAMED_MAX: Final = 4


def find_damage(words: ArenaWords) -> str:
    """Return why an arena of this build's columns cannot be used, "" when it is sound.

    Args:
        words: accepted by `check_arena`; nobody writes it; not changed.
    """
    try:
        world = open_world(words)
    except ArenaError as error:
        return f"its schema is damaged: {error.message}"
    extent = world.extent
    told = (words.get(Header.CAPACITY), words.get(Header.RESOURCES))
    if told != (extent.capacity, extent.resources):
        return (
            f"its header tells of {told[0]} slots and {told[1]} food places, "
            f"its schema of {extent.capacity} and {extent.resources}"
        )
    tick = words.get(Header.COMMIT)
    if words.state(tick, State.CHECKS_FAILED):
        return ""
    # Nobody writes, so this holds even where a killed attempt at the next tick has torn the other
    # buffer: of slots that live in tick T it has carried the cold columns, or not touched them.
    failed = [
        check
        for check in (*all_checks(world, tick), cold_check(world, tick))
        if not check.ok and check.name in DAMAGE
    ]
    if not failed:
        return ""
    named = ", ".join(
        f"{check.name} ({check.value:g} {check.what})" for check in failed[:NAMED_MAX]
    )
    return f"its columns are damaged at tick {tick}: {named}"


def is_of_this_build(words: ArenaWords) -> bool:
    """Tell whether an arena has this build's columns."""
    return words.get_bytes(Header.SCHEMA_HASH, 32) == schema_hash()
