"""Looking at a machine and a home: what is found, and that nothing is changed."""

import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from Kernel.ports.arena_file import arena_folders
from Kernel.ports.disk import open_home
from Kernel.ports.machine import compile_cache, look_at_machine
from Kernel.ports.slots import FALLBACK, fill_slot
from tests.fallback.made_checkout import make_checkout
from tests.structure.sources import ROOT
from tests.support.toy_home import remove_arenas


def everything(folder: Path) -> list[tuple[str, int, float]]:
    """Return what is in a folder, with modes and times of change."""
    paths = sorted(folder.rglob("*"))
    return [(str(path), path.lstat().st_mode, path.lstat().st_mtime) for path in paths]


def test_looking_at_an_empty_home_changes_nothing(tmp_path):
    """A home that was never used is told of as such and stays as it is, even when missing."""
    home = tmp_path / "none"
    seen = look_at_machine(ROOT, home, 500)
    assert not home.exists() and list(tmp_path.iterdir()) == []
    assert (seen.lock_holder, seen.snapshots, seen.arena, seen.arena_error) == (0, 0, "", "")
    assert (seen.run_mode, seen.socket_mode) == (None, None)
    assert seen.home_writable and seen.disk_free_bytes > 0 and seen.world_slots == 500


def test_this_machine_can_run_us():
    """The machine the tests run on has what is needed: else they would not run."""
    seen = look_at_machine(ROOT, ROOT)
    assert seen.python >= (3, 11) and seen.linux > (4, 0)
    assert all(seen.features.values()), seen.features
    names = {package.name for package in seen.packages}
    assert {"pyzmq", "click", "prompt_toolkit"} <= names
    assert all(package.installed and package.locked for package in seen.packages)
    assert seen.files_max != 0 and seen.clock_resolution_ns > 0


def test_a_home_in_use_is_told_of(tmp_path):
    """Modes, socket, snapshots and who holds the lock are seen; the lock is not touched."""
    opened = open_home(tmp_path)
    (tmp_path / "data" / "snapshots").mkdir()
    (tmp_path / "data" / "snapshots" / "stable-000000000300-01234567.snapshot").touch()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "run" / "console.sock"))
        os.chmod(tmp_path / "run" / "console.sock", 0o600)
        before = everything(tmp_path)
        seen = look_at_machine(ROOT, tmp_path)
        assert everything(tmp_path) == before
    assert (seen.run_mode, seen.socket_mode) == (0o700, 0o600)
    assert (seen.lock_holder, seen.lock_is_kernel) == (os.getpid(), True)
    assert seen.snapshots == 1 and 0 <= seen.snapshot_age_s < 60
    for fd in (opened.run_fd, opened.bus_fd, *opened.lock_fds):
        os.close(fd)
    assert look_at_machine(ROOT, tmp_path).lock_holder == 0


def test_a_lock_that_somebody_else_holds_is_no_kernel(tmp_path):
    """A holder whose pid is not the one in the file is what is left of a kernel."""
    (tmp_path / "run").mkdir()
    lock = tmp_path / "run" / "kernel.lock"
    lock.write_text("1\n")
    with lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        seen = look_at_machine(ROOT, tmp_path)
    assert (seen.lock_holder, seen.lock_is_kernel) == (os.getpid(), False)


def test_a_damaged_arena_is_told_of(tmp_path):
    """What is no arena is said with its path; what is none at all is no fault."""
    folder = arena_folders(tmp_path)[0]
    try:
        (folder / "stable.arena").write_bytes(b"x" * 100)
        seen = look_at_machine(ROOT, tmp_path)
        assert "it is only 100 bytes" in seen.arena_error and seen.arena == ""
    finally:
        remove_arenas(tmp_path)


def test_a_checkout_without_its_files_is_no_crash(tmp_path):
    """Where pyproject.toml is missing no package is known, and nothing is compiled."""
    seen = look_at_machine(tmp_path, tmp_path)
    assert seen.packages == () and not seen.kernels_compiled


@pytest.mark.slow
def test_the_compile_cache_is_the_one_the_world_uses():
    """What we reckon from the sources is what numba is told."""
    script = "from zones.runtime import numba_setup as n; print(n._config.CACHE_DIR)"
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=True, env=environment,
    )  # fmt: skip
    assert Path(done.stdout.strip()) == compile_cache(ROOT)


def test_every_byte_of_the_slot_is_looked_at(tmp_path):
    """None, a sound one and a damaged one are three things; the damaged file is named."""
    home = tmp_path / "home"
    seen = look_at_machine(ROOT, home)
    assert (seen.fallback, seen.fallback_error) == (False, "")
    slot = fill_slot(home, FALLBACK, make_checkout(tmp_path / "checkout"))
    seen = look_at_machine(ROOT, home)
    assert (seen.fallback, seen.fallback_error) == (True, "")
    (slot.root / "zones/world/engine.py").write_text("TICK =")
    seen = look_at_machine(ROOT, home)
    assert not seen.fallback and "zones/world/engine.py" in seen.fallback_error
