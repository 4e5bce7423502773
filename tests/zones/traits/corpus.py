"""The traits of tests/corpus: what a model would write for Molbots, and what is known of them.

Owns: reading the files, and the kind of state of each where the source makes it plain. Does not
own: any rule; the files are data, and no test imports them.
"""

from pathlib import Path

CORPUS = Path(__file__).resolve().parents[2] / "corpus"
HONEST = CORPUS / "honest"
HOSTILE = CORPUS / "hostile"
HOSTILE_RUNNING = CORPUS / "hostile_running"
"""What a validator cannot see: run it only in a child that is thrown away."""
EDGES = CORPUS / "edges"
"""Small traits at the ends of what each construct means; many are native, some fail when loaded."""
FOUND = CORPUS / "found"
"""Sources for which a fuzzer has seen the tiers differ, or worse: kept so that they stay mended."""

CARRIED = frozenset(
    [
        "binary_memory",
        "compete_or_leave",
        "countdown_dash",
        "eat_timer",
        "fatigue",
        "food_memory",
        "hibernate",
        "levy_flight",
        "momentum",
        "orbit_home",
        "patrol_branches",
        "patrol_waypoints",
        "random_turn",
        "sated_drift",
        "slow_start_learning",
        "smooth_wander",
        "spiral_search",
        "sprint_and_coast",
        "state_signals",
        "storage_tuner",
        "trail_compass",
        "zigzag",
    ]
)
VOLATILE = frozenset(
    ["deque_trail", "enum_modes", "global_census", "helper_class_pid", "optional_target"]
)
UNSAID = frozenset({"cached_table", "property_hunger"})
"""A cache of a pure function, a number behind a property: not plain from the source."""


def honest() -> dict[str, bytes]:
    """Return the honest sources by name."""
    return {path.stem: path.read_bytes() for path in sorted(HONEST.glob("*.py"))}


def hostile() -> dict[str, bytes]:
    """Return the hostile sources by name: to be read and changed, never to be run here."""
    return {path.stem: path.read_bytes() for path in sorted(HOSTILE.rglob("*.py"))}


def hostile_running() -> dict[str, bytes]:
    """Return the sources that are to be stopped when they run, by name."""
    return {path.stem: path.read_bytes() for path in sorted(HOSTILE_RUNNING.glob("*.py"))}


def edges() -> dict[str, bytes]:
    """Return the sources at the edges of meanings, by name."""
    return {path.stem: path.read_bytes() for path in sorted(EDGES.glob("*.py"))}


def found() -> dict[str, bytes]:
    """Return what fuzzers have found, by name."""
    return {path.stem: path.read_bytes() for path in sorted(FOUND.glob("*.py"))}


def expected_state(name: str) -> str:
    """Return the state that an honest trait has; "" where it is not plain."""
    if name in UNSAID:
        return ""
    if name in CARRIED:
        return "carried"
    return "volatile" if name in VOLATILE else "none"
