"""What a boot does about its known-good copy."""

from pathlib import Path

import pytest

from fallback import slot_files
from Kernel.contract.errors import ConfigError
from Kernel.contract.zygote_protocol import Configure, Prepared, send
from Kernel.ports.process import SystemProcesses
from Kernel.ports.slots import FALLBACK, ensure_fallback, fill_slot, find_slot, version_of
from tests.fallback.made_checkout import make_checkout
from tests.support.checkout_copy import copy_checkout
from tests.support.real_processes import RealProcesses


def test_first_boot_fills_from_the_checkout(tmp_path: Path) -> None:
    """A home without a slot gets one; the next boot leaves it, though the checkout changed."""
    checkout = make_checkout(tmp_path / "checkout")
    slot, said = ensure_fallback(tmp_path / "home", checkout)
    assert (
        slot.version == version_of(checkout) and said == "filled from the checkout: there was none"
    )
    (checkout / "zones/world/engine.py").write_text("TICK = 2\n")
    assert ensure_fallback(tmp_path / "home", checkout) == (slot, "")


def test_the_proven_copy_is_preferred(tmp_path: Path) -> None:
    """The checkout's own slot passed its self-test: a new home takes that and not the tree."""
    checkout = make_checkout(tmp_path / "checkout")
    proven = fill_slot(checkout, FALLBACK, checkout)
    (checkout / "zones/world/engine.py").write_text("TICK =")
    slot, said = ensure_fallback(tmp_path / "home", checkout)
    assert slot.version == proven.version != version_of(checkout)
    assert "own slot" in said


def test_a_damaged_one_is_filled_anew(tmp_path: Path) -> None:
    """Damage is an error of the configuration when read, and mended by a boot, which says so."""
    checkout = make_checkout(tmp_path / "checkout")
    slot, _said = ensure_fallback(tmp_path / "home", checkout)
    (slot.root / "zones/world/engine.py").write_text("TICK =")
    with pytest.raises(ConfigError, match=r"zones/world/engine\.py"):
        find_slot(tmp_path / "home", FALLBACK)
    mended, said = ensure_fallback(tmp_path / "home", checkout)
    assert mended.version == slot.version and "zones/world/engine.py" in said


@pytest.mark.slow
def test_a_zygote_starts_from_a_slot(tmp_path: Path) -> None:
    """It needs nothing of the working tree's zones, and finds its compiled kernels lent."""
    checkout = copy_checkout(tmp_path / "c", with_toy=True)
    compiled = tmp_path / "compiled" / "world-ab"
    compiled.mkdir(parents=True)
    (compiled / "kernel.nbc").write_bytes(b"code")
    slot = slot_files.fill_slot(tmp_path / "home", FALLBACK, checkout, lambda _copy: compiled)
    for path in (checkout / "zones").rglob("*.py"):
        path.write_text("def broken(:\n")
    cache = tmp_path / "cache"
    cache.mkdir()
    processes = RealProcesses(cache)
    processes.port = SystemProcesses(checkout, cache, ())
    try:
        for root, answer in ((slot.root, Prepared), (None, None)):
            handle = processes.keep(processes.port.start_zygote("zones.toy", root))
            send(handle.road, Configure("stable", "/nowhere", {}))
            if answer is None:
                assert processes.wait_exit(handle.pid).code == 1, "the tree itself is broken"
            else:
                assert isinstance(processes.hear(handle), answer)
        assert (cache / "world-ab" / "kernel.nbc").read_bytes() == b"code"
        assert find_slot(tmp_path / "home", FALLBACK) == slot, "running it did not change it"
    finally:
        processes.close()
