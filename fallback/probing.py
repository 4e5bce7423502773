"""Trying whether normal running would work, in a throw-away child, and seeing files change.

Owns: the child `python manifest.py --probe`, what it said, the fingerprint of the files that decide
it. Does not own: when (`decisions.py`), what a probe proves (`Kernel/probe.py`).
"""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fallback.births import held_at_birth, newborn
from fallback.last_words import last_words

PROBE_S = 600.0
"""A probe that must compile the kernels is at work for minutes on a slow machine."""
NICE = 10
WORDS_BYTES_MAX = 64 * 1024
WATCHED = ("manifest.py", "Kernel", "zones", "config", "fallback/slots")
FILES_MAX = 5000


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a probe ended: `why` is "" when normal running would work."""

    why: str
    hint: str = ""


class Prober:
    """Runs one probe at a time.

    Args:
        arguments: of manifest.py, as safe mode shall go back with them.
    """

    def __init__(self, checkout: Path, home: Path, arguments: Sequence[str]) -> None:
        self._command = [sys.executable, str(checkout / "manifest.py"), "--probe"]
        # Last, so that it counts: the arguments may name no home and mean the environment's.
        self._command += [*arguments, "--home", str(home)]
        self._checkout = checkout
        self._process: subprocess.Popen[bytes] | None = None
        self._words = b""
        self._hushed = False
        self._until_s = 0.0

    @property
    def is_running(self) -> bool:
        """Whether a probe is under way."""
        return self._process is not None

    def fd(self) -> int | None:
        """Return what to poll for the end of the probe."""
        return None if self._process is None or self._hushed else self._pipe(self._process)

    def start(self, now_s: float) -> str:
        """Begin a probe and return "", or why it cannot be begun."""
        assert self._process is None, "one probe at a time"
        try:
            with held_at_birth():
                self._process = subprocess.Popen(
                    self._command,
                    cwd=self._checkout,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                    preexec_fn=newborn(NICE),  # noqa: PLW1509 - system calls, no thread here
                )
        except (OSError, subprocess.SubprocessError) as error:
            return f"cannot start a process: {getattr(error, 'strerror', None) or error}"
        os.set_blocking(self._pipe(self._process), False)
        self._words = b""
        self._hushed = False
        self._until_s = now_s + PROBE_S
        return ""

    def look(self, now_s: float) -> Outcome | None:
        """Return how the probe ended, once it has."""
        process = self._process
        if process is None:
            return None
        code = process.poll()
        # Once a look: one that never stops talking must not keep us. It is all a pipe holds, so
        # that of a process that has ended nothing is missing.
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._pipe(process), WORDS_BYTES_MAX)
            self._words = (self._words + data)[-WORDS_BYTES_MAX:]
            self._hushed = not data
        if code is None and now_s < self._until_s:
            return None
        self.end()
        if code == 0:
            return Outcome("")
        if code is None:
            return Outcome(f"the probe did not end within {PROBE_S:g} s")
        why, hint = last_words(self._words.decode(errors="replace"))
        return Outcome(why or f"the probe ended with exit code {code}", hint)

    def end(self) -> None:
        """End a probe that is under way, with all that it has started."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()
        self._process = None

    def _pipe(self, process: subprocess.Popen[bytes]) -> int:
        assert process.stderr is not None
        return process.stderr.fileno()


def fingerprint(checkout: Path, home: Path) -> bytes:
    """Return what changes whenever a file that decides about normal running is changed.

    Names, times and sizes of at most FILES_MAX files; about a millisecond.
    """
    digest = hashlib.sha256()
    waiting = [checkout / name for name in WATCHED] + [home / "config", home / "fallback" / "slots"]
    seen = 0
    while waiting and seen < FILES_MAX:
        path = waiting.pop()
        with contextlib.suppress(OSError):
            status = path.lstat()
            seen += 1
            if path.is_dir() and not path.is_symlink():
                if path.name != "__pycache__":
                    waiting += sorted(path.iterdir())
                continue  # a folder's own time changes with bytecode, too
            digest.update(os.fsencode(path))  # a name need not be text
            digest.update(f"\0{status.st_mtime_ns}\0{status.st_size}\n".encode())
    return digest.digest()
