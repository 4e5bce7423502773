"""A bus zone of a real kernel asks for a trial: one that may, and one that may not."""

import json
import shutil
from pathlib import Path

import pytest

from tests.chaos.harness import KernelRun, wait_until
from tests.structure.sources import ROOT
from tests.support.ledger_events import ledger_events

CANDIDATE = ROOT / "tests" / "corpus" / "honest" / "bounce_off_walls.py"
SETTINGS = ("world.entities=60", "world.max_entities=100")
ZONE = """
  asker:
    service: tests.support.toy_asker
    kind: bus
    reads: [stable]
    cage: none
    may: [{may}]
"""
ANSWER_S = 60.0


def told(home: Path, may: str) -> dict[str, object]:
    """Run a kernel with a zone that asks, and return what it is told."""
    (home / "config").mkdir()
    for each in (ROOT / "config").glob("*.yaml"):
        shutil.copy(each, home / "config")
    with (home / "config" / "kernel.yaml").open("a") as file:
        file.write(ZONE.format(may=may))
    shutil.copy(CANDIDATE, home / "candidate.py")
    with KernelRun(home, *SETTINGS) as kernel:
        wait_until((home / "answer.json").exists, "the zone is answered", ANSWER_S)
        assert kernel.ask("status")["world"]["tick"]
        assert kernel.stop() == 0
    answer: dict[str, object] = json.loads((home / "answer.json").read_text())
    return answer


@pytest.mark.slow
def test_a_zone_that_may_gets_a_verdict(home: Path) -> None:
    """The same one people get; the ledger knows who asked."""
    answer = told(home, "trial")
    assert answer["ok"] and answer["result"]["name"] == "BounceOffWalls", answer
    (asked,) = ledger_events(home, "zone.asked")
    (begun,) = ledger_events(home, "trial.begun")
    assert begun["payload"]["by"] == "asker" and begun["cause"] == asked["id"]
    (ended,) = ledger_events(home, "trial.ended")
    assert ended["payload"]["how"] == "accepted" and ended["cause"] == begun["id"]


@pytest.mark.slow
def test_a_zone_that_may_not_is_refused(home: Path) -> None:
    """It is told why and what would help; the ledger knows, and nothing was tried."""
    answer = told(home, "")
    assert not answer["ok"] and answer["hint"] == "kernel.zones.asker.may"
    assert not ledger_events(home, "trial.begun")
    (refused,) = ledger_events(home, "zone.refused")
    assert refused["payload"]["zone"] == "asker"
