"""The random streams pass the tests of chance that bad generators fail.

Every statistic has a limit that chance passes once in 3.5 million times (5 sigma), and all seeds
are fixed, so that nothing flakes. Each test is made of a bad generator too, which must fail it.
"""

from collections.abc import Callable

import numpy as np
import pytest

from tests.zones.world.stage import assert_uniform, chi_square, chi_square_limit
from zones.runtime.random_streams import many_units, tick_key

N = 1 << 16
SIGMAS = 5.0
Draw = Callable[[int, int, np.ndarray, int, int], np.ndarray]
"""seed, tick, entities, stream, index -> units."""


def honest(seed: int, tick: int, entities: np.ndarray, stream: int, index: int) -> np.ndarray:
    """Draw as the world does."""
    return many_units(tick_key(seed, tick), entities.astype(np.uint64), stream, index)


def weyl(seed: int, tick: int, entities: np.ndarray, stream: int, index: int) -> np.ndarray:
    """Draw multiples of the golden ratio: far too even, and each the next one's neighbour."""
    place = seed * 0.1 + tick * 0.7 + stream * 0.3 + index * 0.2
    return (((entities + place) * 0.6180339887) % 1.0).astype(np.float32)


def blind(seed: int, _tick: int, entities: np.ndarray, _stream: int, _index: int) -> np.ndarray:
    """Draw well, but forget what for: tick, stream and index change nothing."""
    return honest(seed, 1, entities, 1, 0)


def lopsided(seed: int, tick: int, entities: np.ndarray, stream: int, index: int) -> np.ndarray:
    """Draw well, but low values a little too often: their mean is 0.488 instead of a half."""
    return honest(seed, tick, entities, stream, index) ** np.float32(1.05)


def check_spread(draw: Draw) -> None:
    """Assert that draws over ids, ticks, streams and indices fill 256 bins evenly."""
    ids = np.arange(1, N + 1)
    assert_uniform(draw(1, 1, ids, 4, 0), 0.0, 1.0, 256)
    one = np.array([77])
    over_ticks = [draw(1, tick, one, 4, 0)[0] for tick in range(8192)]
    assert_uniform(over_ticks, 0.0, 1.0, 64)
    over_indices = [
        draw(1, 1, one, stream, index)[0] for stream in range(64) for index in range(64)
    ]
    assert_uniform(over_indices, 0.0, 1.0, 64)


def check_pairs(draw: Draw) -> None:
    """Assert that two draws whose keys are neighbours fill a 16 x 16 square evenly."""
    ids = np.arange(1, N + 1)
    first = draw(1, 5, ids, 4, 0)
    neighbours = (
        draw(1, 5, ids + 1, 4, 0),
        draw(1, 6, ids, 4, 0),
        draw(1, 5, ids, 5, 0),
        draw(1, 5, ids, 4, 1),
        draw(2, 5, ids, 4, 0),
    )
    for number, second in enumerate(neighbours):
        counts, _, _ = np.histogram2d(first, second, 16, ((0, 1), (0, 1)))
        statistic = chi_square(counts, N / 256)
        assert statistic < chi_square_limit(256), number


def check_lags(draw: Draw) -> None:
    """Assert that no draw tells of one up to 64 ids, ticks or indices later.

    The correlation of N independent pairs has a standard deviation of 1 / sqrt(N).
    """
    ids = np.arange(1, N + 1)
    along_ids = draw(3, 9, ids, 6, 0)
    one = np.array([5])
    along_ticks = np.array([draw(3, tick, one, 6, 0)[0] for tick in range(4096)])
    along_indices = np.array([draw(3, 9, one, 6, index)[0] for index in range(4096)])
    for drawn in (along_ids, along_ticks, along_indices):
        centred = drawn.astype(np.float64) - 0.5
        for lag in (*range(1, 17), 32, 64):
            pairs = len(centred) - lag
            found = np.mean(centred[lag:] * centred[:-lag]) * 12.0
            assert abs(found) < SIGMAS / np.sqrt(pairs), lag


def check_runs(draw: Draw) -> None:
    """Assert that long runs up are as frequent as chance makes them.

    So many draws ascend with a chance of 1 / k!. The runs share no draw: those of neighbours
    depend on each other (Knuth, TAOCP vol. 2, 3rd ed., 3.3.2 G).
    """
    drawn = draw(4, 2, np.arange(1, N + 1), 7, 3)
    for length, chance in ((2, 1 / 2), (3, 1 / 6), (4, 1 / 24)):
        rows = drawn[: N // length * length].reshape(-1, length)
        found = np.count_nonzero(np.all(np.diff(rows, axis=1) > 0, axis=1))
        spread = np.sqrt(len(rows) * chance * (1 - chance))
        assert abs(found - len(rows) * chance) < SIGMAS * spread, length


CHECKS: dict[str, tuple[Callable[[Draw], None], Draw]] = {
    "spread": (check_spread, lopsided),
    "pairs": (check_pairs, blind),
    "lags": (check_lags, weyl),
    "runs": (check_runs, weyl),
}
"""Each check with a generator that is bad in the way it looks for."""


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKS)
def test_streams_are_random(name: str) -> None:
    """The draws of the world pass each test of chance."""
    CHECKS[name][0](honest)


@pytest.mark.parametrize("name", CHECKS)
def test_bad_generators_fail(name: str) -> None:
    """A generator that is bad on purpose fails the test that looks for its fault."""
    check, bad = CHECKS[name]
    with pytest.raises(AssertionError):
        check(bad)


def test_births_of_one_tick_are_strangers() -> None:
    """The genes drawn for neighbouring ids in one tick are independent: all 28 pairs of genes."""
    genes = np.array([honest(1, 400, np.arange(1, N + 1), 6, gene) for gene in range(8)])
    found = np.corrcoef(genes) - np.eye(8)
    assert np.abs(found).max() < SIGMAS / np.sqrt(N)
    apart = np.corrcoef(genes[:, 1:], genes[:, :-1])[:8, 8:]
    assert np.abs(apart).max() < SIGMAS / np.sqrt(N)
