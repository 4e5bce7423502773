"""Traits in a real kernel: they come and go by command, and outlive kills, boots and a reboot."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.arena import Header
from tests.chaos.harness import KernelRun, send_signal, wait_until
from tests.structure.sources import ROOT
from tests.support.ledger_events import ledger_events
from tests.support.toy_home import remove_arenas
from zones.runtime.lone import SNAPSHOTS

pytestmark = pytest.mark.slow
SETTINGS = (
    "world.seed=11", "world.max_entities=120", "world.entities=80", "world.tick_rate_ms=4",
)  # fmt: skip
DRIFTER = '''
"""Drifts towards the middle of its world, a little faster the hungrier it is."""


class Drifter(Trait):
    def __init__(self):
        self.calls = 0

    async def execute(self, entity):
        self.calls += 1
        need = 1.0 - entity.energy / entity.max_energy
        entity.move((1000.0 - entity.x) * 0.0005 * need, (1000.0 - entity.y) * 0.0005 * need)
'''
PAINTER = '''
class Painter(Trait):
    """Remembers whom it has met, and shows how many."""

    def __init__(self):
        self.met = {}

    async def execute(self, entity):
        for other in entity.nearby_entities(20.0):
            self.met[other.id] = self.met.get(other.id, 0) + 1
        entity.color = "#%02x4060" % min(255, 8 * len(self.met))
'''
THIEF = "class Thief(Trait):\n    async def execute(self, entity):\n        open('x')\n"


@pytest.fixture
def folder(home: Path) -> Iterator[Path]:
    """Give a home with three files beside it: two traits and what is none."""
    folder = home / "typed"
    folder.mkdir()
    for name, text in (("drifter", DRIFTER), ("painter", PAINTER), ("thief", THIEF)):
        (folder / f"{name}.py").write_text(text)
    yield folder


def molt(home: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """Run a command of `molt` with --json; return its exit code and its document."""
    done = subprocess.run(
        [sys.executable, "-m", "Kernel.console.cli", "--home", str(home), *words, "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    document = json.loads(done.stdout)
    assert isinstance(document, dict), done.stderr
    return done.returncode, document


def snapshots_after(home: Path, tick: int) -> list[int]:
    """Return the ticks of the snapshots that are kept of a later tick than one."""
    kept = (int(each.name.split("-")[1]) for each in (home / SNAPSHOTS).glob("*.snapshot"))
    return [each for each in kept if each > tick]


def statuses(kernel: KernelRun) -> dict[str, str]:
    """Return the status of each trait that the world has."""
    return {each["name"]: each["status"] for each in kernel.ask("trait list")["traits"]}


def test_traits_come_in_stay_and_go(home: Path, folder: Path) -> None:
    """Added by succession without a missed tick, told, kept through kills and boots, removed."""
    with KernelRun(home, *SETTINGS) as kernel:
        code, drifter = molt(home, "trait", "add", str(folder / "drifter.py"))
        assert code == 0 and drifter["tier"] == "native", drifter
        code, painter = molt(home, "trait", "add", str(folder / "painter.py"))
        assert code == 0 and (painter["tier"], painter["version"]) == ("interpreted", 1), painter
        assert drifter["applied_at_tick"] < painter["applied_at_tick"] <= kernel.word(Header.COMMIT)
        code, refused = molt(home, "trait", "add", str(folder / "thief.py"))
        assert code == 5 and refused["error"]["line"] == 3 and "open" in refused["error"]["reason"]
        code, again = molt(home, "trait", "add", str(folder / "drifter.py"))
        assert code == 0 and again["already"] is True
        assert statuses(kernel) == {"Drifter": "active", "Painter": "active"}
        told = kernel.ask("status")["world"]["traits"]
        assert [each["state"] for each in told] == ["carried", "volatile"]
        explain(home)
        through_safe_mode(kernel)
        tick = kernel.word(Header.COMMIT)
        send_signal(kernel.word(Header.OWNER), signal.SIGKILL)
        wait_until(lambda: kernel.word(Header.COMMIT) > tick + 5, "its heir ticks on")
        assert statuses(kernel) == {"Drifter": "active", "Painter": "active"}
    with KernelRun(home, *SETTINGS) as kernel:
        assert statuses(kernel) == {"Drifter": "active", "Painter": "active"}
        wait_until(lambda: kernel.ask("trait list")["traits"][0]["calls"] > 0, "they are called")
        assert kernel.stop() == 0
    remove_arenas(home)  # as a reboot of the machine does
    with KernelRun(home, *SETTINGS) as kernel:
        assert statuses(kernel) == {"Drifter": "active", "Painter": "active"}
        code, removed = molt(home, "trait", "remove", "painter")
        assert code == 0 and removed["applied_at_tick"] > 0
        assert statuses(kernel) == {"Drifter": "active"}
        assert not list((home / "mutations").glob("*.py")), "only the Patcher writes there"
        # No snapshot holds what the Painter remembers: hashes compare from the first without it.
        gone = removed["applied_at_tick"]
        wait_until(lambda: len(snapshots_after(home, gone)) > 1, "two snapshots without it", 30)
        kernel.ask("pause")  # else the oldest may be gone before it is read
        code, proof = molt(home, "replay", "--from-tick", str(min(snapshots_after(home, gone))))
        assert code == 0 and proof["snapshots_checked"] and not proof["mismatches"], proof
        assert not proof["warnings"], proof
        _, whole = molt(home, "replay")
        assert not whole["mismatches"] or "Painter" in "".join(whole["warnings"]), whole
        assert kernel.stop() == 0


def through_safe_mode(kernel: KernelRun) -> None:
    """Safe mode runs without traits and says so by inputs; normal running takes them up again."""
    kernel.ask("safe-mode enter")
    wait_until(lambda: in_safe_mode(kernel), "safe mode", 60.0)
    tick = kernel.word(Header.COMMIT)
    wait_until(lambda: kernel.word(Header.COMMIT) > tick + 5, "it ticks on")
    kernel.ask("safe-mode leave")
    wait_until(lambda: not in_safe_mode(kernel, True), "normal running", 60.0)
    wait_until(lambda: set(statuses(kernel).values()) == {"active"}, "both are taken up again")
    wait_until(
        lambda: [
            event["payload"]["input"]["kind"]
            for event in ledger_events(kernel.home, "input.applied")
        ].count("world.suspend_trait") == 2,
        "that they were suspended is told",
    )  # fmt: skip


def in_safe_mode(kernel: KernelRun, otherwise: bool = False) -> bool:
    """Tell whether safe mode answers; `otherwise` when nobody does, or the world is not there."""
    try:
        told = kernel.ask_raw("status")["result"]
    except (OSError, ValueError, KeyError):
        return otherwise
    return told["kernel"]["safe_mode"] is True or (otherwise and not told["world"])


def explain(home: Path) -> None:
    """The chain from an applied trait to the command that asked for it is in the ledger."""
    wait_until(lambda: len(ledger_events(home, "mutation.applied")) == 2, "both are stored")
    by_id = {event["id"]: event for event in ledger_events(home)}
    added = [
        event
        for event in ledger_events(home, "input.applied")
        if event["payload"]["input"]["kind"] == "world.add_trait"
    ]
    assert len(added) == 2, "of safe mode there was nothing yet"
    for first in added:
        chain, event = [], first
        while event is not None:
            chain.append(event["kind"])
            event = by_id.get(event["cause"] or "")
        assert chain == [
            "input.applied", "generation.promoted", "generation.begun", "mutation.ready",
            "trait.validated", "trial.ended", "trial.begun", "command.taken",
        ]  # fmt: skip
