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

from Kernel.contract.arena import HEADER_BYTES, ArenaWords, Header, State
from Kernel.contract.errors import ArenaError
from Kernel.contract.inputs import PAUSE, Input
from Kernel.contract.places import HOME_MARK, arena_name
from Kernel.ports.arena_file import arena_folders
from tests.chaos.harness import KernelRun, wait_until
from tests.zones.world.test_engine import BUSY
from tests.zones.world.worlds import make_world, run, send
from zones.world import columns
from zones.world.__main__ import main
from zones.world.columns import Buffer, open_world
from zones.world.doctor import ZONE, Examination, table
from zones.world.invariants import Check

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
        place = (row, 0) if values.ndim == 2 else row
        spoiled = np.array([values[place]])
        # Its high byte: the sign and most of the exponent of a float.
        spoiled.view(np.uint8)[-1] ^= turned
        values[place] = spoiled[0]
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
    assert err.startswith("cannot find an arena") and "hint: python manifest.py" in err
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


def test_a_strangers_world_is_not_shown(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A home deleted and made anew has no world, though the old arena lies in its folder."""
    arena = settle(home)
    (home / "data").mkdir(exist_ok=True)
    (arena.parent / HOME_MARK).write_text("the old home")
    (home / "data" / HOME_MARK).write_text("the new home")
    assert main(["doctor", "--home", str(home)]) == 69
    (home / "data" / HOME_MARK).write_text("the old home")
    assert main(["doctor", "--home", str(home)]) == 0


def test_a_link_is_not_followed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An arena that is a link to another file is refused."""
    arena = settle(home)
    (home / "elsewhere").write_bytes(arena.read_bytes())
    arena.unlink()
    arena.symlink_to(home / "elsewhere")
    assert main(["doctor", "--home", str(home)]) == 1
    assert capsys.readouterr().err.startswith("cannot read ")


def test_a_paused_world_is_checked_in_both_buffers(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the world holds, a cold value lost in the older buffer is found; else it is said."""
    words = make_world(seed=4, **BUSY)
    run(words, TICKS)
    arena = arena_of(home)
    arena.write_bytes(words.memory)
    found = examine(home, capsys)[1]
    assert "cold columns" in found["not_checked"]
    assert "cold columns" not in {check["name"] for check in found["checks"]}
    assert main(["doctor", "--home", str(home)]) == 0
    assert "not checked: " in capsys.readouterr().out
    send(words, Input(PAUSE))
    run(words, 1)
    tick = words.get(Header.COMMIT)
    arena.write_bytes(words.memory)
    code, found = examine(home, capsys)
    assert (code, found["not_checked"]) == (0, {})
    assert "cold columns" in {check["name"] for check in found["checks"]}
    world = open_world(words)
    kept = np.flatnonzero((world.buffer(tick).state == 1) & (world.buffer(tick - 1).state == 1))
    touched = world.buffer(tick).touched[: world.buffer(tick).scalar(State.TOUCHED_COUNT)]
    world.buffer(tick - 1).lineage[np.setdiff1d(kept, touched)[0]] += 1
    arena.write_bytes(words.memory)
    code, found = examine(home, capsys)
    assert code == 1
    assert [each["name"] for each in found["checks"] if not each["ok"]] == ["cold columns"]


@pytest.mark.parametrize("offset", [columns.GRID_ROWS, columns.GRID_COLS, columns.CELL])
@pytest.mark.parametrize("value", [0, 2_000_000_000, -1])
def test_a_damaged_grid(
    value: int, offset: int, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A grid that is not the world's own is a check that fails; no memory is asked for by it."""
    arena = settle(home)
    with opened(arena) as buffer:
        buffer.scalars[offset >> 3] = value
    code, found = examine(home, capsys)
    assert code == 1
    assert [each["name"] for each in found["checks"] if not each["ok"]] == ["food grid"]


def test_a_shuffled_food_order(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Places out of order fail the check of the index, and end in no error."""
    arena = settle(home)
    with opened(arena) as buffer:
        for column in (buffer.resource_x, buffer.resource_y):
            column[[3, -3]] = column[[-3, 3]]
    found = examine(home, capsys)[1]
    assert [each["name"] for each in found["checks"] if not each["ok"]] == ["food index"]


@pytest.mark.parametrize("text", [b"1e999", b"NaN", b"[" * 30_000, b"9" * 400, b"-1", b"null"])
def test_a_hostile_schema(text: bytes) -> None:
    """Numbers too large, no numbers and deep nesting are refused, not raised."""
    schema = open_world(make_world()).words.schema()
    with pytest.raises(ArenaError, match="cannot read the arena's schema"):
        columns.read_extent(schema.replace(b'"capacity":500', b'"capacity":' + text))


def test_random_damage(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever bytes of an arena are overwritten, doctor answers: sound, not sound, or why not."""
    arena = settle(home)
    whole = arena.read_bytes()
    words = ArenaWords(memoryview(bytearray(whole)))
    parts = (
        (0, 1024),
        (HEADER_BYTES, len(words.schema())),
        (words.buffer_offset(0), 8192),
        (words.buffer_offset(1), 8192),
        (0, len(whole)),
    )
    rng = np.random.default_rng(7)
    codes = set()
    for round_ in range(150):
        start, size = parts[round_ % len(parts)]
        damaged = np.frombuffer(bytearray(whole), np.uint8)
        at = start + rng.integers(0, size, rng.choice((1, 30, 1000)))
        damaged[at] = rng.integers(0, 256, len(at))
        arena.write_bytes(damaged.tobytes())
        codes.add(main(["doctor", "--home", str(home), "--json"]))
        shown = capsys.readouterr()
        if shown.out:
            json.loads(shown.out)
        else:
            assert shown.err.startswith("cannot ")
    assert codes == {0, 1}


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


def test_a_terminal_gets_lines_that_break_between_words():
    """No line is wider than the terminal, and no word is broken; a pipe gets whole lines."""
    check = Check("energy books", 0.0, 1e-6, "what was eaten, spent and lost is what is missing")
    found = Examination("ab" * 16, 5, [check], {"cold columns": "the world does not hold still"})
    whole, narrow = table(found), table(found, 60)
    assert "\n" not in whole.splitlines()[1] and len(whole.splitlines()[1]) > 80
    assert max(map(len, narrow.splitlines())) <= 60
    assert narrow.split() == whole.split()


def test_errors_for_programs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They have the one documented form, and a hint about the home or the command asked for."""
    assert main(["doctor", "--home", str(home / "none"), "--json"]) == 69
    error = json.loads(capsys.readouterr().out)["error"]
    assert set(error) == {"code", "message", "hint"} and error["code"] == 69
    assert main(["doctor"]) == 2
    assert "--home DIR is missing" in capsys.readouterr().err
    assert main(["replay", "--home", str(home), "--to-tick", "x"]) == 2
    assert "hint: molt replay --help" in capsys.readouterr().err.replace(f" --home {home}", "")
