"""Show what became of a module version, and how it stands in `molt status`.

Owns: how these answers look on a terminal. Does not own: what is in them
(`Kernel/core/module_update.py`).
"""

from rich.text import Text

from Kernel.console.paint import Page, print_hint, state_text
from Kernel.console.values import Fields, whole, word


def show_update(result: Fields, console: Page) -> None:
    """Show that all zones run a version."""
    name = word(result, "candidate")
    if result.get("candidate") is None:
        line = f"  all zones run version {word(result, 'active')}; it is kept"
        console.print(Text.assemble(state_text("ready"), line), soft_wrap=True)
        return
    until = whole(result, "until_tick")
    line = f"  all zones run version {name}; it is under guard until tick {until}"
    console.print(Text.assemble(state_text("ready"), line), soft_wrap=True)
    print_hint("molt update status", console)


def show_rolled_back(result: Fields, console: Page) -> None:
    """Show what was taken back, and what serves."""
    gone, serves = word(result, "taken_back"), word(result, "serves")
    console.print(Text(f"○ taken back  {gone}; {serves} serves"), soft_wrap=True)


def update_facts(update: Fields) -> list[str]:
    """Return the facts of a line of `molt status`; nothing while no version is on its way."""
    if update.get("stage") not in ("next_stable", "guard"):
        return []
    attempts = update.get("attempts")
    again = f", attempt {whole(update, 'attempts')}" if attempts not in (0, 1) else ""
    return [f"module version {word(update, 'candidate')}{again}"]
