"""A copy becomes the known-good one only when it runs, by its own files alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fallback.slot_files import CACHE, SlotError, fill_slot, find_slot, version_of
from fallback.slot_proof import proof_with
from tests.structure.sources import ROOT
from tests.support.checkout_copy import copy_checkout
from tests.support.toy_home import is_alive
from tests.support.wait import wait_until

pytestmark = pytest.mark.slow
CACHE_DIR = ROOT / ".cache" / "numba"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("copy") / "c")


def test_a_slot_is_self_contained(checkout: Path, tmp_path: Path) -> None:
    """It runs with the tree's zones broken, compiles nothing, and gives the same bits."""
    slot = fill_slot(tmp_path, "fallback", checkout, proof_with(CACHE_DIR))
    said = run_in(slot.root, slot.root / CACHE)
    engine = checkout / "zones" / "world" / "engine.py"
    text = engine.read_text()
    engine.write_text("def broken(:\n")
    try:
        assert run_in(checkout, CACHE_DIR).returncode == 1
        files = sorted((slot.root / CACHE).rglob("*"))
        again = run_in(slot.root, slot.root / CACHE)
        assert again.returncode == said.returncode == 0, again.stderr
        assert again.stdout == said.stdout and str(slot.root) in again.stdout
        assert files == sorted((slot.root / CACHE).rglob("*")), "nothing was compiled anew"
        assert find_slot(tmp_path, "fallback") == slot, "running it did not change it"
    finally:
        engine.write_text(text)


def test_a_broken_tree_never_becomes_the_copy(checkout: Path, tmp_path: Path) -> None:
    """A tree that cannot be imported is refused with the reason, the slot stays as it was."""
    good = fill_slot(tmp_path, "fallback", checkout)
    for file, old, new, why in (
        ("zones/world/engine.py", "import", "import (", "SyntaxError"),
        ("zones/runtime/arena_zone.py", "def rehearse(", "def rehearsed(", "cannot import name"),
    ):
        path = checkout / file
        text = path.read_text()
        path.write_text(text.replace(old, new, 1))
        try:
            with pytest.raises(SlotError, match=why):
                fill_slot(tmp_path, "fallback", checkout, proof_with(CACHE_DIR))
        finally:
            path.write_text(text)
        assert find_slot(tmp_path, "fallback") == good


def test_setup_keeps_a_copy(checkout: Path, tmp_path: Path) -> None:
    """`make setup` fills the slot, says so, leaves an equal one, and fails on a broken tree."""

    def set_up() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "fallback.slot_proof", "--home", str(tmp_path)],
            cwd=checkout, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    assert set_up().stdout.endswith("now: the first\n")
    assert "has this version already" in set_up().stdout
    path = checkout / "zones" / "runtime" / "arena_zone.py"
    text = path.read_text()
    path.write_text("def broken(:\n")
    try:
        refused = set_up()
    finally:
        path.write_text(text + "\n# another version\n")
    assert refused.returncode == 1 and "SyntaxError" in refused.stderr
    assert "hint: " in refused.stderr
    done = set_up()
    version = version_of(checkout)
    assert f"is version {version[:12]} now, it was " in done.stdout, done.stderr
    path.write_text(text)


def test_a_proof_ends_with_who_wants_it(checkout: Path, tmp_path: Path) -> None:
    """The errand that proves a copy is killed, as an orderly stop does: so is its self-test."""
    compiling = tmp_path / "cache"  # an empty one: it is at work for a while
    code = (
        "import sys; from pathlib import Path; from fallback.slot_proof import keep_known_good;"
        "keep_known_good(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    errand = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "h"), str(compiling)], cwd=checkout
    )
    try:
        children = Path(f"/proc/{errand.pid}/task/{errand.pid}/children")

        def proof() -> int:
            found = children.read_text().split()
            said = Path(f"/proc/{found[0]}/cmdline").read_bytes() if found else b""
            return int(found[0]) if b"self-test" in said else 0

        pid = wait_until("the self-test", proof)
        errand.kill()
        wait_until("its end", lambda: not is_alive(pid))
    finally:
        errand.kill()
        errand.wait()


def run_in(root: Path, cache_dir: Path) -> subprocess.CompletedProcess[str]:
    """Run the self-test of the code below `root`."""
    return subprocess.run(
        [sys.executable, "-m", "zones.world", "self-test", "--ticks", "30"],
        cwd=root,
        env={
            "PATH": os.environ["PATH"],
            "NUMBA_CACHE_DIR": str(cache_dir),
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
