"""A zone that behaves badly harms nobody else: the faults of it that are soon over, once each."""

from pathlib import Path

import pytest

from tests.chaos.harness import KernelRun
from tests.chaos.hurt_faults import HURT_SETTINGS, hurt_faults
from tools.chaos.campaign import Campaign
from tools.chaos.target import Target

SOON = ("burst", "crash", "leave", "litter", "lie", "ask", "doors")
SEED = 1


@pytest.mark.slow
@pytest.mark.chaos
def test_what_it_does_stays_with_it(home: Path, rounds: int) -> None:
    """It is ended or refused, and said to be; all else serves on, and nobody is left over."""
    with KernelRun(home, *HURT_SETTINGS, "world.entities=60"):
        target = Target(home)
        names = [f"hurt: {each}" for each in SOON]
        faults = [each for each in hurt_faults() if each.name in names]
        assert len(faults) == len(SOON)
        for fault in faults * rounds:
            campaign = Campaign(target, [fault], SEED, lambda _round: None)
            try:
                assert campaign.round().breaches == [], fault.name
            finally:
                campaign.close()
        left = [each for each in target.family() if "hurt" in name_of(each.pid)]
        assert len(left) == len(["its zygote", "who serves"])
        target.close()


def name_of(pid: int) -> str:
    """Return what a process calls itself."""
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""
