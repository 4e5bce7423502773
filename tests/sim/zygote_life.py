"""The life of a zygote: it is configured, prepares its code, forks when it is asked.

Owns: the zygote's side of the protocol, and the founder it forks. Does not own: the processes that
serve (`world_life.py`, `archive_life.py`). Model: `zones/runtime/zygote.py`, `kinship.py`.
"""

import os
from collections import deque
from collections.abc import Callable
from typing import Any

from Kernel.contract.errors import MoltError
from Kernel.contract.zygote_protocol import (
    ZYGOTE,
    Configure,
    Fork,
    Forked,
    Message,
    Prepared,
    Unforked,
    Unprepared,
    receive,
    send,
)
from Kernel.ports.process import ZygoteHandle
from tests.sim.code import Code
from tests.sim.machine import FIRST_FD, RoadEnd
from tests.sim.processes import SimProcess, SimProcesses

FORK_MS = (0.8, 6.0)
FORKED_MS = (2.0, 60.0)
"""How long one that was forked takes to load what it lacks."""

Birth = Callable[["ZygoteLife", Fork, dict[str, Any]], SimProcess]


class ZygoteEnds:
    """The road between the kernel and a zygote, which may not be born yet, and its stderr.

    Attributes:
        own: the zygote's end; its mail waits for somebody to `serve` it.
    """

    def __init__(self, processes: SimProcesses) -> None:
        loop, descriptors = processes.loop, processes.descriptors
        self._serve: Callable[[], None] = lambda: None
        fd = descriptors.open(self)

        def close() -> None:
            loop.withdraw(fd)
            descriptors.close(fd)

        self.kernel = RoadEnd(fd, lambda: loop.touch(fd), close)
        self.own = RoadEnd(-2, self._arrive)
        self.kernel.peer, self.own.peer = self.own, self.kernel
        loop.offer(fd, self.kernel.readable)
        # At the end of its life a zygote's stderr reads as ended: so does /dev/null.
        self.stderr_fd = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def _arrive(self) -> None:
        self._serve()

    def serve(self, on_arrival: Callable[[], None]) -> None:
        """Have mail taken from now on."""
        self._serve = on_arrival


class ZygoteLife(SimProcess):
    """One zygote.

    Args:
        facts: what a prepared generation tells the kernel.
        birth: makes the process of a Fork; its descriptors are given as the things they stand for.
        ends: of its road, where it is forked.
        fingerprint: of the checkout that it was made of.
    """

    role = "zygote"

    def __init__(
        self,
        processes: SimProcesses,
        zone: str,
        code: Code,
        facts: dict[str, Any],
        birth: Birth,
        fingerprint: str,
        ends: ZygoteEnds | None = None,
    ) -> None:
        super().__init__(processes, zone)
        self.code = code
        self.fingerprint = fingerprint
        self.forked = ends is not None
        self.slow_ns = 0
        self.traits: frozenset[str] = frozenset()
        self._facts = facts
        self._birth = birth
        self._copies: set[int] = set()  # of descriptors for cells that are not born yet
        self._asked: deque[tuple[Message, list[Any], int]] = deque()
        ends = ends or ZygoteEnds(processes)
        self._own_end, self.stderr_fd = ends.own, ends.stderr_fd
        processes.loop.offer(self.stderr_fd, lambda: not self.alive)
        ends.serve(self._on_arrival)
        self.handle = ZygoteHandle(self.pid, ends.kernel, ends.stderr_fd)  # type: ignore[arg-type]

    def born_of(self, request: Fork, ends: ZygoteEnds) -> "ZygoteLife":
        """Return the zygote that this one forks; what the kernel has said to it waits there."""
        assert request.descriptors == ["road", "stderr"]
        born = ZygoteLife(
            self.processes, self.zone, self.code, self._facts, self._birth, self.fingerprint, ends
        )
        born.hear_all()
        return born

    def hear_all(self) -> None:
        """Take what was said before it was born: that the kernel wants it no more, maybe."""
        if self._own_end.readable():
            self._on_arrival()

    def _on_arrival(self) -> None:
        if not self.alive:
            return
        got = receive(self._own_end)  # type: ignore[arg-type]
        if got is None:  # the kernel has hung up
            self.later(0, lambda: self.leave(0))
            return
        message, fds = got
        # Stacks are dumped into real files in memory: those descriptors stand for themselves.
        table = self.processes.descriptors
        cell = isinstance(message, Fork) and message.role == "trial"
        things = [table.thing(fd) if fd >= FIRST_FD else self._copy(fd, cell) for fd in fds]
        self._asked.append((message, things, self.processes.clock.ns))
        self.later(self.processes.between(0.05, 0.3), self._take_one)

    def _copy(self, fd: int, cell: bool) -> int:
        """Return a copy of a real descriptor of a cell: the kernel closes its own at once."""
        if not cell:
            return fd
        copied = os.dup(fd)
        self._copies.add(copied)
        return copied

    def _take_one(self) -> None:
        message, things, asked_ns = self._asked.popleft()
        if isinstance(message, Configure):
            self.traits = frozenset(message.traits)
            rows = [{"hash": each, "tier": "native", "why": ""} for each in message.traits]
            self._facts = self._facts | {"traits": rows}
            ready_ms = FORKED_MS if self.forked else self.code.prepare_ms
            self.later(self.processes.between(*ready_ms), self._prepare)
            return
        assert isinstance(message, Fork)
        delay_ns = self.processes.between(*FORK_MS) + self.slow_ns
        self.slow_ns = 0
        self.later(delay_ns, lambda: self._fork(message, things, asked_ns))

    def _prepare(self) -> None:
        match "" if self.forked else self.code.broken:
            case "import":
                said = f"cannot load {self.zone}: {self.code.name}"
                send(self._own_end, Unprepared(1, said, "make setup"))  # type: ignore[arg-type]
                self.leave(78)
            case "exit":
                self.leave(1)
            case "hang":
                self.hang()
            case _:
                send(self._own_end, Prepared(self.pid, self._facts))  # type: ignore[arg-type]
                self.was_ready = True

    def _fork(self, request: Fork, things: list[Any], asked_ns: int) -> None:
        copies = {thing for thing in things if isinstance(thing, int)} & self._copies
        self._copies -= copies
        if self.processes.refused:
            for fd in copies:
                os.close(fd)
            send(self._own_end, Unforked(request.serial, "cannot fork: no room"))  # type: ignore[arg-type]
            return
        named = dict(zip(request.descriptors, things, strict=True))
        child = self._birth(self, request, named)
        child.zygote_pid, child.asked_ns = self.pid, asked_ns
        if request.role not in (
            "trial",
            ZYGOTE,
        ):  # those of a zone wait for its back-off, the others for nobody's
            self.processes.watcher.on_fork(child)
        send(self._own_end, Forked(request.serial, child.pid))  # type: ignore[arg-type]

    def on_end(self) -> None:
        """Hang up."""
        for fd in self._copies:
            os.close(fd)
        self._own_end.close()
        self.processes.loop.touch(self.stderr_fd)


class FounderLife(SimProcess):
    """Makes an arena and leaves."""

    role = "founder"

    def __init__(
        self, processes: SimProcesses, zone: str, found: Callable[[], None], slow_ns: int
    ) -> None:
        super().__init__(processes, zone)
        self._found = found
        self.later(processes.between(5, 60) + slow_ns, self._work)

    def _work(self) -> None:
        try:
            self._found()
        except (OSError, MoltError):
            self.leave(1)
        else:
            self.leave(0)
