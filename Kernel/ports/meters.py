"""What processes cost: memory and processor time, by psutil."""

import psutil


class Meters:
    """Reads memory and CPU of processes; keeps what it needs to form differences."""

    def __init__(self) -> None:
        self._seen: dict[int, psutil.Process] = {}

    def measure(self, pid: int) -> tuple[float, float]:
        """Return (resident MB, CPU percent of one core since the last call for this pid).

        A process that is gone measures as (0.0, 0.0).
        """
        try:
            process = self._seen.get(pid)
            if process is None:
                self._seen = {known: it for known, it in self._seen.items() if it.is_running()}
                process = self._seen[pid] = psutil.Process(pid)
            return process.memory_info().rss / 1e6, process.cpu_percent(None)
        except psutil.Error:
            self._seen.pop(pid, None)
            return 0.0, 0.0
