"""Warming up tells how far it is."""

import pytest

from zones.world import warm_up


@pytest.mark.slow
def test_steps_are_counted_in_advance():
    """The number of steps that is announced is the number of calls, each with a name."""
    said: list[str] = []
    warm_up.prepare(1, said.append)
    assert len(said) == warm_up.STEPS and all(said)
