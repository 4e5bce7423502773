"""How answers are laid on a terminal: shapes and colours of states, folded lines, tables, hints.

Owns: the few forms all answers are made of. Does not own: which answer has which (`render.py`,
`render_trial.py`), values as words (`values.py`). Imported only when something is shown to a
person, since rich costs half of a one-shot's time.
"""

from collections.abc import Callable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from Kernel.console.folding import fold
from Kernel.console.values import MISSING, clean

DOT = " · "
_GOOD = (
    "ok",
    "now",
    "next tick",
    "running",
    "ready",
    "healthy",
    "active",
    "ticking",
    "reached",
    "served",
    "accepted",
)
_WARN = (
    "warn", "degraded", "late", "waiting", "restarting", "starting", "draining", "backoff",
    "suspect", "suspended", "pending", "next process", "next generation", "succession", "takeover",
    "stopping", "throttled",
)  # fmt: skip
_BAD = (
    "fail",
    "dead",
    "refused",
    "failed",
    "crashed",
    "lost",
    "hung",
    "killed",
    "safe mode",
    "quarantined",
)
_SHAPES = {"good": ("●", "green"), "warn": ("▲", "yellow"), "bad": ("✕", "red")}


class Page(Console):
    """Where an answer is written.

    Attributes:
        pasteable: turns a hint into the command line that works where the person is.
    """

    pasteable: Callable[[str], str] = str

    def on_broken_pipe(self) -> None:
        """Leave the closed pipe to the command line; rich would exit with 1, our bugs' code."""
        raise BrokenPipeError


def state_text(state: str) -> Text:
    """Return a state as shape, word and colour."""
    mood = (
        "good" if state in _GOOD else "warn" if state in _WARN else "bad" if state in _BAD else ""
    )
    shape, colour = _SHAPES.get(mood, ("○", ""))
    return Text(f"{shape} {state}", style=colour)


def print_folded(line: Text, console: Page, indent: int) -> None:
    """Print a line that breaks between words on a terminal, with what follows moved in."""
    if console.is_terminal and len(line) > console.width:
        broken, place = Text(), 0
        for part in fold(line.plain, console.width, indent).split("\n"):
            start = line.plain.index(part.strip(), place)
            broken.append("\n" + " " * indent if place else line.plain[:start])
            place = start + len(part.strip())
            broken.append_text(line[start:place])
        line = broken
    console.print(line, soft_wrap=True)


def print_table(table: Table, console: Page) -> None:
    """Print a table without the blanks that rich puts at the ends of lines."""
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        console.file.write(line.rstrip() + "\n")


def print_facts(rows: list[tuple[str, Text, list[str]]], console: Page) -> None:
    """Print name, state and facts in columns; a line breaks between facts, never inside one.

    By hand, since rich takes the thin space in a number for a place to break.
    """
    name_cells = max(len(name) for name, _, _ in rows)
    state_cells = max(len(state) for _, state, _ in rows)
    indent = " " * (name_cells + state_cells + 6)
    for name, state, facts in rows:
        line = Text.assemble(f"  {name:<{name_cells}}  ", state)
        line.append(" " * (state_cells - len(state) + 2))
        used = len(indent)
        for place, fact in enumerate(facts):
            if place and used + len(DOT) + len(fact) > console.width:
                line.append(f"\n{indent}")
                used = len(indent)
            elif place:
                line.append(DOT)
                used += len(DOT)
            line.append(fact)
            used += len(fact)
        line.rstrip()
        console.print(line, soft_wrap=True)


def facts_of(*facts: tuple[str, str, str]) -> list[str]:
    """Join (before, value, after) triples, without those whose value is missing."""
    return [f"{before}{value}{after}" for before, value, after in facts if value != MISSING]


def print_hint(words: str, console: Page, indent: int = 2) -> None:
    """Print what helps, as it can be pasted; nothing where nothing does."""
    if words not in ("", MISSING):
        hint = clean(console.pasteable(words))
        console.print(Text(f"{' ' * indent}hint: {hint}", style="dim"), soft_wrap=True)


def new_table() -> Table:
    """Return a table without lines."""
    return Table(box=None, pad_edge=True, header_style="dim", show_edge=False)
