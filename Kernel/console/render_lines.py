"""Show one event, or one line of a log, to people: when, where, what.

Owns: how a line of `kernel-events` and `logs` looks. Does not own: whole answers (`render.py`),
JSON (`output.py`). A line is cut by nobody, and whole in a pipe, so that grep sees all.
"""

import os
from collections.abc import Mapping
from typing import TextIO

import click

from Kernel.console.folding import columns_of, fold
from Kernel.console.values import MISSING, clean, fields_of, whole, word
from Kernel.contract.event_words import pairs

Fields = Mapping[str, object]

_COLOURS = {"warning": "yellow", "error": "red"}
_SHAPES = {"info": "●", "warning": "▲", "error": "✕"}
_VALUE_MAX = 300
_INDENT = 13
"""What is told of a line stands to the right of its time."""


def show_line(lines: str, fields: Fields, out: TextIO) -> None:
    """Write one line; colour only where `out` is a terminal that wants it.

    Args:
        lines: "events" or "lines", as the table calls them.
    """
    text = _event(fields) if lines == "events" else _log_line(fields)
    text = fold(text, columns_of(out), indent=_INDENT)
    level = word(fields, "level")
    coloured = out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    click.echo(click.style(text, fg=_COLOURS[level]) if coloured and level in _COLOURS else text)


def _event(fields: Fields) -> str:
    place = word(fields, "position")
    tick = whole(fields, "tick")
    payload = fields_of(fields, "payload")
    values = "  ".join(clean(pair, _VALUE_MAX) for pair in pairs(payload))
    shape = _SHAPES.get(word(fields, "level"), "○")
    head = f"{_time(fields)} #{place:<5} {shape} {word(fields, 'zone'):<8} {word(fields, 'kind')}"
    when = "" if tick == MISSING else f"tick {tick}"
    return "  ".join(part for part in (head, when, values) if part)


def _log_line(fields: Fields) -> str:
    line = fields.get("line")
    text = clean(line, 4096) if isinstance(line, str) else word(fields, "kind")
    mark = "│" if fields.get("source") == "stderr" else "◉"
    return f"{_time(fields)} {word(fields, 'zone'):<8} {mark} {text}"


def _time(fields: Fields) -> str:
    """Return the time of day, UTC, of an ISO date; blanks where there is none."""
    _, _, time = word(fields, "time").partition("T")
    return f"{time.removesuffix('Z'):<12}"
