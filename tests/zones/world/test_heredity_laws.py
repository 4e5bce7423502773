"""Laws of birth: what children inherit, when lineages are founded, who is seeded."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from Kernel.contract.arena import State
from tests.zones.world.stage import assert_uniform, now, put, stage
from tests.zones.world.worlds import living, make_world, run
from zones.world import columns
from zones.world.columns import GENES, open_world
from zones.world.genes import COLOUR, SIZE

MOTHERS = 6000
SIGMAS = 5.0


class Births(NamedTuple):
    """Mothers and children of one tick, row by row; dna in float64, shape (n, GENES)."""

    mother: np.ndarray
    child: np.ndarray
    slot: np.ndarray
    mother_slot: np.ndarray


def bear(dna: Any, **rules: float) -> tuple[Any, Births]:
    """Let MOTHERS of this dna bear one child each in one tick."""
    values = {"birth_energy": 40.0, "birth_age": 0, "lineage_distance": 3.0, **rules}
    words = stage(MOTHERS, max_entities=2 * MOTHERS, **values)
    put(words, dna=dna, energy=50.0)
    run(words, 1)
    assert words.state(1, State.BIRTHS) == MOTHERS
    buffer = now(words)
    slots = buffer.touched[:MOTHERS].copy()
    place = np.zeros(int(buffer.id.max()) + 1, np.int64)
    place[buffer.id[living(buffer)]] = living(buffer)
    mothers = place[buffer.parent[slots]]
    dna = buffer.dna.astype(np.float64)
    return words, Births(dna[mothers], dna[slots], slots, mothers)


@pytest.mark.slow
def test_genes_change_evenly() -> None:
    """A child's genes differ from its mother's by -mutation to +mutation, all alike likely."""
    _, births = bear(0.5, mutation=0.1)
    change = births.child - births.mother
    for gene in range(GENES):
        assert_uniform(change[:, gene], -0.1 - 1e-6, 0.1 + 1e-6)
        # No drift: the mean of n changes has a standard deviation of mutation / sqrt(3 n).
        assert abs(change[:, gene].mean()) < SIGMAS * 0.1 / np.sqrt(3 * MOTHERS)
    together = np.corrcoef(change.T) - np.eye(GENES)
    assert np.abs(together).max() < SIGMAS / np.sqrt(MOTHERS)
    among_sisters = np.corrcoef(change[1:, 0], change[:-1, 0])[0, 1]
    assert abs(among_sisters) < SIGMAS / np.sqrt(MOTHERS)


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_genes_turn_back_at_the_ends(end: float) -> None:
    """At the ends of its range a gene is reflected: all alike likely, none piled up at the end."""
    _, births = bear(end, mutation=0.2)
    low, high = (0.0, 0.2) if end == 0 else (0.8, 1.0)
    for gene in range(GENES):
        if gene == COLOUR:
            continue
        drawn = births.child[:, gene]
        assert_uniform(drawn, low - 1e-6, high + 1e-6)
        assert np.count_nonzero(drawn == end) < 5


def test_hues_go_round() -> None:
    """The colour gene goes on from 1 at 0 and back: its ends are neighbours."""
    _, births = bear(0.98, mutation=0.1)
    hue = births.child[:, COLOUR]
    assert hue.min() >= 0 and hue.max() <= 1
    assert_uniform(np.where(hue < 0.5, hue + 1.0, hue), 0.88 - 1e-6, 1.08 + 1e-6)
    assert np.count_nonzero(births.child[:, 0] < 0.5) == 0


def test_even_genes_stay_even() -> None:
    """Mothers of any genes have children of any genes: neither ends nor middle draw them."""
    dna = np.random.default_rng(2).random((MOTHERS, GENES))
    _, births = bear(dna, mutation=0.3)
    for gene in range(GENES):
        assert_uniform(births.child[:, gene], 0.0, 1.0 + 1e-6)


def test_children_regress_on_mothers_with_slope_one() -> None:
    """Away from the ends, children lie on their mothers' genes with slope 1 and even noise."""
    dna = np.random.default_rng(3).uniform(0.1, 0.9, (MOTHERS, GENES))
    _, births = bear(dna, mutation=0.08)
    noise = 0.08 / np.sqrt(3.0)
    error = noise / np.sqrt(MOTHERS) / births.mother[:, 0].std()
    for gene in range(GENES):
        slope, _ = np.polyfit(births.mother[:, gene], births.child[:, gene], 1)
        assert abs(slope - 1.0) < SIGMAS * error
        left = births.child[:, gene] - births.mother[:, gene]
        assert left.std() == pytest.approx(noise, rel=0.04)


