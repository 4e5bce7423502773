"""How events read that take more than a template."""

from Kernel.contract.event_words import NOTHING, TRAITS_TOLD_MAX, pairs, tell

ROW = {"name": "Drifter", "version": 2, "status": "active", "carriers": 1181, "deactivated": 0}


def test_traits_are_told_with_their_carriers() -> None:
    """Those that are active, each with how many carry it and in how many it is off."""
    off = ROW | {"name": "Typo", "version": 1, "carriers": 170, "deactivated": 168}
    standby = ROW | {"version": 1, "status": "standby", "carriers": 0}
    told = tell("world.traits", {"tick": 300, "traits": [standby, ROW, off]})
    assert told == "Drifter v2 in 1\N{THIN SPACE}181, Typo v1 in 170 (off in 168)"
    assert tell("world.traits", {"tick": 300, "traits": [standby]}) == "no trait is active"


def test_many_traits_are_cut() -> None:
    """A line holds some of them; what is no list tells of none."""
    told = tell("world.traits", {"tick": 300, "traits": [ROW] * (TRAITS_TOLD_MAX + 1)})
    assert told.count("Drifter") == TRAITS_TOLD_MAX and told.endswith(", …")
    assert tell("world.traits", {"tick": 300, "traits": None}) == "no trait is active"


def test_what_is_nested_is_told_in_short():
    """Of rows the first, of a long list its begin; how many more there are, is said."""
    row = {"metric": "population", "mean": 1.23456789, "low": None, "ok": True}
    assert list(pairs({"effect": [row, row, row]})) == [
        f"effect=(metric=population mean=1.2346 low={NOTHING} ok=yes) and 2 more"
    ]
    assert list(pairs({"n": list(range(10)), "p": [[1, 2]]})) == [
        "n=0,1,2,3,4,5,6,7 and 2 more", "p=(1,2)",
    ]  # fmt: skip


def test_a_step_is_told_of_who_it_is_taken_against():
    """A zone, or without one the machine; the step as what was done."""
    values = {"step": "pause", "before": "throttle", "why": "it takes more than 50 % of a core"}
    told = tell("governor.stepped", {"zone": "sandbox", **values})
    assert told == "sandbox is paused: it takes more than 50 % of a core"
    told = tell("governor.stepped", {"step": "none", "why": "nothing strains the machine"})
    assert told == "the machine is let alone: nothing strains the machine"
    assert tell("governor.stepped", {"step": "?", "why": "so"}) == f"the machine is {NOTHING}: so"
