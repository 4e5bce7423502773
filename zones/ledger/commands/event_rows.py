"""Events as people read them on a terminal: one line for each, a date where the day changes.

Owns: the columns. Does not own: sentences (`Kernel/contract/event_words.py`), what is shown.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TextIO

from Kernel.contract.event_words import THIN_SPACE, grouped, printable
from zones.runtime.command_errors import pasteable
from zones.runtime.ledger_event import LedgerEvent

SHAPES: Final = {"info": "○", "warning": "▲", "error": "✕"}
"""State is shape and word; colour only repeats it."""
_COLOURS: Final = {"warning": "\x1b[33m", "error": "\x1b[31m"}
_QUIET, _PLAIN = "\x1b[2m", "\x1b[0m"
TICK_WIDTH: Final = 9
ZONE_WIDTH: Final = 8
KIND_WIDTH: Final = 18
SENTENCE_MIN: Final = 24
SENTENCE_MAX: Final = 400
HEAD: Final = (
    f"{'time':<8} {'tick':>{TICK_WIDTH}} {'zone':<{ZONE_WIDTH}}   {'kind':<{KIND_WIDTH}} what"
)


class EventRows:
    """Writes events as rows, in the order they come.

    Args:
        out: where to; on a terminal a row is cut to its width, elsewhere nothing is cut.
        environment: NO_COLOR and FORCE_COLOR count.

    Attributes:
        width: columns of the terminal, 0 where it is none.
    """

    def __init__(self, out: TextIO, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        self._out = out
        is_terminal = out.isatty()
        self.width = shutil.get_terminal_size().columns if is_terminal else 0
        self.colours = (is_terminal or bool(environment.get("FORCE_COLOR"))) and not (
            environment.get("NO_COLOR")
        )
        self._day = ""

    def show(self, event: LedgerEvent) -> None:
        """Write one row."""
        day, _, time = event.time.partition("T")
        if day != self._day:
            self._day = day
            self._out.write(self._quiet(f"── {day} UTC ──") + "\n")
        tick = "" if event.tick is None else grouped(event.tick)
        place = f"#{event.position}"
        shape = SHAPES.get(event.level, "○")
        zone, kind = printable(event.about or event.zone), printable(event.kind)
        head = (
            f"{time[:8]:<8} {tick:>{TICK_WIDTH}} {zone:<{ZONE_WIDTH}} {shape} {kind:<{KIND_WIDTH}} "
        )
        room = self.width - len(head) - len(place) - 2 if self.width else SENTENCE_MAX
        sentence = shorten(event.sentence(), max(room, SENTENCE_MIN))
        loud = _COLOURS.get(event.level) if self.colours else None
        if loud:
            head = head.replace(shape, f"{loud}{shape}{_PLAIN}", 1)
            sentence = f"{loud}{sentence}{_PLAIN}"
        self._out.write(f"{head}{sentence}  {self._quiet(place)}\n")

    def _quiet(self, text: str) -> str:
        return f"{_QUIET}{text}{_PLAIN}" if self.colours else text


def shorten(text: str, room: int) -> str:
    """Return a text cut to so many characters, with a sign that it was."""
    return text if len(text) <= room else text[: max(room - 1, 0)] + "…"


def count_of(number: int, word: str) -> str:
    """Return "1 event", "2 events"."""
    return f"{grouped(number)}{THIN_SPACE}{word}{'' if number == 1 else 's'}"


def hint(text: str, command: str = "", home: Path | None = None) -> None:
    """Say something on stderr, with the command that helps, about that home."""
    command = pasteable(command, home)
    print(text if not command else f"{text}   hint: {command}", file=sys.stderr, flush=True)