@pytest.mark.slow
def test_neutral_genes_do_not_drift_one_way() -> None:
    """Where genes do nothing, the mean gene of a population wanders, but to neither side.

    Twelve worlds of eight genes are 96 wanderings over a dozen generations; their mean must be
    within 4 standard errors of 0. A mutation that is 0.01 off its middle would be beyond.
    """
    changes = []
    for seed in range(12):
        words = make_world(
            seed=seed, entities=150, max_entities=300, resources=300, world_width=600.0,
            world_height=600.0, gene_effect=0.0, birth_age=20, birth_energy=40.0, age_max=150,
            min_population=0, resource_spawn_rate=0.3, cost_base=0.2, founder_variety=0.2,
            mutation=0.03,
        )  # fmt: skip
        before = now(words).dna[living(now(words))].mean(axis=0)
        run(words, 500)
        buffer = now(words)
        alive = living(buffer)
        assert np.median(buffer.generation[alive]) >= 5
        changes.append(buffer.dna[alive].mean(axis=0) - before)
    # Hues have no ends and no middle; the founders' are spread too far for a mean.
    drift = np.delete(np.array(changes), COLOUR, axis=1).ravel()
    assert abs(drift.mean()) < 4.0 * drift.std() / np.sqrt(len(drift))
    assert 0.001 < drift.std() < 0.1


def test_lineages_are_founded_by_distance() -> None:
    """A newborn founds a lineage if, and only if, it is farther than lineage_distance away."""
    generator = np.random.default_rng(4)
    dna = generator.uniform(0.2, 0.8, (MOTHERS, GENES))
    limit = 0.3
    words = stage(
        MOTHERS, max_entities=2 * MOTHERS, birth_energy=40.0, birth_age=0, mutation=0.1,
        lineage_distance=limit,
    )  # fmt: skip
    grains = np.clip(np.rint(255 * (dna + generator.normal(0, 0.1, dna.shape))), 0, 255)
    put(words, dna=dna, energy=50.0, founder_dna=grains, lineage=7, colour=0x123456)
    upcoming = now(words).scalar(columns.NEXT_LINEAGE)
    run(words, 1)
    buffer = now(words)
    slots = np.sort(buffer.touched[:MOTHERS])
    place = {int(number): slot for slot, number in enumerate(buffer.id)}
    mothers = [place[int(number)] for number in buffer.parent[slots]]
    apart = buffer.dna[slots].astype(np.float64) - buffer.founder_dna[mothers] / 255.0
    far = np.sqrt(np.sum(apart**2, axis=1))
    founded = buffer.lineage[slots] != 7
    sure = np.abs(far - limit) > 1e-5
    assert np.array_equal(founded[sure], (far > limit)[sure])
    assert MOTHERS // 10 < np.count_nonzero(founded) < MOTHERS * 9 // 10
    # Each founder has a number of its own, in order of birth, and is what its lineage is named by.
    order = np.argsort(buffer.id[slots[founded]])
    numbers = buffer.lineage[slots[founded]][order]
    assert np.array_equal(numbers, np.arange(upcoming, upcoming + len(numbers)))
    kept = np.rint(255 * buffer.dna[slots[founded]].astype(np.float64))
    assert np.abs(kept - buffer.founder_dna[slots[founded]]).max() <= 1
    # All others keep name, colour and founder of their mothers.
    same = slots[~founded]
    assert np.array_equal(buffer.founder_dna[same], buffer.founder_dna[mothers][~founded])
    assert np.all(buffer.colour[same] == 0x123456)


