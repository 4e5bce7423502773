"""Mutations in words: verdicts, effects, ages, rows of a table.

Owns: these words. Does not own: what is in them (`zones/agents/mutation.py`). Pure.
Much of it comes from models: nothing in it may steer a terminal.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from Kernel.contract.event_words import grouped, printable
from zones.agents.mutation import (
    APPLIED,
    KEPT,
    PROPOSED,
    QUARANTINED,
    REFUSED,
    ROLLED_BACK,
    VALIDATED,
    Mutation,
)
from zones.runtime.command_errors import pasteable

SHAPES: Final[Mapping[str, str]] = {
    PROPOSED: "○",
    VALIDATED: "○",
    REFUSED: "✕",
    APPLIED: "●",
    KEPT: "●",
    ROLLED_BACK: "↩",
    QUARANTINED: "▲",
}
"""State is shape and word."""
NOTHING: Final = "-"
REASON_MAX: Final = 60
_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def verdict(mutation: Mutation) -> str:
    """Return what it came to: a shape and a word."""
    word = mutation.status.replace("_", " ")
    gone = ", removed" if mutation.removed_at_tick is not None else ""
    return f"{SHAPES.get(mutation.status, '○')} {word}{gone}"


def came_to(mutation: Mutation) -> str:
    """Return the effect it has, or why it is not there any more."""
    if mutation.status in (APPLIED, KEPT, PROPOSED, VALIDATED):
        return effect_words(mutation.effect) if mutation.effect else NOTHING
    return shorten(why_words(mutation), REASON_MAX)


def why_words(mutation: Mutation) -> str:
    """Return why it failed, in short: stage, reason and line."""
    line = f" (line {mutation.line})" if mutation.line else ""
    stage = f"{mutation.stage}: " if mutation.stage else ""
    return printable(f"{stage}{mutation.reason or 'no reason was told'}{line}")


def effect_words(effect: Mapping[str, Any]) -> str:
    """Return an effect with its interval, in percent of the control where there is one."""
    metric = printable(str(effect.get("metric", "")))
    control, mean = _number(effect.get("control")), _number(effect.get("mean"))
    low, high = _number(effect.get("low")), _number(effect.get("high"))
    if mean is None:
        return f"{metric} {NOTHING}"
    scale, unit = (100 / control, " %") if control else (1.0, "")
    if low is None or high is None:
        return f"{metric} {mean * scale:+.1f}{unit}, no interval"
    return f"{metric} {mean * scale:+.1f}{unit} [{low * scale:+.1f}, {high * scale:+.1f}]"


def age_words(seconds: float) -> str:
    """Return how long ago, in its largest unit."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "now"


def tick_words(tick: int | None) -> str:
    """Return "tick 4 200", or a dash."""
    return NOTHING if tick is None else f"tick {grouped(tick)}"


def table_lines(head: Sequence[str], rows: Sequence[Sequence[str]], width: int = 0) -> list[str]:
    """Return rows below a head, in columns; cut to a width where it is not 0."""
    clean = [tuple(printable(cell) for cell in row) for row in (head, *rows)]
    widths = [max(len(row[column]) for row in clean) for column in range(len(head))]
    lines = [
        "  ".join(f"{cell:<{size}}" for cell, size in zip(row, widths, strict=True)).rstrip()
        for row in clean
    ]
    return [shorten(line, width) if width else line for line in lines]


def shorten(text: str, room: int) -> str:
    """Return a text cut to so many characters, with a sign that it was."""
    return text if len(text) <= room else text[: max(room - 1, 0)] + "…"


def look(home: Path, *commands: str) -> None:
    """Say on stderr where to look next."""
    told = " · ".join(pasteable(command, home) for command in commands)
    print(f"look: {told}", file=sys.stderr, flush=True)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)
