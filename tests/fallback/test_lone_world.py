"""The world's one process as safe mode keeps it, whatever that process does."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fallback.home_folders import Folders
from fallback.known_world import KnownWorld
from fallback.lone_world import LINES_KEPT, LoneWorld
from fallback.slot_files import fill_slot, slot_folder, version_of
from fallback.slot_pointers import RECORD, VERSIONS
from fallback.talk import Talk
from tests.fallback.made_checkout import make_checkout
from tests.support.toy_home import is_alive
from tests.support.wait import wait_until


class Heard(Talk):
    """What was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str, level: int = 6) -> None:
        """Keep it."""
        self.lines.append(text)


Start = Callable[[str], LoneWorld]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    worlds = []

    def begin(script: str) -> LoneWorld:
        for name in ("zones/__init__.py", "zones/runtime/__init__.py"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        (tmp_path / "zones" / "runtime" / "lone.py").write_text(script)
        folders = Folders(tmp_path, (tmp_path,), -1, ())
        talk = Heard()
        world = LoneWorld(folders, KnownWorld(), tmp_path, tmp_path / "cache", talk)
        worlds.append(world)
        world.look(time.monotonic())
        return world

    yield begin
    for world in worlds:
        world.leave()
        world.kill()
        wait_until("its end", lambda world=world: look(world) or world.pid is None)


def look(world: LoneWorld) -> None:
    """One round."""
    world.look(time.monotonic())


def failed(world: LoneWorld) -> bool:
    """One round, and whether a process has ended."""
    look(world)
    return world.failures > 0


def test_a_text_that_is_no_python(start: Start) -> None:
    """Why it ended, and where to edit."""
    world = start("def broken(:\n")
    wait_until("its end", lambda: failed(world))
    assert "SyntaxError" in world.why
    assert world.hint.startswith("edit ") and "zones/runtime/lone.py:1, or: git diff" in world.hint


def test_its_own_hint_is_the_better_one(start: Start) -> None:
    """What a process that refuses says helps, does."""
    world = start("import sys\nsys.exit('cannot run: 3, limit 2\\nhint: molt status')\n")
    wait_until("its end", lambda: failed(world))
    assert world.why.endswith("cannot run: 3, limit 2") and world.hint == "molt status"


def test_it_closes_its_stderr(start: Start) -> None:
    """A stream at its end is polled no more; the process counts on."""
    world = start("import os, signal\nos.close(2)\nsignal.pause()\n")
    wait_until("the closed stream", lambda: look(world) or world.stderr_fd() is None)
    assert world.pid is not None and is_alive(world.pid)


def test_it_talks_without_end(start: Start) -> None:
    """A look takes a part of it and ends."""
    world = start("import sys\nwhile True:\n    sys.stderr.write('x\\n' * 1000)\n")
    talk = world._talk
    wait_until("words", lambda: look(world) or talk.lines)
    for _ in range(5):
        before = len(talk.lines)
        look(world)
        assert len(talk.lines) - before <= LINES_KEPT


def test_what_it_has_started_ends_with_it(start: Start, tmp_path: Path) -> None:
    """A process that it forked holds the locks of the home, too: it is not left behind."""
    note = tmp_path / "pid"
    world = start(
        "import os, signal, sys, pathlib\npid = os.fork()\nif not pid:\n    signal.pause()\n"
        f"pathlib.Path({str(note)!r}).write_text(str(pid))\nsys.exit(3)\n"
    )
    wait_until("its end", lambda: failed(world))
    pid = int(note.read_text())
    wait_until("the end of its child", lambda: not is_alive(pid))


def test_what_ran_last_comes_first(tmp_path: Path) -> None:
    """The working tree, until a bundle has brought another version; then it is the last but one."""
    home, tree = tmp_path / "home", make_checkout(tmp_path / "tree")
    world = LoneWorld(Folders(home, (), -1, ()), KnownWorld(), tree, tmp_path / "cache", Heard())
    fill_slot(home, "fallback", tree)

    def names() -> list[str]:
        return [each.name for each in world._versions()]

    assert names() == ["the working tree", "slot fallback"]
    record = slot_folder(home) / RECORD
    versions = slot_folder(home) / VERSIONS
    versions.mkdir()
    ids = []
    for number in (1, 2):
        (tree / "zones/world/engine.py").write_text(f"TICK = {number}\n")
        ids.append(version_of(tree))
        fill_slot(tmp_path / "other", "active", tree).root.rename(versions / ids[-1])
    record.write_text(json.dumps({"format": 1, "slots": {"active": ids[0], "fallback": ""}}))
    assert names() == ["slot active", "slot fallback", "the working tree"]
    record.write_text(json.dumps({"format": 1, "slots": {"active": ids[1], "fallback": ids[0]}}))
    assert names() == ["slot active", "slot fallback", "the working tree", "slot factory"]
    assert [each.root.name for each in world._versions()][:2] == [ids[1], ids[0]]
    (versions / ids[1] / "zones/world/engine.py").write_text("")
    assert names() == ["slot fallback", "the working tree", "slot factory"]
    assert "cannot use slot active" in world.damaged[0].message
    record.write_text("{")
    assert names() == ["the working tree", "slot fallback"]
