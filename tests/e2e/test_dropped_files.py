"""A file put into mutations/ of a running home: tried, applied, told of; edits and refusals too."""

import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.harness import KernelRun, send_signal, wait_until
from tests.structure.sources import ROOT
from zones.agents.header import without_header

pytestmark = pytest.mark.slow
SETTINGS = (
    "kernel.zones.sandbox.enabled=true", "agents.evolution=false", "agents.author=genetic",
    "world.seed=11", "world.max_entities=120", "world.entities=80",
    "kernel.guard.forecast_seeds=2", "kernel.guard.ticks=600",
)  # fmt: skip
DRIFTER = """class Drifter(Trait):
    async def execute(self, entity):
        if entity.eat(2.0) == 0.0:
            entity.move((1000.0 - entity.x) * 0.0005, (1000.0 - entity.y) * 0.0005)
"""
THIEF = "class Thief(Trait):\n    async def execute(self, entity):\n        open('x')\n"
TRIED_S = 120.0


def molt(home: Path, *words: str) -> dict[str, Any]:
    """Run a command of `molt` with --json and return its document."""
    done = subprocess.run(
        [sys.executable, "-m", "Kernel.console.cli", "--home", str(home), *words, "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    document = json.loads(done.stdout)
    assert isinstance(document, dict), done.stderr
    return document


def statuses(home: Path) -> dict[str, str]:
    """Return what became of each mutation, by the name people know it by."""
    rows = molt(home, "mutations")["mutations"]
    return {f"{row['trait']} v{row['version']}": row["status"] for row in rows}


def is_living(home: Path, name: str) -> bool:
    return statuses(home).get(name) in ("applied", "kept")


def test_a_dropped_file(home: Path) -> None:
    """It comes in and ours takes its place; an edit is version 2; what is refused stays, once."""
    place = home / "mutations"
    with KernelRun(home, *SETTINGS) as kernel:
        wait_until(place.is_dir, "the zone is there", TRIED_S)
        (place / "mine.py").write_text(DRIFTER)
        ours = place / "trait_drifter_v1.py"
        wait_until(ours.exists, "it is applied", TRIED_S)
        wait_until(lambda: is_living(home, "Drifter v1"), "it is told", TRIED_S)
        wait_until(lambda: not (place / "mine.py").exists(), "ours takes its place")
        assert without_header(ours.read_bytes()) == DRIFTER.encode()
        told = molt(home, "mutation", "Drifter_v1")
        assert told["mutation"]["author"] == "hand" and told["source"] == DRIFTER
        assert told["mutation"]["code_hash"] == hashlib.sha256(DRIFTER.encode()).hexdigest()
        walk = molt(home, "why", told["mutation"]["id"])
        assert "mutation.proposed" in [event["kind"] for event in walk["causes"]]

        (place / "thief.py").write_text(THIEF)
        wait_until(lambda: "refused" in statuses(home).values(), "it is refused", TRIED_S)
        refused = molt(home, "mutations", "--status", "refused")["mutations"]
        assert (refused[0]["author"], refused[0]["line"]) == ("hand", 3)

        ours.write_bytes(ours.read_bytes().replace(b"eat(2.0)", b"eat(1.5)"))
        wait_until((place / "trait_drifter_v2.py").exists, "it is version 2", TRIED_S)
        wait_until(lambda: without_header(ours.read_bytes()) == DRIFTER.encode(), "ours is back")
        changed = molt(home, "diff", "Drifter_v2")["diff"]
        assert any(line.startswith("+") and "eat(1.5)" in line for line in changed)

        sandbox = kernel.zone("sandbox")["pid"]
        send_signal(sandbox, signal.SIGKILL)
        wait_until(lambda: kernel.zone("sandbox")["pid"] not in (None, sandbox), "it is back")
        assert (place / "thief.py").read_text() == THIEF
        names = sorted(path.name for path in place.glob("*.py"))
        assert names == ["thief.py", "trait_drifter_v1.py", "trait_drifter_v2.py"]
        assert len(molt(home, "mutations")["mutations"]) == 3
        assert kernel.stop() == 0
