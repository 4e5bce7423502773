"""The code of traits as an engine needs it: by the hash of its source, ready to run.

Owns: the form. Does not own: loading it (`trait_loading.py`), which slots run it (`registry.py`).

A library belongs to one process. What a volatile trait remembers lies in it, and goes with it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from Kernel.contract.inputs import ADD_TRAIT, Input, TraitFacts
from zones.traits.contract import NATIVE, NONE, OK
from zones.traits.first_faults import FirstFault
from zones.traits.scene import Scene

IDLE_HASH: Final = "0" * 64
IDLE_NAME: Final = "Idle"


def _nothing() -> None:
    """Keep nothing."""


def _nobody(_ids: Sequence[int]) -> None:
    """Know nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedTrait:
    """One version of a trait that can run.

    Args:
        moods, traits: literals of the source, see `zones.traits.verdict.Checked`.
        memory: places of the trait memory that it writes.
        writes: fields of the own entity that it may assign.
        run: runs it for the first `count` of the scene's carriers, in so many parts side by side.
        reset: drops all that it remembers of anybody, and of no place in an arena.
        forget: drops what it remembers of these, who are dead.
        first_faults: by status, where the first call that failed so did, as far as it is known.
    """

    hash: str
    run: Callable[[Scene, int, int], None]
    moods: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    memory: int = 0
    writes: frozenset[str] = frozenset()
    reset: Callable[[], None] = _nothing
    forget: Callable[[Sequence[int]], None] = _nobody
    first_faults: Mapping[int, FirstFault] = field(default_factory=dict)


class TraitLibrary:
    """Traits by tier and hash.

    Args:
        traits: (tier, trait) of each.
        missing: why the code of a hash is not here, for people.
        else_why: why that of any other is not here.
    """

    def __init__(
        self,
        traits: Iterable[tuple[str, LoadedTrait]] = (),
        missing: dict[str, str] | None = None,
        else_why: str = "this generation was not given its code",
    ) -> None:
        self._traits = {(trait.hash, tier): trait for tier, trait in traits}
        self._missing = missing or {}
        self._else_why = else_why

    def find(self, code_hash: str, tier: str) -> LoadedTrait | None:
        """Return the trait of a hash that runs in a tier, None where its code is not here."""
        return self._traits.get((code_hash, tier))

    def fitting(self, code_hash: str, tier: str, memory: int) -> LoadedTrait | None:
        """Return the trait of a hash that may run with so many places of the trait memory.

        An input may say of a source what is not so. Code that has more places than it was given
        would write those of others, or what is no trait memory at all: it is as good as not here.
        """
        trait = self.find(code_hash, tier)
        return trait if trait is not None and trait.memory <= memory else None

    def why_missing(self, code_hash: str) -> str:
        """Return why a trait is not here, for people."""
        if any(known == code_hash for known, _ in self._traits):
            return "its code is of another tier, or takes more of the trait memory"
        return self._missing.get(code_hash, self._else_why)

    def joined(self, other: "TraitLibrary") -> "TraitLibrary":
        """Return a library of what either has."""
        both = TraitLibrary()
        both._traits = {**other._traits, **self._traits}
        both._missing = {**other._missing, **self._missing}
        return both

    def __iter__(self) -> Iterator[LoadedTrait]:
        return iter(self._traits.values())

    def __len__(self) -> int:
        return len(self._traits)


def idle_library() -> TraitLibrary:
    """Return a library of one native trait that does nothing: what a scratch world is given."""
    return TraitLibrary([(NATIVE, LoadedTrait(hash=IDLE_HASH, run=_idle))])


def idle_input() -> Input:
    """Return the input that brings the trait of an idle library in."""
    facts = TraitFacts(IDLE_NAME, 1, IDLE_HASH, NATIVE, NONE)
    return Input(ADD_TRAIT, trait=facts)


def _idle(scene: Scene, count: int, _parts: int) -> None:
    scene.arrays["fuel"][:count] = 1
    scene.arrays["status"][:count] = OK
