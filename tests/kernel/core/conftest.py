"""What the keeper tests share: a machine of fakes and folders for an arena."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fakes import FakeMachine


@pytest.fixture
def machine() -> Iterator[FakeMachine]:
    """Give fakes for everything a keeper needs."""
    machine = FakeMachine()
    yield machine
    machine.processes.close()


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Give the two folders an arena may lie in, best first."""
    found = [tmp_path / "shm", tmp_path / "data"]
    for folder in found:
        folder.mkdir()
    return found
