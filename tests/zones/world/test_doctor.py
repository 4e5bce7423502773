"""`molt doctor world`: a sound world is called sound, a spoiled one not, and none is no answer."""

import json
import math
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from Kernel.contract.arena import ArenaWords, Header
from Kernel.contract.places import arena_name
from Kernel.ports.arena_file import arena_folders
from tests.chaos.harness import KernelRun, wait_until
from tests.zones.world.test_engine import BUSY
from tests.zones.world.worlds import make_world, run
from zones.world.__main__ import main
from zones.world.columns import Buffer, open_world
from zones.world.doctor import ZONE

TICKS = 25


def arena_of(home: Path) -> Path:
    """Return where the arena of a home's world is to be."""
    folder = arena_folders(home)[0]
    folder.mkdir(parents=True, exist_ok=True)
    return folder / arena_name(ZONE)


def settle(home: Path) -> Path:
    """Put a world that has run for some ticks into a home; return its arena."""
    words = make_world(seed=4, **BUSY)
    run(words, TICKS)
    arena = arena_of(home)
    arena.write_bytes(words.memory)
    return arena


@contextmanager
def opened(arena: Path) -> Iterator[Buffer]:
    """Give the committed buffer of an arena file, to be spoiled."""
    content = bytearray(arena.read_bytes())
    words = ArenaWords(memoryview(content))
    yield open_world(words).committed
    arena.write_bytes(content)


def examine(home: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """Return the exit code and the document of `doctor --json`, by a strict reader."""
    code = main(["doctor", "--home", str(home), "--json"])

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return code, json.loads(capsys.readouterr().out, parse_constant=refuse)


def test_a_sound_world(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A world that has only lived is sound: every check holds and says what it is."""
    settle(home)
    code, found = examine(home, capsys)
    assert (code, found["sound"], found["tick"]) == (0, True, TICKS)
    names = {check["name"] for check in found["checks"]}
    assert names >= {"numbers", "population", "energy books", "food books", "ids", "food index"}
    for check in found["checks"]:
        assert check["ok"] and abs(check["value"]) <= check["limit"] and check["what"]
    assert main(["doctor", "--home", str(home)]) == 0
    shown = capsys.readouterr().out
    assert f"tick {TICKS}" in shown and shown.endswith("sound\n") and "not sound" not in shown


def test_founded_world_is_sound(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A world is sound at tick 0, with fewer founders than min_population too."""
    arena_of(home).write_bytes(make_world(entities=5, min_population=20).memory)
    assert examine(home, capsys)[0] == 0


@pytest.mark.parametrize(
    "column",
    [
        "x", "y", "energy", "age", "state", "id", "parent", "lineage", "born_at",
        "max_energy", "radius", "dna", "resource_amount", "resource_x", "resource_y",
        "resource_fertility",
    ],
)  # fmt: skip
@pytest.mark.parametrize("turned", [0x80, 0xFF])
def test_a_spoiled_byte(
    turned: int, column: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One byte of a column with one or all bits turned makes the world not sound: exit 1."""
    arena = settle(home)
    with opened(arena) as buffer:
        values = getattr(buffer, column)
        row = 7 if column.startswith(("resource", "ground")) else np.flatnonzero(buffer.state)[7]
        spoiled = values.reshape(len(values), -1).view(np.uint8)[row]
        # Its high byte: the sign and most of the exponent of a float.
        spoiled[values.dtype.itemsize - 1] ^= turned
    code, found = examine(home, capsys)
    assert (code, found["sound"]) == (1, False)
    assert not all(check["ok"] for check in found["checks"])
    assert main(["doctor", "--home", str(home)]) == 1
    assert "not sound: " in capsys.readouterr().out


def test_what_fails_is_shown(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Energy out of nowhere is told as such, with how much, the limit, and nothing else wrong."""
    arena = settle(home)
    with opened(arena) as buffer:
        buffer.energy[np.argmax(buffer.energy > 1)] *= 0.5
    _, found = examine(home, capsys)
    failed = [check for check in found["checks"] if not check["ok"]]
    assert [check["name"] for check in failed] == ["energy books"]
    assert failed[0]["value"] < -0.5 < failed[0]["limit"] < 0.5
    assert math.isfinite(failed[0]["value"])


@pytest.mark.parametrize(
    "column", ["energy", "resource_amount", "resource_x", "ground_height", "dna"]
)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_no_number(
    value: float, column: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A value that is no finite number is found, and the answer is JSON all the same."""
    arena = settle(home)
    with opened(arena) as buffer:
        values = getattr(buffer, column)
        row = 7 if column.startswith(("resource", "ground")) else np.flatnonzero(buffer.state)[7]
        values[row] = value
    code, found = examine(home, capsys)
    assert (code, found["sound"]) == (1, False)
    assert main(["doctor", "--home", str(home)]) == 1


def test_no_world(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A home without an arena is 69, with a hint; looking makes nothing."""
    before = sorted(home.rglob("*"))
    assert main(["doctor", "--home", str(home), "--json"]) == 69
    err = capsys.readouterr().err
    assert err.startswith(f"cannot find the world of {home}") and "hint: make run" in err
    assert sorted(home.rglob("*")) == before


@pytest.mark.parametrize("size", [0, 100, 8192])
def test_a_torn_arena(size: int, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An arena that ends too early is refused with one sentence, and is not called sound."""
    arena = settle(home)
    arena.write_bytes(arena.read_bytes()[:size])
    assert main(["doctor", "--home", str(home)]) == 1
    shown = capsys.readouterr()
    assert shown.err.startswith("cannot use ") and shown.out == ""


def test_a_world_of_another_build(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Columns of another build are not guessed at."""
    arena = settle(home)
    with arena.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        memory[Header.SCHEMA_HASH] ^= 0xFF
    assert main(["doctor", "--home", str(home)]) == 1
    assert "its columns are not those of this build" in capsys.readouterr().err


@pytest.mark.slow
def test_a_ticking_world(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A real world is sound at whatever tick it is looked at, and goes on meanwhile."""
    with KernelRun(home) as kernel:
        ticks = []
        for _ in range(8):
            before = kernel.word(Header.COMMIT)
            wait_until(lambda: kernel.word(Header.COMMIT) > before + 2, "the world ticks")  # noqa: B023
            code, found = examine(home, capsys)
            assert (code, found["sound"]) == (0, True), found
            ticks.append(found["tick"])
        assert sorted(set(ticks)) == ticks
        assert kernel.word(Header.COMMIT) >= ticks[-1]
