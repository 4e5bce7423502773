"""A kernel of our own as a campaign sees it: one that can be ended and booted again.

Owns: ending it, with whom, in what order; booting the next one. Does not own: a single boot
(`harness.py`), what is done between two (`own_faults.py` and its neighbours).
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Final

from tests.chaos.harness import KernelRun
from tools.chaos.checkup import command_of
from tools.chaos.sender import Sender
from tools.chaos.target import NotInTime, Process, Target, descendants, identities, wait_until

GONE_S: Final = 10.0


class OwnTarget(Target):
    """A kernel that is started by us.

    Args:
        home: where it runs.
        boot: starts a kernel there; the one before has ended.
    """

    def __init__(self, home: Path, boot: Callable[[], KernelRun]) -> None:
        self._boot = boot
        self.run = boot()
        self.boots = 1
        self.outlived: list[str] = []
        """Kernels that have ended, and who of those below them had to be ended by us."""
        self._forked: set[Process] = set()
        self.sender: Sender | None = None
        """Who writes into the home meanwhile."""
        try:
            super().__init__(home)
        except BaseException:
            self.run.__exit__()
            raise

    def inside(self, path: str | Path) -> Path:
        """Return the path: we live in the same mounts, and the kernel may be gone."""
        return Path(path)

    @property
    def arena(self) -> Path:
        """The file of the world's arena, as we see it: also when no kernel does."""
        return Path(self._arena[0])

    def says(self, *words: str) -> bool:
        """Tell whether one of these words is in what the kernel says is degraded."""
        told = str(self.degraded())
        return any(each in told for each in words)

    def strike(self, *roles: str) -> list[Process]:
        """Kill who has one of these roles, and return who that was."""
        victims = list(identities([pid for role in roles for pid in self.pids(role)]))
        for each in victims:
            with suppress(ProcessLookupError):
                os.kill(each.pid, signal.SIGKILL)
        return victims

    def kill(self, *roles: str) -> None:
        """Kill the kernel, and with it who has one of these roles.

        What a zone's process has forked by itself is ended by the next boot: nobody who knows of it
        is left before.

        Raises:
            NotInTime: somebody outlives even a SIGKILL of their own.
        """
        family = self.family()
        served = [each["pid"] for each in self.zones() if each["pid"]]
        self._forked = set(identities([pid for each in served for pid in descendants(each)]))
        self.strike(*roles)
        self.run.process.kill()
        self.run.process.wait()
        self._wait_gone(family - self._forked)

    def stop(self) -> int:
        """Stop the kernel in order, and return its exit code.

        Raises:
            NotInTime: it does not, or somebody outlives even a SIGKILL of their own.
        """
        family = self.family()
        try:
            code = self.run.stop()
        except TimeoutExpired as late:
            raise NotInTime(f"the kernel does not stop in order: {late}") from late
        self._wait_gone(family)
        return code

    def boot(self) -> None:
        """Start the next kernel, after the one before has ended."""
        self.run.__exit__()
        self.run = self._boot()
        self.boots += 1
        self.find()
        forked, self._forked = self._forked, set()
        self._wait_gone(forked)

    @contextmanager
    def nobody_home(self) -> Iterator[None]:
        """Nobody of ours has a file of the home open, as long as no kernel runs."""
        with ExitStack() as stack:
            if self.sender is not None:
                stack.enter_context(self.sender.held())
            self.run.__exit__()
            yield

    def end(self) -> None:
        """End the kernel as it is, and let go of the arena."""
        self.run.__exit__()
        self.close()

    def _wait_gone(self, family: set[Process]) -> None:
        """Wait until all who were below the kernel have ended; who does not is noted, and ended."""

        def left() -> list[Process]:
            return [each for each in family if each.is_running()]

        try:
            wait_until(lambda: not left(), "nobody outlives the kernel", GONE_S)
        except NotInTime:
            told = [f"{each.pid} {command_of(each.pid)}" for each in left()]
            self.outlived.append(f"{self._kernel}: {', '.join(told)}")
            for each in left():
                with suppress(ProcessLookupError):
                    os.kill(each.pid, signal.SIGKILL)
            wait_until(lambda: not left(), "who outlived the kernel ends by SIGKILL", GONE_S)
