"""Settings of a world: what is taken, what is refused, and the file that documents them."""

import re
from pathlib import Path

import pytest
import yaml

from Kernel.contract.errors import ConfigError, Refused
from Kernel.contract.settings import Effect, parse_table
from zones.world.parameters import BY_NAME, PARAMETERS, find_parameter
from zones.world.settings import FOUNDING_KEYS, KEYS, WorldSettings, parse_settings

CONFIG = Path(__file__).resolve().parents[3] / "config" / "world.yaml"


def test_nothing_given() -> None:
    """Settings without any key are the defaults."""
    assert parse_settings({}) == WorldSettings()


def test_file_is_the_defaults() -> None:
    """config/world.yaml has every key, once, at its default, and parses to the defaults."""
    text = CONFIG.read_text(encoding="utf-8")
    values = yaml.safe_load(text)
    assert sorted(values) == sorted([*FOUNDING_KEYS, *BY_NAME])
    assert parse_settings(values) == WorldSettings()


def test_file_explains_each_key() -> None:
    """Each key of config/world.yaml has a comment of its own on the lines before it."""
    lines = CONFIG.read_text(encoding="utf-8").splitlines()
    keys = [n for n, line in enumerate(lines) if re.match(r"[a-z_]+:", line)]
    assert len(keys) == len(FOUNDING_KEYS) + len(PARAMETERS)
    for number in keys:
        assert lines[number - 1].startswith("# "), lines[number]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("gravity_well", 1),
        ("seed", -1),
        ("seed", 1.5),
        ("seed", 2**64),
        ("max_entities", 0),
        ("max_entities", True),
        ("entities", 501),
        ("world_width", "2000"),
        ("world_width", 1.0),
        ("tick_rate_ms", 0),
        ("friction", 1.5),
        ("friction", None),
        ("min_population", 2.5),
        ("sense_radius", float("nan")),
    ],
)
def test_refused(key: str, value: object) -> None:
    """An unknown key, a wrong type and a number out of range are refused by name."""
    with pytest.raises(ConfigError, match=f"^cannot use world.yaml: {key} is ") as caught:
        parse_settings({key: value})
    assert [fault.key for fault in caught.value.faults] == [key]


def test_every_fault_is_told() -> None:
    """All that is wrong is said at once, and nothing that only follows from it."""
    with pytest.raises(ConfigError) as caught:
        parse_settings({"max_entities": 0, "frictoin": 1, "gravity": 99})
    assert [fault.key for fault in caught.value.faults] == ["max_entities", "frictoin", "gravity"]
    assert "did you mean friction?" in caught.value.message


def test_table_can_be_told() -> None:
    """A kernel reads the table from a hello and finds in it all but what only a file needs."""
    assert parse_table([key.fields() for key in KEYS]) == KEYS
    assert {key.name for key in KEYS if key.effect is Effect.TICK} == set(BY_NAME)


def test_scale_rule() -> None:
    """`entities` scales slots, founders, food and both sides, so that crowding stays."""
    scaled = parse_settings({}, entities=2000)
    assert (scaled.entities, scaled.max_entities, scaled.resources) == (2000, 2000, 2000)
    assert scaled.world_width == scaled.world_height == 4000.0


def test_scale_refused() -> None:
    """A number of Molbots that cannot be is refused."""
    with pytest.raises(ConfigError, match="cannot found 0"):
        parse_settings({}, entities=0)


def test_parameters_have_fixed_places() -> None:
    """Each parameter is at its index, with its default inside its range."""
    for place, parameter in enumerate(PARAMETERS):
        assert parameter.index == place
        parameter.check(parameter.default)


def test_unknown_parameter() -> None:
    """A parameter that does not exist is refused by name."""
    with pytest.raises(Refused, match="cannot set 'gravitas'"):
        find_parameter("gravitas")
