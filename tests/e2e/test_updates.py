"""A module version comes into a real kernel, fails there, and goes back: no tick is lost.

The dry run is left out here: it takes half a minute of compiling, and has tests of its own.
"""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fallback.slot_files import source_files, version_folder
from Kernel.console.client import KernelRefused, ask
from Kernel.contract.arena import Header, State
from Kernel.core import passive_update as up
from Kernel.core.bundle import open_bundle
from Kernel.core.passive_update import How, ModuleVersion, Stage
from Kernel.ports.signatures import SigningKey
from Kernel.ports.update_files import HomeUpdates
from tests.e2e.broken_checkout import BrokenCheckout
from tests.support.bundles import make_bundle, ring_of
from tests.support.checkout_copy import copy_checkout
from tests.support.toy.service import chain_after
from tests.support.toy_home import remove_arenas, write_config
from tests.support.wait import wait_until

pytestmark = pytest.mark.slow
CONFIG = (
    "update: {guard_ticks: 3000}\n"
    "zones:\n  stable: {service: zones.toy, kind: arena, settings: world}\n"
)
TOY = "zones/toy/service.py"
BEGINS = "        words.put(Header.FLIGHT, 1)\n"
CRASH = (
    "        if not hasattr(self, 'since'):\n"
    "            self.since = tick\n"
    "        if tick >= self.since + 500 or words.get(Header.SUSPECT_TIMES):\n"
    "            import signal\n"
    "            signal.raise_signal(signal.SIGSEGV)\n"
)
"""After 500 ticks, and from then on at once, as a fault does that is in what it has computed."""
KEY = SigningKey.generate()
PATIENCE_S = 120.0


class Place:
    """A checkout with the toy, and a home."""

    def __init__(self, folder: Path) -> None:
        self.checkout = copy_checkout(folder / "c", with_toy=True)
        self.home = folder / "h"
        write_config(self.home, CONFIG)
        self.files = HomeUpdates(self.home)

    def boot(self) -> BrokenCheckout:
        """Return a kernel of the checkout."""
        return BrokenCheckout(self.checkout, self.home, "--json")

    def stage(self, counter: int, in_tick: str) -> ModuleVersion:
        """Bring a version up to proved whose toy does this at the beginning of each tick."""
        files = {path: (self.checkout / path).read_bytes() for path in source_files(self.checkout)}
        text = files[TOY].decode()
        assert BEGINS in text
        files[TOY] = text.replace(BEGINS, BEGINS + in_tick).encode()
        data = make_bundle(KEY, files, f"{counter}.0", counter, changes_behaviour=True)
        opened = open_bundle(data, ring_of(KEY).verify)
        told = opened.manifest
        what = ModuleVersion(
            told.id, told.version, told.counter, told.contract, True, opened.sha256
        )
        self.files.keep_bundle(data, opened.sha256)
        self.files.change(lambda updates: up.take(updates, what))
        self.files.unpack(opened)
        self.files.change(up.note_verified)
        self.files.change(lambda updates: up.note_probed(updates, "left out"))
        return what

    def ask(self, command: str) -> dict[str, Any]:
        """Return the kernel's answer."""
        return dict(ask(self.home, command, {}, PATIENCE_S).result)

    def source(self) -> str:
        """Return what the world's code comes from."""
        zones: Any = self.ask("ps")["zones"]
        return str(zones[0]["source"])


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    remove_arenas(place.home)


def whole(kernel: BrokenCheckout) -> bool:
    """Tell whether no tick was lost, doubled or torn: each follows from the one before."""
    words = kernel.words()
    tick = words.get(Header.COMMIT)
    return words.state(tick, State.OWN) == chain_after(tick)


def test_in_by_succession_and_kept(place: Place) -> None:
    """All zones run it, its guard ends, and the next boot begins with it; the chain is whole."""
    with place.boot() as kernel:
        kernel.ready()
        kernel.wait_ticking(50)
        what = place.stage(1, "")
        assert place.ask("update commit")["stage"] == "guard"
        assert place.source() == f"update {what.name}"
        wait_until("its guard to end", lambda: place.files.load().active == what, 60.0)
        assert kernel.stop() == 0, kernel.errors.read_text()
        assert whole(kernel)
    with place.boot() as kernel:
        kernel.ready()
        kernel.wait_ticking(kernel.tick() + 50)
        assert place.source() == f"update {what.name}"
        assert place.ask("update rollback")["serves"] == "the factory version"
        assert place.source() == "checkout"
        assert kernel.stop() == 0, kernel.errors.read_text()
        assert whole(kernel)


def test_a_version_that_crashes_after_500_ticks(place: Place) -> None:
    """It is taken back by itself, the tick that failed is computed by the one before."""
    with place.boot() as kernel:
        kernel.ready()
        kernel.wait_ticking(50)
        place.stage(1, CRASH)
        until = int(place.ask("update commit")["until_tick"])
        wait_until("it to be taken back", lambda: place.files.load().candidate is None, 60.0)
        (outcome,) = place.files.load().outcomes
        assert outcome.how is How.ROLLED_BACK and outcome.why, outcome
        assert kernel.tick() < until, "long before its guard was over"
        wait_until("the checkout to serve", lambda: place.source() == "checkout")
        kernel.wait_ticking(kernel.tick() + 200)
        assert kernel.stop() == 0, kernel.errors.read_text()
        assert whole(kernel)


def test_a_version_that_cannot_be_loaded(place: Place) -> None:
    """Who asked is told why; the world has not noticed."""
    with place.boot() as kernel:
        kernel.ready()
        kernel.wait_ticking(50)
        place.stage(1, "        return broken(\n")
        with pytest.raises(KernelRefused, match="cannot run version") as caught:
            place.ask("update commit")
        assert caught.value.exit_code == 5 and place.source() == "checkout"
        assert kernel.stop() == 0, kernel.errors.read_text()
        assert whole(kernel)


def test_a_kernel_that_is_killed_under_guard(place: Place) -> None:
    """The next boots what was active, and gives the version to the zones once more."""
    with place.boot() as kernel:
        kernel.ready()
        kernel.wait_ticking(50)
        what = place.stage(1, "")
        place.ask("update commit")
        kernel.signal(signal.SIGKILL)
        kernel.end()
    candidate = place.files.load().candidate
    assert candidate is not None and candidate.stage is Stage.GUARD
    assert version_folder(place.home, what.id).is_dir()
    with place.boot() as kernel:
        kernel.ready()
        wait_until("it to be kept", lambda: place.files.load().active == what, 60.0)
        assert kernel.stop() == 0, kernel.errors.read_text()
        assert whole(kernel)
