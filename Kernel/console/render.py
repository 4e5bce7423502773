"""Show the kernel's answers to people: shape, word and colour, units, numbers to the right.

Owns: how each command's result looks on a terminal. Does not own: what is in it (the kernel) nor
JSON output (`cli.py`). Imported only when something is shown to a person, since rich costs half of
a one-shot's time. A key that is missing shows as a dash; text that came from a zone is stripped
of control characters, so that it cannot steer the terminal.
"""

from collections.abc import Callable, Mapping
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from Kernel.console.values import (
    MISSING,
    amount,
    clean,
    count,
    fields_of,
    mib,
    milliseconds,
    rows_of,
    span,
    whole,
    word,
)

Fields = Mapping[str, object]

_PIPE_WIDTH = 200
_GOOD = ("running", "ready", "healthy", "active", "ticking", "reached", "served")
_WARN = (
    "degraded", "late", "waiting", "restarting", "starting", "draining", "backoff", "suspect",
    "pending", "succession", "takeover", "stopping",
)  # fmt: skip
_BAD = ("dead", "failed", "crashed", "lost", "hung", "killed", "safe mode", "quarantined")
_SHAPES = {"good": ("●", "green"), "warn": ("▲", "yellow"), "bad": ("✕", "red")}
_SIGNALS = {"kill": "SIGKILL", "stop": "SIGSTOP", "segfault": "SIGSEGV", "hang": "endless loop"}


