"""Laws of energy, each against a formula of its own: upkeep, moving, food, weather, the books."""

from typing import Any

import numpy as np
import pytest

from Kernel.contract.inputs import SET_PARAM, Input
from tests.zones.world.stage import now, put, stage
from tests.zones.world.test_engine import BUSY
from tests.zones.world.worlds import living, make_engine, make_world, run, send
from zones.world import columns, parameters
from zones.world.columns import GENE_NAMES
from zones.world.invariants import all_checks
from zones.world.parameters import BY_NAME, PARAMETERS
from zones.world.settings import parse_settings
from zones.world.weather import wave, weather_at

MANY = 200
PAYING = {
    "gene_effect": 1.0, "cost_base": 1.0, "cost_temperature": 0.25, "cost_senses": 0.2,
    "cost_longevity": 0.6, "temperature": 20.0,
}  # fmt: skip


def genes(**chosen: Any) -> np.ndarray:
    """Return dna of MANY Molbots, all genes 1/2 but the chosen ones."""
    dna = np.full((MANY, 8), 0.5)
    for name, values in chosen.items():
        dna[:, GENE_NAMES.index(name)] = values
    return dna


def measured_cost(dna: np.ndarray, **rules: float) -> np.ndarray:
    """Return what one tick costs Molbots of these genes who do nothing but live."""
    words = stage(MANY, **{**PAYING, **rules})
    put(words, dna=dna, energy=50.0, max_energy=100.0, vx=0.0, vy=0.0)
    run(words, 1)
    return 50.0 - now(words).energy.astype(np.float64)


def expected_cost(dna: np.ndarray, warmth: float = 20.0, **rules: float) -> np.ndarray:
    """Return the same by the law as config/world.yaml tells it, in float64."""
    rule = {**PAYING, **rules}
    effect = rule["gene_effect"]
    by_name = dict(zip(GENE_NAMES, dna.T, strict=True))
    times = {name: 1.0 + effect * (gene - 0.5) for name, gene in by_name.items()}
    mass = times["size"] ** 2
    best = 40.0 * (0.5 + effect * (by_name["warmth"] - 0.5))
    upkeep = rule["cost_base"] * mass**0.75 * times["metabolism"]
    upkeep *= 1.0 + rule["cost_temperature"] * ((warmth - best) / 10.0) ** 2
    upkeep *= 1.0 + rule["cost_longevity"] * (times["longevity"] - 1.0)
    return upkeep + rule["cost_senses"] * times["senses"] ** 2


@pytest.mark.parametrize("gene", GENE_NAMES)
@pytest.mark.parametrize("effect", [0.3, 1.0])
def test_upkeep_by_gene(gene: str, effect: float) -> None:
    """Each gene alone changes the upkeep as the law says, or not at all."""
    dna = genes(**{gene: np.linspace(0, 1, MANY)})
    found = measured_cost(dna, gene_effect=effect)
    assert found == pytest.approx(expected_cost(dna, gene_effect=effect), rel=2e-5)
    if gene in ("speed", "fertility", "colour"):
        assert np.all(found == found[0])
    else:
        assert np.ptp(found) > 0.05


@pytest.mark.parametrize("temperature", [-50.0, 0.0, 20.0, 33.0, 80.0])
def test_upkeep_of_anybody(temperature: float) -> None:
    """Molbots of any genes pay what the law says at any temperature, within float32."""
    dna = np.random.default_rng(5).random((MANY, 8))
    found = measured_cost(dna, temperature=temperature)
    assert found == pytest.approx(expected_cost(dna, temperature), rel=2e-5)


@pytest.mark.parametrize("name", ["cost_base", "cost_temperature", "cost_senses", "cost_longevity"])
@pytest.mark.parametrize("end", ["low", "high"])
def test_nobody_is_paid_for_living(name: str, end: str) -> None:
    """At either end of any price nobody gains energy by living, whatever its genes."""
    dna = np.random.default_rng(7).integers(0, 2, (MANY, 8)).astype(float)
    assert measured_cost(dna, **{name: getattr(BY_NAME[name], end)}).min() >= 0


def test_upkeep_is_kleibers() -> None:
    """Upkeep grows with mass to the power of 3/4: the slope of log against log."""
    dna = genes(size=np.linspace(0, 1, MANY))
    found = measured_cost(dna, cost_senses=0.0)
    mass = (0.5 + np.linspace(0, 1, MANY)) ** 2
    slope, _ = np.polyfit(np.log(mass), np.log(found), 1)
    assert slope == pytest.approx(0.75, abs=1e-4)


def test_upkeep_by_place() -> None:
    """On warm ground those made for warmth pay less, by the warmth of the cell they stand in."""
    words = stage(MANY, **{**PAYING, "temperature": 15.0})
    dna = genes(warmth=np.linspace(0, 1, MANY))
    warmth = np.where(np.arange(len(now(words).ground_warmth)) % 41 < 20, 8.0, -8.0)
    put(words, ground_warmth=warmth, dna=dna, energy=50.0)
    put(words, x=np.where(np.arange(MANY) % 2, 30.0, 1900.0), y=500.0)
    run(words, 1)
    here = np.where(np.arange(MANY) % 2, 23.0, 7.0)
    assert 50.0 - now(words).energy == pytest.approx(expected_cost(dna, here), rel=2e-5)


