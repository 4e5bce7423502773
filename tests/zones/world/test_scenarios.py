"""The scenarios of config/scenarios: each can be used, is explained, and shows what it is for."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from Kernel.contract.scenarios import list_scenarios
from zones.world.__main__ import main
from zones.world.genes import WARMTH
from zones.world.parameters import BY_NAME
from zones.world.run import read_settings
from zones.world.settings import FOUNDING_KEYS, WorldSettings, parse_settings

CONFIG = Path(__file__).resolve().parents[3] / "config"
NAMES = ("default", "ice-age", "monoculture", "overcrowded", "plain", "starving")
STARVED = 0.30
BOOM = 2.0
DIVERSITY = 1.0
"""Thresholds of the Watcher, SPEC 4: share starved, growth, number of lineages that counts."""


def text_of(name: str) -> str:
    """Return a scenario's file."""
    return (CONFIG / "scenarios" / f"{name}.yaml").read_text(encoding="utf-8")


def test_all_are_tested() -> None:
    """The scenarios there are, are those that are tested here."""
    assert list_scenarios(CONFIG) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_scenario_is_understood(name: str) -> None:
    """Each scenario is a map of known keys, and with it the world can be founded."""
    values = yaml.safe_load(text_of(name))
    assert set(values) <= {*FOUNDING_KEYS, *BY_NAME}
    settings = parse_settings(read_settings(CONFIG / "world.yaml", [], name))
    assert (settings == WorldSettings()) == (name == "default")


@pytest.mark.parametrize("name", NAMES)
def test_scenario_is_explained(name: str) -> None:
    """A scenario says at its begin what it is, and beside or above each key why."""
    lines = text_of(name).splitlines()
    assert lines[0] == "# yaml-language-server: $schema=../schema/world.schema.json"
    assert re.match(r"# [A-Z]", lines[1])
    keys = [number for number, line in enumerate(lines) if re.match(r"[a-z_]+:", line)]
    assert len(keys) == len(yaml.safe_load(text_of(name)))
    for number in keys:
        above = lines[number - 1].startswith("# ") if number else False
        assert above or " # " in lines[number], lines[number]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "default"])
def test_scenario_changes_something(name: str) -> None:
    """No key of a scenario repeats the default: it would not show when the default changes."""
    usual = yaml.safe_load((CONFIG / "world.yaml").read_text(encoding="utf-8"))
    for key, value in yaml.safe_load(text_of(name)).items():
        assert usual[key] != value, key


def run_scenario(capsys: pytest.CaptureFixture[str], name: str, ticks: int, *more: str) -> Any:
    """Return the report of `molt world run --scenario NAME`."""
    assert main(["run", "--scenario", name, "--ticks", str(ticks), "--json", *more]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_starving_starves(seed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Within a day, in some 300 ticks three in ten starve."""
    report = run_scenario(capsys, "starving", 3600, "--seed", seed)
    assert report["peaks"]["starvation"]["value"] >= STARVED
    assert report["deaths"]["starvation"] > report["deaths"]["age"] + report["deaths"]["collision"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_overcrowded_booms(seed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The population doubles against the mean of five periods before."""
    report = run_scenario(capsys, "overcrowded", 2400, "--seed", seed)
    assert report["peaks"]["growth"]["value"] >= BOOM
    assert report["population"] > 300


@pytest.mark.slow
def test_default_shows_no_problem(capsys: pytest.CaptureFixture[str]) -> None:
    """The default world does not starve, boom or become one lineage: the thresholds can tell."""
    peaks = run_scenario(capsys, "default", 6000)["peaks"]
    assert peaks["starvation"]["value"] < STARVED
    assert peaks["growth"]["value"] < BOOM
    assert peaks["diversity"]["value"] > 5 * DIVERSITY


@pytest.mark.slow
def test_monoculture_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    """In a monoculture there is one lineage, ever."""
    report = run_scenario(capsys, "monoculture", 6000)
    assert report["peaks"]["diversity"]["value"] == DIVERSITY
    assert report["births"] > 50 and report["population"] > 50


@pytest.mark.slow
def test_ice_age_selects(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """In an ice age fewer live than usual, and those made for cold take over."""
    told = tmp_path / "events.jsonl"
    run_scenario(capsys, "ice-age", 24_000, "--events", str(told))
    periods = [json.loads(line) for line in told.read_text().splitlines()]
    periods = [event for event in periods if event["kind"] == "telemetry"]
    warmth = [period["genes"][WARMTH] for period in periods]
    numbers = [period["entity_count"] for period in periods]

    def mean(values: list[float]) -> float:
        return sum(values) / len(values)

    first, last = periods[0], slice(len(periods) * 3 // 4, None)
    assert first["entity_count"] > 250 and abs(first["genes"][WARMTH] - 0.5) < 0.1
    assert mean(numbers[last]) < 0.5 * first["entity_count"]
    assert mean(warmth[last]) < 0.4 < first["genes"][WARMTH]
