"""A live kernel's processes are sealed: what runs generated code, and what serves."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.arena import Header
from Kernel.contract.robust_mutex import THREADS_MAX, RobustMutex
from tests.chaos.harness import ROOT, KernelRun, send_signal, wait_until
from zones.runtime.cage import probe

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("seccomp" in {each.value for each in probe().missing}, reason="no seccomp"),
]
LARGE = ("world.max_entities=20000", "world.entities=400", "world.tick_rate_ms=20")


def threads_of(pid: int) -> list[str]:
    """Return the status of each thread of a process."""
    tasks = Path(f"/proc/{pid}/task")
    return [(tasks / name / "status").read_text() for name in os.listdir(tasks)]


def assert_sealed(pid: int, what: str) -> None:
    """Check that every thread has a filter, and that no program gives it more rights."""
    statuses = threads_of(pid)
    assert statuses
    for status in statuses:
        assert re.search(r"^Seccomp:\s*2$", status, re.MULTILINE), f"{what}:\n{status}"
        assert re.search(r"^NoNewPrivs:\s*1$", status, re.MULTILINE), f"{what}:\n{status}"
        assert re.search(r"^CapEff:\s*0+$", status, re.MULTILINE), f"{what}:\n{status}"


def open_mutexes(kernel_pid: int) -> RobustMutex:
    """Return the mutexes of the world's arena, from among the kernel's descriptors."""
    folder = Path(f"/proc/{kernel_pid}/fd")
    for name in os.listdir(folder):
        if os.readlink(folder / name).startswith("/memfd:molt-mutex"):
            descriptor = os.open(folder / name, os.O_RDWR)
            try:
                return RobustMutex(descriptor)
            finally:
                os.close(descriptor)
    raise AssertionError("the kernel has no mutexes")


def test_every_process_of_a_kernel_is_sealed(home: Path) -> None:
    """The world, its heirs one after another, bus zones, zygotes: all threads of all of them.

    Each thread of the world but the main one holds a mutex, so that nobody can write unseen.
    """
    with KernelRun(home, *LARGE) as kernel:
        assert kernel.ask("status")["degraded"] == []
        mutexes = open_mutexes(kernel.process.pid)
        for _ in range(3):
            wait_until(kernel.heir_pid, "an heir")
            owner, heir = kernel.word(Header.OWNER), kernel.heir_pid()
            assert_sealed(owner, "who ticks")
            assert_sealed(heir, "the heir")
            siblings = {int(name) for name in os.listdir(f"/proc/{owner}/task")} - {owner}
            held = {mutexes.owner(thread) for thread in range(THREADS_MAX)} - {0}
            assert held == siblings
            tick = kernel.word(Header.COMMIT)
            send_signal(owner, 9)
            wait_until(lambda: kernel.word(Header.COMMIT) > tick + 5, "the world goes on")  # noqa: B023
        for zone in kernel.ask("status")["zones"]:
            assert_sealed(zone["zygote_pid"], f"zygote of {zone['name']}")
            assert_sealed(zone["pid"], zone["name"])
        assert kernel.stop() == 0


def test_a_sealed_world_does_all_it_did(home: Path) -> None:
    """Held, hashed, hung, handed over, kept in snapshots: all of it without a file."""
    with KernelRun(home, *LARGE) as kernel:
        held = kernel.ask("pause", at_tick=kernel.word(Header.COMMIT) + 20)
        assert len(held["hash"]) == 64
        kernel.ask("resume")
        pid = kernel.word(Header.OWNER)
        kernel.ask("drill", kind="hang", zone="stable")
        wait_until(lambda: kernel.word(Header.OWNER) != pid, "another owner")
        for zone in ("stable", "archive", "chronos"):
            wait_until(kernel.heir_pid, "an heir")
            assert kernel.ask("wait", **{"for": f"zone.{zone}=ready", "timeout_s": 20.0})
            kernel.ask("soft-restart", zone=zone)
        tick = kernel.word(Header.COMMIT)
        wait_until(lambda: kernel.word(Header.COMMIT) > tick + 620, "two snapshots")
        assert kernel.ask("status")["degraded"] == []
        assert kernel.stop() == 0
    assert run_tool("zones.world", "replay", home)["holds"]
    assert run_tool("zones.ledger", "verify", home)["ok"]


def run_tool(module: str, command: str, home: Path) -> dict[str, Any]:
    """Return the document that a command gives of a home."""
    done = subprocess.run(
        [sys.executable, "-m", module, command, "--home", str(home), "--json"],
        cwd=ROOT,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    document: dict[str, Any] = json.loads(done.stdout)
    return document
