"""`molt replay`: stored snapshots are what an earlier one and the inputs lead to, or it says so."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from Kernel.contract.arena import ArenaWords, Header, check_arena
from Kernel.contract.codec import pack
from Kernel.contract.envelope import Envelope, Level, new_id
from Kernel.contract.errors import NoArena, Refused
from Kernel.contract.inputs import SET_PARAM, Input
from tests.zones.world.paper_log import PaperLog
from tests.zones.world.test_random_worlds import BUSY_SMALL
from tests.zones.world.worlds import make_engine, make_world, run, send
from zones.runtime.arena_image import copy_committed, write_into
from zones.runtime.snapshot_file import read_snapshot, write_snapshot
from zones.world.__main__ import main
from zones.world.catching_up import CatchUp, founding_event
from zones.world.columns import open_world
from zones.world.founding import build_id
from zones.world.replay import Replay, proof_lines
from zones.world.world_hash import world_hash


class Home:
    """A home with a world's snapshots and log."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.snapshots = path / "data" / "snapshots"
        self.snapshots.mkdir(parents=True)
        self.log = PaperLog(path / "data" / "ledger")
        self.hashes: dict[int, str] = {}

    def live(self, words: ArenaWords, until: int, every: int = 100, stored: int = 2**62) -> None:
        """Let a world tick with an input now and then, and keep its snapshots.

        Args:
            stored: the log holds what is told up to this tick.
        """
        engine = make_engine(words)
        check_arena(words, "it")
        for tick in range(words.get(Header.COMMIT) + 1, until + 1):
            if tick % 30 == 0:
                send(words, Input(SET_PARAM, param="friction", value=tick / 1000))
            engine.tick()
            self.hashes[tick] = world_hash(words).hex()
            if tick <= stored:
                self.log.store(words)
            if tick % every == 0:
                write_snapshot(self.snapshots, copy_committed(words))

    def replay(self, to_tick: int | None = None, from_tick: int | None = None):
        """Prove."""
        return Replay(self.path).prove(to_tick, from_tick)


