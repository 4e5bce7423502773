"""How `molt doctor cage` looks: layer by profile, what does not hold, what each zone takes.

Owns: the two tables. Does not own: what holds (`Kernel/core/cage_report.py`), the limits
(`Kernel/core/zone_limits.py`).
"""

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from Kernel.console.paint import (
    Page,
    new_table,
    print_folded,
    print_hint,
    print_table,
    state_text,
)
from Kernel.console.values import MISSING, clean, fields_of, number, rows_of, word

Fields = Mapping[str, object]
UNKNOWN = "-"
HOLDS, LACKS, UNUSED = "●", "✕", "·"
_STATES = {"A": "ok", "B": "ok", "C": "warn", UNKNOWN: "starting"}
_COUNTED = (
    "  memory here is what counts for the limit: the pages the control group has been charged for. "
    "molt status and ps show what the active process has resident, with all it shares."
)
_USED = (
    ("memory", "memory_mb", "MB"),
    ("cpu", "cpu_percent", "%"),
    ("processes", "processes", ""),
    ("descriptors", "descriptors", ""),
)


def show_cage(result: Fields, console: Page) -> None:
    """Show the answer to `doctor cage`."""
    grade = word(result, "grade")
    state = state_text(_STATES.get(grade, "fail"))
    line = Text.assemble("  ", state, f"  grade {grade}: {word(result, 'means')}")
    print_folded(line, console, indent=4)
    _show_layers(result, console)
    _show_gaps(result, console)
    _show_groups(fields_of(result, "groups"), console)
    _show_zones(rows_of(result, "zones"), console)
    _show_pool(fields_of(result, "pool"), console)


def _show_layers(result: Fields, console: Page) -> None:
    applied = {name: _texts(row) for name, row in fields_of(result, "applied").items()}
    layers = rows_of(result, "layers")
    if not layers:
        return
    table = _narrow_table()
    table.add_column("layer")
    for name in applied:
        table.add_column(clean(name), justify="center")
    details = []
    for layer in layers:
        held, name = layer.get("held") is True, word(layer, "layer")
        mark = HOLDS if held else LACKS
        table.add_row(name, *(mark if name in row else UNUSED for row in applied.values()))
        told = word(layer, "detail") if held else word(layer, "why")
        if told not in ("", MISSING):
            details.append(f"  {mark} {name}: {told}")
    print_table(table, console)
    words = f"  {HOLDS} holds, {LACKS} is missing here, {UNUSED} is not used by that profile"
    console.print(Text(words, style="dim"), soft_wrap=True)
    for detail in details:
        print_folded(Text(detail), console, indent=4)


def _show_gaps(result: Fields, console: Page) -> None:
    """List what no layer holds: honest where others would be silent."""
    used = {word(zone, "cage") for zone in rows_of(result, "zones")} | {"sealed", "compile"}
    gaps = fields_of(result, "not_held")
    for profile in gaps:
        for gap in _texts(gaps[profile]) if profile in used else ():
            print_folded(Text(f"  ▲ {clean(profile)}: not held: {clean(gap)}"), console, indent=4)
    if "none" in used:
        names = [
            word(zone, "name") for zone in rows_of(result, "zones") if word(zone, "cage") == "none"
        ]
        words = f"  ▲ in no cage: {', '.join(names)}"
        print_folded(Text(words), console, indent=4)


def _show_groups(groups: Fields, console: Page) -> None:
    version = number(groups.get("version"))
    if version is not None:
        console.print(Text(f"  ● control groups of version {version:.0f}"), soft_wrap=True)
    for each in rows_of(groups, "missing"):
        words = f"  ▲ no control group holds {word(each, 'what')}: {word(each, 'why')}"
        print_folded(Text(words), console, indent=4)
        print_hint(word(each, "hint"), console, indent=4)


def _show_zones(zones: list[Fields], console: Page) -> None:
    table = _narrow_table()
    for name in ("zone", "cage"):
        table.add_column(name)
    for name, _, unit in _USED:
        table.add_column(f"{name}\n{unit}".rstrip(), justify="right")
    table.add_column("file\nMB", justify="right")
    table.add_column("in\ngroups", justify="right")
    for zone in zones:
        used, limits = fields_of(zone, "used"), fields_of(zone, "limits")
        table.add_row(
            word(zone, "name"),
            word(zone, "cage"),
            *(f"{_amount(used.get(key))} / {_limit(limits.get(key))}" for _, key, _ in _USED),
            _limit(limits.get("file_mb")),
            f"{word(zone, 'grouped')} of {word(zone, 'processes')}",
        )
    print_table(table, console)
    print_folded(Text(_COUNTED, style="dim"), console, indent=2)


def _show_pool(pool: Fields, console: Page) -> None:
    """Say what there is for all zones together; limits are no reservations."""
    memory_mb, given_mb = (_amount(pool.get(key)) for key in ("memory_mb", "memory_given_mb"))
    told = pool.get("cores")
    cores = len(told) if isinstance(told, list) else 0
    if MISSING in (memory_mb, given_mb) or not cores:
        return
    words = f"  zones share {memory_mb} MB and {cores} cores; their limits come to {given_mb} MB."
    console.print(Text(words.replace(" 1 cores", " 1 core"), style="dim"), soft_wrap=True)


def _narrow_table() -> Table:
    """Return a table whose columns stand one blank apart: all of them fit in 80 columns."""
    table = new_table()
    table.collapse_padding = True
    return table


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _amount(value: object) -> str:
    found = number(value)
    return MISSING if found is None else f"{found:.0f}"


def _limit(value: object) -> str:
    """Return a limit; 0 is none."""
    return _amount(value) if number(value) else "∞"
