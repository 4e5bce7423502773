"""Eyes on real arena files, and `molt top` as a command where nobody sits."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from Kernel.contract.arena import Header, State
from Kernel.contract.errors import ArenaError
from Kernel.contract.places import LEDGER
from tests.zones.client.top.drawn_arena import SCALARS, DrawnArena
from tests.zones.client.top.made_worlds import made_sight
from tests.zones.ledger.paper_ledger import make
from tests.zones.ledger.real_ledger import store
from zones.client.__main__ import main
from zones.client.top.source import HomeEyes
from zones.runtime.ledger_file import LOG


def test_what_is_seen_is_what_the_arena_holds(tmp_path: Path) -> None:
    """Positions, lineages, counters, food and header words come through unchanged."""
    sight = made_sight(lineages=3)
    DrawnArena(tmp_path, sight)
    seen = HomeEyes(tmp_path).look()
    assert (seen.tick, seen.seed, seen.population) == (sight.tick, 7, 300)
    assert (seen.crowd.x == sight.crowd.x).all()
    assert seen.crowd.largest == sight.crowd.largest
    assert seen.scalars["births"] == 8400
    assert seen.scalars["light"] == sight.scalars["light"]
    assert seen.food.amount_max == 20.0
    assert (seen.food.amount == sight.food.amount).all()
    assert sorted(seen.pulse.tick_times_us) == sorted(sight.pulse.tick_times_us)
    assert seen.pulse.phase_ns[: len(sight.pulse.phase_ns)] == sight.pulse.phase_ns
    assert not seen.holding


def test_dead_are_not_seen(tmp_path: Path) -> None:
    """Only slots that live are in the crowd, down to nobody."""
    arena = DrawnArena(tmp_path, made_sight())
    eyes = HomeEyes(tmp_path)
    for tick, living in ((184_321, 12), (184_322, 0)):
        arena.commit(tick, living=living)
        seen = eyes.look()
        assert (seen.tick, seen.population, len(seen.crowd.rank)) == (tick, living, living)
    assert seen.mean_energy == 0.0


def test_hold_is_seen(tmp_path: Path) -> None:
    """A world told to hold at its tick is seen as holding."""
    DrawnArena(tmp_path, made_sight()).commit(184_322, hold=True)
    assert HomeEyes(tmp_path).look().holding


def test_arena_that_was_replaced_is_followed(tmp_path: Path) -> None:
    """After another arena took the place of the first, the next look is at that one."""
    DrawnArena(tmp_path, made_sight(tick=900))
    eyes = HomeEyes(tmp_path)
    assert eyes.look().tick == 900
    DrawnArena(tmp_path, made_sight(population=5, tick=3))
    assert (eyes.look().tick, eyes.look().population, eyes.tick()) == (3, 5, 3)


def test_nothing_is_written(tmp_path: Path) -> None:
    """Looking changes no byte of the arena file."""
    DrawnArena(tmp_path, made_sight())
    path = next(tmp_path.rglob("*.arena"))
    before, time_ns = path.read_bytes(), path.stat().st_mtime_ns
    eyes = HomeEyes(tmp_path)
    eyes.look()
    eyes.remember()
    assert path.read_bytes() == before
    assert path.stat().st_mtime_ns == time_ns


def test_past_comes_from_the_ledger(tmp_path: Path) -> None:
    """Recorded telemetry is the past; one that is damaged says why and hides nothing else."""
    arena = DrawnArena(tmp_path, made_sight())
    eyes = HomeEyes(tmp_path)
    assert eyes.remember().samples == []
    identity = arena.words.get_bytes(Header.ARENA_ID, 16).hex()
    events = []
    for place in (1, 2, 3):
        fields = {"tick": 300 * place, "entity_count": 290 + place}
        fields |= {"avg_energy": 50.5, "births_last_period": 6, "death_age": 3}
        fields |= {"death_starvation": 1, "death_collision": 0}
        events.append(make(place, agent=identity, tick=300 * place, payload=fields))
    store(tmp_path / LEDGER, events)
    past = eyes.remember()
    told = [(each.tick, each.population, each.mean_energy) for each in past.samples]
    assert told == [(300, 291, 50.5), (600, 292, 50.5), (900, 293, 50.5)]
    rates = past.rates()
    assert rates is not None
    assert (rates.ticks, rates.births, rates.age) == (300, 20.0, 10.0)
    for path in (tmp_path / LEDGER).glob(f"{LOG}*"):
        path.write_bytes(b"no database at all, " * 500)
    assert eyes.remember().trouble.startswith("cannot read")
    assert eyes.look().population == 300


def test_json_without_a_kernel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints one document of the arena alone and says that there is no kernel."""
    DrawnArena(tmp_path, made_sight())
    assert main(["top", "--home", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["state"] == "no_kernel"
    assert (told["tick"], told["population"], told["zones"]) == (184_320, 300, [])
    assert told["deaths"] == {"starvation": 5100, "age": 1900, "collision": 1200}
    assert (told["weather"]["temperature_c"], told["weather"]["light"]) == (21.4, 0.9)


def test_pipe_gets_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where stdout is no terminal one plain snapshot is printed, without an escape sequence."""
    DrawnArena(tmp_path, made_sight())
    assert main(["top", "--home", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "▲ NO KERNEL   tick 184" in out
    assert "python manifest.py" in out
    assert "\x1b" not in out


def test_no_arena_ends_with_69(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A home without a world ends with code 69, a sentence and a hint."""
    assert main(["top", "--home", str(tmp_path), "--json"]) == 69
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["code"] == 69
    assert told.err.startswith("cannot ")
    assert "hint: python manifest.py" in told.err


def test_wrong_words_end_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """An option that does not exist is refused as wrong usage."""
    assert main(["top", "--fpz", "3"]) == 2
    assert "cannot read the command line" in capsys.readouterr().err


@pytest.mark.parametrize("fps", ["0", "-3", "1000", "nan"])
def test_pace_out_of_its_limits_is_refused(fps: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A number of frames that cannot be kept is refused with its limits."""
    assert main(["top", f"--fps={fps}"]) == 2
    assert "it is 0.5 to 30" in capsys.readouterr().err


def test_home_may_stand_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The later --home counts, as `molt` puts its own before the words of the call."""
    DrawnArena(tmp_path, made_sight())
    words = ["top", "--home", os.devnull, "--home", str(tmp_path), "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["tick"] == 184_320


def column(schema: dict, name: str) -> dict:
    """Return what a schema says of a column."""
    return next(each for each in schema["columns"] if each["name"] == name)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: s["scalars"].clear(), "scalar 'births' is missing, not <i8"),
        (lambda s: column(s, "lineage").update(type="<f4"), "holds 1 <f4 for each entity, not"),
        (lambda s: column(s, "energy").update(type="|u1"), "holds 1 |u1 for each entity, not 1"),
        (lambda s: column(s, "colour").update(type="|u1", width=4), "holds 4 |u1 for each entity"),
        (lambda s: column(s, "x").update(name="xx"), "it has no column 'x'"),
        (lambda s: s.update(width=1e-300), "its world is 1e-300 "),
        (lambda s: s.update(width=1e9, height=1.0), "its world is 1e+09 "),
    ],
)
def test_foreign_arena_is_refused(tmp_path: Path, change, told: str) -> None:
    """An arena without what a picture takes is refused, naming what it lacks, with a hint."""
    DrawnArena(tmp_path, made_sight(), change)
    with pytest.raises(ArenaError, match="cannot show this arena: ") as refused:
        HomeEyes(tmp_path).look()
    assert told in refused.value.message and refused.value.hint == "molt doctor world"


def test_no_number_in_the_world_does_no_harm(tmp_path: Path, capsys) -> None:
    """NaN and infinity anywhere give null, or a dash for people, and a map all the same."""
    arena = DrawnArena(tmp_path, made_sight())
    start = arena.words.buffer_offset(184_320)
    for name in ("x", "vy", "energy", "max_energy", "colour", "resource_amount", "resource_x"):
        data = np.array([np.nan, -np.inf, np.inf], "<f4").tobytes()
        arena.words.put_bytes(start + arena.offsets[name], data)
    for name, kind, offset in SCALARS:
        if kind == "<f8":
            assert name in ("temperature", "light")
            arena.words.put_bytes(start + offset, np.array([np.nan], kind).tobytes())
    arena.words.put_bytes(start + State.PARAMETERS, np.array([np.nan], "<f8").tobytes())
    assert main(["top", "--json", "--home", str(tmp_path)]) == 0
    fields = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert fields["mean_energy"] is None and fields["weather"]["light"] is None
    assert main(["top", "--home", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "– mean" in told and "nan" not in told


def call_top(home: Path, *words: str, **options) -> subprocess.CompletedProcess:
    """Run `molt top` as a program of its own."""
    command = [sys.executable, "-m", "zones.client", "top", "--home", str(home), *words]
    stdout = options.pop("stdout", subprocess.PIPE)
    return subprocess.run(
        command, check=False, stdout=stdout, stderr=subprocess.PIPE, timeout=60, **options
    )


@pytest.mark.slow
def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    """A full disk is an error in one line, a reader that has gone is none, ASCII shows '?'."""
    DrawnArena(tmp_path, made_sight())
    for words in ((), ("--json",)):
        with open("/dev/full", "wb") as full:
            done = call_top(tmp_path, *words, stdout=full)
        assert (done.returncode, done.stderr.decode()) == (
            1,
            "cannot write what is seen: No space left on device\nhint: df -h\n",
        )
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as gone:
        done = call_top(tmp_path, stdout=gone)
    assert (done.returncode, done.stderr) == (0, b"")
    done = call_top(tmp_path, env={**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"") and b"? NO KERNEL" in done.stdout


@pytest.mark.slow
def test_dull_terminal_gets_text(tmp_path: Path) -> None:
    """On a terminal that cannot move its cursor the picture comes as text, without an escape."""
    DrawnArena(tmp_path, made_sight())
    ours, theirs = os.openpty()
    with open(theirs, "r+b", buffering=0) as terminal, open(ours, "rb", buffering=0) as screen:
        environment = {**os.environ, "TERM": "dumb"}
        command = [sys.executable, "-m", "zones.client", "top", "--home", str(tmp_path)]
        with subprocess.Popen(command, stdin=terminal, stdout=terminal, env=environment) as top:
            seen = b""
            while b"hint: python manifest.py" not in seen:
                seen += screen.read(65536)
            assert top.wait(60) == 0
    assert b"NO KERNEL" in seen and b"\x1b" not in seen
