"""What processes cost: memory and processor time, by psutil and /proc."""

import os
import time
from pathlib import Path
from typing import NamedTuple, Protocol

import psutil

WCHAN_CHARS_MAX = 80
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


class Load(NamedTuple):
    """What all threads of a process have got from the scheduler so far, nanoseconds."""

    ran_ns: int
    waited_ns: int


class Standstill(NamedTuple):
    """What a process that does not move is doing.

    Args:
        state: its letter in /proc/PID/stat: R running, S sleeping, D in the kernel, T stopped.
        waits_in: the function of the kernel it waits in, "" where the machine does not tell.
    """

    state: str
    waits_in: str


class Taken(NamedTuple):
    """What one process has of the machine.

    Args:
        memory_bytes: resident, with what it shares with others.
        cpu_ns: processor time it has had so far.
        descriptors: 0 where the machine does not tell.
        own_bytes: of its memory, what it shares with no file: neither arena nor library.
        written_bytes: that it has caused to be written to disks so far; None: not told, as of one
            that is undumpable to anybody but root.
    """

    memory_bytes: int
    cpu_ns: int
    threads: int
    descriptors: int
    own_bytes: int = 0
    written_bytes: int | None = None


class Loads(Protocol):
    """What watchdog and governor ask of a process; a test gives its own."""

    def load(self, pid: int) -> Load | None:
        """Return its load, None where it is gone or the machine does not tell."""

    def standstill(self, pid: int) -> Standstill:
        """Return what it is doing."""

    def taken(self, pid: int) -> Taken | None:
        """Return what it has of the machine, None for one that is gone."""

    def spent_ns(self) -> int:
        """Return the processor time that who asks has had so far: what asking costs."""


class ProcLoads:
    """By /proc (Linux `Documentation/scheduler/sched-stats.rst`, proc(5))."""

    def load(self, pid: int) -> Load | None:
        """Return the load of all threads of a process, None where the machine does not tell."""
        ran_ns = waited_ns = 0
        try:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                ran, waited = (thread / "schedstat").read_text().split()[:2]
                ran_ns += int(ran)
                waited_ns += int(waited)
        except (OSError, ValueError):
            return None
        return Load(ran_ns, waited_ns)

    def standstill(self, pid: int) -> Standstill:
        """Return what a process is doing; "?" for one that is gone."""
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            return Standstill("?", "")
        try:
            waits_in = Path(f"/proc/{pid}/wchan").read_text()[:WCHAN_CHARS_MAX].strip("0 \n")
        except OSError:
            waits_in = ""
        return Standstill(state, waits_in)

    def taken(self, pid: int) -> Taken | None:
        """Return what it has of the machine, None for one that is gone."""
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            user, system, threads = (int(fields[place]) for place in (11, 12, 17))
            resident, shared = map(int, Path(f"/proc/{pid}/statm").read_text().split()[1:3])
        except (OSError, ValueError, IndexError):
            return None
        return Taken(
            resident * _PAGE_BYTES,
            (user + system) * _TICK_NS,
            threads,
            _descriptors_of(pid),
            (resident - shared) * _PAGE_BYTES,
            _written_by(pid),
        )

    def spent_ns(self) -> int:
        """Return the processor time of this thread."""
        return time.thread_time_ns()


def _written_by(pid: int) -> int | None:
    """Return what has gone to disks so far for a process (proc(5), `write_bytes`)."""
    try:
        text = Path(f"/proc/{pid}/io").read_text()
        return int(text.partition("\nwrite_bytes: ")[2].partition("\n")[0])
    except (OSError, ValueError):
        return None


def _descriptors_of(pid: int) -> int:
    """Return how many it has open, 0 where that cannot be seen.

    Before Linux 6.2 the size of the folder does not tell, and the folder of one that is undumpable
    opens only for root.
    """
    folder = f"/proc/{pid}/fd"
    try:
        return os.stat(folder).st_size or len(os.listdir(folder))
    except OSError:
        return 0


class Meters:
    """Reads memory and CPU of processes; keeps what it needs to form differences."""

    def __init__(self) -> None:
        self._seen: dict[int, psutil.Process] = {}

    def measure(self, pid: int) -> tuple[float, float]:
        """Return (resident MB, CPU percent of one core since the last call for this pid).

        A process that is gone, or one that cannot be looked at because no descriptor is free,
        measures as (0.0, 0.0).
        """
        try:
            process = self._seen.get(pid)
            if process is None:
                self._seen = {known: it for known, it in self._seen.items() if it.is_running()}
                process = self._seen[pid] = psutil.Process(pid)
            return process.memory_info().rss / 1e6, process.cpu_percent(None)
        except (psutil.Error, OSError):  # psutil lets a lack of descriptors through as it is
            self._seen.pop(pid, None)
            return 0.0, 0.0
