"""How `molt memory` looks: what the kernel remembers over its own restart.

Owns: the table. Does not own: what is in it (`Kernel/memory/contexts.py`).
"""

from rich.text import Text

from Kernel.console.paint import Page, new_table, print_table
from Kernel.console.values import (
    MISSING,
    Fields,
    clean,
    fields_of,
    number,
    rows_of,
    span,
    whole,
    word,
)


def show_memory(result: Fields, console: Page) -> None:
    """Show what is remembered, and what there is room for."""
    rows = rows_of(result, "entries")
    if rows:
        table = new_table()
        for name in ("context", "about"):
            table.add_column(name)
        for name in ("for", "ends in"):
            table.add_column(name, justify="right")
        table.add_column("what", no_wrap=False, overflow="fold")
        for row in rows:
            left_s = row.get("left_s")
            table.add_row(
                word(row, "context"), word(row, "key"), span(row.get("age_s")),
                MISSING if left_s is None else span(left_s), _told(fields_of(row, "value")),
            )  # fmt: skip
        print_table(table, console)
    else:
        console.print(Text("○ nothing is remembered"), soft_wrap=True)
    for context in rows_of(result, "contexts"):
        room = f"{whole(context, 'entries')} of {whole(context, 'entries_max')}"
        line = f"  {word(context, 'name')}: {word(context, 'what')}, {room}"
        console.print(Text(line), soft_wrap=True)
    if number(result.get("refused")):
        console.print(Text(f"  {whole(result, 'refused')} found no room"), soft_wrap=True)
    if result.get("unsaved_why"):
        console.print(Text(f"  cannot write it: {word(result, 'unsaved_why')}"), soft_wrap=True)


def _told(value: Fields) -> str:
    """Return a value for people: its words first, then what is counted."""
    plain = {key: each for key, each in value.items() if each not in (0, "")}
    why = plain.pop("why", "")
    rest = [f"{key.replace('_', ' ')} {each}" for key, each in plain.items()]
    return clean(", ".join(map(str, ([why] if why else []) + rest))) or MISSING
