"""What a real kernel remembers over its own death, and what an orderly stop forgives."""

import signal
from pathlib import Path
from typing import Any

import pytest

from Kernel.memory.context_memory import unpack_memory
from Kernel.memory.contexts import BUDGETS, CONTEXTS, new_memory
from Kernel.ports.memory_file import HomeMemoryFile
from tests.chaos.harness import KernelRun, send_signal, wait_until
from tests.support.ledger_events import ledger_events

SETTINGS = (
    "world.entities=60",
    "world.max_entities=100",
    "kernel.zones.stable.healthy_after_s=600",
)
"""Nothing that fails is forgotten while a test looks."""
CRASHES = 2


def budgets(kernel: KernelRun) -> list[dict[str, Any]]:
    """Return what is remembered of restarts."""
    entries = kernel.ask("memory")["entries"]
    return [each for each in entries if each["context"] == BUDGETS]


def stored(home: Path) -> list[Any]:
    """Return the same as it is on the disk, where it comes a moment later."""
    data = HomeMemoryFile(home / "data" / "memory").load()
    memory = unpack_memory(data, CONTEXTS, 0.0) if data is not None else new_memory()
    return [each.value for each in memory.entries(BUDGETS, 0.0).values()]


def crash(kernel: KernelRun) -> None:
    """Let the world die of a fault, as of a bug of its own: a drill would not count."""
    pid, failures = (kernel.zone("stable")[key] for key in ("pid", "failures"))
    assert send_signal(pid, signal.SIGSEGV)

    def came_back() -> bool:
        zone = kernel.zone("stable")
        return zone["failures"] > failures and zone["pid"] not in (None, pid) and zone["heir_pid"]

    wait_until(came_back, "the heir has taken over and has one of its own")


@pytest.mark.slow
def test_a_budget_outlives_a_killed_kernel(home: Path) -> None:
    """The next one knows of it, says so, and is forgiven by an orderly stop."""
    with KernelRun(home, *SETTINGS) as kernel:
        for _ in range(CRASHES):
            crash(kernel)
        wait_until(lambda: bool(budgets(kernel)), "what was spent is remembered")
        (spent,) = budgets(kernel)
        assert spent["key"].startswith("stable ") and spent["value"]["failures"] == CRASHES
        wait_until(lambda: stored(home) == [spent["value"]], "it is on the disk")
        assert (home / "data" / "memory").stat().st_mode & 0o777 == 0o600
        kernel.end()
    with KernelRun(home, *SETTINGS) as kernel:
        assert kernel.zone("stable")["failures"] == CRASHES
        assert kernel.zone("stable")["state"] == "ready"
        assert [each["key"] for each in budgets(kernel)] == [spent["key"]]
        assert kernel.stop() == 0
    (told,) = ledger_events(home, "zone.budget_resumed")
    assert told["payload"]["failures"] == CRASHES
    with KernelRun(home, *SETTINGS) as kernel:
        assert kernel.zone("stable")["failures"] == 0 and budgets(kernel) == []


@pytest.mark.slow
def test_a_torn_memory_is_refused_and_told(home: Path) -> None:
    """The world is as it was, the file is set aside, and the ledger says why."""
    with KernelRun(home, *SETTINGS) as kernel:
        crash(kernel)
        wait_until(lambda: bool(budgets(kernel)), "what was spent is remembered")
        kernel.end()
    memory = home / "data" / "memory"
    data = memory.read_bytes()
    memory.write_bytes(data[:-3])
    with KernelRun(home, *SETTINGS) as kernel:
        assert budgets(kernel) == [] and kernel.zone("stable")["state"] == "ready"
        assert (home / "data" / "memory.refused").read_bytes() == data[:-3]
        assert kernel.stop() == 0
    (told,) = ledger_events(home, "memory.refused")
    assert "torn" in told["payload"]["why"]
