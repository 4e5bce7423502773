"""A text stream whose last line is renewed in place, on terminals that can do that.

Owns: erasing that line before anything else is written, and writing it again. Does not own: what
is said (`screen.py`, `Kernel/core/logger.py`).
"""

from typing import TextIO

_ERASE = "\r\x1b[K"


class StatusLine:
    """Wraps a stream; log lines and the moving line share it without running into each other."""

    def __init__(self, stream: TextIO, moving: bool) -> None:
        self._stream = stream
        self._moving = moving
        self._shown = ""

    def isatty(self) -> bool:
        """Tell whether people watch."""
        return self._stream.isatty()

    def write(self, text: str) -> int:
        """Write text above the moving line, which comes back with the next `show`."""
        erase = _ERASE if self._shown else ""
        self._shown = ""
        return self._stream.write(erase + text)

    def flush(self) -> None:
        """Hand what was written to the terminal."""
        self._stream.flush()

    def show(self, text: str) -> None:
        """Renew the moving line; nothing happens on a stream that has none."""
        if self._moving and text != self._shown:
            self._stream.write(_ERASE + text)
            self._stream.flush()
            self._shown = text
