"""A fake kernel for the tests of the console, and the folder that examples are typed in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.console import doctor
from tests.kernel.console.fake_kernel import FakeKernel


@pytest.fixture
def kernel(tmp_path: Path, trait_folder: Path) -> Iterator[FakeKernel]:
    """Return a fake kernel that serves in a thread until the test ends."""
    with FakeKernel(tmp_path) as fake:
        yield fake


@pytest.fixture(autouse=True)
def fuel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `doctor` measure nothing: it takes seconds, and has a test of its own."""
    monkeypatch.setattr(doctor, "measure_fuel", lambda _checkout: 5000)


@pytest.fixture
def trait_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with the files that the examples of `trait add` and `run` name."""
    folder = tmp_path_factory.mktemp("typed")
    (folder / "forager.py").write_text("class Forager(Trait):\n    pass\n")
    (folder / "model.py").write_text("def main(*words):\n    return len(words)\n")
    monkeypatch.chdir(folder)
    return folder
