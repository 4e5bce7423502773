"""The peers of the traits bench run what traits of molt run."""

import pytest

from tests.bench.peers.plain_entity import Entity, Food, Ground, load_trait, make_peers
from tests.bench.traits import PEER, ask_compiler, ask_world
from tests.bench.traits_runs import SETS, take_turns, ways_of
from tests.zones.traits.corpus import honest

TICKS = 4


def test_plain_entities_run_every_honest_trait() -> None:
    """Each honest trait runs on plain objects without an exception, and most change something."""
    moved = 0
    for name, source in honest().items():
        _, entities = make_peers(3, 16, 40, 120.0, 120.0)
        before = [(entity.x, entity.vx, entity.energy, entity.color) for entity in entities]
        kind = load_trait(source.decode())
        traits = [kind() for _ in entities]
        for _ in range(TICKS):
            for trait, entity in zip(traits, entities, strict=True):
                with pytest.raises(StopIteration):
                    trait.execute(entity).send(None)
        after = [(entity.x, entity.vx, entity.energy, entity.color) for entity in entities]
        moved += before != after
        assert all(entity.energy >= 0.0 for entity in entities), name
    assert moved > 0.6 * len(honest())


def test_plain_entity_finds_the_nearest_first() -> None:
    """A plain entity sees others and food by distance, itself not, across cells."""
    ground = Ground(200.0, 200.0)
    one, near, far = (Entity(ground, str(x), x, 50.0) for x in (49.0, 51.0, 90.0))
    ground.renew([far, one, near], [Food(49.0, 60.0, 5.0), Food(49.0, 45.0, 9.0)])
    assert one.nearby_entities(45.0) == [near, far]
    assert [food.y for food in one.nearby_resources(20.0)] == [45.0, 60.0]
    assert one.nearby_entities(1.0) == []


def test_plain_entity_moves_and_eats_within_its_limits() -> None:
    """No step is longer than the speed, and no bite larger than what there is."""
    ground = Ground(200.0, 200.0)
    one = Entity(ground, "1", 1.0, 50.0, energy=98.0)
    ground.renew([one], [Food(1.0, 50.0, 9.0)])
    assert one.eat(7.0) == 2.0
    one.move(-30.0, 40.0)
    assert (one.x, one.y) == (0.0, pytest.approx(51.6))
    assert one.energy == pytest.approx(100.0 - 4 * 0.013)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SETS)
def test_each_way_runs_the_same_traits(kind: str) -> None:
    """Peers and both tiers run the traits of a set, and each way gives a time."""
    taken = take_turns(ways_of(SETS[kind]), rounds=1)
    assert list(taken) == [PEER, "plain await", "molt interpreted", "molt native"]
    assert all(len(times) == 1 and times[0] > 0.0 for times in taken.values())


@pytest.mark.slow
def test_quick_report_says_what_was_left_out() -> None:
    """Compilations are measured in a quick run; the large world is not."""
    rows = [row for ask in (ask_world, ask_compiler) for row in ask(quick=True)[0]]
    assert "not measured: --quick" in rows[0].values()
    assert rows[1]["compiled"] == 3
    assert all(value for row in rows for value in row.values())
