"""Slots as the kernel sees them: errors of its own tree, and zygotes that start from one."""

from pathlib import Path

import pytest

from fallback import slot_files
from Kernel.contract.errors import ConfigError
from Kernel.contract.zygote_protocol import Configure, Prepared, send
from Kernel.ports.process import SystemProcesses
from Kernel.ports.slots import FALLBACK, fill_slot, find_slot
from tests.fallback.made_checkout import make_checkout
from tests.support.checkout_copy import copy_checkout
from tests.support.real_processes import RealProcesses


def test_a_damaged_one_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    """It is found when it is looked for, before anything of it could be run."""
    checkout = make_checkout(tmp_path / "checkout")
    slot = fill_slot(tmp_path / "home", FALLBACK, checkout)
    assert find_slot(tmp_path / "home", FALLBACK) == slot
    (slot.root / "zones/world/engine.py").write_text("TICK =")
    with pytest.raises(ConfigError, match=r"zones/world/engine\.py"):
        find_slot(tmp_path / "home", FALLBACK)


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
