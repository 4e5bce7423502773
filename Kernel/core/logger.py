"""Critical and emergency events for people, on the kernel's own stderr.

Owns: writing an event to who reads (aligned for people, JSON for a program, with a priority for
the journal), capturing the stderr of zones. Does not own: its sentence (`log_lines.py`), the
record programs read (the ledger, a later issue); no code reads logs.
"""

import json
import logging
import os
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Protocol, TextIO, cast

from Kernel.core.log_lines import TOLD_BY_ROWS, journal_line, terminal_line
from Kernel.core.log_rate import LineBucket, take_lines
from Kernel.ports.face import Face, Reader

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
FLOOD_BYTES = READ_BYTES // 4
TELL_S = 1.0
RECORD_BYTES_MAX = 4000
"""Of one line of JSON: it then passes a pipe with one free page whole, and stays JSON."""
_SHORT_CHARS = 16


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


Fields = MutableMapping[str, Any]


def make_log(stream: Stream, face: Face) -> Log:
    """Return a logger on `stream` that writes one line an event, for who reads it."""
    renderer: Any = _as_json
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    if face.reader is Reader.PEOPLE:
        renderer = _ForPeople(face.colours)
        stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
    elif face.reader is Reader.JOURNAL:
        renderer = _for_journal
    log: Log = structlog.wrap_logger(
        structlog.WriteLogger(cast(TextIO, stream)),
        processors=[structlog.processors.add_log_level, stamp, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    return log


class _ForPeople:
    """Lines of a terminal."""

    def __init__(self, colours: bool) -> None:
        self._colours = colours

    def __call__(self, _logger: Any, _method: str, fields: Fields) -> str:
        event, level = fields.pop("event"), fields.pop("level")
        if event in TOLD_BY_ROWS or fields.pop("first", False) is True:
            raise structlog.DropEvent
        return terminal_line(fields.pop("timestamp"), level, event, fields, self._colours)


def _for_journal(_logger: Any, _method: str, fields: Fields) -> str:
    event, level = fields.pop("event"), fields.pop("level")
    del fields["timestamp"]
    return journal_line(level, event, fields)


def _as_json(_logger: Any, _method: str, fields: Fields) -> str:
    """Return one JSON object; what makes it too long is cut, so that the rest stays readable."""
    while True:
        line = json.dumps(fields, default=str)
        texts = [key for key, value in fields.items() if isinstance(value, str)]
        longest = max(texts, key=lambda key: len(fields[key]))
        if len(line) <= RECORD_BYTES_MAX or len(fields[longest]) < _SHORT_CHARS:
            return line
        fields[longest] = fields[longest][: len(fields[longest]) // 2] + "…"


class StderrLines:
    """Cut what a zone writes on stderr into log lines, at most so many a second.

    Args:
        lines_per_s: asked each time, as settings may change.
        now_s: monotonic seconds.

    Attributes:
        is_flooded: the last read left lines out, or was a large one: there may be more at once.
        dropped_s: when a line was left out last, None for never.
    """

    def __init__(
        self, log: Log, zone: str, lines_per_s: Callable[[], int], now_s: Callable[[], float]
    ) -> None:
        self.is_flooded = False
        self.dropped_s: float | None = None
        self._log = log
        self._zone = zone
        self._lines_per_s = lines_per_s
        self._now_s = now_s
        self._bucket = LineBucket()
        self._dropped = 0
        self._told_s = -TELL_S
        self._rest = b""

    def read(self, fd: int) -> bool:
        """Read what is there, at most READ_BYTES, and log whole lines; False at the pipe's end."""
        try:
            data = os.read(fd, READ_BYTES)
        except BlockingIOError:
            return True
        *lines, self._rest = (self._rest + data).split(b"\n")
        if not data or len(self._rest) > LINE_BYTES_MAX:
            lines.append(self._rest)
            self._rest = b""
        lines = [line for line in lines if line.strip()]
        now_s = self._now_s()
        self._bucket, allowed = take_lines(self._bucket, len(lines), self._lines_per_s(), now_s)
        for line in lines[:allowed]:
            text = line[:LINE_BYTES_MAX].decode(errors="replace")
            self._log.info("zone.stderr", zone=self._zone, line=text)
        # So is much of what is no line, as empty ones are: none is left out, and it never ends.
        self.is_flooded = allowed < len(lines) or len(data) >= FLOOD_BYTES
        if allowed < len(lines):
            self._dropped += len(lines) - allowed
            self.dropped_s = now_s
        self.tell_dropped(at_once=not data)
        return bool(data)

    def tell_dropped(self, *, at_once: bool = False) -> None:
        """Say how many lines were left out, once in TELL_S."""
        now_s = self._now_s()
        if not self._dropped or (now_s - self._told_s < TELL_S and not at_once):
            return
        limit = self._lines_per_s()
        self._log.warning("zone.lines_dropped", zone=self._zone, count=self._dropped, limit=limit)
        self._dropped, self._told_s = 0, now_s
