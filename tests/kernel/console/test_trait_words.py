"""Traits in words, for one answer and for the status."""

from Kernel.console.trait_words import NAMED_MAX, trait_facts, trait_line

ROW = {
    "name": "Forager", "version": 2, "tier": "native", "state": "none", "status": "active",
    "applied_at_tick": 1200,
}  # fmt: skip


def test_one_answer_says_since_when() -> None:
    """Applied, already there, or waiting for its tick."""
    assert trait_line(ROW) == "  Forager v2, native, applied at tick 1\N{THIN SPACE}200"
    assert "already active since tick" in trait_line(ROW | {"already": True})
    pending = ROW | {"applied_at_tick": None, "pending": {"at_tick": 7}}
    assert trait_line(pending) == "  Forager v2, native, at tick 7"


def test_the_status_names_some_and_says_what_a_succession_resets() -> None:
    """A world without active traits has no such line; volatile ones are named, all of them."""
    assert trait_facts([]) == [] == trait_facts([ROW | {"status": "suspended"}])
    assert trait_facts([ROW]) == ["1 trait: Forager v2", "1 native"]
    many = [ROW | {"name": f"T{each}", "tier": "interpreted"} for each in range(NAMED_MAX + 2)]
    many[-1]["state"] = "volatile"
    told = trait_facts(many)
    assert told[0].startswith(f"{NAMED_MAX + 2} traits: T0 v2") and told[0].endswith(", …")
    assert told[1] == "0 native" and told[2].endswith(f": T{NAMED_MAX + 1}")


def test_the_status_names_what_mostly_has_faults() -> None:
    """From half of all calls on; one that has not been called yet is none of them."""
    rows = [
        ROW | {"name": "Good", "calls": 9, "faults": 4},
        ROW | {"name": "Bad", "calls": 8, "faults": 4},
        ROW | {"name": "New", "calls": 0, "faults": 0},
    ]
    assert trait_facts(rows)[2:] == ["most calls had a fault: Bad"]
