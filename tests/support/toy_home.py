"""A home with the toy as its world, and a kernel started on it as people start one.

Owns: the files of such a home, the process, what it says, and leaving nothing behind.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

from Kernel.contract.arena import ArenaWords, Header
from Kernel.ports.arena_file import arena_folders
from Kernel.ports.cgroups import remove_leftovers
from tests.structure.sources import ROOT
from tests.support.leash import die_with_us
from tests.support.wait import wait_until
from zones.runtime.arena_memory import map_arena

ZONES = "zones:\n  stable: {service: tests.support.toy, kind: arena, settings: world}\n"


def write_config(home: Path, kernel: str = ZONES, world: str = "tick_rate_ms: 4\n") -> None:
    """Write the home's own configuration."""
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "kernel.yaml").write_text(kernel)
    (home / "config" / "world.yaml").write_text(world)


class ToyKernel:
    """One kernel process. Use as a context manager: it is killed at the end if still there.

    Args:
        terminal: descriptor of its controlling terminal; None: it has none.
        env: what to add to the environment.
        checkout: where its code is.
    """

    def __init__(
        self,
        home: Path,
        *options: str,
        terminal: int | None = None,
        env: dict[str, str] | None = None,
        checkout: Path = ROOT,
    ) -> None:
        self.home = home
        self.errors = home.parent / f"{home.name}.stderr"
        place = [] if "--ephemeral" in options else ["--home", str(home)]
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(checkout / "manifest.py"), *place, *options],
                cwd=checkout,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                preexec_fn=_on_terminal(terminal),
            )
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        self.said = b""

    def __enter__(self) -> "ToyKernel":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def signal(self, number: int) -> None:
        """Send the kernel a signal."""
        self.process.send_signal(number)

    def read(self) -> bytes:
        """Return all it has said on stdout so far."""
        assert self.process.stdout is not None
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.process.stdout.fileno(), 65536):
                self.said += data
        return self.said

    def ready(self) -> dict[str, Any]:
        """Wait for the one line of --json and return it."""
        wait_until("the kernel to be ready", lambda: self.read().endswith(b"\n") or self._ended())
        fields: dict[str, Any] = json.loads(self.said)
        return fields

    def _ended(self) -> bool:
        assert self.process.poll() is None, self.errors.read_text()
        return False

    def end(self) -> int:
        """Wait for its end and return the exit code."""
        wait_until("the kernel's end", lambda: self.process.poll() is not None)
        return self.process.returncode

    def stop(self) -> int:
        """Ask it to leave and return the exit code."""
        self.signal(signal.SIGTERM)
        return self.end()

    def told(self, event: str) -> list[dict[str, Any]]:
        """Return the log lines of this event that it has written so far."""
        whole = self.errors.read_text().rpartition("\n")[0].splitlines()
        lines = [json.loads(line) for line in whole if line.startswith("{")]
        return [line for line in lines if line.get("event") == event]

    def words(self) -> ArenaWords:
        """Return the arena of its world, read-only."""
        fd = os.open(arena_folders(self.home)[0] / "stable.arena", os.O_RDONLY)
        try:
            return map_arena(fd, writable=False)
        finally:
            os.close(fd)

    def tick(self) -> int:
        """Return the committed tick."""
        return self.words().get(Header.COMMIT)


def _on_terminal(terminal: int | None) -> Callable[[], None]:
    """Return what a child does first: take a terminal for its own, and die with us."""
    leash = die_with_us()

    def begin() -> None:
        if terminal is not None:
            fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        leash()

    return begin


def remove_arenas(home: Path) -> None:
    """Remove what a kernel on this home has left: arenas in shared memory, control groups."""
    remove_leftovers(home)
    for folder in arena_folders(home):
        shutil.rmtree(folder, ignore_errors=True)


def is_alive(pid: int) -> bool:
    """Tell whether a process is there and no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