def show(command: str, result: Fields, out: TextIO) -> None:
    """Write the result of a command for a person; colour only where `out` is a terminal.

    NO_COLOR, FORCE_COLOR and TERM=dumb are honoured (by rich).
    """
    console = Console(file=out, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        # A pipe has no width; 80 would cut tables that a file or grep can take whole.
        console.width = _PIPE_WIDTH
    _SHOWN[command](result, console)


def state_text(state: str) -> Text:
    """Return a state as shape, word and colour."""
    mood = (
        "good" if state in _GOOD else "warn" if state in _WARN else "bad" if state in _BAD else ""
    )
    shape, colour = _SHAPES.get(mood, ("○", ""))
    return Text(f"{shape} {state}", style=colour)


def _show_status(result: Fields, console: Console) -> None:
    kernel, world = fields_of(result, "kernel"), fields_of(result, "world")
    grid = _grid(3)
    state = "safe mode" if kernel.get("safe_mode") is True else word(kernel, "state")
    grid.add_row("kernel", state_text(state), _facts(
        ("up ", span(kernel.get("uptime_s")), ""), ("", mib(kernel, "memory_mb"), ""),
        ("grade ", word(kernel, "grade"), ""), ("pid ", word(kernel, "pid"), ""),
    ))  # fmt: skip
    if world:
        paused = world.get("paused") is True
        grid.add_row("world", state_text("paused" if paused else "ticking"), _facts(
            ("tick ", whole(world, "tick"), ""), ("", count(world, "population", "molbot"), ""),
            ("", amount(world, "ticks_per_s", 1), "/s"),
            ("p99 ", milliseconds(world, "p99_tick_ms"), ""),
            ("", whole(world, "missed_ticks"), " missed"),
            ("hash ", word(world, "hash") if paused else MISSING, ""),
        ))  # fmt: skip
    for zone in rows_of(result, "zones"):
        heir = "heir ready" if isinstance(zone.get("heir_pid"), int) else MISSING
        grid.add_row(word(zone, "name"), state_text(word(zone, "state")), _facts(
            ("pid ", word(zone, "pid"), ""), ("", heir, ""), ("", mib(zone, "memory_mb"), ""),
            ("", amount(zone, "cpu_percent", 0), " % cpu"),
            ("", count(zone, "restarts", "restart") if zone.get("restarts") else MISSING, ""),
            ("", word(zone, "why"), ""),
        ))  # fmt: skip
    _print_table(grid, console)
    for fault in rows_of(result, "degraded"):
        line = Text.assemble(
            "  ", state_text("degraded"), f"  {word(fault, 'what')}: {word(fault, 'why')}"
        )
        console.print(line, soft_wrap=True)
        _hint(word(fault, "hint"), console)


def _show_ps(result: Fields, console: Console) -> None:
    table = _table()
    table.add_column("zone")
    table.add_column("state")
    for name in ("pid", "heir", "zygote", "restarts", "epoch", "cpu", "memory"):
        table.add_column(name, justify="right")
    table.add_column("doing", no_wrap=False, overflow="fold")
    for zone in rows_of(result, "zones"):
        cpu = amount(zone, "cpu_percent", 0)
        doing = word(zone, "doing")
        table.add_row(
            word(zone, "name"), state_text(word(zone, "state")), word(zone, "pid"),
            word(zone, "heir_pid"), word(zone, "zygote_pid"), whole(zone, "restarts"),
            whole(zone, "epoch"), cpu if cpu == MISSING else f"{cpu} %", mib(zone, "memory_mb"),
            doing if doing != MISSING else word(zone, "why"),
        )  # fmt: skip
    _print_table(table, console)


def _show_params(result: Fields, console: Console) -> None:
    if "params" not in result:
        _show_param(result, console)
        return
    table = _table()
    table.add_column("parameter")
    table.add_column("value", justify="right")
    table.add_column("unit")
    table.add_column("from", justify="right")
    table.add_column("to", justify="right")
    for row in rows_of(result, "params"):
        table.add_row(
            word(row, "key"), amount(row, "value"), word(row, "unit") if row.get("unit") else "",
            amount(row, "min"), amount(row, "max"),
        )  # fmt: skip
    _print_table(table, console)
    _hint("molt params KEY VALUE", console)


def _show_param(result: Fields, console: Console) -> None:
    unit = word(result, "unit")
    words = f"{word(result, 'key')} = {amount(result, 'value')}"
    words += "" if unit in (MISSING, "") else f" {unit}"
    bounds = f"  ({amount(result, 'min')} to {amount(result, 'max')})"
    line = Text(words, style="bold").append(bounds, style="not bold dim")
    if result.get("pending"):
        line.append("  ").append_text(state_text("pending"))
    elif "applied_at_tick" in result:
        line.append(f"  applied at tick {whole(result, 'applied_at_tick')}", style="not bold")
    console.print(line, soft_wrap=True)
    if result.get("pending") is True:
        _hint("molt resume, or molt step: the next tick applies it", console)


def _tick_line(state: str) -> Callable[[Fields, Console], None]:
    def show_tick(result: Fields, console: Console) -> None:
        line = Text.assemble(state_text(state), f" at tick {whole(result, 'tick')}")
        if result.get("hash"):
            line.append(f"  hash {word(result, 'hash')}", style="dim")
        console.print(line, soft_wrap=True)

    return show_tick


def _show_drill(result: Fields, console: Console) -> None:
    zone, kind = word(result, "zone"), word(result, "kind")
    grid = _grid(2)
    grid.columns[0].justify = "right"
    noticed, served = milliseconds(result, "noticed_ms"), milliseconds(result, "served_ms")
    grid.add_row("0.0 ms", f"{zone}: {kind} ({_SIGNALS.get(kind, kind)})")
    grid.add_row(noticed, "noticed")
    grid.add_row(served, "served again")
    _print_table(grid, console)
    missed = result.get("missed_ticks")
    ticks = f"  tick {whole(result, 'tick_before')} → {whole(result, 'tick_after')}"
    line = Text.assemble(
        ticks,
        " · ",
        (f"{whole(result, 'missed_ticks')} missed", "green" if missed == 0 else "yellow"),
        f" · epoch {whole(result, 'epoch')}",
    )
    console.print(line, soft_wrap=True)


def _show_soft_restart(result: Fields, console: Console) -> None:
    line = Text.assemble(state_text("ready"), f" {word(result, 'zone')}: its heir goes on")
    facts = _facts(
        ("tick ", whole(result, "tick"), ""),
        ("", whole(result, "missed_ticks"), " missed"),
        ("epoch ", whole(result, "epoch"), ""),
    )
    console.print(line.append(f"  {facts}"), soft_wrap=True)


def _show_shutdown(result: Fields, console: Console) -> None:
    line = Text("○ stopped")
    if "tick" in result:
        line.append(f" at tick {whole(result, 'tick')}")
    console.print(line, soft_wrap=True)
    _hint("python manifest.py", console)


def _print_table(table: Table, console: Console) -> None:
    """Print a table without the blanks that rich puts at the ends of lines."""
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        console.file.write(line.rstrip() + "\n")


def _facts(*facts: tuple[str, str, str]) -> str:
    """Join (before, value, after) triples, without those whose value is missing."""
    shown = [f"{before}{value}{after}" for before, value, after in facts if value != MISSING]
    return " · ".join(shown)


def _hint(words: str, console: Console) -> None:
    if words not in ("", MISSING):
        console.print(Text(f"  hint: {clean(words)}", style="dim"), soft_wrap=True)


def _grid(columns: int) -> Table:
    grid = Table.grid(padding=(0, 2), pad_edge=True)
    for _ in range(columns - 1):
        grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    return grid


def _table() -> Table:
    return Table(box=None, pad_edge=True, header_style="dim", show_edge=False)


_SHOWN: dict[str, Callable[[Fields, Console], None]] = {
    "status": _show_status,
    "ps": _show_ps,
    "params": _show_params,
    "pause": _tick_line("paused"),
    "resume": _tick_line("running"),
    "step": _tick_line("paused"),
    "wait": _tick_line("reached"),
    "drill": _show_drill,
    "soft-restart": _show_soft_restart,
    "shutdown": _show_shutdown,
}
