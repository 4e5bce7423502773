"""A text stream whose last line is renewed in place, and which never holds the kernel up.

Owns: erasing that line before anything else is written, writing it again, and dropping what a
terminal or pipe does not take at once. Does not own: what is said (`screen.py`,
`Kernel/core/logger.py`).

Whoever reads our stderr may stop reading (Ctrl-S, a pager, a full pipe) or go; the world ticks on.
"""

import json
import os
import select
import stat
from typing import TextIO

from Kernel.ports.face import Face, Reader

WRITE_BYTES_MAX = 4096
"""A pipe that can be written to at all has this much room (one page)."""
WIDTH_FALLBACK = 80
_ERASE = "\r\x1b[K"
_CUT = "…"


class StatusLine:
    """Wraps a stream; log lines and the moving line share it without running into each other.

    A stream without a file descriptor is just written.

    Args:
        stream: not closed here, and nobody else should write to it.
        face: who reads it, and whether its last line can be renewed.
    """

    def __init__(self, stream: TextIO, face: Face) -> None:
        self.dropped = 0
        """Writes lost since the last one that told of them."""
        self._stream = stream
        self._face = face
        self._shown = ""
        self._fd = _open_again(stream)

    def write(self, text: str) -> int:
        """Write text above the moving line, which comes back with the next `show`.

        Text that is too long is cut; text that would have to wait is dropped and counted.
        """
        if self._put(_ERASE if self._shown else "", text):
            self._shown = ""
        else:
            self.dropped += 1
        return len(text)

    def flush(self) -> None:
        """Hand what was written to the terminal; only a stream without a descriptor keeps any."""
        if self._fd is None:
            try:
                self._stream.flush()
            except (OSError, ValueError):
                self.dropped += 1

    def show(self, text: str) -> None:
        """Renew the moving line, cut to the width; nothing happens on a stream that has none."""
        if self._face.moving and text != self._shown and self._put(_ERASE, self._fit(text)):
            self._shown = text
            self.flush()

    def _put(self, before: str, text: str) -> bool:
        """Write at once or not at all, told losses first; return whether it was written."""
        try:
            before += self._told()
            if self._fd is None:
                self._stream.write(before + text)
            elif not self._write_fd(self._fd, before, text):
                return False
        except (OSError, ValueError):
            return False
        self.dropped = 0
        return True

    def _write_fd(self, fd: int, before: str, text: str) -> bool:
        poller = select.poll()
        poller.register(fd, select.POLLOUT)
        if not any(events & select.POLLOUT for _, events in poller.poll(0)):
            return False
        encoding = self._stream.encoding or "utf-8"
        start, data = (part.encode(encoding, "backslashreplace") for part in (before, text))
        room = WRITE_BYTES_MAX - len(start)
        if len(data) > room:
            end = f"{_CUT}\n".encode(encoding, "replace")
            data = data[: room - len(end)].decode(encoding, "ignore").encode(encoding) + end
        return os.write(fd, start + data) == len(start) + len(data)

    def _told(self) -> str:
        if not self.dropped:
            return ""
        if self._face.reader is Reader.PROGRAM:
            return json.dumps({"event": "log.dropped", "count": self.dropped}) + "\n"
        mark = "▲ " if self._face.reader is Reader.PEOPLE else "<4>"
        return f"{mark}{self.dropped} lines were dropped: nobody took them\n"

    def _fit(self, text: str) -> str:
        """Return what fits in one line, short of the last column: some terminals wrap there."""
        columns = _columns(self._fd) - 1
        return text if len(text) <= columns else text[: columns - 1] + _CUT


def _open_again(stream: TextIO) -> int | None:
    """Return a descriptor for the stream's terminal or pipe, None where there is none.

    Opened anew, so that writes that do not wait are ours alone: the flag belongs to the open
    file, which we share with the shell and with every process that has the same stderr.
    """
    try:
        fd = stream.fileno()
        mode = os.fstat(fd).st_mode
        stream.flush()
    except (OSError, ValueError):
        return None
    if not (stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)):
        return fd
    flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        return os.open(f"/proc/self/fd/{fd}", flags)
    except OSError:
        # Somebody else's terminal, or nobody reads: asking first and short writes must do.
        return fd


def _columns(fd: int | None) -> int:
    try:
        columns = os.get_terminal_size(fd).columns if fd is not None else 0
    except OSError:
        columns = 0
    return columns or WIDTH_FALLBACK
