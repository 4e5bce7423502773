"""A native trait means the same in both tiers: every honest one, bit for bit.

`--rounds` runs each on that many scenes. Kernels are kept under .cache by the source of the trait
and of `zones/traits`, for the compiler costs more than all runs.
"""

import hashlib
import shutil
from functools import lru_cache
from pathlib import Path

import pytest

from tests.zones.traits.both_tiers import SHAPES, differences
from tests.zones.traits.corpus import found, honest
from zones.traits.contract import INTERPRETED, NATIVE
from zones.traits.interpreted import InterpretedTrait
from zones.traits.native.compiling import compile_trait, load_native
from zones.traits.native.tiers import tier_of
from zones.traits.reading import check_source
from zones.traits.verdict import Checked, Refusal

ROOT = Path(__file__).resolve().parents[3]
CACHE = ROOT / ".cache" / "kernels-of-tests"
SOURCES = honest() | found()
NATIVE_SHARE = 0.7


@lru_cache(maxsize=1)
def sources_hash() -> str:
    """Return what the compiled kernels depend on besides their traits."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "zones" / "traits").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def kernel_folder(checked: Checked) -> Path:
    """Return a folder with the compiled kernel of a trait; compile it if it is not there."""
    folder = CACHE / f"{checked.code_hash[:24]}-{sources_hash()}"
    done = folder / "done"
    if not done.exists():
        _forget_old()
        folder.mkdir(parents=True, exist_ok=True)
        compile_trait(checked, folder)
        done.touch()
    return folder


@lru_cache(maxsize=1)
def _forget_old() -> None:
    """Remove kernels of other sources of `zones/traits`."""
    for folder in CACHE.glob("*-*"):
        if not folder.name.endswith(sources_hash()):
            shutil.rmtree(folder, ignore_errors=True)


@lru_cache(maxsize=1)
def checked_sources() -> dict[str, Checked]:
    """Return what is accepted of the sources, by name; all that are honest are."""
    accepted = {}
    for name, source in SOURCES.items():
        try:
            accepted[name] = check_source(source)
        except Refusal:
            assert name not in honest(), name
    return accepted


@pytest.mark.slow
def test_most_honest_traits_are_native() -> None:
    """Every honest trait is accepted, seven tenths are native, the others say why they are not."""
    tiers = {name: tier_of(checked) for name, checked in checked_sources().items()}
    own = [tiers[name] for name in honest()]
    assert sum(tier == NATIVE for tier, _ in own) >= NATIVE_SHARE * len(own)
    for name, (tier, why) in tiers.items():
        assert tier == NATIVE or (tier == INTERPRETED and why), name


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_tiers_agree(name: str, rounds: int) -> None:
    """Both tiers write the same columns, state, intents, fuel and statuses over some ticks."""
    checked = checked_sources().get(name)
    if checked is None or tier_of(checked)[0] != NATIVE:
        return  # one meaning is all it has
    native = load_native(checked, kernel_folder(checked))
    # Which scene is one of six is by name, so that few rounds see all of them.
    first = sum(name.encode()) % len(SHAPES)
    for seed in range(first, first + rounds):
        interpreted = InterpretedTrait(checked)
        found = list(differences(native, interpreted, checked, seed))
        assert not found, "\n".join(found)
