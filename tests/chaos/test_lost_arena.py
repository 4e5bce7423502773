"""After everything was killed and the arena is gone, snapshot and log bring the same world back."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.arena import Header
from Kernel.contract.envelope import parse_envelope
from Kernel.contract.places import LEDGER
from tests.chaos.harness import ROOT, KernelRun, is_running, run_alone, send_signal, wait_until
from zones.runtime.ledger_file import LedgerReader

pytestmark = [pytest.mark.slow, pytest.mark.chaos]
SEED = 5
FAST = ("world.tick_rate_ms=4", f"world.seed={SEED}", "chronos.snapshot_interval_ticks=400")


def kill_everything(kernel: KernelRun) -> None:
    """Kill the kernel and all below it, at once."""
    for pid in (kernel.process.pid, *kernel.family()):
        send_signal(pid, signal.SIGKILL)
    kernel.process.wait()
    wait_until(lambda: not any(map(is_running, kernel.family())), "all are gone")


def world_events(home: Path) -> list[tuple[int, str]]:
    """Return tick and kind of each event that the log has of the world."""
    reader = LedgerReader(home / LEDGER)
    try:
        found = [parse_envelope(record) for _, record in reader.read(1)]
    finally:
        reader.close()
    return [(each.tick or 0, each.kind) for each in found if each.zone == "stable" and each.agent]


def applied(home: Path) -> list[int]:
    """Return the ticks of the inputs in the log."""
    return [tick for tick, kind in world_events(home) if kind == "input.applied"]


def tool(*words: str) -> Any:
    """Run a command that needs no kernel, and return the document it prints."""
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return json.loads(done.stdout)


def alone(home: Path, ticks: int) -> str:
    """Return the hash of the world that was never killed, by the inputs that the log prints."""
    found = tool(
        "zones.ledger", "events", "--home", str(home), "kind=input.applied",
        "--since", "tick:0", "--json",
    )  # fmt: skip
    path = home / "inputs.json"
    path.write_text(json.dumps(found))
    report = run_alone(home, SEED, ticks, "--inputs", str(path))
    return str(report["hash"])


def change(kernel: KernelRun, home: Path, values: dict[str, float]) -> None:
    """Set parameters, pause and go on; wait until the log has all of it."""
    before = len(applied(home))
    for key, value in values.items():
        kernel.ask("params", key=key, value=value)
    kernel.ask("pause")
    kernel.ask("resume")
    wait_until(lambda: len(applied(home)) >= before + len(values) + 2, "all is in the log")


def hold_and_compare(kernel: KernelRun, home: Path) -> None:
    """Pause: the world is the one that was never killed, and the log knows of the pause."""
    held = kernel.ask("pause", at_tick=kernel.word(Header.COMMIT) + 30)
    wait_until(lambda: held["tick"] in applied(home), "the pause is in the log")
    assert held["hash"] == alone(home, held["tick"])


def test_world_comes_back_at_the_newest_tick_of_the_log(home: Path) -> None:
    """Twice: the second time the log goes through two arenas, and no snapshot lies between."""
    with KernelRun(home, *FAST) as kernel:
        arena = Path(kernel.ready["zones"][0]["arena"])
        snapshots = home / "data" / "snapshots"
        wait_until(lambda: len(list(snapshots.glob("*.snapshot"))) > 1, "a snapshot to prove")
        change(kernel, home, {"friction": 0.7, "mutation": 0.1})
        kill_everything(kernel)
    for was_paused in (False, True):
        logged = max(tick for tick, _ in world_events(home))
        shutil.rmtree(arena.parent)
        with KernelRun(home, *FAST) as kernel:
            assert kernel.word(Header.TAKEN_OVER_TICK) >= logged
            status = kernel.ask("status")
            assert status["degraded"] == [], "nothing is lost that the log knows"
            restored = status["world"]["restored"]
            assert restored["tick"] >= logged and restored["inputs"] >= 4
            assert status["world"]["paused"] == was_paused
            if was_paused:
                kernel.ask("resume")
            change(kernel, home, {"friction": 0.5 + 0.1 * was_paused})
            hold_and_compare(kernel, home)
            kill_everything(kernel)
    proof = tool("zones.world", "replay", "--home", str(home), "--json")
    assert proof["holds"] and proof["mismatches"] == []
    logged = max(tick for tick, _ in world_events(home))
    proof = tool("zones.world", "replay", "--home", str(home), "--to-tick", str(logged), "--json")
    assert proof["hash"] == alone(home, logged) and proof["snapshots_checked"] >= 2
