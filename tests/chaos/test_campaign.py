"""The campaign's own checks find what they are there for; a short one is run as people do."""

import json
import subprocess
import sys

import pytest

from tests.bench.evolution_story import Story
from tests.chaos.campaign import scenario_words
from tests.chaos.campaign_checks import check_story
from tests.chaos.harness import ROOT
from zones.agents.mutation import Mutation

SHORT_MINUTES = 0.6
LATE = {"something was tried"}
"""What takes longer to happen."""


def test_a_campaign_in_which_nothing_evolved_proves_nothing() -> None:
    """Something must have been tried, and each mutation be explained."""
    assert [each.holds for each in check_story(Story())] == [False, True]
    one = Mutation("mut_1", status="refused")
    whole = Story(mutations=[one], walks={"mut_1": ["mutation.failed", "telemetry"]})
    torn = Story(mutations=[one], walks={"mut_1": ["mutation.failed"]})
    assert [each.holds for each in check_story(whole)] == [True, True]
    assert [each.holds for each in check_story(torn)] == [True, False]


def test_scenario_is_laid_over_the_world_as_the_kernel_does() -> None:
    """Its keys, as the settings of a world that is run alone."""
    assert "resource_spawn_rate=0.005" in scenario_words("starving")
    assert scenario_words("default") == []


@pytest.mark.slow
@pytest.mark.chaos
def test_a_short_campaign(rounds: int) -> None:
    """Half a minute with kernels that are killed: all holds, but for what takes longer."""
    if rounds > 1:
        return  # `make chaos` is hours of it
    words = ["--minutes", str(SHORT_MINUTES), "--seed", "20261128", "--only", "kernel", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.campaign", *words],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    report = json.loads(done.stdout)
    failed = [each for each in report["checks"] if not each["holds"] and each["name"] not in LATE]
    assert not failed, (failed, done.stderr)
    assert report["boots"] > 1
