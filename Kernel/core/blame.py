"""Decide who is to blame for a death: a trait, the whole generation, or nobody.

Owns: what counts as evidence, when evidence is proof. Does not own: collecting it (the words of an
arena, `inquest.py`), what follows (an input that quarantines, `ladder.py`).
Pure. After a death the heir runs the same tick again. A kill from outside does not repeat; code
that is guilty does, at the same tick and the same flight word. So evidence twice at one place
convicts the trait that was running there; so it does at another tick, if the trait has not got
through a tick in between (the generation before, which lacks its code, may have computed those).
Where no trait was, only the generation as a whole can
be left, which costs more: it takes a third time, or a second fault anywhere and another generation
that computes the tick.
"""

from dataclasses import dataclass
from enum import StrEnum

from Kernel.contract.arena import PHASES_MAX
from Kernel.contract.inputs import SLOTS_MAX

SLOT_SHIFT = 16
SLOT_TIMES = 2
GENERATION_TIMES = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fault of code at one place.

    Args:
        tick: committed when it happened: the tick that could not be computed is the next one.
        flight: the flight word found: phase | trait slot << SLOT_SHIFT.
        how: for people.
    """

    tick: int
    flight: int
    how: str

    @property
    def slot(self) -> int:
        """Return the trait slot that was running, 0 for none."""
        return self.flight >> SLOT_SHIFT

    @property
    def phase(self) -> int:
        """Return the number of the phase that was running."""
        return self.flight & ((1 << SLOT_SHIFT) - 1)


@dataclass(frozen=True, slots=True)
class Suspect:
    """The place of the last evidence, and how often there was some at it."""

    tick: int = 0
    flight: int = 0
    times: int = 0


class Verdict(StrEnum):
    """Who is convicted."""

    NOBODY = "nobody"
    TRAIT = "trait"
    GENERATION = "generation"


def weigh(
    suspect: Suspect, evidence: Evidence, stood_still: bool = False
) -> tuple[Suspect, Verdict]:
    """Return the suspect after one more piece of evidence, and whom it convicts.

    Args:
        stood_still: the trait that was running has not got through a tick since the last evidence.

    Evidence from between two ticks, or from a takeover, names no code: nobody can be convicted
    by it, and the place suspected before stays suspected. Nor does a word no world of ours writes.
    """
    named = 0 < evidence.phase <= PHASES_MAX and evidence.slot < SLOTS_MAX
    if not named:
        return suspect, Verdict.NOBODY
    same = suspect.flight == evidence.flight and (suspect.tick == evidence.tick or stood_still)
    times = suspect.times + 1 if same else 1
    suspect = Suspect(evidence.tick, evidence.flight, times)
    if evidence.slot:
        return suspect, Verdict.TRAIT if times >= SLOT_TIMES else Verdict.NOBODY
    return suspect, Verdict.GENERATION if times >= GENERATION_TIMES else Verdict.NOBODY


def is_disproved(suspect: Suspect, tick: int, faults: int) -> bool:
    """Tell whether a generation is convicted by another one's having computed the tick.

    Args:
        suspect: where the one failed last.
        tick: after which the other took over, and went on.
        faults: pieces of evidence against the one since it was last healthy.
    """
    traitless = suspect.flight >> SLOT_SHIFT == 0
    return traitless and faults >= SLOT_TIMES and suspect.tick == tick
