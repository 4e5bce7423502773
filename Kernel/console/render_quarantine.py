"""Show what is in quarantine, and what went there or came out of it.

Owns: how these answers look on a terminal. Does not own: what is in them
(`trait_commands.py`).
"""

from rich.text import Text

from Kernel.console.paint import Page, new_table, print_hint, print_table, state_text
from Kernel.console.values import Fields, fields_of, rows_of, whole, word


def show_quarantine(result: Fields, console: Page) -> None:
    """Show the list, or one that was put there."""
    if "quarantine" not in result:
        _show_switched("quarantined", result, console)
        return
    rows = rows_of(result, "quarantine")
    if not rows:
        console.print(Text("○ nothing is in quarantine"), soft_wrap=True)
        return
    table = new_table()
    table.add_column("trait")
    for name in ("version", "since tick"):
        table.add_column(name, justify="right")
    for name in ("mutation", "why"):
        table.add_column(name)
    for row in rows:
        table.add_row(
            word(row, "name"), word(row, "version"), whole(row, "since"),
            word(row, "mutation_id"), word(row, "why"),
        )  # fmt: skip
    print_table(table, console)
    print_hint(f"molt release {word(rows[0], 'name')}", console)


def show_released(result: Fields, console: Page) -> None:
    """Show one that came out."""
    _show_switched("released", result, console)
    if not result.get("pending"):
        print_hint("molt trait add FILE", console)


def _show_switched(what: str, result: Fields, console: Page) -> None:
    name, version = word(result, "name"), word(result, "version")
    if result.get("pending"):
        at_tick = whole(fields_of(result, "pending"), "at_tick")
        line = f"  {name} v{version} is {what} at tick {at_tick}"
        console.print(Text.assemble(state_text("pending"), line), soft_wrap=True)
        if result.get("paused") is True:
            print_hint("molt resume", console)
        return
    back = word(result, "rollback_to") if result.get("rollback_to") else ""
    then = f"; its carriers go back to {back}" if back and back != "none" else ""
    tick = whole(result, "applied_at_tick")
    console.print(Text(f"○ {what}  {name} v{version} at tick {tick}{then}"), soft_wrap=True)
