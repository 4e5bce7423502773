"""The search for a trait: generations of candidates, and the proof of the best.

Owns: what is tried and in which order, when the search ends. Does not own: trials (`Lab`), what
an outcome is worth (`scoring.py`), new candidates (`variation.py`, `openings.py`), words
(`author.py`).

All candidates of a generation are tried beside one control, on few seeds. Then the few best of all
are tried again on more seeds and for longer (successive halving: K. Jamieson and A. Talwalkar,
2016), and only an effect that is proven there counts. What was tried once is known by the hash of
its tree and is not tried again.
"""

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from zones.agents.authors.genetic.archive import Archive
from zones.agents.authors.genetic.grammar import Tree, grow_trait
from zones.agents.authors.genetic.openings import FEWER, WEIGHTS, sketch, theme_of, whole
from zones.agents.authors.genetic.scoring import Goal, Proof, proof_of, scores
from zones.agents.authors.genetic.trees import canonical, fits, size, tree_hash
from zones.agents.authors.genetic.variation import cross, mutate
from zones.agents.authors.genetic.writing import write
from zones.agents.thoughts import KILLED, Cancelled, Lab, Outcome, Stop

TRIES: Final = 30
"""For one new candidate, until a batch stays smaller."""
STANDARD: Final = 500
"""Molbots of the world that the numbers of candidates are made for."""
LEAST: Final = 4
LONGER: Final = 2.0
FULL: Final = 4.0
CLEAR: Final = 6.0
"""Spreads between seeds: of what does so much, no next generation is asked for something better."""
_FEW: Final = 125
"""Molbots; with fewer trials get longer."""


@dataclass(frozen=True, slots=True)
class GeneticSettings:
    """How much the offline author may try.

    Args:
        candidates: of the first generation, in a world of STANDARD; larger worlds get fewer.
        generations: at most.
        ticks, seeds: of a trial of the search; proof_ticks, proof_seeds: of the proof. A world of
            few is cheap, and slow to show anything: it is given up to LONGER times as many ticks.
        finalists: how many are tried for a proof.
        changes: of parameters that are tried for one plan.
        wall_s: once a search took so long no other generation is begun; the proof comes anyway.
    """

    candidates: int = 8
    generations: int = 2
    ticks: int = 200
    seeds: int = 2
    proof_ticks: int = 300
    proof_seeds: int = 8
    finalists: int = 2
    changes: int = 6
    wall_s: float = 1.5

    def __post_init__(self) -> None:
        """Refuse numbers that no search could be made with."""
        assert self.candidates >= 1, "nothing comes of nothing"
        assert self.generations >= 1, "there is a first generation"
        assert self.seeds >= 2, "one pair has no spread"
        assert self.proof_seeds >= 2, "nor can it prove anything"
        assert self.finalists >= 1, "somebody is to be proven"


@dataclass(slots=True)
class Candidate:
    """One trait that was tried.

    Args:
        against: why it is not proven, where that was tried.
    """

    tree: Tree
    source: str
    score: float
    outcome: Outcome
    against: str = ""


@dataclass(slots=True)
class Found:
    """What a search came to.

    Args:
        best: None: nothing is proven.
        tried: all candidates, the best of the search first; finalists: the few that are tried for a
            proof, until one has it.
        refused: how many the checks refused.
    """

    best: Candidate | None = None
    proof: Proof | None = None
    tried: list[Candidate] = field(default_factory=list)
    finalists: list[Candidate] = field(default_factory=list)
    generations: int = 0
    refused: int = 0

    @property
    def disproved(self) -> list[Candidate]:
        """Return what was to be the best and is not, what the kernel has refused, and the rest."""
        failed = [each for each in self.finalists if each.against]
        others = [
            each
            for each in self.tried
            if each is not self.best and not each.against and each.outcome.rule != KILLED
        ]
        others.sort(key=lambda candidate: candidate.outcome.accepted)
        return [*failed, *others]

    @property
    def is_clear(self) -> bool:
        """Return whether the best does so much that it is worth more to prove it than to go on."""
        return bool(self.tried) and self.tried[0].score >= CLEAR


