"""A child of ours that burdens or pesters a kernel, in a process of its own.

Owns: starting it, hearing whether it saw what it had to, ending it. Does not own: what it does
(`burden.py`, `pestering.py`): each ends by itself, too, so that none outlives a campaign by long.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

from tools.chaos.target import NotInTime

ROOT: Final = Path(__file__).resolve().parents[2]
SAID_MAX: Final = 500


class Child:
    """One child.

    Args:
        module: run as a program.
        words: its arguments.
    """

    def __init__(self, module: str, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def is_content(self) -> bool:
        """Tell whether it has ended and has seen all that it had to.

        Raises:
            NotInTime: it has ended, and has not; with what it said.
        """
        code = self._process.poll()
        if code:
            assert self._process.stderr is not None
            said = self._process.stderr.read().decode(errors="replace").strip()
            raise NotInTime(said[-SAID_MAX:] or f"it ended with {code} and said nothing")
        return code == 0

    def end(self) -> None:
        """End it if it is still there."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()
