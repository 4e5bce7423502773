"""Measuring what this machine does with traits, by the world's own code."""

from pathlib import Path

import pytest

from Kernel.ports.fuel_rate import measure_fuel
from tests.structure.sources import ROOT


@pytest.mark.slow
def test_this_machine_does_steps():
    """Some thousand steps in a millisecond; a checkout without code does none."""
    rate = measure_fuel(ROOT)
    assert rate is not None and 50 < rate < 1_000_000
    assert measure_fuel(Path("/nowhere")) is None
