"""The real world through safe mode and back is the world that never was in it, bit by bit."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fallback.slot_files import fill_slot
from tests.e2e.broken_checkout import BROKEN, BrokenCheckout
from tests.support.checkout_copy import copy_checkout
from tests.support.toy_home import remove_arenas
from tests.support.wait import wait_until

pytestmark = pytest.mark.slow
PATIENCE_S = 120.0
"""The first run after a change of the world's sources compiles its kernels."""


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    checkout, home = copy_checkout(tmp_path / "c"), tmp_path / "h"
    home.mkdir()
    yield checkout, home
    remove_arenas(home)


def hash_at(checkout: Path, tick: int) -> str:
    """Return the hash of the same world, run without a kernel."""
    done = subprocess.run(
        [sys.executable, "-m", "zones.world", "run", "--ticks", str(tick), "--json"],
        cwd=checkout, capture_output=True, check=True, text=True, timeout=300,
    )  # fmt: skip
    return json.loads(done.stdout)["hash"]


def go_on(kernel: BrokenCheckout, ticks: int) -> int:
    """Wait until the world has gone on by some ticks."""
    since = kernel.tick()
    wait_until("more ticks", lambda: kernel.tick() > since + ticks, PATIENCE_S)
    return kernel.tick()


def test_through_safe_mode_and_back(places: tuple[Path, Path]) -> None:
    """Restored from its snapshot by a slot, kept, handed back: the hash is that of a plain run."""
    checkout, home = places
    with BrokenCheckout(checkout, home, "--json") as kernel:
        wait_until("the kernel", lambda: kernel.read().endswith(b"\n"), PATIENCE_S)
        go_on(kernel, 30)
        assert kernel.stop() == 0
        left = kernel.tick()
    fill_slot(home, "fallback", checkout)
    remove_arenas(home)  # as a reboot of the machine does
    broken = [checkout / "Kernel" / "boot.py", checkout / "zones" / "world" / "engine.py"]
    texts = [path.read_text() for path in broken]
    for path in broken:
        path.write_text(BROKEN)
    with BrokenCheckout(checkout, home) as kernel:
        kernel.wait_safe()
        wait_until("the world", lambda: kernel.zone()["state"] == "ready", PATIENCE_S)
        assert kernel.tick() >= left and "slot fallback" in kernel.zone()["doing"]
        assert any("engine.py" in each["why"] for each in kernel.status()["degraded"])
        go_on(kernel, 30)
        for path, text in zip(broken, texts, strict=True):
            path.write_text(text)
        wait_until("normal running", kernel.is_normal, PATIENCE_S)
        go_on(kernel, 30)
        held = kernel.asked("pause")["result"]
        assert kernel.stop() == 0
    assert held["hash"] == hash_at(checkout, held["tick"])


def test_paused_stays_paused(places: tuple[Path, Path]) -> None:
    """A paused world is held in safe mode, which is no hang, and still held afterwards."""
    checkout, home = places
    with BrokenCheckout(checkout, home, "--json") as kernel:
        wait_until("the kernel", lambda: kernel.read().endswith(b"\n"), PATIENCE_S)
        held = kernel.asked("pause")["result"]
        assert kernel.asked("safe-mode enter")["ok"]
        kernel.wait_safe()
        wait_until("the world", lambda: kernel.zone()["state"] == "ready", PATIENCE_S)
        assert kernel.status()["world"]["paused"] is True
        assert kernel.asked("safe-mode status")["result"]["paused"] is True
        said = kernel.errors.read_text()
        assert f"the world is held, paused at tick {held['tick']}, by" in said
        assert kernel.zone()["restarts"] == 0
        assert kernel.asked("safe-mode leave")["ok"]
        wait_until("normal running", kernel.is_normal, PATIENCE_S)
        assert kernel.asked("pause")["result"] == held
        assert kernel.stop() == 0
