"""A storm of kills over a world whose traits come and go: the log says all that it has."""

import contextlib
import os
import random
import signal
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.evolving import SETTINGS, assert_nothing_lost, encoded
from tests.chaos.harness import KernelRun, send_signal, wait_until
from tests.support.ledger_events import ledger_events

TOY = """class {name}(Trait):
    async def execute(self, entity):
        entity.vx = entity.vx * 0.99{number}
"""
STORM = (
    *SETTINGS,
    "agents.author=genetic",
    "kernel.guard.ticks=300",
    "kernel.guard.forecast_seeds=4",
    *(
        f"kernel.zones.{zone}.{key}=1000"
        for zone in ("stable", "archive", "sandbox")
        for key in ("free_failures", "failures_max")
    ),
)
LIVES = 3
LIFE_S = (6.0, 12.0)
GUARDS_S = 90.0
pytestmark = [pytest.mark.slow, pytest.mark.chaos]


def ask(kernel: KernelRun, command: str, **args: Any) -> None:
    """Ask for something, and wait for no answer: the kernel may be killed before."""

    def run() -> None:
        with contextlib.suppress(OSError, ValueError):
            kernel.ask_raw(command, **args)

    threading.Thread(target=run, daemon=True).start()


def storm(kernel: KernelRun, chance: random.Random, number: int) -> None:
    """Do one thing that may happen to a kernel."""
    source = TOY.format(name=f"Toy{chance.randrange(3)}", number=number)
    match chance.choice(("add", "add", "drop", "trigger", "pause", "resume", "kill", "kill", "no")):
        case "add":
            ask(kernel, "trait add", source=encoded(source.encode()), no_trial=True)
        case "drop":
            folder = kernel.home / "mutations"
            folder.mkdir(exist_ok=True)
            (folder / f"dropped{number}.py").write_text(source)
        case "kill":
            send_signal(chance.choice([*kernel.family(), 0]), signal.SIGKILL)
        case "no":
            pass
        case command:
            ask(kernel, command, **({"reason": "storm"} if command == "trigger" else {}))


def mutations(home: Path) -> dict[str, list[str]]:
    """Return what was told of each mutation, in order, by the beginning of its hash."""
    told = defaultdict(list)
    for event in ledger_events(home):
        if event["kind"].startswith(("mutation.", "guard.")):
            told[event["payload"]["mutation_id"].removeprefix("mut_")].append(event["kind"])
    return told


def test_the_log_says_what_the_world_has(home: Path, rounds: int) -> None:
    """Whoever dies when: what runs was told as applied and was guarded, and no tick is lost."""
    chance, number = random.Random(time.time_ns()), 0
    for _ in range(LIVES * rounds):
        with KernelRun(home, *STORM) as kernel:
            first = TOY.format(name="First", number=number).encode()
            assert kernel.ask("trait add", source=encoded(first), no_trial=True)
            until_s = time.monotonic() + chance.uniform(*LIFE_S)
            while time.monotonic() < until_s:
                number += 1
                storm(kernel, chance, number)
                time.sleep(chance.random() * 0.5)
            os.kill(kernel.process.pid, signal.SIGKILL)
            kernel.process.wait()
    with KernelRun(home, *STORM) as kernel:
        kernel.ask("resume")
        time.sleep(1.0)  # what was on its way comes in, and is guarded
        wait_until(lambda: not kernel.ask("status")["guarded"], "guards end", GUARDS_S)
        rows = kernel.ask("trait list")["traits"]
        assert_nothing_lost(kernel)
        assert kernel.stop() == 0
    told = mutations(home)
    assert rows, "something came in"
    for row in rows:
        its = told[row["hash"][:12]]
        assert "mutation.applied" in its, (row, its)
        if row["status"] == "active":
            last = [each for each in its if each.startswith("mutation.")][-1]
            assert last not in ("mutation.failed", "mutation.ready"), (row, its)
    for mutation, kinds in told.items():
        assert kinds.count("mutation.applied") <= kinds.count("guard.begun"), (mutation, kinds)
