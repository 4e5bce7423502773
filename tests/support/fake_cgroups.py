"""Control groups as a test wants them: what they hold, what their processes take.

Owns: a fake of `Kernel/ports/cgroups.py` that holds everything. Its descriptors are real, so that
they go the way they always go.
"""

import os
from collections.abc import Callable

from Kernel.core.limits import Limits
from Kernel.ports.cgroup_files import Usage
from Kernel.ports.cgroups import Group, Holding


def open_nothing() -> int:
    """Return a descriptor into which anything may be written."""
    return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)


class FakeGroup:
    """One group, in the test's hands: `used` is what is told of it, `inside` who is in it."""

    def __init__(
        self, name: str, limits: Limits, descriptors: tuple[int, ...], used: Usage
    ) -> None:
        self.name = name
        self.limits = limits
        self.descriptors = descriptors
        self.used = used
        self.inside: frozenset[int] = frozenset()

    def limit(self, limits: Limits) -> None:
        """Note other limits."""
        self.limits = limits

    def usage(self) -> Usage:
        """Return what was set."""
        return self.used

    def members(self) -> frozenset[int]:
        """Return what was set."""
        return self.inside


class FakeCgroups:
    """Groups by name; `problem` is raised when one is to be made, `used` told of a new one."""

    def __init__(
        self,
        open_: Callable[[], int] = open_nothing,
        close: Callable[[int], None] = os.close,
    ) -> None:
        self.holding = Holding(1, ("/cgroup",))
        self.groups: dict[str, FakeGroup] = {}
        self.problem: OSError | None = None
        self.used = Usage(memory_bytes=0, tasks=0, throttled_s=0.0)
        self._open, self._close = open_, close

    def make(self, name: str, limits: Limits) -> FakeGroup:
        """Make a group, or give the one there is its limits."""
        if self.problem is not None:
            raise self.problem
        if name not in self.groups:
            self.groups[name] = FakeGroup(name, limits, (self._open(), self._open()), self.used)
        self.groups[name].limit(limits)
        return self.groups[name]

    def remove(self, group: Group) -> None:
        """Let a group go."""
        gone = self.groups.pop(group.name, None)
        if gone is not None:
            for descriptor in gone.descriptors:
                self._close(descriptor)
            gone.descriptors = ()

    def close(self) -> None:
        """Let all go."""
        for group in list(self.groups.values()):
            self.remove(group)
