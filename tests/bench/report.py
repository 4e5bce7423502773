"""What a bench found: rows of figures, and goals that are met or not.

Owns: the form of a report, as data, JSON and text. Does not own: measuring, nor any goal's value.
"""

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]

Cell = str | int | float | bool | None
Row = Mapping[str, Cell]


class CannotMeasure(Exception):
    """The bench cannot do its work: the message begins with "cannot" and says why."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure and what it should be.

    Args:
        value: what was measured; None: it could not be, and `met` is False.
        goal: the limit, in the same unit.
        met: whether the value is on the right side of the limit.
    """

    name: str
    value: float | None
    goal: float
    unit: str
    met: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What one bench found.

    Args:
        name: the bench.
        rows: figures, each row self-explaining by its keys; keys carry units.
        goals: figures with a limit.
    """

    name: str
    rows: Sequence[Row]
    goals: Sequence[Goal]


def at_most(name: str, value: float | None, goal: float, unit: str) -> Goal:
    """Return a goal that is met when the value does not exceed it."""
    return Goal(name, value, goal, unit, value is not None and value <= goal)


def at_least(name: str, value: float | None, goal: float, unit: str) -> Goal:
    """Return a goal that is met when the value reaches it."""
    return Goal(name, value, goal, unit, value is not None and value >= goal)


def to_document(report: Report, commit: str, machine: Row) -> dict[str, object]:
    """Return the one JSON document of a bench."""
    return {
        "name": report.name,
        "commit": commit,
        "machine": dict(machine),
        "rows": [dict(row) for row in report.rows],
        "goals": [asdict(goal) for goal in report.goals],
    }


def print_report(report: Report, commit: str, machine: Row, console: Console) -> None:
    """Print a report for people: figures first, then goals."""
    console.print(
        f"[bold]{report.name}[/bold]  {commit}  {machine['cpu']}, {machine['cores']} cores"
    )
    for columns, rows in group_rows(report.rows):
        table = Table(box=None, pad_edge=False)
        for column in columns:
            numeric = all(isinstance(row[column], int | float) for row in rows)
            table.add_column(column, justify="right" if numeric else "left")
        for row in rows:
            table.add_row(*(format_cell(row[column]) for column in columns))
        console.print(table)
    for goal in report.goals:
        mark = "[green]met    [/green]" if goal.met else "[red]not met[/red]"
        value = "not measured" if goal.value is None else format_cell(goal.value)
        console.print(f"{mark}  {goal.name}: {value} (goal {format_cell(goal.goal)} {goal.unit})")


def group_rows(rows: Sequence[Row]) -> list[tuple[tuple[str, ...], list[Row]]]:
    """Put neighbouring rows with the same keys together: one table each."""
    groups: list[tuple[tuple[str, ...], list[Row]]] = []
    for row in rows:
        columns = tuple(row)
        if groups and groups[-1][0] == columns:
            groups[-1][1].append(row)
        else:
            groups.append((columns, [row]))
    return groups


def format_cell(cell: Cell) -> str:
    """Return a figure with four significant digits, or the words as they are."""
    if cell is None:
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.4g}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def read_commit() -> str:
    """Return the commit that is measured, with `-dirty` when files differ from it."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )
    return done.stdout.strip() or "unknown"


def describe_machine() -> Row:
    """Return what the figures depend on."""
    return {
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
