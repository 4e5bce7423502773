"""The settings of the agents: the file of the checkout is sound and says the defaults."""

import pytest
import yaml

from Kernel.contract.errors import ConfigError
from tests.structure.sources import ROOT
from zones.agents.settings import AgentsSettings, parse_settings


def test_the_checkout_says_the_defaults() -> None:
    """What the file says is what holds without it."""
    said = yaml.safe_load((ROOT / "config" / "agents.yaml").read_text())
    assert parse_settings(said) == AgentsSettings() == parse_settings({})
    assert set(said) == set(AgentsSettings.__dataclass_fields__)


@pytest.mark.parametrize("given", [{"author": "me"}, {"evolution": 1}, {"modle": "x"}])
def test_what_is_no_value_is_refused(given: dict[str, object]) -> None:
    """An unknown author, a number for a flag and a key misspelt are told of."""
    with pytest.raises(ConfigError, match=r"agents\.yaml"):
        parse_settings(given)