class Search:
    """One search for one trait.

    Args:
        parent: the trait that is to be changed for the better, None: a new one is wanted.
        barred: sources that are not to come up again.
    """

    def __init__(
        self,
        goal: Goal,
        name: str,
        archive: Archive,
        settings: GeneticSettings,
        chance: random.Random,
        parent: Tree | None = None,
        barred: Sequence[str] = (),
    ) -> None:
        self._goal = goal
        self._theme = theme_of(goal)
        self._name = name
        self._archive = archive
        self._settings = settings
        self._chance = chance
        self._parent = parent
        self._barred = frozenset(barred)
        self._known: set[str] = set() if parent is None else {tree_hash(parent)}

    def run(
        self, lab: Lab, stop: Stop, entities: int, clock: Callable[[], float] = time.monotonic
    ) -> Found:
        """Search, and return what came of it.

        Args:
            entities: who live in the world; a trial of many takes its time.

        Raises:
            Cancelled: `stop` said so, or a trial.
            AuthorFailed: no trial can be had.
        """
        settings, found, began_s = self._settings, Found(), clock()
        longer = min(max(_FEW / max(entities, 1), 1.0), LONGER)
        many = max(LEAST, round(settings.candidates * min(1.0, STANDARD / max(entities, 1))))
        if self._theme == FEWER:
            # A full world stays full until nobody waits for a slot any more.
            longer, many = FULL, max(LEAST, many // 2)
        for number in range(settings.generations):
            if number and (found.is_clear or clock() - began_s > settings.wall_s):
                break
            _look(stop)
            trees = self._first(many) if number == 0 else self._next(found.tried, many)
            if not trees:
                break
            self._try(trees, lab, found, longer)
            found.generations += 1
        _look(stop)
        self._prove(lab, stop, found, longer)
        return found

    def _try(self, trees: list[Tree], lab: Lab, found: Found, longer: float) -> None:
        """Try a generation, and sort it in."""
        settings = self._settings
        sources = [write(tree, self._name) for tree in trees]
        outcomes = lab.try_sources(sources, round(settings.ticks * longer), settings.seeds)
        sizes = [size(tree) for tree in trees]
        worth = scores(outcomes, self._goal, settings.seeds, sizes)
        for each in zip(trees, sources, worth, outcomes, strict=True):
            candidate = Candidate(*each)
            self._archive.add(self._theme, candidate.tree, candidate.outcome, candidate.score)
            found.tried.append(candidate)
            found.refused += not candidate.outcome.accepted
        found.tried.sort(key=lambda candidate: candidate.score, reverse=True)

    def _prove(self, lab: Lab, stop: Stop, found: Found, longer: float) -> None:
        """Try finalists one by one, the best of the search first, until one is proven."""
        settings = self._settings
        best = [each for each in found.tried if each.score > 0 and not each.outcome.unchanged]
        found.finalists = best[: settings.finalists]
        if not found.finalists:
            return
        for candidate in found.finalists:
            _look(stop)
            (candidate.outcome,) = lab.try_sources(
                [candidate.source], round(settings.proof_ticks * longer), settings.proof_seeds
            )
            proof = proof_of(candidate.outcome, self._goal, settings.proof_seeds)
            if not isinstance(proof, str):
                found.best, found.proof = candidate, proof
                return
            candidate.against = proof

    def _first(self, many: int) -> list[Tree]:
        """Some of all that is known, half of sketches, the rest of elites and of pure chance."""
        trees: list[Tree] = []
        makers = [
            self._from_whole, self._from_sketch, self._from_archive, self._from_sketch,
            self._from_whole, self._from_nothing,
        ]  # fmt: skip
        if self._parent is not None:
            makers = [
                self._from_parent, self._from_whole, self._from_cross, self._from_sketch,
                self._from_parent, self._from_archive,
            ]  # fmt: skip
        for number in range(many):
            self._add(makers[number % len(makers)], trees)
        return trees

    def _next(self, tried: list[Candidate], many: int) -> list[Tree]:
        """Children of the best third, by change or by crossing."""
        parents = [each.tree for each in tried[: max(2, len(tried) // 3)] if each.score > 0]
        if not parents:
            return self._first(many)
        weights = WEIGHTS[self._theme]

        def child() -> Tree:
            first = self._chance.choice(parents)
            if len(parents) > 1 and self._chance.random() < 0.4:
                return cross(first, self._chance.choice(parents), self._chance)
            return mutate(first, self._chance, weights)

        trees: list[Tree] = []
        for _ in range(many):
            self._add(child, trees)
        return trees

    def _add(self, make: Callable[[], Tree], trees: list[Tree]) -> None:
        """Add what has not been tried yet, if it can be made in TRIES."""
        for _ in range(TRIES):
            tree = canonical(make())
            if tree is None or not fits(tree):
                continue
            key = tree_hash(tree)
            if key in self._known or write(tree, self._name) in self._barred:
                continue
            self._known.add(key)
            trees.append(tree)
            return

    def _from_sketch(self) -> Tree:
        tree = sketch(self._theme, self._chance) or self._from_nothing()
        if self._chance.random() < 0.4:
            return mutate(tree, self._chance, WEIGHTS[self._theme])
        return tree

    def _from_whole(self) -> Tree:
        return whole(self._theme, self._chance) or self._from_sketch()

    def _from_cross(self) -> Tree:
        """The parent, crossed with an elite or with all that is known."""
        assert self._parent is not None, "asked for where there is one"
        other = self._archive.draw(self._theme, self._chance) or self._from_whole()
        pair = (self._parent, other) if self._chance.random() < 0.5 else (other, self._parent)
        return cross(*pair, self._chance)

    def _from_archive(self) -> Tree:
        tree = self._archive.draw(self._theme, self._chance)
        if tree is None:
            return self._from_sketch()
        if self._chance.random() < 0.5:
            return mutate(tree, self._chance, WEIGHTS[self._theme])
        return tree

    def _from_nothing(self) -> Tree:
        return grow_trait(self._chance, WEIGHTS[self._theme])

    def _from_parent(self) -> Tree:
        assert self._parent is not None, "asked for where there is one"
        return mutate(self._parent, self._chance, WEIGHTS[self._theme])


def chance_for(seed: int, *about: object) -> random.Random:
    """Return the random numbers of one thought: the same for the same seed and subject."""
    text = "\n".join(str(each) for each in (seed, *about))
    return random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))


def _look(stop: Stop) -> None:
    if stop():
        raise Cancelled
