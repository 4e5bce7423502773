"""The Makefile: what `make run` and `make setup` do when the checkout cannot be compiled."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.structure.sources import ROOT

PYTHON = """#!/bin/sh
echo "$*" >> calls
case "$*" in
    "-m zones.world compile")
        echo "[1/23] carry       0.1 s" >&2
        test -e broken || exit 0
        printf 'Traceback (most recent call last):\\n  File "engine.py", line 7\\n' >&2
        echo "SyntaxError: invalid syntax" >&2
        exit 1;;
esac
"""
COMPILE, PROVE = "-m zones.world compile", "-m fallback.slot_proof"
BOOT = "manifest.py --own-terminal"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give a folder with the Makefile, installed packages and a python that notes its calls."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for folder in ("zones/world", "Kernel/contract", "fallback", ".venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("requirements.lock", "pyproject.toml", "fallback/slot_files.py"):
        (tmp_path / file).touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    (tmp_path / ".venv" / ".packages").touch()
    return tmp_path


def make(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run make there as a person would."""
    return subprocess.run(
        ["make", *words], cwd=checkout, capture_output=True, text=True, timeout=30, check=False
    )


def calls(checkout: Path) -> list[str]:
    """Return what python was called with."""
    path = checkout / "calls"
    return path.read_text().splitlines() if path.exists() else []


def test_run_compiles_first_and_only_once(checkout):
    """A sound checkout is compiled and proved before it is booted, and then booted alone."""
    done = make(checkout, "run")
    assert (done.returncode, calls(checkout)) == (0, [COMPILE, PROVE, BOOT])
    assert "[1/23] carry" in done.stderr and "cannot" not in done.stderr
    make(checkout, "run", "SCENARIO=starving")
    assert calls(checkout)[3:] == [f"{BOOT} --scenario starving"]


def test_run_boots_though_the_checkout_is_broken(checkout):
    """One line says why, the slot stays as it is, and the kernel is booted: it has the slot."""
    (checkout / "broken").touch()
    done = make(checkout, "run")
    assert (done.returncode, calls(checkout)) == (0, [COMPILE, BOOT])
    said = [line for line in done.stderr.splitlines() if not line.startswith("[")]
    assert said[1:] == [
        "molt: cannot compile the checkout's kernels: SyntaxError: invalid syntax; "
        "booting all the same, see molt status"
    ]
    assert said[0].startswith("molt: compiling the kernels")


def test_setup_fails_loudly(checkout):
    """Who asks for it is told all, and the slot is not touched."""
    (checkout / "broken").touch()
    done = make(checkout, "setup")
    assert done.returncode != 0 and calls(checkout) == [COMPILE]
    assert "Traceback" in done.stderr and "engine.py" in done.stderr


def test_a_dry_run_does_nothing(checkout):
    """`make -n run` shows the boot and calls nobody."""
    done = make(checkout, "-n", "run")
    assert done.returncode == 0 and BOOT in done.stdout and calls(checkout) == []
