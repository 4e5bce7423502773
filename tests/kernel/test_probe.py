"""Would a normal boot work? Asked without touching the home, also beside a kernel that runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.toy_home import ToyKernel, remove_arenas, write_config

pytestmark = pytest.mark.slow


@pytest.fixture
def toy_home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "h"
    write_config(home)
    yield home
    remove_arenas(home)


def probe(home: Path) -> tuple[int, str]:
    """Return the exit code of a probe, and what it said."""
    with ToyKernel(home, "--probe") as prober:
        code = prober.end()
        return code, prober.errors.read_text()


def test_it_would_work(toy_home: Path) -> None:
    """Exit code 0; nothing is made in the home and no lock is asked for."""
    before = sorted(toy_home.rglob("*"))
    assert probe(toy_home) == (0, "")
    assert sorted(toy_home.rglob("*")) == before


def test_beside_a_running_kernel(toy_home: Path) -> None:
    """The kernel that holds the home is not in its way, nor it in the kernel's."""
    with ToyKernel(toy_home, "--json") as kernel:
        kernel.ready()
        with ToyKernel(toy_home, "--probe") as prober:
            assert prober.end() == 0
        assert kernel.stop() == 0


@pytest.mark.parametrize(
    ("world", "code", "said"),
    [
        ("tick_rate_ms: -1\n", 1, "tick_rate_ms is -1"),
        ("tick_rate_ms: [\n", 78, "world.yaml"),
    ],
)
def test_it_would_not(toy_home: Path, world: str, code: int, said: str) -> None:
    """Settings that a service refuses, and a file that cannot be read, are named."""
    write_config(toy_home, world=world)
    found, words = probe(toy_home)
    assert found == code and said in words and words.startswith("cannot")


def test_a_service_that_cannot_be_loaded(toy_home: Path) -> None:
    """It is named, with what it said."""
    service = "zones:\n  stable: {service: tests.nowhere, kind: arena, settings: world}\n"
    write_config(toy_home, kernel=service)
    code, words = probe(toy_home)
    assert code == 1 and words.startswith("cannot run tests.nowhere: ModuleNotFoundError")
