"""What the offline author has found so far: the best trait of each way to behave, over missions.

Owns: which behaviours are told apart, who keeps a place, the archive as plain data. Does not own:
the file (`archive_file.py`), what a score is (`scoring.py`). Changed in place by its one author.

After J.-B. Mouret and J. Clune, "Illuminating search spaces by mapping elites" (2015): one place
for each behaviour keeps what is unlike the best alive, and the next mission begins from all of it.
A behaviour is what a trait does with its body, what a call costs, and whether it changed births
and energy. Scores of two worlds cannot be compared; so a place is won by the newer of two that are
both better than doing nothing, where the newer is at least as good in its own trial.
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from zones.agents.authors.genetic.grammar import Tree
from zones.agents.authors.genetic.trees import from_plain, names_in, tree_hash
from zones.agents.thoughts import Outcome

VERSION: Final = 1
PLACES_MAX: Final = 400
"""Of elites; the worst of the theme with the most goes."""
WRITTEN_MAX: Final = 100
"""Traits whose tree is kept by the hash of their source, the oldest dropped first."""
SEEN_MAX: Final = 5000
NOVEL_MAX: Final = 1.0
_DEEDS: Final = ("steer", "walk", "eat", "body", "hold", "stop")
_CHANGED: Final = ("births", "mean_energy")

Place = tuple[str, int, int, int, int]
"""Theme, deeds as bits, cost, and what became of births and of energy: -1, 0 or 1."""


@dataclass(frozen=True, slots=True)
class Elite:
    """The best of one place."""

    tree: Tree
    score: float


class Archive:
    """Elites by place, and the trees of what was handed out."""

    def __init__(self) -> None:
        self.elites: dict[Place, Elite] = {}
        self.written: dict[str, Tree] = {}
        self.seen: dict[str, int] = {}

    def add(self, theme: str, tree: Tree, outcome: Outcome, score: float) -> bool:
        """Take a candidate that was tried; return whether it has won a place."""
        key = tree_hash(tree)
        self.seen[key] = self.seen.pop(key, 0) + 1
        while len(self.seen) > SEEN_MAX:
            del self.seen[next(iter(self.seen))]
        if not outcome.accepted or not math.isfinite(score) or score <= 0:
            return False
        place = place_of(theme, tree, outcome)
        holder = self.elites.get(place)
        if holder is not None and holder.score > score:
            return False
        self.elites.pop(place, None)
        self.elites[place] = Elite(tree, score)
        if len(self.elites) > PLACES_MAX:
            del self.elites[min(self.elites, key=lambda each: self.elites[each].score)]
        return True

    def draw(self, theme: str, chance: random.Random) -> Tree | None:
        """Return one of a theme's elites, those of rare deeds and little tried ones first.

        None: there is none.
        """
        found = [(place, elite) for place, elite in self.elites.items() if place[0] == theme]
        if not found:
            return None
        weights = [1.0 + elite.score / 10.0 + self.novelty(elite.tree, theme) for _, elite in found]
        return chance.choices(found, weights)[0][1].tree

    def novelty(self, tree: Tree, theme: str) -> float:
        """Return how unlike the elites of a theme a trait's deeds are, 0 to NOVEL_MAX."""
        deeds = _deeds(tree)
        others = [place[1] for place in self.elites if place[0] == theme and place[1] != deeds]
        if not others:
            return 0.0
        apart = sum((deeds ^ each).bit_count() for each in others) / len(others)
        return NOVEL_MAX * min(apart / len(_DEEDS), 1.0)

    def remember(self, code_hash: str, tree: Tree) -> None:
        """Keep the tree of a source that was handed out."""
        self.written.pop(code_hash, None)
        self.written[code_hash] = tree
        while len(self.written) > WRITTEN_MAX:
            del self.written[next(iter(self.written))]

    def fields(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "version": VERSION,
            "elites": [[*place, each.score, each.tree] for place, each in self.elites.items()],
            "written": [[code_hash, tree] for code_hash, tree in self.written.items()],
            "seen": [[key, times] for key, times in self.seen.items()],
        }


def parse_archive(told: Mapping[str, Any]) -> Archive:
    """Return an archive from plain data.

    Raises:
        ValueError: it is none, of another version, or more than an archive holds.
    """
    archive = Archive()
    try:
        if told["version"] != VERSION:
            raise ValueError(f"version {told['version']!r:.20}")
        rows = told["elites"], told["written"], told["seen"]
        for each, most in zip(rows, (PLACES_MAX, WRITTEN_MAX, SEEN_MAX), strict=True):
            if not isinstance(each, list) or len(each) > most:
                raise ValueError("more than it holds")
        for theme, deeds, cost, births, energy, score, tree in rows[0]:
            place = (str(theme), int(deeds), int(cost), int(births), int(energy))
            if not math.isfinite(float(score)):
                raise ValueError("a score that is none")
            archive.elites[place] = Elite(from_plain(tree), float(score))
        archive.written = {str(key): from_plain(tree) for key, tree in rows[1]}
        archive.seen = {str(key): int(times) for key, times in rows[2]}
    except (KeyError, TypeError, IndexError, OverflowError, AttributeError) as error:
        raise ValueError(f"no archive ({type(error).__name__})") from error
    return archive


def place_of(theme: str, tree: Tree, outcome: Outcome) -> Place:
    """Return where a trait belongs by what it does and has brought about."""
    cost = min(int(math.log2(1.0 + max(outcome.fuel_per_call, 0.0))), 8)
    births, energy = (_sign(outcome.effects.get(metric)) for metric in _CHANGED)
    return theme, _deeds(tree), cost, births, energy


def _deeds(tree: Tree) -> int:
    names = names_in(tree)
    return sum(1 << bit for bit, name in enumerate(_DEEDS) if name in names)


def _sign(effect: Mapping[str, float | None] | None) -> int:
    """Return whether something went up or down, 0 where that may be chance."""
    if effect is None or effect["low"] is None or effect["high"] is None:
        return 0
    return (effect["low"] > 0) - (effect["high"] < 0)
