"""The settings of the archive: file, defaults and checks agree."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from Kernel.contract.errors import ConfigError
from zones.ledger.settings import ArchiveSettings, parse_settings

FILE = Path(__file__).parents[3] / "config" / "archive.yaml"


def test_file_holds_every_key_with_its_default_and_a_comment() -> None:
    """The shipped file says what holds without it, and explains each key."""
    text = FILE.read_text(encoding="utf-8")
    assert yaml.safe_load(text) == asdict(ArchiveSettings())
    assert parse_settings(yaml.safe_load(text)) == ArchiveSettings()
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line and not line.startswith("#"):
            assert lines[number - 1].startswith("# ")


@pytest.mark.parametrize(
    "given",
    [
        {"more": 1},
        {"scribe_rate": 0},
        {"scribe_rate": 10000000},
        {"scribe_rate": 3.5},
        {"scribe_rate": True},
        {"recent_mb": "300"},
        {"recent_mb": None},
        {"otlp_endpoint": 4318},
    ],
)
def test_wrong_settings_are_refused_by_name(given: dict[str, Any]) -> None:
    """The error names the file and the key, and carries the key for who knows its line."""
    (key,) = given
    with pytest.raises(ConfigError, match=rf"^cannot use archive\.yaml: {key} is ") as caught:
        parse_settings(given)
    assert [fault.key for fault in caught.value.faults] == [key]


def test_every_fault_is_told() -> None:
    """Two wrong values are told both."""
    with pytest.raises(ConfigError, match=r"(?s)scribe_rate.*recent_mb"):
        parse_settings({"scribe_rate": 0, "recent_mb": 0})


def test_empty_settings_are_the_defaults() -> None:
    """Nothing has to be said."""
    assert parse_settings({}) == ArchiveSettings()
