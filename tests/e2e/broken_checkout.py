"""A kernel started from a checkout that a test breaks and mends, with the toy for a world.

Owns: the copy and its home, what its console says, and whether its world is whole.
"""

import contextlib
from pathlib import Path
from typing import Any

from fallback.console_client import ask
from fallback.known_world import KnownWorld, save_known_world
from Kernel.contract.arena import Header, State
from tests.support.checkout_copy import copy_checkout
from tests.support.toy.service import chain_after
from tests.support.toy_home import ToyKernel, write_config
from tests.support.wait import wait_until

ZONES = (
    "probe_base_s: 0.5\nprobe_cap_s: 60.0\n"
    "zones:\n  stable: {service: zones.toy, kind: arena, settings: world}\n"
)
BROKEN = "def broken(:\n"
PATIENCE_S = 30.0


class BrokenCheckout(ToyKernel):
    """One kernel of a copied checkout. Use as a context manager."""

    def __init__(
        self,
        checkout: Path,
        home: Path,
        *options: str,
        env: dict[str, str] | None = None,
        terminal: int | None = None,
    ) -> None:
        super().__init__(home, *options, checkout=checkout, env=env, terminal=terminal)

    def asked(self, command: str, **args: object) -> dict[str, Any]:
        """Return the whole reply of whoever holds the console, {} when nobody does."""
        with contextlib.suppress(OSError):
            return next(iter(ask(self.home, command, args)))
        return {}

    def status(self) -> dict[str, Any]:
        """Return the status, {} when nobody answers."""
        return self.asked("status").get("result") or {}

    def zone(self) -> dict[str, Any]:
        """Return the first zone, {} when nobody answers."""
        return next(iter(self.status().get("zones", [])), {})

    def is_safe(self) -> bool:
        """Tell whether safe mode answers."""
        return self.status().get("kernel", {}).get("safe_mode") is True

    def is_normal(self) -> bool:
        """Tell whether a normal kernel answers, with its world."""
        kernel = self.status().get("kernel", {})
        return kernel.get("safe_mode") is False and kernel.get("state") == "running"

    def wait_safe(self) -> dict[str, Any]:
        """Wait until safe mode answers, and return its status."""

        def look() -> bool:
            assert self.process.poll() is None, self.errors.read_text()
            return self.is_safe()

        wait_until("safe mode", look, PATIENCE_S)
        return self.status()

    def wait_normal(self) -> None:
        """Wait until a normal kernel answers."""
        wait_until("normal running", self.is_normal, PATIENCE_S)

    def wait_ticking(self, since: int) -> int:
        """Wait until the world has gone beyond a tick; it must follow from the first, whole."""
        wait_until(f"ticks after {since}", lambda: self.tick() > since, PATIENCE_S)
        words = self.words()
        for _ in range(50):
            tick = words.get(Header.COMMIT)
            value = words.state(tick, State.OWN)
            if words.get(Header.COMMIT) == tick:
                assert value == chain_after(tick), f"tick {tick} does not follow from the first"
                return tick
        raise AssertionError("the world is too fast to be read")

    def tick(self) -> int:
        """Return the committed tick, 0 without a world."""
        with contextlib.suppress(FileNotFoundError):
            return super().tick()
        return 0


def make_checkout(folder: Path) -> tuple[Path, Path]:
    """Return a copied checkout and a home whose world is the toy."""
    checkout, home = copy_checkout(folder / "c", with_toy=True), folder / "h"
    write_config(home, kernel=ZONES)
    (home / "data").mkdir()
    save_known_world(home, KnownWorld("stable", "zones.toy", {}))
    return checkout, home
