"""The world's one process in safe mode: started, watched, restarted, asked to leave.

Owns: the child `python -m zones.runtime.lone`, its versions (the working tree or what a bundle has
brought, then the others), what it says, telling a hang. Does not own: when and which
(`decisions.py`), what the child does.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from fallback.arena_glance import NoWorldError, Progress, find_arena, read_progress, read_world
from fallback.decisions import WorldPlan, plan_after_failure
from fallback.home_folders import Folders
from fallback.known_world import KnownWorld
from fallback.last_words import last_words, place_of, printable
from fallback.lent_cache import lend_cache
from fallback.slot_files import SlotError, find_filled, find_slot, slot_folder
from fallback.slot_pointers import read_pointers
from fallback.talk import NOTICE, WARNING, Talk
from fallback.zone_environment import zone_environment

TREE = "the working tree"
FALLBACK, ACTIVE = "fallback", "active"
FACTORY = "factory"
"""For people: the copy of the checkout that no bundle replaces."""
HUNG_S = 5.0
"""Commit and liveness words still for so long: hung. Only after its first tick: a version that must
compile its kernels first is at work for a minute."""
START_S = 300.0
ROUND_S_MAX = 1.0
"""We ourselves slept longer than this between two looks: nobody is judged by that."""
LINES_KEPT = 60
LINE_BYTES_MAX = 4096


@dataclass(frozen=True, slots=True)
class Version:
    """A module version: its name for people, and the folder to start Python in."""

    name: str
    root: Path


@dataclass(slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    version: Version
    began_s: float
    ticked_at_s: float | None = None
    seen: Progress | None = None
    moved_s: float = 0.0
    why_killed: str = ""
    hushed: bool = False  # it closed its stderr, which would wake the loop for ever


class LoneWorld:
    """Keeps one process on the world of a home.

    Attributes:
        why: which version ended last, and of what; "" as long as none did.
        hint: what helps against that, or "".
        damaged: slots that are there and cannot be used, with the reason.
        failures: how often one ended since safe mode began.
    """

    def __init__(
        self, folders: Folders, known: KnownWorld, checkout: Path, cache_dir: Path, talk: Talk
    ) -> None:
        self._folders = folders
        self._known = known
        self._checkout = checkout
        self._cache_dir = cache_dir
        self._talk = talk
        self._plan = WorldPlan()
        self._child: _Child | None = None
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._rest = b""
        self._leaving = False
        self._looked_s = 0.0
        self.why = ""
        self.hint = ""
        self.damaged: list[SlotError] = []
        self.failures = 0

    @property
    def pid(self) -> int | None:
        """The process there is, or None."""
        return self._child.process.pid if self._child else None

    @property
    def version(self) -> str:
        """What the process there is runs, or ""."""
        return self._child.version.name if self._child else ""

    @property
    def is_ticking(self) -> bool:
        """Whether it has taken the world over."""
        return self._child is not None and self._child.ticked_at_s is not None

    def stderr_fd(self) -> int | None:
        """Return what to poll for words of the process."""
        if self._child is None or self._child.process.stderr is None or self._child.hushed:
            return None
        return self._child.process.stderr.fileno()

    def look(self, now_s: float) -> None:
        """Start, watch, or note the end of the process; call once a round."""
        slept = now_s - self._looked_s > ROUND_S_MAX
        self._looked_s = now_s
        child = self._child
        if child is None:
            if not self._leaving and now_s >= self._plan.due_s:
                self._start(now_s)
            return
        self._read_words(child)
        code = child.process.poll()
        if code is not None:
            self._ended(child, code, now_s)
        elif not self._leaving:
            self._judge(child, now_s, slept)

    def leave(self) -> None:
        """Ask the process to leave at a tick boundary; start no other."""
        self._leaving = True
        if self._child is not None:
            self._child.process.terminate()

    def kill(self) -> None:
        """End the process now, with all that it started. The arena keeps its committed tick."""
        if self._child is not None:
            self._child.process.kill()
            _kill_group(self._child.process.pid)

    def retry_now(self) -> None:
        """Begin again with the first version: what was broken may be mended."""
        if self._child is None:
            self._plan = WorldPlan()

    def _versions(self) -> list[Version]:
        """Return what there is to run, best first. Looked up each time: it may be mended.

        First what ran last: the working tree, or the version that a bundle has brought.
        """
        self.damaged = []
        tree = [Version(TREE, self._checkout)]
        pointers, _why = read_pointers(slot_folder(self._folders.home))
        homes = list(dict.fromkeys((self._folders.home, self._checkout)))
        places = [(name, home) for name in (FALLBACK, ACTIVE) for home in homes]
        if not pointers.get(ACTIVE):
            return [*tree, *self._found(places)]
        active = (ACTIVE, self._folders.home)
        places.remove(active)
        factory = [(FACTORY, self._folders.home)] if pointers.get(FALLBACK) else []
        return [*self._found([active, *places]), *tree, *self._found(factory)]

    def _found(self, places: list[tuple[str, Path]]) -> list[Version]:
        """Return what can be run of these slots of homes; note those that are damaged."""
        found = []
        for name, home in places:
            try:
                slot = find_filled(home, FALLBACK) if name == FACTORY else find_slot(home, name)
            except SlotError as error:
                self.damaged.append(error)
                continue
            except OSError as error:  # it went away while we looked
                said = f"cannot use slot {name} of {home}: {error.strerror}"
                self.damaged.append(SlotError(said, "make setup"))
                continue
            if slot is not None:
                whose = "" if home == self._folders.home else " of the checkout"
                found.append(Version(f"slot {name}{whose}", slot.root))
        return found

    def _start(self, now_s: float) -> None:
        versions = self._versions()
        version = versions[self._plan.version % len(versions)]
        facts = {
            "home": str(self._folders.home),
            "zone": self._known.zone,
            "service": self._known.service,
            "settings": self._known.settings,
            "parent": os.getpid(),
        }
        if version.name != TREE:
            with contextlib.suppress(OSError):  # it compiles then, which takes a minute
                lend_cache(version.root, self._cache_dir)
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "zones.runtime.lone", json.dumps(facts)],
                cwd=version.root,
                env=zone_environment(self._cache_dir, in_slot=version.name != TREE),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=self._folders.lock_fds,
                start_new_session=True,  # a Ctrl-C on the terminal is for us alone
            )
        except OSError as error:
            self.why = f"cannot start a process: {error.strerror}"
            self.hint = f"cat /proc/{os.getpid()}/limits"
            self._plan = plan_after_failure(self._plan, len(versions), None, now_s)
            return
        assert process.stderr is not None
        os.set_blocking(process.stderr.fileno(), False)
        self._lines.clear()
        self._rest = b""
        self._child = _Child(process, version, now_s, moved_s=now_s)

    def _judge(self, child: _Child, now_s: float, slept: bool) -> None:
        with contextlib.suppress(NoWorldError):
            path = find_arena(self._folders.home, self._folders.arenas, self._known.zone)
            progress = read_progress(path)
            if progress.owner == child.process.pid:
                if child.ticked_at_s is None and child.seen and child.seen != progress:
                    child.ticked_at_s = now_s
                    self._tell_takeover(path)
                if child.seen != progress:
                    child.moved_s = now_s
                child.seen = progress
        if slept:
            child.moved_s = now_s
        if child.ticked_at_s is None:
            if now_s - child.began_s > START_S:
                child.why_killed = f"it did not begin to tick within {START_S:g} s"
        elif now_s - child.moved_s > HUNG_S:
            child.why_killed = f"it hung: no tick for {HUNG_S:g} s"
        if child.why_killed:
            self.kill()

    def _tell_takeover(self, path: Path) -> None:
        """Say from where it goes on: the tick it found, not the one it has come to since."""
        world = read_world(path)
        does = "is held, paused at" if world.paused else "goes on from"
        self._talk.say(f"the world {does} tick {world.taken_over_tick}, by {self.version}")

    def _ended(self, child: _Child, code: int, now_s: float) -> None:
        self._read_words(child)
        assert child.process.stderr is not None
        child.process.stderr.close()
        _kill_group(child.process.pid)  # what it has started holds the locks as well
        self._child = None
        if self._leaving:
            return
        self.failures += 1
        said, hint = ("", "") if code < 0 else last_words("\n".join(self._lines))
        place = place_of(said)
        self.hint = hint or (f"edit {place}, or: git diff {place.rpartition(':')[0]}" * bool(place))
        self.why = f"{child.version.name}: {child.why_killed or said or _describe(code)}"
        ticked_s = None if child.ticked_at_s is None else now_s - child.ticked_at_s
        self._plan = plan_after_failure(self._plan, len(self._versions()), ticked_s, now_s)
        self._talk.say(f"the world stands still. {self.why}", WARNING)

    def _read_words(self, child: _Child) -> None:
        assert child.process.stderr is not None
        data = b""
        with contextlib.suppress(BlockingIOError):
            data = os.read(child.process.stderr.fileno(), 65536)
            child.hushed = not data
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-LINE_BYTES_MAX:]
        for line in lines[-LINES_KEPT:]:  # one that talks without end must not keep us
            text = printable(line[:LINE_BYTES_MAX].decode(errors="replace"))
            if text.strip():
                self._lines.append(text)
                self._talk.say(f"  {text}", NOTICE)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _describe(code: int) -> str:
    if code >= 0:
        return f"it ended with exit code {code}"
    try:
        return f"it ended by signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"it ended by signal {-code}"
