"""The Watcher's rules: each threshold from both sides, and worlds that have each problem."""

from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.errors import CodecError
from zones.agents.watcher import Problem, WatcherSettings, detect_problems, read_signs
from zones.world.run import read_settings, run_world
from zones.world.settings import parse_settings

CONFIG = Path(__file__).resolve().parents[3] / "config" / "world.yaml"


def period(tick: int = 300, **fields: Any) -> dict[str, Any]:
    usual = {
        "tick": tick,
        "entity_count": 100,
        "births_last_period": 20,
        "seeded_last_period": 0,
        "deaths_last_period": 0,
        "death_starvation": 0,
        "lineage_diversity": 10.0,
    }
    return usual | fields


def hungry(starved: int) -> dict[str, Any]:
    """Make a period at whose end 100 live or have died, `starved` of them of hunger."""
    return period(entity_count=100 - starved, deaths_last_period=starved, death_starvation=starved)


def kinds(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.problem_type for problem in problems]


def history(scenario: str, ticks: int) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    run_world(parse_settings(read_settings(CONFIG, (), scenario)), ticks, tell=told.append)
    return [event for event in told if event["kind"] == "telemetry"]


def test_quiet_world_has_no_problem() -> None:
    """A world in which nothing changes has no problem; nor has one of which nothing is known."""
    assert detect_problems([period(tick) for tick in range(300, 3000, 300)]) == ()
    assert detect_problems([]) == ()


@pytest.mark.parametrize(("starved", "found"), [(30, []), (31, ["starvation"])])
def test_starvation_threshold(starved: int, found: list[str]) -> None:
    """Above 0.30 of those at risk, on the mean of six periods, is starvation; 0.30 is not."""
    assert kinds(detect_problems([hungry(starved)] * 6)) == found


def test_one_bad_period_is_no_famine() -> None:
    """The worst period of a winter alone is none; what is before the six periods does not count."""
    winter = [hungry(20)] * 3 + [hungry(40)] + [hungry(20)] * 2
    assert detect_problems(winter) == ()
    assert detect_problems([hungry(90)] * 5 + [hungry(5)] * 6) == ()
    assert kinds(detect_problems([hungry(5)] * 5 + [hungry(90)] * 6)) == ["starvation"]


def test_other_deaths_are_no_starvation() -> None:
    """Who dies of age or of a collision has not starved."""
    dying = period(entity_count=10, deaths_last_period=90, death_starvation=2)
    assert detect_problems([dying] * 6) == ()


@pytest.mark.parametrize(("seeded", "found"), [(1, []), (2, ["starvation"])])
def test_who_lives_on_the_seeded_starves(seeded: int, found: list[str]) -> None:
    """A famine that has become usual: some of the new are seeded, and most of the dead starved."""
    poor = period(
        entity_count=100, deaths_last_period=10, death_starvation=8,
        births_last_period=9, seeded_last_period=seeded,
    )  # fmt: skip
    (rich, poorer) = poor | {"death_starvation": 4}, poor | {"births_last_period": 0}
    assert kinds(detect_problems([poor] * 6)) == found
    assert detect_problems([rich] * 6) == (), "they die of something else"
    assert detect_problems([poorer | {"seeded_last_period": 0}] * 6) == ()


@pytest.mark.parametrize(("living", "found"), [(475, []), (476, ["overpopulation"])])
def test_who_has_no_room_left_is_too_many(living: int, found: list[str]) -> None:
    """A population that stands at max_entities does not grow any more, and is a problem still."""
    full = period(entity_count=living, max_entities=500)
    assert kinds(detect_problems([full] * 6)) == found
    assert detect_problems([period(entity_count=living)] * 6) == (), "a log of before tells no room"
    assert detect_problems([period(entity_count=400, max_entities=500)] * 5 + [full]) == ()


