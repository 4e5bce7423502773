"""Which mutation each line of a trait came in with.

Owns: walking the versions. Does not own: where sources are (`mutation_reading.py`). Pure.

A line belongs to the oldest version that has it in an unbroken row of versions up to the present
one, as difflib compares two neighbours. A version that was taken back counts as well: who wrote the
next one may have kept its lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff

from zones.agents.mutation import Mutation


@dataclass(frozen=True, slots=True)
class BlamedLine:
    """One line of the present source; `origin` brought it in."""

    number: int
    text: str
    origin: Mutation


def blame(versions: Sequence[tuple[Mutation, str]]) -> list[BlamedLine]:
    """Return the lines of the last source, each with the mutation that it came in with.

    Args:
        versions: of one trait with their sources, oldest first.
    """
    lines: list[str] = []
    origins: list[Mutation] = []
    for mutation, source in versions:
        fresh = source.splitlines()
        theirs = [mutation] * len(fresh)
        for a, b, size in SequenceMatcher(None, lines, fresh, autojunk=False).get_matching_blocks():
            theirs[b : b + size] = origins[a : a + size]
        lines, origins = fresh, theirs
    numbered = enumerate(zip(lines, origins, strict=True), 1)
    return [BlamedLine(number, text, origin) for number, (text, origin) in numbered]


def source_diff(before: str, after: str, name_before: str, name_after: str) -> list[str]:
    """Return how to get from one source to another, in the unified form; none: they are equal."""
    found = unified_diff(
        before.splitlines(), after.splitlines(), name_before, name_after, lineterm=""
    )
    return list(found)
