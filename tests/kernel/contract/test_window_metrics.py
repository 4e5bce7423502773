"""How a world did in a window: the same words give the same value, wherever they are read."""

import pytest

from Kernel.contract import window_metrics
from Kernel.contract.window_metrics import (
    METRICS,
    Counters,
    follows,
    measured_metric,
    parse_counters,
    read_counters,
    window_value,
)
from tests.zones.world.worlds import make_engine, make_world
from zones.world import columns
from zones.world.columns import ALIVE
from zones.world.trial.measures import measure, totals_of

BEGIN = Counters(100, 10, 4, 2, 1, 0, 7, 5000.0)
END = Counters(120, 45, 14, 5, 2, 0, 5, 7200.0)


def test_values_of_a_window():
    """Counts are those of the window; a mean over it is that of both ends."""
    values = {metric: window_value(metric, BEGIN, END) for metric in METRICS}
    assert values == {
        "population": 120.0, "mean_population": 110.0, "energy": 60.0, "mean_energy": 55.0,
        "births": 35.0, "deaths": 14.0, "starved": 10.0, "aged": 3.0, "collided": 1.0,
        "starvation": 10 / 134, "lineages": 5.0,
    }  # fmt: skip


def test_what_counters_cannot_tell_has_another_in_its_place():
    """And it is said why."""
    assert measured_metric("births") == ("births", "")
    metric, why = measured_metric("beauty")
    assert metric == "population" and "'beauty' cannot be told" in why
    assert window_value("beauty", BEGIN, END) == 120.0


def test_an_empty_world_has_no_mean():
    """Nobody lives: zero, and no error."""
    nobody = Counters(0, 0, 0, 0, 0, 0, 0, 0.0)
    assert window_value("energy", nobody, nobody) == window_value("starvation", nobody, nobody) == 0


def test_nobody_comes_from_nowhere():
    """What can follow keeps the census; nothing is uncounted."""
    later = Counters(121, 45, 14, 5, 2, 0, 5, 7200.0)
    assert follows(BEGIN, Counters(121, 45, 14, 5, 2, 0, 5, 0.0)) and follows(BEGIN, later)
    assert not follows(BEGIN, Counters(122, 45, 14, 5, 2, 0, 5, 0.0))
    assert not follows(later, BEGIN)


@pytest.mark.parametrize(
    "told",
    [
        None, [], [1] * 8, [1, 2, 3, 4, 5, 6, 7, float("nan")], [-1, 2, 3, 4, 5, 6, 7, 8.0],
        [True, 2, 3, 4, 5, 6, 7, 8.0], [1.0, 2, 3, 4, 5, 6, 7, 8.0], [2**60, 2, 3, 4, 5, 6, 7, 8.0],
    ],
)  # fmt: skip
def test_what_are_no_counters(told):
    """A stranger says so."""
    with pytest.raises(ValueError, match="no"):
        parse_counters(told)
    assert parse_counters(BEGIN.plain()) == BEGIN


@pytest.mark.slow
def test_a_world_is_read_as_a_trial_reads_it():
    """By the words of the state block alone: the same as from its columns."""
    words = make_world(entities=200, resources=400)
    engine = make_engine(words)
    counted = [read_counters(lambda offset: words.state(0, offset))]
    for tick in range(1, 301):
        engine.tick()
        if tick % 100 == 0:
            counted.append(read_counters(lambda offset, tick=tick: words.state(tick, offset)))
    assert all(map(follows, counted, counted[1:]))
    buffer = engine.world.committed
    living = buffer.state == ALIVE
    energy = float(buffer.energy[living].sum(dtype="f8"))
    assert counted[-1].energy == pytest.approx(energy, rel=1e-4)
    assert read_counters(buffer.scalar) == counted[-1]
    metrics = measure(
        totals_of(engine.world.committed)._replace(births=0, starved=0, aged=0, collided=0),
        totals_of(buffer), int(living.sum()), energy / living.sum(), 1, [],
    )  # fmt: skip
    for metric in ("population", "births", "deaths", "starved", "starvation"):
        begin = Counters(0, 0, 0, 0, 0, 0, 0, 0.0)
        assert window_value(metric, begin, counted[-1]) == pytest.approx(metrics[metric]), metric


def test_the_books_lie_where_the_world_keeps_them():
    """One place, told twice."""
    for name, offset in {
        "FOUNDED": columns.ENERGY_FOUNDED, "SEEDED": columns.ENERGY_SEEDED,
        "EATEN": columns.EATEN, "SPENT": columns.SPENT, "LOST": columns.LOST,
    }.items():  # fmt: skip
        assert getattr(window_metrics, name) == offset
