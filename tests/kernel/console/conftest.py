"""A fake kernel for the tests of the console."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernel.console.fake_kernel import FakeKernel


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[FakeKernel]:
    """Return a fake kernel that serves in a thread until the test ends."""
    with FakeKernel(tmp_path) as fake:
        yield fake
