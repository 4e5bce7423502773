"""A running kernel as a campaign sees it: who its processes are, what they take, whether all serve.

Owns: asking over the console, the words of the world's arena, processes by their role. Does not
own: what is done to them (`fault.py`), how a kernel of our own is started (`tests/chaos`).
"""

import mmap
import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from Kernel.console.client import ask
from Kernel.contract.arena import ArenaWords, Header, check_arena
from Kernel.contract.errors import MoltError, NoKernel

PATIENCE_S: Final = 60.0
SERVES_S: Final = 120.0
POLL_S: Final = 0.005
MB: Final = 1 << 20
WORLD: Final = "world"
HEIR: Final = "heir"
ZYGOTE: Final = "zygote"
TRIAL: Final = "trial"
KERNEL: Final = "kernel"
SERVING: Final = ("ready", "throttled", "paused")
"""States of a zone that serves: the governor may hold it back a while for what it took."""
NOT_ZONES: Final = (WORLD, HEIR, ZYGOTE, TRIAL, KERNEL)
"""Roles that are no zone's name: the process that ticks the world, the one that stands by, the one
that both were forked from, whoever tries candidates at the moment, the kernel itself."""


class NotInTime(AssertionError):
    """Something that must happen did not, within its limit."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process for good: a pid comes again, a pid with its beginning does not."""

    pid: int
    began: str

    def is_running(self) -> bool:
        """Tell whether it is there, and no zombie."""
        with suppress(OSError):
            fields = _stat(self.pid)
            return fields[0] not in "ZX" and fields[19] == self.began
        return False


class Target:
    """The kernel of a home.

    Args:
        home: where it runs; a kernel must be there.

    Raises:
        NoKernel: nobody answers.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._kernel = 0
        self._arena: tuple[str, int] = ("", 0)
        self._map: mmap.mmap | None = None
        self._words: ArenaWords | None = None
        self.find()

    def find(self) -> None:
        """Look anew for the kernel and for the arena of its world: either may be another one."""
        answer = ask(self.home, "status", {}, PATIENCE_S)
        self._kernel = answer.kernel_pid
        path = str(self.inside(_world_of(answer.result)["arena"]))
        arena = (path, os.stat(path).st_ino)
        if arena == self._arena:
            return
        self.close()
        with open(path, "rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        self._words = ArenaWords(memoryview(self._map))
        check_arena(self._words, path)
        self._arena = arena

    def close(self) -> None:
        """Let go of the arena."""
        if self._words is not None and self._map is not None:
            self._words.release()
            self._map.close()
        self._words, self._map, self._arena = None, None, ("", 0)

    @property
    def kernel(self) -> int:
        """The kernel's pid."""
        return self._kernel

    def inside(self, path: str | Path) -> Path:
        """Return the way to a path as the kernel sees it, through mounts of its own."""
        return Path(f"/proc/{self._kernel}/root{path}")

    def ask(self, command: str, **args: object) -> dict[str, Any]:
        """Ask the kernel one thing.

        Raises:
            MoltError: it refuses, or is not there.
        """
        return ask(self.home, command, args, PATIENCE_S).result

    def word(self, offset: int) -> int:
        """Return a word of the arena's header."""
        assert self._words is not None, "closed"
        return self._words.get(offset)

    def arena_id(self) -> bytes:
        """Return what the world's arena is called in the ids of its events."""
        assert self._words is not None, "closed"
        return self._words.get_bytes(Header.ARENA_ID, 16)

    def zones(self) -> list[dict[str, Any]]:
        """Return all zones as the kernel tells of them now."""
        found: list[dict[str, Any]] = self.ask("status")["zones"]
        return found

    def degraded(self) -> list[dict[str, str]]:
        """Return what the kernel says is degraded."""
        found: list[dict[str, str]] = self.ask("status")["degraded"]
        return found

    def pids(self, role: str) -> list[int]:
        """Return the processes of a role: one of NOT_ZONES, or the name of a zone."""
        if role == KERNEL:
            return [self._kernel]
        if role in (WORLD, HEIR):
            owner, permission = self.word(Header.OWNER), self.word(Header.PERMISSION)
            pid = owner if role == WORLD else 0 if permission == owner else permission
            return [pid] if pid else []
        if role == TRIAL:
            return [each["pid"] for each in self.ask("ps")["trials"] if each["pid"]]
        zones = self.zones()
        if role == ZYGOTE:
            return [
                each["zygote_pid"] for each in zones if each.get("arena") and each["zygote_pid"]
            ]
        return [each["pid"] for each in zones if each["name"] == role and each["pid"]]

    def family(self) -> set[Process]:
        """Return all processes below the kernel."""
        return set(identities(descendants(self._kernel)))

    def wait_all_serve(self, gone: Collection[Process] = ()) -> None:
        """Wait until every zone serves, an heir stands by, the world ticks, and some have ended.

        Raises:
            NotInTime: they do not within SERVES_S.
        """

        def serve() -> bool:
            zones = self.zones()
            well = all(each["state"] in SERVING for each in zones) and bool(self.pids(HEIR))
            return well and not any(each.is_running() for each in gone)

        named = ", ".join(str(each.pid) for each in gone)
        what = "all zones serve, and an heir stands by" + (f", without {named}" if gone else "")
        with self._found_anew():
            wait_until(serve, what, SERVES_S)
            self.find()
            tick = self.word(Header.COMMIT)
            wait_until(lambda: self.word(Header.COMMIT) > tick, "the world ticks", SERVES_S)

    @contextmanager
    def _found_anew(self) -> Iterator[None]:
        """Tell with what the kernel says is wrong why a wait was in vain."""
        try:
            self.find()
            yield
        except NotInTime as late:
            zones = [(each["name"], each["state"], each["why"]) for each in self.zones()]
            raise NotInTime(f"{late}: {zones}, degraded {self.degraded()}") from late
        except NoKernel as gone:
            raise NotInTime(f"the kernel is gone: {gone}") from gone


def wait_until(condition: Callable[[], object], what: str, timeout_s: float) -> None:
    """Wait until something is true; an answer that does not come counts as not yet.

    Raises:
        NotInTime: it is not within so many seconds.
    """
    deadline_s = time.monotonic() + timeout_s
    while True:
        with suppress(MoltError):
            if condition():
                return
        if time.monotonic() > deadline_s:
            raise NotInTime(f"not in {timeout_s:g} s: {what}")
        time.sleep(POLL_S)


def identities(pids: Collection[int]) -> Iterator[Process]:
    """Yield processes for good, of pids that are there."""
    for pid in pids:
        with suppress(OSError):
            yield Process(pid, _stat(pid)[19])


def descendants(pid: int) -> list[int]:
    """Return all pids below a process."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with suppress(OSError):
                children.setdefault(int(_stat(int(entry))[1]), []).append(int(entry))
    found: list[int] = []
    queue = [pid]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def memory_mb(pid: int) -> float:
    """Return what a process has in memory, MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MB


def descriptors(pid: int) -> int:
    """Return how many files a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on: 0 state, 1 parent, 19 beginning."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _world_of(status: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in status["zones"] if each.get("arena"))
