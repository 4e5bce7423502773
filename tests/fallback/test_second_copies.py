"""What safe mode has written down a second time is what the contract and the kernel say."""

import os
from pathlib import Path

import pytest

from fallback import arena_glance, console_socket, home_folders
from fallback.arena_glance import NoWorldError, find_arena, read_progress, read_world
from fallback.home_locks import HeldError, find_held, take_lock
from fallback.known_world import PLACE, KnownWorld, load_known_world, save_known_world
from Kernel.console import protocol, server
from Kernel.contract import arena, places
from Kernel.contract.arena import ArenaWords, Header, Side, State, new_header, plan_buffers
from Kernel.contract.arena_lookup import find_arena as contract_find
from Kernel.contract.errors import NoArena, Refused, UsageError
from Kernel.contract.places import HOME_MARK


def test_arena_layout() -> None:
    """Every offset and limit is that of the contract."""
    for name, offset in arena_glance.HEADER.items():
        assert offset == getattr(Header, name), name
    for name, offset in arena_glance.STATE.items():
        assert offset == getattr(State, name), name
    for name in ("MAGIC", "VERSION", "HEADER_BYTES", "STATE_BYTES", "TICK_LIMIT", "TICK_TIMES"):
        assert getattr(arena_glance, name) == getattr(arena, name), name
    assert arena_glance.SIDE_LIVENESS == Side.LIVENESS


def test_places(tmp_path: Path) -> None:
    """Arenas are where the kernel has them, and a home has the same mark."""
    for home in (tmp_path, tmp_path / os.fsdecode(b"\xff")):
        assert home_folders.arena_places(home, 7) == places.arena_places(home, 7)
    assert home_folders.HOME_MARK == places.HOME_MARK


def test_console_limits() -> None:
    """The wire has the same limits and codes."""
    assert console_socket.LINE_BYTES_MAX == protocol.LINE_BYTES_MAX
    for name in ("CONNECTIONS_MAX", "IDLE_S", "SILENT_S"):
        assert getattr(console_socket, name) == getattr(server, name), name
    assert UsageError.exit_code == console_socket.EXIT_USAGE
    assert Refused.exit_code == console_socket.EXIT_REFUSED


def make_arena(path: Path, tick: int = 7) -> ArenaWords:
    """Write an arena file of two empty buffers at some tick and return its words."""
    buffers = plan_buffers(2, 64)
    words = ArenaWords(memoryview(bytearray(buffers.file_bytes)))
    new_header(words, buffers)
    words.put(Header.COMMIT, tick)
    words.put_state(tick, State.TICK, tick)
    words.put_state(tick, State.POPULATION, 42)
    words.put_state(tick, State.LINEAGES, 5)
    words.put_state(tick, State.HOLD_AFTER, arena.NEVER)
    words.put(Header.PERIOD_NS, 16_000_000)
    words.put(Header.OWNER, 99)
    words.put(Header.TAKEN_OVER_TICK, 5)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(words.memory)
    return words


def test_a_look_at_the_world(tmp_path: Path) -> None:
    """Tick, counts and pause are read from the committed buffer, in either of the two."""
    path = tmp_path / "stable.arena"
    for tick in (7, 8):
        words = make_arena(path, tick)
        seen = read_world(path)
        assert (seen.tick, seen.population, seen.lineages, seen.paused) == (tick, 42, 5, False)
        assert seen.period_ms == 16 and seen.p99_tick_ms is None and seen.taken_over_tick == 5
    words.put_state(8, State.HOLD_AFTER, 8)
    path.write_bytes(words.memory)
    assert read_world(path).paused
    assert read_progress(path) == (8, 0, 99)
    (tmp_path / "stable.side").write_bytes((3).to_bytes(8, "little"))
    assert read_progress(path).liveness == 3


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: path.write_bytes(b""), "not an arena"),
        (lambda path: os.truncate(path, 4096), "points outside"),
        (lambda path: path.write_bytes(b"x" * 100_000), "not an arena"),
        (lambda path: (path.unlink(), path.mkdir()), "cannot be read"),
        (lambda path: _put(path, Header.VERSION, 9), "arena version 9"),
        (lambda path: _put(path, Header.COMMIT, 2**63), "points outside"),
        (lambda path: _put(path, Header.BUFFER_1, 2**60), "points outside"),
    ],
)
def test_what_is_no_world_is_said(tmp_path: Path, damage, why: str) -> None:
    """A missing, short, foreign or damaged arena is an answer, never an end of safe mode."""
    path = tmp_path / "stable.arena"
    make_arena(path)
    damage(path)
    with pytest.raises(NoWorldError, match=why):
        read_world(path)


def _put(path: Path, offset: int, value: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset : offset + 8] = value.to_bytes(8, "little")
    path.write_bytes(data)


def test_whose_arena_it_is(home: Path) -> None:
    """An arena is found exactly where the contract finds it: not one of a home that was deleted."""
    arenas = places.arena_places(home, os.getuid())
    make_arena(arenas[1] / "stable.arena")
    (home / "data" / HOME_MARK).write_text("ours")
    assert find_arena(home, arenas, "stable") == contract_find(home, "stable")
    (arenas[1] / HOME_MARK).write_text("theirs")
    with pytest.raises(NoWorldError):
        find_arena(home, arenas, "stable")
    with pytest.raises(NoArena):
        contract_find(home, "stable")


def test_a_zone_name_that_is_no_file_name(home: Path) -> None:
    """A name too long for a file, as a damaged note may have it, is an arena that is not there."""
    with pytest.raises(NoWorldError):
        find_arena(home, places.arena_places(home, os.getuid()), "x" * 5000)


def test_a_lock_on_descriptor_0(tmp_path: Path, monkeypatch) -> None:
    """Started without stdin, a lock may have descriptor 0: it is held all the same."""
    folders = [tmp_path / "run", *arena_places_of(tmp_path)]
    monkeypatch.setattr(home_folders, "find_held", lambda wanted: dict.fromkeys(wanted, 0))
    monkeypatch.setattr(home_folders, "_arena_folders", lambda home: folders[1:])
    opened = home_folders.open_folders(tmp_path)
    os.close(opened.run_fd)
    assert set(opened.lock_fds) == {0}


def arena_places_of(home: Path) -> list[Path]:
    """Return the one place in the home itself."""
    return [home_folders.arena_places(home, os.getuid())[1]]


def test_a_lock_is_kept_over_an_exec(tmp_path: Path) -> None:
    """A lock this process holds is found again; one of another process is not ours to find."""
    fd = take_lock(tmp_path)
    assert find_held([tmp_path, tmp_path / "nowhere"]) == {tmp_path: fd}
    child = os.fork()
    if child == 0:
        os.close(fd)
        code = 1
        if find_held([tmp_path]) == {}:
            try:
                take_lock(tmp_path)
            except HeldError as error:
                code = 0 if error.pid == str(os.getppid()) else 2
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os.close(fd)
    assert find_held([tmp_path]) == {}


def test_the_known_world(tmp_path: Path) -> None:
    """What is noted is read again; what cannot be read is the world of an unchanged home."""
    (tmp_path / "data").mkdir()
    assert load_known_world(tmp_path) == KnownWorld("stable", "zones.world", {})
    noted = KnownWorld("other", "zones.toy", {"tick_rate_ms": 4})
    save_known_world(tmp_path, noted)
    assert load_known_world(tmp_path) == noted
    for damaged in ("", "{", "[]", '{"zone": 1}', "[" * 10_000):
        (tmp_path / PLACE).write_text(damaged)
        assert load_known_world(tmp_path) == KnownWorld()