@pytest.mark.parametrize("friction", [0.0, 0.85, 1.0])
def test_moving_costs_by_the_square(friction: float) -> None:
    """Going costs cost_speed x size x wanted speed^2, whatever became of the wish."""
    words = stage(
        MANY, gene_effect=1.0, friction=friction, cost_speed=0.5, speed_max=2.0,
        sense_radius=500.0, resource_max=20.0, resource_ripe=5.0, eat_reach=0.0,
    )  # fmt: skip
    dna = np.random.default_rng(6).random((MANY, 8))
    food = 1000.0
    put(words, resource_x=food, resource_y=food, resource_amount=20.0)
    put(words, dna=dna, energy=50.0, x=food - 60.0, y=food, radius=0.0, vx=0.0, vy=0.0)
    run(words, 1)
    speed, _, metabolism, size = (0.5 + dna.T)[:4]
    wanted = 2.0 * speed * np.sqrt(size) * (0.5 + 0.5 * metabolism)
    cost = 50.0 - now(words).energy.astype(np.float64)
    assert cost == pytest.approx(0.5 * size * wanted**2, rel=1e-4, abs=1e-5)
    assert now(words).vx == pytest.approx((1.0 - friction) * wanted, rel=1e-4)


def growth(words: Any) -> np.ndarray:
    """Return by how much each place grows in one tick."""
    before = now(words).resource_amount.astype(np.float64)
    run(words, 1)
    return now(words).resource_amount - before


GROWING = {"resources": 300, "resource_spawn_rate": 0.5, "resource_max": 1000.0}


def test_food_grows_by_fertility() -> None:
    """A place grows by its fertility, which is 1 on the whole, more low down and less high up."""
    words = stage(0, **GROWING, fertility_contrast=0.9)
    put(words, resource_amount=0.0)
    found = growth(words)
    fertility = now(words).resource_fertility.astype(np.float64)
    assert found == pytest.approx(0.5 * fertility, rel=1e-5)
    assert fertility.mean() == pytest.approx(1.0, abs=1e-5)
    assert fertility.min() < 0.4 and fertility.max() > 1.5


@pytest.mark.parametrize("temperature", [-50.0, -4.9, 0.0, 10.0, 20.0, 31.0, 44.9, 45.1, 80.0])
def test_food_grows_by_temperature(temperature: float) -> None:
    """Growth is best at 20 degrees and falls as a parabola to nothing growth_span away."""
    words = stage(0, **GROWING, temperature=temperature, growth_span=25.0)
    put(words, resource_amount=0.0)
    share = max(0.0, 1.0 - ((temperature - 20.0) / 25.0) ** 2)
    assert growth(words) == pytest.approx(0.5 * share, abs=1e-6)


@pytest.mark.slow
def test_food_grows_by_day_and_season() -> None:
    """Over a year, growth follows (1 + day) x (1 + season) as the weather tells them."""
    day, days = 40, 10
    words = stage(
        0, **GROWING, day_ticks=day, year_days=days, day_growth=0.4, season_growth=0.6,
    )  # fmt: skip
    put(words, resource_amount=0.0)
    found = np.array([growth(words)[0] for _ in range(day * days)])
    ticks = np.arange(1, day * days + 1)
    hour, season = np.sin(2 * np.pi * ticks / day), np.sin(2 * np.pi * ticks / day / days)
    # The curve of a day is at most 0.06 off a sine (`weather.py`).
    likely = 0.5 * (1.0 + 0.4 * hour) * (1.0 + 0.6 * season)
    assert np.abs(found - likely).max() < 0.5 * (0.4 * 0.06 * 1.6 + 0.6 * 0.06 * 1.4) + 1e-3
    assert found.mean() == pytest.approx(0.5, rel=1e-3)
    assert found.max() / found.min() > 8.0


def test_food_stops_at_its_most() -> None:
    """A place grows no further than resource_max; one that holds more keeps it."""
    words = stage(0, **{**GROWING, "resource_max": 10.0})
    put(words, resource_amount=np.linspace(0, 20, 300))
    before = np.linspace(0, 20, 300, dtype=np.float32)
    run(words, 40)
    expected = np.maximum(np.minimum(before + 20.0, 10.0), before)
    assert now(words).resource_amount == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("period", [2, 3, 4, 40, 3600, 36_000])
