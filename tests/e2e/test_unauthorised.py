"""A zone of a real kernel asks where it may not: refused, counted, on record, nothing is done."""

import json
import shutil
from pathlib import Path

import pytest

from tests.chaos.harness import KernelRun, wait_until
from tests.structure.sources import ROOT
from tests.support.ledger_events import ledger_events

SETTINGS = ("world.entities=60", "world.max_entities=100")
ZONE = """
  intruder:
    service: tests.support.toy_intruder
    kind: bus
    cage: none
"""
ANSWER_S = 60.0


@pytest.mark.slow
def test_a_zone_gets_nothing_from_console_and_scribe(home: Path) -> None:
    """The kernel goes on, status and ledger know of both, and its event was not stored."""
    (home / "config").mkdir()
    for each in (ROOT / "config").glob("*.yaml"):
        shutil.copy(each, home / "config")
    with (home / "config" / "kernel.yaml").open("a") as file:
        file.write(ZONE)
    with KernelRun(home, *SETTINGS) as kernel:
        wait_until((home / "answer.json").exists, "the zone has asked", ANSWER_S)

        def refused() -> dict[str, int]:
            return kernel.ask("status")["kernel"]["refused"]

        wait_until(lambda: refused()["scribe"] == 1, "the archive has told", ANSWER_S)
        assert refused()["console"] == 1 and refused()["bus"] == 0
        (row,) = refused()["by"]
        assert (row["road"], row["who"], row["request"]) == ("console", "own", "command")
        assert kernel.ask("status")["kernel"]["state"] == "running"
        assert kernel.stop() == 0
    told = json.loads((home / "answer.json").read_text())
    assert told["console"] == ""
    assert told["scribe"] == "" or "it is a zone's" in told["scribe"]
    roads = sorted(event["payload"]["road"] for event in ledger_events(home, "request.refused"))
    assert roads == ["console", "scribe"]
    assert not ledger_events(home, "build.done")
