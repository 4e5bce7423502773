"""The survey: one pass over the world that finds what numpy finds by looking at everything."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.contract.arena import ArenaWords, State
from tests.zones.world.stage import now
from tests.zones.world.worlds import make_world
from zones.world import columns
from zones.world.columns import ALIVE, FREE, Buffer
from zones.world.survey import keep_findings, new_tally, survey

SLOTS, PLACES = 2500, 9000
"""More than two blocks of each."""
TALLY = new_tally(SLOTS, PLACES)


@cache
def arena() -> ArenaWords:
    """Return the one world that all these tests fill anew."""
    return make_world(max_entities=SLOTS, entities=SLOTS, resources=PLACES)


def fill(seed: int, share: float, kinds: int) -> tuple[Buffer, np.ndarray]:
    """Fill the world with anything and return its buffer and who lives."""
    generator = np.random.default_rng(seed)
    buffer = now(arena())
    buffer.state[:] = np.where(generator.random(SLOTS) < share, ALIVE, FREE)
    buffer.lineage[:] = generator.choice(generator.integers(1, 2**32 - 1, kinds), SLOTS)
    buffer.dna[:] = generator.random(buffer.dna.shape)
    buffer.max_energy[:] = generator.uniform(1, 100, SLOTS)
    buffer.energy[:] = buffer.max_energy * (1 - generator.random(SLOTS))
    buffer.radius[:] = generator.random(SLOTS)
    buffer.x[:], buffer.y[:] = generator.uniform(0, 2000, (2, SLOTS))
    buffer.vx[:], buffer.vy[:] = generator.normal(0, 5, (2, SLOTS))
    buffer.resource_amount[:] = generator.random(PLACES)
    return buffer, np.flatnonzero(buffer.state == ALIVE)


@pytest.mark.slow
@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1), share=st.sampled_from([0.0, 0.001, 0.5, 1.0]),
    kinds=st.sampled_from([1, 2, 40, 2500]), parallel=st.booleans(),
)  # fmt: skip
def test_survey_is_numpy(seed: int, share: float, kinds: int, parallel: bool) -> None:
    """Counts, sums, means and lineages are those of numpy, with threads and without."""
    buffer, alive = fill(seed, share, kinds)
    found = survey(parallel, buffer, TALLY)
    assert found.population == len(alive)
    assert found.energy == pytest.approx(np.sum(buffer.energy[alive], dtype=np.float64))
    assert found.food == pytest.approx(np.sum(buffer.resource_amount, dtype=np.float64))
    assert found.unsound == 0
    assert found.largest_radius == buffer.radius[alive].max(initial=0.0)
    names, sizes = np.unique(buffer.lineage[alive], return_counts=True)
    assert found.lineages == len(names)
    if not len(alive):
        assert (found.dominant, found.dominant_share, found.lineage_diversity) == (0, 0.0, 0.0)
        assert found.genes == (0.0,) * 8
        return
    means = buffer.dna[alive].astype(np.float64).mean(axis=0)
    assert found.genes == pytest.approx(means.tolist())
    shares = sizes / len(alive)
    assert found.lineage_diversity == pytest.approx(1.0 / np.sum(shares**2))
    assert found.dominant == names[np.argmax(sizes)], "of equal ones the oldest"
    assert found.dominant_share == pytest.approx(shares.max())


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("x", -0.1), ("x", 2000.5), ("x", np.nan), ("y", np.inf), ("vx", 100.1), ("vy", np.nan),
        ("energy", -1.0), ("energy", 101.0), ("energy", np.nan), ("max_energy", np.inf),
        ("max_energy", np.nan), ("radius", -1.0), ("radius", np.inf), ("dna", 1.01), ("dna", -0.01),
        ("dna", np.nan),
    ],
)  # fmt: skip
def test_unsound_values_are_counted(column: str, value: float) -> None:
    """One value that is out of its range, or no number, makes one unsound Molbot, if it lives."""
    buffer, alive = fill(8, 0.5, 3)
    getattr(buffer, column)[alive[700]] = value
    assert survey(False, buffer, TALLY).unsound == 1
    assert survey(True, buffer, TALLY).unsound == 1
    buffer, _ = fill(8, 0.5, 3)
    getattr(buffer, column)[np.flatnonzero(buffer.state == FREE)[700]] = value
    assert survey(False, buffer, TALLY).unsound == 0


@pytest.mark.parametrize("value", [-0.001, np.nan, np.inf])
def test_unsound_food_is_counted(value: float) -> None:
    """A place with less than nothing or no number is unsound."""
    buffer, _ = fill(8, 0.5, 3)
    buffer.resource_amount[8999] = value
    assert survey(False, buffer, TALLY).unsound == 1


def test_findings_are_kept() -> None:
    """What only a survey finds is written into the state block."""
    buffer, alive = fill(9, 0.5, 40)
    keep_findings(buffer, survey(False, buffer, TALLY))
    assert buffer.scalar(State.LINEAGES) == len(np.unique(buffer.lineage[alive]))
    assert buffer.real(columns.LARGEST_RADIUS) == buffer.radius[alive].max()