def test_curve_of_a_day(period: int) -> None:
    """The curve comes back after a period, has mean 0, and is near a sine at every tick."""
    ticks = np.arange(-period, 2 * period)
    curve = np.array([wave(int(tick), period) for tick in ticks])
    assert np.array_equal(curve[:period], curve[period : 2 * period])
    assert np.array_equal(curve[:period], curve[2 * period :])
    assert np.mean(curve) == pytest.approx(0.0, abs=1e-12)
    assert np.abs(curve - np.sin(2 * np.pi * ticks / period)).max() < 0.06
    # Steepest where it crosses nothing, by 8 / period a tick: no jumps.
    assert np.abs(np.diff(curve)).max() <= 8.0 / period + 1e-12
    if period % 4 == 0:
        assert (curve.min(), curve.max()) == (-1.0, 1.0)


def test_weather_of_a_year() -> None:
    """Light is 1/2 on the whole, from 0 to 1; warmth is its mean and two swings; sight follows."""
    settings = parse_settings({"day_ticks": 400, "year_days": 8, "night_sight": 0.3})
    year = [weather_at(tick, settings.parameters) for tick in range(3200)]
    light, temperature, _, sight = np.array(year).T
    assert light.mean() == pytest.approx(0.5, abs=1e-12)
    assert (light.min(), light.max()) == (0.0, 1.0)
    assert np.abs(np.diff(light)).max() < 0.011
    assert temperature.mean() == pytest.approx(20.0, abs=1e-9)
    assert temperature.max() == pytest.approx(30.0, abs=0.1)
    assert temperature.min() == pytest.approx(10.0, abs=0.1)
    assert np.abs(np.diff(temperature)).max() < 0.1
    assert sight == pytest.approx(0.3 + 0.7 * light)


def books(engine: Any) -> tuple[bool, bool]:
    """Return whether the books of energy and of food agree in the committed tick."""
    checks = {c.name: c for c in all_checks(engine.world, engine.world.committed.scalar(0))}
    return checks["energy books"].ok, checks["food books"].ok


BOOKED = {
    "busy": BUSY,
    "default": {},
    "rich": {"resource_spawn_rate": 10.0, "resource_max": 1000.0, "eat_bite": 100.0},
    "harsh": {**BUSY, "collision_damage": 5.0, "cost_temperature": 2.0, "temperature": 5.0},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOOKED)
def test_books_agree_for_long(name: str) -> None:
    """Over 4000 ticks with births, deaths and seeding no energy comes from or goes to nowhere."""
    words = make_world(seed=12, **BOOKED[name])
    engine = make_engine(words)
    for _ in range(8):
        for _ in range(500):
            engine.tick()
        assert books(engine) == (True, True)
    buffer = now(words)
    assert buffer.real(columns.EATEN) > 1000 and buffer.real(columns.SPENT) > 1000
    assert buffer.real(columns.LOST) > 10


@pytest.mark.parametrize("column", ["energy", "resource_amount"])
@pytest.mark.parametrize("change", [0.5, -0.5])
def test_conjured_energy_shows(column: str, change: float) -> None:
    """Half a unit of energy out of nowhere breaks the one book that it belongs to."""
    words = make_world(seed=12, **BUSY)
    engine = run(words, 50)
    assert books(engine) == (True, True)
    values = getattr(now(words), column)
    values[np.argmax(values > 1.0)] += np.float32(change)
    assert books(engine) == (column != "energy", column == "energy")
    # And it stays to be seen.
    run(words, 20)
    assert books(engine) == (column != "energy", column == "energy")


@pytest.mark.slow
def test_each_parameter_counts() -> None:
    """Every parameter changes the world: none is read by nobody."""
    values = {**BUSY, "entities": 150, "min_population": 180}
    reference = run(make_world(seed=3, **values), 80).publish_hash()
    deaf = []
    for parameter in PARAMETERS[: parameters.TRAIT_TIMEOUT]:  # the rest: test_trait_budget.py
        words = make_world(seed=3, **values)
        usual = float(now(words).parameters[parameter.index])
        other = usual + 0.3 * (parameter.high - usual) if usual < parameter.high else parameter.low
        if parameter.whole:
            other = float(min(int(usual) * 2 + 1, int(parameter.high)))
        send(words, Input(SET_PARAM, param=parameter.name, value=other))
        engine = run(words, 80)
        # The hash holds the parameters themselves: the usual one is put back before it is taken.
        now(words).parameters[parameter.index] = usual
        if engine.publish_hash() == reference:
            deaf.append(parameter.name)
    assert deaf == []


def test_the_living_hold_what_is_left() -> None:
    """What a Molbot holds at the end is what it held, plus meals, minus costs, to the last bit."""
    words = stage(1, cost_base=0.25, resource_max=20.0, resource_ripe=5.0, eat_reach=5.0,
                  sense_radius=50.0, eat_bite=2.0)  # fmt: skip
    put(words, resource_amount=20.0, energy=10.0)
    put(words, x=now(words).resource_x[0], y=now(words).resource_y[0])
    held = [float(now(words).energy[living(now(words))[0]])]
    for _ in range(12):
        run(words, 1)
        held.append(float(now(words).energy[0]))
    # Seven bites of 2 from 20 leave 6, the eighth leaves 4, which is not ripe any more.
    meals = [2.0] * 8 + [0.0] * 4
    assert np.diff(held).tolist() == [meal - 0.25 for meal in meals]
