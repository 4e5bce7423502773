"""Room for an arena, and the exchange after which a whole one lies under the name at any time."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.arena import ArenaWords, Header, Side
from Kernel.contract.errors import NoRoom
from Kernel.contract.founding_report import FoundingNote, FoundingReport, parse_report, report_path
from tests.zones.runtime.small_arena import arena_bytes, found_arena
from zones.runtime import arena_place
from zones.runtime.arena_memory import reserve_file
from zones.runtime.arena_place import ArenaPlace, Draft

REPORT = FoundingReport("founded", 0)


def drafted(place: ArenaPlace) -> tuple[Draft, bytes]:
    """Return a draft with a small arena in it, and the arena's id."""
    draft = place.reserve(arena_bytes())
    found_arena(draft.words.memory)
    return draft, draft.words.get_bytes(Header.ARENA_ID, 16)


def id_of(path: Path) -> bytes:
    """Return the id of an arena file."""
    return ArenaWords(memoryview(path.read_bytes())).get_bytes(Header.ARENA_ID, 16)


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Give two empty folders."""
    found = [tmp_path / "shm", tmp_path / "data"]
    for folder in found:
        folder.mkdir()
    return found


def test_arena_gets_its_name_with_a_side_page_of_its_own(folders: list[Path]) -> None:
    """The side page names the arena and holds no acknowledgement; nothing else is left."""
    place = ArenaPlace("stable", folders)
    (folders[0] / "stable.side").write_bytes(b"\xff" * Side.BYTES)
    draft, arena_id = drafted(place)
    path, aside = place.install(draft, REPORT)
    assert (path, aside) == (folders[0] / "stable.arena", "")
    side = (folders[0] / "stable.side").read_bytes()
    assert side[Side.ARENA_ID :][:16] == arena_id and side[: Side.ARENA_ID] == bytes(Side.ARENA_ID)
    names = {each.name for each in folders[0].iterdir()}
    assert names == {"stable.arena", "stable.side", "stable.founded.json"}


def test_old_arena_is_set_aside_and_who_has_it_open_keeps_it(folders: list[Path]) -> None:
    """The old file gets another name, byte for byte; a process that maps it notices nothing."""
    place = ArenaPlace("stable", folders)
    draft, old_id = drafted(place)
    path, _ = place.install(draft, REPORT)
    with path.open("rb") as held:
        draft, new_id = drafted(place)
        _, aside = place.install(draft, REPORT)
        assert ArenaWords(memoryview(held.read())).get_bytes(Header.ARENA_ID, 16) == old_id
    assert (id_of(path), id_of(folders[0] / aside)) == (new_id, old_id)
    assert parse_report(report_path(folders[0], "stable").read_bytes()).aside == aside


def test_death_in_the_middle_leaves_a_whole_arena(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended before any step of the exchange, the old arena or the new one has the name."""
    place = ArenaPlace("stable", folders)
    path, _ = place.install(drafted(place)[0], REPORT)

    class Dead(Exception):
        pass

    calls = 0
    for name in ("link", "rename", "unlink"):
        real = getattr(os, name)

        def counted(*args: Any, real: Any = real, **more: Any) -> Any:
            nonlocal calls, left
            calls += 1
            left -= 1
            if left == 0:
                raise Dead
            return real(*args, **more)

        monkeypatch.setattr(os, name, counted)
    ids, left = set(), -1
    for step in range(1, 12):
        left = -1
        draft, new_id = drafted(place)
        old_id = id_of(path)
        left = step
        try:
            place.install(draft, REPORT)
        except Dead:
            assert id_of(path) in (old_id, new_id)
            ids.add(id_of(path) == old_id)
        left = -1
    assert calls and True in ids, "some deaths came before the exchange"


def no_room_in(folder: Path, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a folder have no room for files with these ends of names."""

    def refuse(path: Path, size_bytes: int) -> int:
        if path.parent == folder and path.name.endswith(names):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return reserve_file(path, size_bytes)

    monkeypatch.setattr(arena_place, "reserve_file", refuse)


@pytest.mark.parametrize("names", [(".arena.new",), (".side.new",)])
def test_folder_without_room_is_passed_over(
    folders: list[Path], names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No room for the arena, or for its side page alone: the next folder, and nothing left."""
    no_room_in(folders[0], names, monkeypatch)
    place = ArenaPlace("stable", folders)
    draft, _ = drafted(place)
    assert draft.path.parent == folders[1]
    assert f"cannot reserve {arena_bytes()} bytes in {folders[0]}" in place.passed_over[0]
    assert not list(folders[0].iterdir())
    place.drop(draft)
    assert not list(folders[1].iterdir())


def test_no_room_anywhere_is_an_error_that_names_the_folders(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Size, folders and what is free in them are said."""
    no_room_in(folders[0], (".new",), monkeypatch)
    with pytest.raises(NoRoom, match=rf"no room; cannot reserve .* {folders[0]}.* are free"):
        ArenaPlace("stable", folders[:1]).reserve(arena_bytes())


def test_other_failures_are_not_about_the_folder(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No descriptors left: an error at once, not an arena in a worse place."""

    def refuse(path: Path, size_bytes: int) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(arena_place, "reserve_file", refuse)
    with pytest.raises(OSError, match="Too many open files"):
        ArenaPlace("stable", folders).reserve(arena_bytes())


def test_report_that_cannot_be_written_costs_only_itself(folders: list[Path]) -> None:
    """A report needs room of its own; an arena without one is an arena all the same."""
    place = ArenaPlace("stable", folders)
    report_path(folders[0], "stable").mkdir()
    path, _ = place.install(drafted(place)[0], FoundingReport("founded", 0, "", (NOTE,)))
    assert path.exists()
    names = {each.name for each in folders[0].iterdir()}
    assert names == {"stable.arena", "stable.side", "stable.founded.json"}, "nothing half written"


NOTE = FoundingNote("arena", "cannot", "df", True)
