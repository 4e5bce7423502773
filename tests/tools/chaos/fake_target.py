"""A kernel on paper, as a campaign sees one.

Owns: what its answers are, in a test's hands. Does not own: rules, faults.
"""

from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from Kernel.contract.arena import Header
from Kernel.contract.errors import Refused
from tools.chaos.log_rules import Notes
from tools.chaos.target import HEIR, KERNEL, WORLD, Process


class FakeTarget:
    """A kernel that serves until a test says otherwise.

    Args:
        pids: processes by their role.
    """

    def __init__(self, home: Path, pids: dict[str, list[int]] | None = None) -> None:
        self.home = home
        self.kernel = 2**22 + 1  # above every pid that Linux gives
        self.words: Counter[int] = Counter({Header.COMMIT: 100})
        self.by_role = {WORLD: [2**22 + 2], HEIR: [2**22 + 3], **(pids or {})}
        self.below: set[Process] = set()
        self.amiss: list[dict[str, str]] = []
        self.on_wait: Callable[[], None] = lambda: None
        self.waited_for: list[list[Process]] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def word(self, offset: int) -> int:
        """Return a word as a test has set it."""
        return self.words[offset]

    def pids(self, role: str) -> list[int]:
        """Return the processes of a role."""
        return [self.kernel] if role == KERNEL else list(self.by_role.get(role, []))

    def zones(self) -> list[dict[str, Any]]:
        """Return its zones."""
        return [{"name": role, "pid": pids[0]} for role, pids in self.by_role.items() if pids]

    def degraded(self) -> list[dict[str, str]]:
        """Return what a test says is amiss."""
        return self.amiss

    def family(self) -> set[Process]:
        """Return what a test says is below it."""
        return set(self.below)

    def ask(self, command: str, **args: Any) -> dict[str, Any]:
        """Note what was asked; a drill of "refused" is refused."""
        self.asked.append((command, args))
        if args.get("zone") == "refused":
            raise Refused("cannot drill", "")
        return {"served_ms": 5}

    def wait_all_serve(self, gone: Collection[Process] = ()) -> None:
        """Note who had to be gone, and do what a test wants."""
        self.waited_for.append(list(gone))
        self.on_wait()


class FakeSender:
    """Sends nothing."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.notes = Notes()
        self.closed = False

    def close(self) -> None:
        """Note it."""
        self.closed = True


class FakeLog:
    """A log in which a test finds faults."""

    def __init__(self, _home: Path, _sender: FakeSender, _liars: object = ()) -> None:
        self.faults: list[str] = []
        self.events = 0

    def look(self) -> list[str]:
        """Return them once."""
        found, self.faults = self.faults, []
        return found