@pytest.mark.parametrize(("living", "found"), [(200, []), (201, ["overpopulation"])])
def test_overpopulation_threshold(living: int, found: list[str]) -> None:
    """More than twice the mean of the five periods before is overpopulation; twice is not."""
    before = [period(entity_count=count) for count in (80, 90, 100, 110, 120)]
    assert kinds(detect_problems([*before, period(entity_count=living)])) == found


def test_growth_needs_a_period_before() -> None:
    """The first snapshot cannot show growth, and one compared with an empty world can."""
    assert detect_problems([period(entity_count=500)]) == ()
    empty = period(entity_count=0, lineage_diversity=0.0)
    assert kinds(detect_problems([empty, period()])) == ["overpopulation"]


@pytest.mark.parametrize(
    ("lineages", "found"), [(2.0, []), (1.99, ["low_diversity"]), (1.0, ["low_diversity"])]
)
def test_diversity_threshold(lineages: float, found: list[str]) -> None:
    """Fewer than two equally large lineages are low diversity; two are not."""
    assert kinds(detect_problems([period(lineage_diversity=lineages)])) == found


def test_nobody_has_no_diversity_to_lose() -> None:
    """A world in which all have starved is starving, and not poor in lineages."""
    gone = period(entity_count=0, deaths_last_period=50, death_starvation=50, lineage_diversity=0.0)
    assert kinds(detect_problems([gone])) == ["starvation"]


@pytest.mark.parametrize(
    ("starved", "severity"), [(31, "low"), (40, "medium"), (50, "high"), (70, "critical")]
)
def test_severity_grows(starved: int, severity: str) -> None:
    """The farther beyond the threshold, the more severe; what was found is in the problem."""
    (problem,) = detect_problems([hungry(starved)])
    assert problem.severity == severity
    assert problem.value == pytest.approx(starved / 100)
    assert (problem.threshold, problem.affected_entities) == (0.30, 100 - starved)


def test_problems_come_together() -> None:
    """One world can have several problems at once; each has its own value."""
    snapshots = [
        period(entity_count=20),
        period(600, deaths_last_period=900, death_starvation=900, lineage_diversity=1.0),
    ]
    assert kinds(detect_problems(snapshots)) == ["starvation", "overpopulation", "low_diversity"]


def test_settings_move_the_thresholds() -> None:
    """A rule goes by the settings it is given."""
    snapshots = [hungry(10)] * 2
    strict = WatcherSettings(anomaly_death_threshold=0.05)
    assert detect_problems(snapshots) == ()
    assert kinds(detect_problems(snapshots, strict)) == ["starvation"]
    assert read_signs([hungry(50), *snapshots], compared=1).starved == pytest.approx(0.1)


@pytest.mark.parametrize("field", ["tick", "entity_count", "death_starvation"])
@pytest.mark.parametrize("value", [None, "7", True])
def test_unusable_telemetry_is_refused(field: str, value: object) -> None:
    """A snapshot without a number where one is needed is named, not guessed."""
    with pytest.raises(CodecError, match=f"cannot watch the world: telemetry has {field}"):
        detect_problems([period(**{field: value})])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "ticks", "found"),
    [
        ("starving", 1500, "starvation"),
        ("starving", 6000, "starvation"),
        ("overcrowded", 1800, "overpopulation"),
        ("overcrowded", 6000, "overpopulation"),
        ("monoculture", 300, "low_diversity"),
        ("default", 6000, None),
    ],
)
def test_scenario_shows_its_problem(scenario: str, ticks: int, found: str | None) -> None:
    """A problem scenario has its problem and no other; the default world has none."""
    told = history(scenario, ticks)
    seen = {
        problem.problem_type
        for end in range(1, len(told) + 1)
        for problem in detect_problems(told[:end])
    }
    assert seen == ({found} if found else set())


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["starving", "overcrowded"])
def test_a_problem_that_lasts_is_seen_as_long_as_it_does(scenario: str) -> None:
    """Neither the few that are seeded again and again nor a full world count as well."""
    told = history(scenario, 9000)
    for end in range(len(told) - 5, len(told) + 1):
        assert detect_problems(told[:end]), told[end - 1]