@pytest.mark.parametrize("gene", ["fertility", "size"])
def test_births_begin_at_the_threshold(gene: str) -> None:
    """One bears from birth_energy x size x (1.4 - 0.4 fertility) on, and not below."""
    many = 400
    place = columns.GENE_NAMES.index(gene)
    words = stage(
        many, max_entities=2 * many, gene_effect=1.0, birth_energy=40.0, birth_age=0,
        max_energy=1000.0,
    )  # fmt: skip
    dna = np.full((many, GENES), 0.5)
    dna[:, place] = np.linspace(0, 1, many)
    times = 0.5 + dna[:, place]
    bears_at = 40.0 * (times if gene == "size" else 1.4 - 0.4 * times)
    enough = np.arange(many) % 2 == 0
    put(
        words, dna=dna, max_energy=1000.0, energy=np.where(enough, bears_at, bears_at - 0.01) + 1e-3
    )
    mothers = set(now(words).id[living(now(words))][enough].tolist())
    run(words, 1)
    buffer = now(words)
    born = buffer.parent[buffer.touched[: buffer.scalar(State.TOUCHED_COUNT)]]
    assert set(born.tolist()) == mothers


@pytest.mark.parametrize("metabolism", [0.0, 0.5, 1.0])
def test_births_begin_when_grown_up(metabolism: float) -> None:
    """One bears from the tick on in which its age x metabolism comes to birth_age."""
    words = stage(1, max_entities=9, gene_effect=1.0, birth_energy=10.0, birth_age=30)
    dna = np.full((1, GENES), 0.5)
    dna[:, 2] = metabolism
    put(words, dna=dna, energy=90.0, max_energy=100.0)
    grown = int(np.ceil(30 / (0.5 + metabolism)))
    run(words, grown - 1)
    assert words.state(grown - 1, State.BIRTHS) == 0
    run(words, 1)
    assert words.state(grown, State.BIRTHS) == 1


@pytest.mark.parametrize("size", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("loss", [0.0, 0.2, 0.9])
def test_a_birth_costs_what_it_says(size: float, loss: float) -> None:
    """The mother gives birth_share; birth_loss of birth_energy, by size, is lost of it at most."""
    words = stage(
        1, max_entities=2, birth_energy=40.0, birth_age=0, birth_share=0.25, birth_loss=loss,
        gene_effect=1.0, mutation=0.0,
    )  # fmt: skip
    dna = np.full((1, GENES), 0.5)
    dna[:, SIZE] = size
    put(words, dna=dna, energy=80.0, max_energy=100.0)
    run(words, 1)
    buffer = now(words)
    lost = min(20.0, loss * 40.0 * (0.5 + size))
    assert sorted(buffer.energy.tolist()) == pytest.approx([20.0 - lost, 60.0])
    assert buffer.real(columns.LOST) == pytest.approx(lost)
    assert buffer.real(columns.EATEN) == buffer.real(columns.SPENT) == 0.0


def test_seeding_is_even() -> None:
    """The seeded are anywhere, of any genes, of generation 0, of no mother, each a new lineage."""
    many = 6000
    words = make_world(
        entities=0, max_entities=many, min_population=many, world_width=3000.0,
        world_height=500.0, lineage_distance=0.1, founder_energy=33.0,
    )  # fmt: skip
    run(words, 1)
    world = open_world(words)
    buffer = world.committed
    assert words.state(1, State.SEEDED) == many
    assert_uniform(buffer.x, 0.0, 3000.0)
    assert_uniform(buffer.y, 0.0, 500.0)
    for gene in range(GENES):
        # Hues are a golden section apart: more even than chance.
        assert_uniform(buffer.dna[:, gene], 0.0, 1.0)
    together = np.corrcoef(np.vstack((np.delete(buffer.dna, COLOUR, 1).T, buffer.x, buffer.y)))
    assert np.abs(together - np.eye(9)).max() < SIGMAS / np.sqrt(many)
    assert np.all(buffer.generation == 0) and np.all(buffer.parent == 0)
    assert np.array_equal(np.sort(buffer.lineage), np.arange(1, many + 1))
    size = 0.5 + buffer.dna[:, 3].astype(np.float64)
    assert buffer.energy == pytest.approx(np.minimum(33.0, 100.0 * size**2), rel=1e-5)


def test_seeding_fills_up_what_lacks() -> None:
    """In each tick as many are seeded as there are fewer than min_population, and no more."""
    words = stage(40, max_entities=200, min_population=60, age_max=5, lifespan_shortest=1.0)
    for tick in range(1, 20):
        before = words.state(tick - 1, State.SEEDED)
        run(words, 1)
        dead = words.state(tick, columns.DIED_NOW)
        lacked = 60 - (words.state(tick - 1, State.POPULATION) - dead)
        assert words.state(tick, State.SEEDED) - before == max(lacked, 0)
        assert words.state(tick, State.POPULATION) == 60
