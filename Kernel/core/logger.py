"""Critical and emergency events for people, on the kernel's own stderr.

Owns: how a log line looks (aligned on a terminal, JSON in a pipe), capturing the stderr of zones.
Does not own: the record programs read (the ledger, a later issue); no code reads logs.
"""

import logging
import os
import sys
from typing import Any, Protocol, TextIO, cast

_RICH_UNUSED = "rich" not in sys.modules
if _RICH_UNUSED:
    # structlog imports rich for coloured tracebacks wherever it is installed: 3.6 MB and 15 ms in
    # every kernel for something it never shows.
    sys.modules["rich"] = None  # type: ignore[assignment]  # None makes the import fail, as meant

import structlog  # noqa: E402 - the lines above must come first

if _RICH_UNUSED:
    del sys.modules["rich"]

LINE_BYTES_MAX = 4096
READ_BYTES = 65536


class Log(Protocol):
    """The part of a structlog logger the kernel uses."""

    def info(self, event: str, **values: Any) -> Any:
        """Say something that happened."""

    def warning(self, event: str, **values: Any) -> Any:
        """Say something that went wrong and was dealt with."""

    def error(self, event: str, **values: Any) -> Any:
        """Say something an operator must look at."""


class Stream(Protocol):
    """Where log lines go."""

    def write(self, text: str, /) -> int:
        """Write text."""

    def flush(self) -> None:
        """Let it be seen."""

    def isatty(self) -> bool:
        """Tell whether people watch."""


def make_log(stream: Stream) -> Log:
    """Return a logger on `stream`: aligned for people on a terminal, else one JSON line each."""
    renderer: Any = structlog.processors.JSONRenderer()
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    if stream.isatty():
        colours = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        renderer = structlog.dev.ConsoleRenderer(colors=colours, pad_event_to=20)
        stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
    log: Log = structlog.wrap_logger(
        structlog.WriteLogger(cast(TextIO, stream)),
        processors=[structlog.processors.add_log_level, stamp, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    return log


class StderrLines:
    """Cut what a zone writes on stderr into log lines."""

    def __init__(self, log: Log, zone: str) -> None:
        self._log = log
        self._zone = zone
        self._rest = b""

    def read(self, fd: int) -> bool:
        """Read what is there and log whole lines; False when the pipe has ended."""
        try:
            data = os.read(fd, READ_BYTES)
        except BlockingIOError:
            return True
        *lines, self._rest = (self._rest + data).split(b"\n")
        if not data or len(self._rest) > LINE_BYTES_MAX:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            if line.strip():
                text = line[:LINE_BYTES_MAX].decode(errors="replace")
                self._log.info("zone.stderr", zone=self._zone, line=text)
        return bool(data)
