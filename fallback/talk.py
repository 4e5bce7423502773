"""What safe mode says: lines for people on stderr, and states for the service manager.

Owns: how a line looks on a terminal, in the journal and in a pipe; the notify protocol of systemd
(sd_notify(3)). Does not own: what is said. Standard library only; saying never fails.
"""

import contextlib
import io
import json
import os
import select
import socket
import sys
import time
from collections.abc import Mapping
from typing import TextIO

WARNING = 4
NOTICE = 5
INFO = 6
TEXT_CHARS_MAX = 900
"""A line is then below 4096 bytes: a pipe that says it has room takes that without waiting."""
_WORDS = {WARNING: "warning", NOTICE: "notice", INFO: "info"}


class Talk:
    """Says lines on a stream.

    Args:
        environment: JOURNAL_STREAM says whether the stream is the journal's, NOTIFY_SOCKET and
            WATCHDOG_USEC where and how often the service manager wants to hear of us.
    """

    def __init__(self, stream: TextIO, environment: Mapping[str, str]) -> None:
        self._stream = stream
        self._journal = _is_journal(stream, environment.get("JOURNAL_STREAM", ""))
        self._notify_at = environment.get("NOTIFY_SOCKET", "")
        watchdog_us = environment.get("WATCHDOG_USEC", "")
        self._alive_every_s = int(watchdog_us) / 2e6 if watchdog_us.isdecimal() else None
        self._alive_at_s = 0.0

    def say(self, text: str, level: int = INFO) -> None:
        """Say one line; more than one are said one by one.

        What a stopped reader has no room for is left out: to wait for it would stop everything.
        """
        for line in text.splitlines():
            with contextlib.suppress(OSError, ValueError):  # nobody listens any more
                if _has_room(self._stream):
                    self._stream.write(self._line(line[:TEXT_CHARS_MAX], level) + "\n")
                    self._stream.flush()

    def tell_manager(self, *states: str) -> None:
        """Tell the service manager, if there is one: READY=1, STATUS=..., WATCHDOG=1."""
        if not self._notify_at:
            return
        address = self._notify_at
        if address.startswith("@"):
            address = "\0" + address[1:]
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
            to.setblocking(False)
            to.sendto("\n".join(states).encode(errors="replace"), address)

    def tell_alive(self, now_s: float) -> None:
        """Tell the service manager's watchdog that we are, as often as it wants to know."""
        if self._alive_every_s is not None and now_s >= self._alive_at_s:
            self._alive_at_s = now_s + self._alive_every_s
            self.tell_manager("WATCHDOG=1")

    def _line(self, text: str, level: int) -> str:
        if self._journal:  # it has its own time stamps
            return f"<{level}>{text}"
        if self._stream.isatty():
            return f"{time.strftime('%H:%M:%S')}  safe mode │ {text}"
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        fields = {"event": "safe_mode", "text": text, "level": _WORDS[level], "timestamp": stamp}
        return json.dumps(fields, ensure_ascii=False)


def _has_room(stream: TextIO) -> bool:
    """Tell whether a line can be written without waiting."""
    try:
        fd = stream.fileno()
    except OSError:  # it is in memory
        return True
    poller = select.poll()
    poller.register(fd, select.POLLOUT)
    return bool(poller.poll(0))


def _is_journal(stream: TextIO, told: str) -> bool:
    """Tell whether JOURNAL_STREAM names the very file behind the stream (systemd.exec(5))."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return told == f"{status.st_dev}:{status.st_ino}"


def standard_talk() -> Talk:
    """Return what says lines on our stderr; one that was closed before we began is nobody."""
    return Talk(sys.stderr or io.StringIO(), os.environ)
