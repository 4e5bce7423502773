"""What safe mode says: lines for people on stderr, and states for the service manager.

Owns: how a line looks on a terminal, in the journal and in a pipe; the notify protocol of systemd
(sd_notify(3)). Does not own: what is said. Standard library only; saying never fails.
"""

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Mapping
from typing import TextIO

WARNING = 4
NOTICE = 5
INFO = 6
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
        """Say one line; more than one are said one by one."""
        for line in text.splitlines():
            with contextlib.suppress(OSError, ValueError):  # nobody listens any more
                self._stream.write(self._line(line, level) + "\n")
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
            to.sendto("\n".join(states).encode(), address)

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
        return json.dumps(fields)


def _is_journal(stream: TextIO, told: str) -> bool:
    """Tell whether JOURNAL_STREAM names the very file behind the stream (systemd.exec(5))."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return told == f"{status.st_dev}:{status.st_ino}"


def standard_talk() -> Talk:
    """Return what says lines on our stderr."""
    return Talk(sys.stderr, os.environ)
