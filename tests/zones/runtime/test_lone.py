"""The world's one process in safe mode: what it refuses, and that it always leaves when asked."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from Kernel.contract.arena import NEVER, ArenaWords, Header, check_arena, new_header, plan_buffers
from Kernel.ports.arena_file import arena_folders
from tests.structure.sources import ROOT
from tests.support.leash import die_with_us
from tests.support.toy import service as toy
from tests.support.wait import wait_until
from zones.runtime.arena_image import copy_committed
from zones.runtime.enclosing import SEALED_FILE_BYTES
from zones.runtime.lone import SNAPSHOTS, LeavingEngine
from zones.runtime.snapshot_file import write_snapshot


class Standing:
    """An engine that only stands."""

    def tick(self) -> None:
        raise AssertionError("it is told to leave")

    def holding(self) -> bool:
        return True

    def publish_hash(self) -> None:
        """It has none."""


def test_leaving_outlives_a_takeover() -> None:
    """Told to leave before it had the world: the drain word that a takeover sets back returns."""
    buffers = plan_buffers(2, 64)
    words = ArenaWords(memoryview(bytearray(buffers.file_bytes)))
    new_header(words, buffers)
    engine = LeavingEngine(Standing(), words)
    words.put(Header.DRAIN_AT, NEVER)
    assert engine.holding() and words.get(Header.DRAIN_AT) == NEVER, "nobody asked yet"
    engine.leave()
    words.put(Header.DRAIN_AT, NEVER)
    assert engine.holding() and words.get(Header.DRAIN_AT) == 0


def start(home: Path, service: str = "tests.support.toy") -> subprocess.Popen[str]:
    """Start a lone process on a home."""
    facts = {
        "home": str(home),
        "zone": "stable",
        "service": service,
        "settings": {"tick_rate_ms": 4},
        "parent": os.getpid(),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "zones.runtime.lone", json.dumps(facts)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_us(),
    )


def found(home: Path) -> Path:
    """Make the toy's arena in a home and return its path."""
    folders = arena_folders(home)
    job = {"zone": "stable", "folders": [str(folder) for folder in folders]}
    toy.Generation({}).found(job)
    return folders[0] / "stable.arena"


@pytest.mark.slow
def test_no_world(home: Path) -> None:
    """Neither an arena nor a snapshot: it says so, leaves with 69, and founds nothing."""
    (home / "data").mkdir()
    arena_folders(home)
    with start(home) as lone:
        _out, said = lone.communicate(timeout=60)
    assert lone.returncode == 69 and said.startswith("cannot find an arena of 'stable'")
    assert [each for folder in arena_folders(home) for each in folder.iterdir()] == []


@pytest.mark.slow
def test_columns_of_another_version(home: Path) -> None:
    """An arena with other columns is refused and left as it is."""
    path = found(home)
    data = bytearray(path.read_bytes())
    data[Header.SCHEMA_HASH] ^= 1
    path.write_bytes(data)
    with start(home) as lone:
        _out, said = lone.communicate(timeout=60)
    assert lone.returncode == 1 and "its columns are not those of version toy" in said
    assert path.read_bytes() == data


@pytest.mark.slow
def test_it_ticks_and_leaves_at_a_boundary(home: Path) -> None:
    """It takes the world over, ticks in its beat, and ends with 0 after a whole tick."""
    path = found(home)
    with start(home) as lone:
        wait_until("ticks", lambda: commit(path) > 10 or lone.poll() is not None, 60)
        lone.terminate()
        _out, said = lone.communicate(timeout=60)
    assert lone.returncode == 0, said
    words = ArenaWords(memoryview(path.read_bytes()))
    tick = words.get(Header.COMMIT)
    assert words.state(tick, toy.State.OWN) == toy.chain_after(tick)
    assert words.get(Header.EPOCH) == 1 and words.get(Header.PERIOD_NS) == 4_000_000


@pytest.mark.slow
def test_it_restores_a_world_larger_than_what_sealed_code_may_write(home: Path) -> None:
    """Only a snapshot is there: the arena is made before the files of a sealed process are cut."""
    path = found(home)
    assert path.stat().st_size > SEALED_FILE_BYTES
    snapshots = home / SNAPSHOTS
    snapshots.mkdir(parents=True)
    words = ArenaWords(memoryview(path.read_bytes()))
    check_arena(words, str(path))
    write_snapshot(snapshots, copy_committed(words))
    path.unlink()
    with start(home) as lone:
        wait_until(
            "ticks", lambda: (path.exists() and commit(path) > 10) or lone.poll() is not None, 60
        )
        lone.terminate()
        _out, said = lone.communicate(timeout=60)
    assert lone.returncode == 0, said


def commit(path: Path) -> int:
    """Return the committed tick of an arena file."""
    with path.open("rb") as file:
        return int.from_bytes(os.pread(file.fileno(), 8, Header.COMMIT), "little")
