"""Eyes on what a hostile source must not touch: what was seen since one looked last.

Owns: canaries, sockets, the victim, the kernel's family, its log, and how their harm is said. Does
not own: the surrounding itself (`stage.py`), trials (`campaign.py`).
"""

import contextlib
import os
import struct
import time
from pathlib import Path
from typing import Final

from Kernel.contract.arena import Header
from tests.cage.kernel_calls import call
from tests.cage.stage import CANARY, Stage
from tests.cage.victim import UNTOUCHED
from tests.chaos.harness import KernelRun, is_running

LEAVE_S: Final = 10.0
"""After its answer a trial's processes must be gone within this."""
LOG_BYTES_MAX: Final = 32 * 1024
"""One trial writes no more than this to the logs."""
MODULE: Final = "molt_canary_module.py"
_WATCHED: Final = 0x00000FFF
"""All events of inotify: opened, read, written, moved, made, removed, attributes."""
_EVENT: Final = struct.Struct("iIII")
_SHARED: Final = "molt-caged"
_ERRANDS: Final = (b"fallback.slot_proof", b"self-test")
"""Of the command lines of what a kernel starts by itself, soon after its boot."""
_SPILT: Final = (Path("/dev/shm", f"{_SHARED}-large"), Path("/tmp", f"{_SHARED}-large"))


class Watch:
    """What is watched while a kernel tries sources."""

    def __init__(self, stage: Stage, kernel: KernelRun) -> None:
        self._stage = stage
        self._kernel = kernel
        (stage.victim_folder / MODULE).write_text("import os\nos._exit(77)\n")
        self._listing = sorted(os.listdir(stage.victim_folder))
        self._eyes = call("inotify_init1", os.O_NONBLOCK)
        self._names: dict[int, str] = {}
        for path in (stage.secret_file, stage.canary, stage.arena, stage.victim_folder):
            number = call("inotify_add_watch", self._eyes, str(path).encode(), _WATCHED)
            self._names[number] = path.name
        self.family = self._zones()
        self._logged = self._log_bytes()
        self._drain()

    def close(self) -> None:
        """Look no more."""
        os.close(self._eyes)

    def look(self) -> list[str]:
        """Return what has happened that must not, in words; everything is put right again."""
        seen = [*self._touched(), *self._spoken_to(), *self._victim(), *self._spilt()]
        seen += self._left_over()
        seen += self._flood()
        self._drain()
        return seen

    def missed_ticks(self) -> int:
        """Return how many ticks the world has missed since it was founded."""
        return self._kernel.word(Header.MISSED_TICKS)

    def _touched(self) -> list[str]:
        found = [f"touched {name}" for name in sorted(self._drain())]
        if sorted(os.listdir(self._stage.victim_folder)) != self._listing:
            found.append("changed the victim's folder")
        if self._stage.canary.read_bytes() != CANARY:
            found.append("changed the canary")
        return found

    def _drain(self) -> set[str]:
        names = set()
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._eyes, 65536):
                at = 0
                while at < len(data):
                    number, _mask, _cookie, size = _EVENT.unpack_from(data, at)
                    names.add(self._names[number])
                    at += _EVENT.size + size
        return names

    def _spoken_to(self) -> list[str]:
        return [
            f"spoke to the {name} socket"
            for name in self._stage.sockets
            if self._stage.heard(name, wait_s=0.0)
        ]

    def _victim(self) -> list[str]:
        told = self._stage.victim.ask()
        if told.get("word") == UNTOUCHED.hex() and not told["signals"] and not self._stage.signals:
            return []
        self._stage.renew_victim()
        return ["harmed the victim"]

    def _spilt(self) -> list[str]:
        left = [path for path in (*_SPILT, Path("/dev/shm", _SHARED)) if path.exists()]
        for path in left:
            path.unlink()
        return [f"left {path}" for path in left]

    def _left_over(self) -> list[str]:
        """Wait until the kernel's family is as it was; tell of whom it has more or fewer."""
        until_s = time.monotonic() + LEAVE_S
        while time.monotonic() < until_s:
            family = self._zones()
            if family == self.family:
                return []
            time.sleep(0.005)
        lost, left = self.family - family, family - self.family
        self.family = family
        told = [f"a process of the kernel's has died ({pid})" for pid in sorted(lost)]
        # One more for each that died is the kernel's own: it starts again what has died.
        return told + [f"left process {pid}" for pid in sorted(left)][len(lost) :]

    def _zones(self) -> frozenset[int]:
        """Return the kernel's descendants but its own errands."""
        return frozenset(
            pid for pid in self._kernel.family() if is_running(pid) and not _is_errand(pid)
        )

    def _flood(self) -> list[str]:
        size, self._logged = self._log_bytes() - self._logged, self._log_bytes()
        return [f"logged {size} bytes"] if size > LOG_BYTES_MAX else []

    def _log_bytes(self) -> int:
        home = self._kernel.home
        logs = [home / "kernel.log", *(home / "log").rglob("*")]
        return sum(path.stat().st_size for path in logs if path.is_file())


def _is_errand(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True  # it has gone
    return any(errand in words for errand in _ERRANDS)
