"""Eyes on real arena files, and `molt top` as a command where nobody sits."""

import json
import os
from pathlib import Path

import pytest

from Kernel.contract.arena import Header
from Kernel.contract.places import JOURNAL
from tests.zones.client.top.drawn_arena import DrawnArena
from tests.zones.client.top.made_worlds import made_sight
from zones.chronos.journal import encode_line
from zones.chronos.outbox_reader import Event
from zones.client.__main__ import main
from zones.client.top.source import HomeEyes


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


def test_past_comes_from_the_journal(tmp_path: Path) -> None:
    """Recorded telemetry is the past; one that is damaged says why and hides nothing else."""
    arena = DrawnArena(tmp_path, made_sight())
    eyes = HomeEyes(tmp_path)
    assert eyes.remember().samples == []
    identity = arena.words.get_bytes(Header.ARENA_ID, 16).hex()
    lines = []
    for place in (1, 2, 3):
        fields = {"kind": "telemetry", "tick": 300 * place, "entity_count": 290 + place}
        fields |= {"avg_energy": 50.5, "births_last_period": 6, "death_age": 3}
        fields |= {"death_starvation": 1, "death_collision": 0}
        event = Event(place, 0, 300 * place, "telemetry", fields)
        lines.append(encode_line(place, identity, event, 1.5) + b"\n")
    journal = tmp_path / JOURNAL / f"{identity}.jsonl"
    journal.parent.mkdir(parents=True)
    journal.write_bytes(b"".join(lines))
    past = eyes.remember()
    told = [(each.tick, each.population, each.mean_energy) for each in past.samples]
    assert told == [(300, 291, 50.5), (600, 292, 50.5), (900, 293, 50.5)]
    rates = past.rates()
    assert rates is not None
    assert (rates.ticks, rates.births, rates.age) == (300, 20.0, 10.0)
    journal.write_bytes(lines[0] + b'{"kind":"telemetry" torn\n' + lines[2])
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
    assert told.out == ""
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
