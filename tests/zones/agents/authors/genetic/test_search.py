"""The search: it finds what is there, says so where nothing is, and is the same for one seed."""

import random
from collections.abc import Sequence

import pytest

from tests.zones.agents.authors.genetic.landscape import PaperLab, Worth, flat, never, planted
from zones.agents.authors.genetic.archive import Archive
from zones.agents.authors.genetic.grammar import Tree
from zones.agents.authors.genetic.scoring import goal_of
from zones.agents.authors.genetic.search import Found, GeneticSettings, Search, chance_for
from zones.agents.authors.genetic.trees import names_in, tree_hash
from zones.agents.thoughts import Cancelled, Outcome

GOAL = goal_of("mean_population", "more")
THOROUGH = GeneticSettings(candidates=16, generations=4, wall_s=1e9)


def search(
    lab: PaperLab,
    seed: int = 1,
    settings: GeneticSettings = THOROUGH,
    archive: Archive | None = None,
    entities: int = 100,
    parent: Tree | None = None,
    barred: Sequence[str] = (),
) -> Found:
    one = Search(
        GOAL, "Trial", archive or Archive(), settings, chance_for(seed, "test"), parent, barred
    )
    return one.run(lab, never, entities)


@pytest.mark.slow
def test_finds_what_is_planted() -> None:
    """In a world where heading for far food and eating helps, that is found on every seed."""
    for seed in range(10):
        found = search(PaperLab(planted, seed), seed)
        assert found.best is not None
        assert found.proof is not None
        assert found.proof.low > 0
        assert {"to_food", "steer"} <= names_in(found.best.tree)
        assert planted(found.best.source) > 4.0


@pytest.mark.slow
def test_says_nothing_where_nothing_helps() -> None:
    """In a flat world with noise at most 5 % of searches come to a finding, of either kind."""
    false = sum(search(PaperLab(flat, salt), salt).best is not None for salt in range(200))
    assert false <= 10


def test_one_seed_is_one_search() -> None:
    """Two searches of one seed ask for the same sources in the same order."""
    first, second, other = PaperLab(planted), PaperLab(planted), PaperLab(planted)
    a, b = search(first, 4), search(second, 4)
    search(other, 5)
    assert first.asked == second.asked != other.asked
    assert a.best is not None
    assert b.best is not None
    assert a.best.source == b.best.source


def test_nothing_is_tried_twice() -> None:
    """No two candidates of a search are the same trait, whatever their trees look like."""
    found = search(PaperLab(planted), settings=GeneticSettings(generations=6, wall_s=1e9))
    hashes = [tree_hash(each.tree) for each in found.tried]
    assert len(hashes) == len(set(hashes))


def test_barred_sources_do_not_come_back() -> None:
    """A source that failed before is not handed out again."""
    first = search(PaperLab(planted), 4)
    assert first.best is not None
    again = search(PaperLab(planted), 4, barred=[first.best.source])
    assert again.best is not None
    assert again.best.source != first.best.source


def test_large_worlds_get_fewer_candidates() -> None:
    """In a world of 50 000 a generation is no more than four candidates."""
    lab = PaperLab(planted)
    search(lab, entities=50_000)
    assert len(lab.asked[0][0]) == 4


def test_wall_clock_ends_the_search_with_a_proof() -> None:
    """A search whose time is up begins no other generation, and still proves its best."""
    clock = iter(range(1000))
    lab = PaperLab(planted)
    one = Search(GOAL, "Trial", Archive(), GeneticSettings(generations=5), chance_for(1))
    found = one.run(lab, never, 100, lambda: float(next(clock)) * 10)
    assert found.generations == 1
    assert [asked[2] for asked in lab.asked] == [2, 8]
    assert found.proof is not None


def test_cancelled_search_ends_at_once() -> None:
    """A search that nobody wants any more asks for no further trial."""
    lab = PaperLab(planted)
    with pytest.raises(Cancelled):
        Search(GOAL, "Trial", Archive(), THOROUGH, random.Random(1)).run(lab, lambda: True, 100)
    assert lab.asked == []


def test_refused_candidates_are_never_best() -> None:
    """Where the checks refuse everything nothing is proven, and the refusals are counted."""

    class Refusing(PaperLab):
        def try_sources(self, sources: Sequence[str], ticks: int, seeds: int) -> list[Outcome]:
            return [Outcome(False, "trial", "faults", 1, "too many") for _ in sources]

    found = search(Refusing(planted), settings=GeneticSettings(generations=1))
    assert found.best is None
    assert found.refused == len(found.tried) == 8
    assert found.finalists == []


def test_later_missions_begin_from_the_archive() -> None:
    """With what an earlier mission has found, the first generation of the next one is better."""

    def rare(source: str) -> float:
        return planted(source) if "fullness" not in source else 0.0

    archive = Archive()
    worth: Worth = rare
    search(PaperLab(worth), 1, archive=archive)
    assert archive.elites
    quick = GeneticSettings(candidates=8, generations=1)
    fresh = [search(PaperLab(worth, s), s, quick).tried[0].outcome for s in range(20, 30)]
    taught = [search(PaperLab(worth, s), s, quick, archive).tried[0].outcome for s in range(20, 30)]

    def total(outcomes: list[Outcome]) -> float:
        return sum(each.effects["mean_population"]["mean"] or 0.0 for each in outcomes)

    assert total(taught) > total(fresh)


def test_parent_is_improved_not_repeated() -> None:
    """A search for a better version begins near the one that is there, and never hands it out."""
    first = search(PaperLab(planted), 2)
    assert first.best is not None
    parent = first.best.tree
    found = search(PaperLab(planted), 3, parent=parent)
    assert all(each.tree != parent for each in found.tried)
