"""On which cores a process runs.

Owns: asking Linux for it, and seeing what became of it. Does not own: which cores
(`Kernel/core/placement.py`).
"""

import os
from pathlib import Path
from typing import Protocol


class Cores(Protocol):
    """What the governor does about cores; a test gives its own."""

    def place(self, pid: int, cores: tuple[int, ...]) -> str:
        """Let a process run on these cores alone; return why it does not, or "".

        Whatever it forks, and threads that it starts, stay there with it.
        """


class SystemCores:
    """By sched_setaffinity(2), thread by thread; a process that is gone is no trouble."""

    def place(self, pid: int, cores: tuple[int, ...]) -> str:
        """Let a process run on these cores alone."""
        wanted = set(cores)
        try:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), wanted)
            got = os.sched_getaffinity(pid)
        except (FileNotFoundError, ProcessLookupError):
            return ""
        except OSError as error:  # a cpuset that has none of them: EINVAL
            return f"cannot have cores {_named(wanted)}: {error.strerror or error}"
        # Linux leaves out those a cpuset forbids, without a word.
        return "" if got == wanted else f"it got cores {_named(got)} of {_named(wanted)}"


class AnyCores:
    """Everybody runs anywhere."""

    def place(self, _pid: int, _cores: tuple[int, ...]) -> str:
        """Change nothing."""
        return ""


def _named(cores: set[int]) -> str:
    return ",".join(map(str, sorted(cores)))
