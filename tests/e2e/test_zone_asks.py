"""A bus zone of a real kernel asks for a trial: one that may, and one that may not."""

import hashlib
import itertools
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
    (refused,) = ledger_events(home, "request.refused")
    assert refused["payload"]["zone"] == "asker"


@pytest.mark.slow
def test_a_zone_has_a_mutation_applied(home: Path) -> None:
    """Tried with a forecast, brought in, watched and kept; the chain goes back to its cause."""
    (home / "config").mkdir()
    for each in (ROOT / "config").glob("*.yaml"):
        shutil.copy(each, home / "config")
    with (home / "config" / "kernel.yaml").open("a") as file:
        file.write(ZONE.format(may="apply"))
    shutil.copy(CANDIDATE, home / "candidate.py")
    cause = "0190c0de" * 4
    named = f"mut_{hashlib.sha256(CANDIDATE.read_bytes()).hexdigest()[:12]}"
    args = {"mutation_id": named, "plan_id": "plan_e2e", "metric": "population", "cause": cause}
    (home / "ask.json").write_text(json.dumps(["apply", args]))
    guard = ("kernel.guard.ticks=650", "kernel.guard.forecast_seeds=4")
    with KernelRun(home, *SETTINGS, *guard) as kernel:
        wait_until((home / "answer.json").exists, "the zone is answered", 2 * ANSWER_S)
        answer = json.loads((home / "answer.json").read_text())
        assert answer["ok"] and answer["result"]["accepted"], answer
        wait_until(lambda: not kernel.ask("status")["guarded"], "its guard ends", ANSWER_S)
        assert kernel.stop() == 0
    kinds = (
        "zone.asked", "trial.begun", "trial.ended", "trait.validated", "mutation.ready",
        "mutation.applied", "guard.begun", "mutation.kept",
    )  # fmt: skip
    told = {kind: ledger_events(home, kind)[0] for kind in kinds}
    assert told["zone.asked"]["cause"].replace("-", "") == cause
    # Between ready and applied there is the generation that has the code.
    for chain in (kinds[:5], kinds[5:]):
        for before, after in itertools.pairwise(chain):
            assert told[after]["cause"] == told[before]["id"], after
    begun = told["guard.begun"]["payload"]
    assert begun["mutation_id"] == named and begun["metric"] == "population"
    assert len(begun["forecast"]) == 2 or begun["degraded"], begun
