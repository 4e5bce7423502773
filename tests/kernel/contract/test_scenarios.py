"""Scenarios: which names there are, and where their files lie."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.errors import ConfigError
from Kernel.contract.scenarios import FOLDER, NAME_MAX, list_scenarios, scenario_path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give a configuration folder with two scenarios and files that are none."""
    folder = tmp_path / FOLDER
    folder.mkdir()
    for name in ("starving.yaml", "ice-age.yaml", "Loud.yaml", "a_b.yaml", "notes.md", ".x.yaml"):
        (folder / name).touch()
    (folder / "folder.yaml").mkdir()
    (folder / f"{'x' * (NAME_MAX + 1)}.yaml").touch()
    return tmp_path


def test_names_are_those_of_the_files(config):
    """A scenario is a yaml file whose name is lower-case letters, digits and hyphens."""
    assert list_scenarios(config) == ["ice-age", "starving"]
    assert scenario_path(config, "ice-age") == config / FOLDER / "ice-age.yaml"


def test_unknown_one_is_refused_with_those_there_are(config):
    """The message names the scenarios; the exit code is that of a wrong configuration."""
    with pytest.raises(ConfigError) as caught:
        scenario_path(config, "starvin")
    assert caught.value.message == ("cannot find scenario 'starvin': there are ice-age, starving")
    assert caught.value.exit_code == 78 and caught.value.hint == f"ls {config / FOLDER}"


def test_without_a_folder_there_are_none(tmp_path):
    """A configuration without scenarios says so, and where they would be."""
    assert list_scenarios(tmp_path) == []
    with pytest.raises(ConfigError, match=f"there are none in {tmp_path / FOLDER}"):
        scenario_path(tmp_path, "starving")


@pytest.mark.parametrize("name", ["", "Loud", "a_b", "folder", "../starving", "starving.yaml"])
def test_what_is_no_name_leads_nowhere(config, name):
    """No path, no capital, no underscore: even where such a file lies, it is no scenario."""
    with pytest.raises(ConfigError, match="there are ice-age, starving"):
        scenario_path(config, name)


@given(st.text(max_size=60))
def test_any_text_is_a_scenario_or_refused_in_words(text):
    """Whatever stands behind --scenario, nothing outside the folder is reached."""
    with pytest.raises(ConfigError, match=r"^cannot find scenario ") as caught:
        scenario_path(Path("nowhere"), text)
    assert len(caught.value.message) < 300
