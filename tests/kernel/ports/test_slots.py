"""What a boot does about its known-good copy."""

from pathlib import Path

import pytest

from Kernel.contract.errors import ConfigError
from Kernel.ports.slots import FALLBACK, ensure_fallback, fill_slot, find_slot, version_of
from tests.fallback.made_checkout import make_checkout


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
