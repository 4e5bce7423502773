"""What counts as recovered: each condition alone is enough to say no, and off is judged alike."""

from typing import Any

import pytest

from tests.bench.recovery import BY_SCENARIO, PERIOD_TICKS, TRIALS, Trial, hold_yardsticks, judge
from tests.structure.sources import ROOT
from zones.world.run import read_settings, run_world
from zones.world.settings import parse_settings

SLOTS = 500
STARVING, CROWDED, UNIFORM = (
    BY_SCENARIO[name] for name in ("starving", "overcrowded", "monoculture")
)
WELL = {
    "entity_count": 100, "births_last_period": 20, "seeded_last_period": 0,
    "deaths_last_period": 20, "death_starvation": 5, "lineage_diversity": 9.0,
}  # fmt: skip
TROUBLE: dict[str, dict[str, Any]] = {
    "starving": {"entity_count": 60, "deaths_last_period": 60, "death_starvation": 55},
    "overcrowded": {"entity_count": 490},
    "monoculture": {"lineage_diversity": 1.0},
    "ice-age": {"entity_count": 60, "deaths_last_period": 60, "death_starvation": 55},
}


def year(trial: Trial, bad_until: int, late: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return a history in trouble up to a tick, and well afterwards but for `late`."""
    ticks = range(PERIOD_TICKS, trial.horizon_ticks + 1, PERIOD_TICKS)
    told = []
    for tick in ticks:
        more = TROUBLE[trial.scenario] if tick <= bad_until else {}
        if tick > trial.judged_from:
            more = more | (late or {})
        told.append(WELL | {"tick": tick} | more)
    return told


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.scenario)
def test_trouble_that_ends_in_time_is_recovered(trial: Trial) -> None:
    """It has recovered whose trouble ends before the judged third; not so who never had any."""
    found = judge(trial, year(trial, trial.judged_from - 3000), SLOTS)
    assert found.recovered and not found.why and found.troubled_at == PERIOD_TICKS
    never = judge(trial, year(trial, 0), SLOTS)
    assert (never.recovered, never.why, never.troubled_at) == (False, "never in trouble", 0)
    lasting = judge(trial, year(trial, trial.horizon_ticks), SLOTS)
    assert not lasting.recovered and trial.problem in lasting.why


@pytest.mark.parametrize(
    ("late", "why"),
    [
        ({"seeded_last_period": 2}, "9% of the new were seeded"),
        ({"births_last_period": 0, "seeded_last_period": 9}, "nobody was born"),
        ({"entity_count": 0, "births_last_period": 0}, "died out"),
    ],
)
@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.scenario)
def test_who_does_not_keep_itself_up_has_not_recovered(
    trial: Trial, late: dict[str, Any], why: str
) -> None:
    """Immigrants, no births or an empty world are no recovery, whatever the trouble was."""
    found = judge(trial, year(trial, 3000, late), SLOTS)
    assert (found.recovered, found.why) == (False, why)


def test_few_immigrants_and_few_bad_periods_are_forgiven() -> None:
    """One in twenty of either is chance; more is not."""
    assert judge(STARVING, year(STARVING, 3000, {"seeded_last_period": 1}), SLOTS).recovered
    told = year(CROWDED, 3000)
    for index in (-1, -5):
        told[index] = told[index] | TROUBLE["overcrowded"]
    assert judge(CROWDED, told, SLOTS).recovered, "2 of 40 periods"
    told[-9] = told[-9] | TROUBLE["overcrowded"]
    assert not judge(CROWDED, told, SLOTS).recovered, "3 of 40 periods"


def test_a_bound_that_is_touched_again_and_again_holds_it() -> None:
    """Every other period at the slots' end is trouble, though their mean is below it."""
    told = year(CROWDED, 3000)
    for index in range(-40, 0, 2):
        told[index] = told[index] | {"entity_count": 480}
    assert not judge(CROWDED, told, SLOTS).recovered


def test_another_yardstick_is_no_recovery() -> None:
    """More lineages by counting finer are the same Molbots."""
    found = judge(UNIFORM, year(UNIFORM, 3000), SLOTS)
    assert hold_yardsticks(found, {"mutation"}).recovered
    moved = hold_yardsticks(found, {"mutation", "lineage_distance"})
    assert (moved.recovered, moved.why) == (False, "lineage_distance was changed")


def test_a_hole_in_telemetry_is_no_verdict() -> None:
    """Periods that are missing, or a history that ends early, are told and not judged."""
    told = year(UNIFORM, 300)
    with pytest.raises(ValueError, match=r"ticks \[36000\]"):
        judge(UNIFORM, told[:-1], SLOTS)
    with pytest.raises(ValueError, match=r"ticks \[600\]"):
        judge(UNIFORM, [told[0], *told[2:]], SLOTS)
    assert judge(UNIFORM, [*told, WELL | {"tick": 36_300}], SLOTS).recovered, "later is not read"


@pytest.mark.slow
@pytest.mark.chaos
def test_without_evolution_a_scenario_stays_ill(rounds: int) -> None:
    """A problem scenario left alone does not get well: only so the share says anything.

    `make kills` looks at all of them.
    """
    for trial in TRIALS if rounds > 1 else (STARVING,):
        told: list[dict[str, Any]] = []
        config = ROOT / "config" / "world.yaml"
        settings = parse_settings(read_settings(config, (), trial.scenario, environment={}))
        run_world(settings, trial.horizon_ticks, tell=told.append)
        telemetry = [event for event in told if event["kind"] == "telemetry"]
        found = judge(trial, telemetry, settings.max_entities)
        assert found.troubled_at and not found.recovered, (trial.scenario, found)
