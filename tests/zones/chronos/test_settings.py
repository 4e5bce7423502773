"""The settings of chronos: file, defaults and checks agree."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from Kernel.contract.errors import ConfigError
from zones.chronos.settings import ChronosSettings, parse_settings

FILE = Path(__file__).parents[3] / "config" / "chronos.yaml"


def test_file_holds_every_key_with_its_default_and_a_comment() -> None:
    """The shipped file says what holds without it, and explains each key."""
    text = FILE.read_text(encoding="utf-8")
    assert yaml.safe_load(text) == asdict(ChronosSettings())
    assert parse_settings(yaml.safe_load(text)) == ChronosSettings()
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line and not line.startswith("#"):
            assert lines[number - 1].startswith("# ")


@pytest.mark.parametrize(
    "given",
    [
        {"more": 1},
        {"snapshots_kept": 0},
        {"snapshots_kept": 101},
        {"snapshots_kept": 3.5},
        {"snapshots_kept": True},
        {"snapshot_interval_ticks": "300"},
        {"snapshot_interval_ticks": None},
    ],
)
def test_wrong_settings_are_refused_by_name(given: dict[str, Any]) -> None:
    """The error names the file and the key, and carries the key for who knows its line."""
    (key,) = given
    with pytest.raises(ConfigError, match=rf"^cannot use chronos\.yaml: {key} is ") as caught:
        parse_settings(given)
    assert [fault.key for fault in caught.value.faults] == [key]


def test_every_fault_is_told() -> None:
    """Two wrong values are told both."""
    with pytest.raises(ConfigError, match=r"(?s)snapshots_kept.*snapshot_interval_ticks"):
        parse_settings({"snapshots_kept": 0, "snapshot_interval_ticks": 0})


def test_empty_settings_are_the_defaults() -> None:
    """Nothing has to be said."""
    assert parse_settings({}) == ChronosSettings()
