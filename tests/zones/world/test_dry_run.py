"""The dry run: the same bytes and the same code come to the same hash, sealed."""

import os
from pathlib import Path

import pytest

from Kernel.contract.arena import check_arena
from Kernel.contract.errors import MoltError, Refused, SnapshotError
from tests.zones.world.test_engine import BUSY
from tests.zones.world.worlds import make_world
from zones.runtime.arena_image import copy_committed
from zones.runtime.cage import Layer, probe
from zones.runtime.snapshot_file import write_snapshot
from zones.world import dry_run
from zones.world.dry_run import run_dry
from zones.world.engine import Engine
from zones.world.warm_up import prepare

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(Layer.SECCOMP in probe().missing, reason="no seccomp"),
]
TICKS = 40


@pytest.fixture(scope="module", autouse=True)
def kernels() -> None:
    """Load every kernel: a sealed child can load none."""
    prepare(1)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Give a snapshot of a world that has lived a while."""
    words = make_world(seed=8, **BUSY)
    engine = Engine(words, 1, lambda: 0)
    for _ in range(10):
        engine.tick()
    check_arena(words, "a made-up world")
    (tmp_path / "snapshots").mkdir()
    return write_snapshot(tmp_path / "snapshots", copy_committed(words)).path


def plain_hash(ticks: int) -> str:
    """Return what an engine without any of this comes to."""
    words = make_world(seed=8, **BUSY)
    engine = Engine(words, 1, lambda: 0)
    for _ in range(ticks):
        engine.tick()
    return engine.publish_hash().hex()


def test_it_is_the_world_that_would_have_been(image: Path, tmp_path: Path) -> None:
    """The hash of a sealed child is that of an engine beside nothing; nothing is written."""
    before = sorted(tmp_path.rglob("*"))
    told = run_dry(tmp_path, "stable", TICKS, image, None)
    assert (told["from_tick"], told["ticks"], told["migrated"]) == (10, TICKS, False)
    assert told["hash"] == plain_hash(10 + TICKS) and told["population"] > 0
    assert told["checks_failed"] == 0 and told["suspended"] == [] and told["why"] == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_a_home_without_a_world_has_a_small_one(tmp_path: Path) -> None:
    """What it began from is kept on request, and another run of it comes to the same."""
    (tmp_path / "kept").mkdir()
    told = run_dry(tmp_path, "stable", TICKS, None, tmp_path / "kept")
    assert "cannot find an arena" in told["why"]
    again = run_dry(tmp_path, "stable", TICKS, Path(told["image"]), None)
    assert again["hash"] == told["hash"] and again["from_tick"] == told["from_tick"] == 0
    assert [each.name for each in (tmp_path / "kept").iterdir()] == [Path(told["image"]).name]


def test_a_copy_that_is_damaged(image: Path, tmp_path: Path) -> None:
    """It is no world to prove anything by."""
    data = bytearray(image.read_bytes())
    data[-9] ^= 1
    image.write_bytes(data)
    with pytest.raises(SnapshotError):
        run_dry(tmp_path, "stable", TICKS, image, None)


def test_where_nothing_can_be_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is run: what cannot be held is not tried."""

    class Lacking:
        missing = frozenset({Layer.SECCOMP})

    monkeypatch.setattr(dry_run, "machine_report", Lacking)
    with pytest.raises(Refused, match="cannot run the dry run") as caught:
        run_dry(tmp_path, "stable", TICKS, None, None)
    assert caught.value.hint == "molt doctor cage"


def test_code_that_dies_in_the_midst(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sealed child that ends is an error in words."""
    monkeypatch.setattr(dry_run, "prepare", lambda _threads: None)  # it ticks as well
    monkeypatch.setattr(Engine, "run_phases", lambda _engine, _progress: os._exit(7))
    with pytest.raises(MoltError, match="cannot"):
        run_dry(tmp_path, "stable", TICKS, image, None)
