"""How a line of the log looks on a terminal and in the journal.

Owns: its columns, marks and colours. Does not own: its sentence (`Kernel/contract/event_words.py`),
writing it (`logger.py`), what the screen says beside the log (`Kernel/console/screen.py`).
Pure.
"""

from collections.abc import Mapping
from typing import Any

from Kernel.contract.event_words import printable, tell, whose

ZONE_WIDTH = 9

TOLD_BY_ROWS = frozenset(("zone.served",))
"""Events that people on a terminal see as a row of the screen; so is the first takeover."""
_MARKS = {"warning": "▲ ", "error": "✕ "}
_PRIORITIES = {"error": 3, "warning": 4, "info": 6}
"""Of syslog(3), as systemd's journal reads them from <N> at the start of a line."""
_LEVEL_COLOURS = {"warning": "\x1b[33m", "error": "\x1b[31m"}
_QUIET, _NAME, _PLAIN = "\x1b[2m", "\x1b[36m", "\x1b[0m"


def terminal_line(
    stamp: str, level: str, event: str, values: Mapping[str, Any], colours: bool
) -> str:
    """Return one aligned line for a terminal: time, zone, text; a mark where it went wrong."""
    zone = printable(whose(event, values)).ljust(ZONE_WIDTH)
    text = _MARKS.get(level, "") + tell(event, values)
    if not colours:
        return f"{stamp}  {zone} │ {text}"
    loud = _LEVEL_COLOURS.get(level)
    text = f"{loud}{text}{_PLAIN}" if loud else text
    return f"{_QUIET}{stamp}{_PLAIN}  {_NAME}{zone}{_PLAIN} {_QUIET}│{_PLAIN} {text}"


def journal_line(level: str, event: str, values: Mapping[str, Any]) -> str:
    """Return one line for the journal, which adds time and name itself."""
    priority = _PRIORITIES.get(level, 6)
    return f"<{priority}>{printable(whose(event, values))}: {tell(event, values)}"