def new_world(**values: object) -> ArenaWords:
    """Return a world with an id of its own."""
    words = make_world(**{**BUSY_SMALL, **values})
    words.put_bytes(Header.ARENA_ID, os.urandom(16))
    return words


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Give a home without a world."""
    made = Home(tmp_path)
    yield made
    made.log.close()


def test_all_snapshots_are_proved_from_the_oldest(home: Home) -> None:
    """By default from the oldest to the newest; each on the way is compared, and telemetry is."""
    home.live(new_world(), 430)
    proof = home.replay()
    assert (proof.from_tick, proof.tick, proof.snapshots_checked) == (100, 400, 3)
    assert proof.hash == home.hashes[400]
    assert (proof.mismatches, proof.telemetry_checked, proof.inputs) == ([], 1, 10)
    assert proof.holds and proof_lines(proof)[-1] == "proved"


def test_tick_between_snapshots_is_computed(home: Home) -> None:
    """--to-tick and --from-tick: any tick that the log leads to, from any snapshot."""
    home.live(new_world(), 430)
    proof = home.replay(to_tick=377, from_tick=200)
    assert (proof.from_tick, proof.tick, proof.snapshots_checked) == (200, 377, 1)
    assert proof.hash == home.hashes[377]
    assert home.replay(to_tick=420).hash == home.hashes[420]


def test_newest_snapshot_may_lie_behind_the_newest_event(home: Home) -> None:
    """Nothing was told between the last event and the snapshot: the snapshot itself says so."""
    home.live(new_world(), 200)
    proof = home.replay()
    assert (proof.tick, proof.hash) == (200, home.hashes[200])


def test_snapshot_that_the_log_does_not_reach_is_refused(home: Home) -> None:
    """It knows of inputs that are not stored: proving it without them would blame the world."""
    home.live(new_world(), 400, stored=295)
    proof = home.replay()
    assert (proof.tick, proof.snapshots_checked) == (200, 1)
    with pytest.raises(Refused, match=r"leads from the snapshot of tick 100 to tick 270 only$"):
        home.replay(to_tick=400)
    with pytest.raises(Refused, match="cannot begin from tick 5: snapshots are of ticks 100, 200"):
        home.replay(from_tick=5)


def test_other_world_is_found_out(home: Home) -> None:
    """One byte that should be another: the tick, what is stored and what came out."""
    home.live(new_world(), 430)
    path = next(home.snapshots.glob("stable-000000000300-*"))
    words = new_world()
    check_arena(words, "it")
    image = read_snapshot(path)
    write_into(words, image, image.arena_id, 1)
    check_arena(words, "it")
    open_world(words).committed.energy[:] += 1
    write_snapshot(home.snapshots, copy_committed(words))
    proof = home.replay()
    (wrong,) = proof.mismatches
    assert (wrong.tick, wrong.found) == (300, home.hashes[300])
    assert wrong.expected == world_hash(words).hex()
    assert proof.hash == home.hashes[400], "what came out is gone on from"
    assert not proof.holds and proof_lines(proof)[-1] == "not proved"


def test_missing_input_is_no_mismatch(home: Home) -> None:
    """A hole in the log is a reason not to replay across it, and later snapshots still can be."""
    words = new_world()
    home.live(words, 140)
    arena = words.get_bytes(Header.ARENA_ID, 16)
    home.live(words, 170, stored=140)
    home.log._next[arena] += 1  # the input of tick 150 never gets into the log
    home.live(words, 430)
    proof = home.replay()
    assert (proof.from_tick, proof.tick, proof.holds) == (200, 400, True)
    with pytest.raises(Refused, match=r"to tick 120 only: cannot find event 4 of arena"):
        home.replay(to_tick=400, from_tick=100)


def test_restored_world_is_proved_through_both_arenas(home: Home) -> None:
    """Snapshots of the arena before and of the one after it; undone ones are left alone."""
    words = new_world()
    home.live(words, 250)
    path = next(home.snapshots.glob("stable-000000000100-*"))
    image = read_snapshot(path)
    again = ArenaWords(memoryview(bytearray(image.buffers().file_bytes)))
    write_into(again, image, os.urandom(16), 1)
    caught = CatchUp("stable", home.log.folder, home.path / "mark", 1, 50, print).run(again, image)
    assert caught.tick == 150
    founding_event(caught, again)
    home.live(again, 430)
    proof = home.replay()
    # 100 and 200 of the first arena, of which 200 was undone; 200, 300 and 400 of the second.
    assert (proof.from_tick, proof.tick, proof.snapshots_checked) == (100, 400, 3)
    assert proof.holds and proof.hash == home.hashes[400]


def test_damaged_snapshot_is_said_and_passed_over(home: Home) -> None:
    """On the way and at the beginning."""
    home.live(new_world(), 430)
    for tick in (100, 300):
        path = next(home.snapshots.glob(f"stable-{tick:012d}-*"))
        path.write_bytes(path.read_bytes()[:-5])
    proof = home.replay()
    assert (proof.from_tick, proof.tick, proof.snapshots_checked) == (200, 400, 1)
    assert len([each for each in proof.warnings if "bytes, it says it has" in each]) == 2


def test_who_computed_the_ticks_is_said(home: Home) -> None:
    """Builds by the takeovers of the log; another processor by the snapshot."""
    words = new_world()
    ours = build_id().hex()
    for tick, build in ((0, "cafe" * 16), (150, ours), (350, ours)):
        home.live(words, max(tick, 1))
        home.log.add(taken_over(tick, build))
    home.live(words, 430)
    path = next(home.snapshots.glob("stable-000000000100-*"))
    write_snapshot(
        home.snapshots, replace(read_snapshot(path), cpu=b"x86_64 Fast".ljust(64, b"\0"))
    )
    proof = home.replay()
    assert proof.builds == ["cafecafecafe", ours[:12]]
    assert proof.holds
    assert any("have computed these ticks" in each for each in proof.warnings)
    assert any("the world is of x86_64 Fast" in each for each in proof.warnings)
    later = home.replay(from_tick=200)
    assert later.builds == [ours[:12]] and later.warnings == []


def taken_over(tick: int, build: str) -> Envelope:
    """Return what the kernel says of a takeover."""
    payload = {"zone": "stable", "pid": 1, "epoch": 1, "tick_found": tick, "build": build}
    return Envelope(
        id=new_id(0, os.urandom(10)), time_ns=0, tick=tick, zone="kernel", kind="zone.taken_over",
        version=1, level=Level.INFO, payload=pack(payload),
    )  # fmt: skip


def test_command_prints_json_and_says_it_by_the_code(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 and one document; without snapshots 69."""
    home.live(new_world(), 230)
    assert main(["replay", "--home", str(home.path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["from_tick"], told["tick"], told["hash"]) == (100, 200, home.hashes[200])
    assert (told["mismatches"], told["snapshots_checked"], told["holds"]) == ([], 1, True)
    assert main(["replay", "--home", str(home.path / "nothing")]) == NoArena.exit_code
    assert main(["replay", "--home", str(home.path), "--to-tick", "999"]) == Refused.exit_code


def test_command_that_could_check_nothing_proves_nothing(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither a snapshot nor telemetry lies on the way: 5, and the reason."""
    home.live(new_world(), 230)
    words = ["replay", "--home", str(home.path), "--from-tick", "200", "--to-tick", "210"]
    assert main(words) == Refused.exit_code
    assert "not checked: neither a snapshot nor telemetry" in capsys.readouterr().out
    assert main([*words, "--json"]) == Refused.exit_code
    assert json.loads(capsys.readouterr().out)["checked_nothing"] is True


def test_command_fails_on_a_mismatch(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """Code 1, and a table that names the tick."""
    words = new_world()
    home.live(words, 230)
    other = new_world(seed=99)
    run(other, 200)
    other.put_bytes(Header.ARENA_ID, words.get_bytes(Header.ARENA_ID, 16))
    check_arena(other, "it")
    write_snapshot(home.snapshots, copy_committed(other))
    assert main(["replay", "--home", str(home.path)]) == 1
    assert "tick 200: " in capsys.readouterr().out


def test_interrupted_command_says_it_by_the_code(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C during a long way: 130, and no stack."""
    home.live(new_world(), 230)

    def interrupt(*_arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("zones.world.replaying.Replayer.run_to", interrupt)
    assert main(["replay", "--home", str(home.path)]) == 130
    assert capsys.readouterr().err == "\n"
