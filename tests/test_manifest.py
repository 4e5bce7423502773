"""manifest.py: what it does before the kernel is imported."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.structure.sources import ROOT

pytestmark = pytest.mark.slow

BOOT = """
import json, os, sys

def main(arguments):
    print(json.dumps({"arguments": arguments, "python": sys.executable,
                      "guarded": "MOLT_REEXECUTED" in os.environ}))
    return 7
"""
EMPTY_PACKAGES = ("zmq", "msgpack", "yaml", "structlog", "psutil")


@pytest.fixture
def checkout(home: Path) -> Path:
    """Give a checkout with the real manifest.py and a kernel that only says how it was called."""
    shutil.copy(ROOT / "manifest.py", home / "manifest.py")
    (home / "Kernel").mkdir()
    (home / "Kernel" / "__init__.py").touch()
    (home / "Kernel" / "boot.py").write_text(BOOT, encoding="utf-8")
    return home


def run_manifest(checkout: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run manifest.py by a Python that sees the standard library only (-S: no site-packages)."""
    environment = {**os.environ, **extra}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(
        [sys.executable, "-S", "-E", str(checkout / "manifest.py"), *arguments],
        env=environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )


def add_packages(folder: Path) -> None:
    """Put importable stand-ins for the packages into a folder."""
    for name in EMPTY_PACKAGES:
        (folder / f"{name}.py").touch()


def add_venv(checkout: Path, python_path: Path) -> Path:
    """Put a `.venv` into the checkout whose Python finds modules in `python_path` too."""
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(
        f'#!/bin/sh\nPYTHONPATH="{python_path}" exec "{sys.executable}" -S "$@"\n', encoding="utf-8"
    )
    python.chmod(0o755)
    return python


def test_without_packages_and_venv_says_make_setup(checkout: Path) -> None:
    """Packages missing and no .venv: exit 78, the missing names and `make setup`, stdout empty."""
    done = run_manifest(checkout)
    assert done.returncode == 78
    assert done.stdout == ""
    assert done.stderr.startswith("cannot start molt: packages are missing: zmq, msgpack")
    assert done.stderr.endswith("\n  make setup\n")


def test_with_packages_runs_the_kernel(checkout: Path) -> None:
    """Packages present: the kernel gets the arguments and decides the exit code."""
    add_packages(checkout)
    done = run_manifest(checkout, "--json", "--set", "world.seed=7")
    assert done.returncode == 7
    assert done.stderr == ""
    assert json.loads(done.stdout)["arguments"] == ["--json", "--set", "world.seed=7"]


def test_without_packages_goes_on_in_venv(checkout: Path, tmp_path: Path) -> None:
    """Packages missing, .venv has them: the same arguments run there, and one line says so."""
    add_packages(tmp_path)
    add_venv(checkout, tmp_path)
    done = run_manifest(checkout, "--json", "a b")
    assert done.returncode == 7
    assert done.stderr == "molt: using .venv/bin/python\n"
    said = json.loads(done.stdout)
    assert said["arguments"] == ["--json", "a b"]
    assert not said["guarded"], "children of the kernel must not inherit the guard"


def test_broken_venv_ends_in_a_message(checkout: Path, tmp_path: Path) -> None:
    """A .venv that lacks the packages too is tried once: exit 78, no loop."""
    add_venv(checkout, tmp_path)
    done = run_manifest(checkout)
    assert done.returncode == 78
    assert done.stderr.count("molt: using .venv/bin/python") == 1
    assert "cannot start molt: packages are missing: zmq, msgpack" in done.stderr
    assert done.stderr.endswith("\n  make setup\n")


def test_old_python_is_named(checkout: Path) -> None:
    """A Python that is too old is refused with its version and the one that is needed."""
    add_packages(checkout)
    script = "import sys, manifest; sys.version_info = (3, 9, 2); sys.exit(manifest.run())"
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        cwd=checkout,
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )
    assert done.returncode == 78
    assert "Python is 3.9.2, molt needs 3.11 or newer" in done.stderr


@pytest.mark.parametrize(
    ("words", "option"), [((), ""), (("SCENARIO=",), ""), (("SCENARIO=a b",), "--scenario 'a b'")]
)
def test_make_run_hands_the_scenario_on(words: tuple[str, ...], option: str) -> None:
    """`make run SCENARIO=NAME` boots with --scenario NAME, and without one with no such word."""
    # Without what a `make test` around us says to the make it thinks it runs.
    around = ("SCENARIO", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    environment = {key: value for key, value in os.environ.items() if key not in around}
    done = subprocess.run(
        ["make", "--dry-run", "--old-file=setup", "run", *words],
        cwd=ROOT, env=environment, capture_output=True, check=True, text=True, timeout=30,
    )  # fmt: skip
    command = "exec .venv/bin/python manifest.py --own-terminal"
    assert done.stdout.splitlines()[-1].rstrip() == f"{command} {option}".rstrip()


def test_a_hangup_in_the_first_moments(checkout: Path) -> None:
    """SIGHUP before the kernel can take it waits for the kernel, and ends nothing."""
    add_packages(checkout)
    boot = "import os, signal\nos.kill(os.getpid(), signal.SIGHUP)\n"
    (checkout / "Kernel" / "boot.py").write_text(boot + BOOT, encoding="utf-8")
    assert run_manifest(checkout).returncode == 7
