"""Show a trial to people: the verdict of one, and trials and calls that run and wait.

Owns: how these look on a terminal. Does not own: the words (`trial_words.py`), the forms they are
laid out in (`paint.py`), other answers (`render.py`).
"""

from rich.text import Text

from Kernel.console.paint import (
    Page,
    new_table,
    print_folded,
    print_hint,
    print_table,
    state_text,
)
from Kernel.console.trial_words import (
    call_line,
    cost_lines,
    effect_rows,
    fault_lines,
    findings,
    next_step,
    trial_line,
    verdict_line,
    what_ran,
    where_refused,
)
from Kernel.console.values import Fields, clean, rows_of, word


def show_verdict(result: Fields, console: Page) -> None:
    """Show what a trial says: verdict, what ran, effects, cost, faults, what to do next."""
    state = "accepted" if result.get("accepted") is True else "refused"
    print_folded(Text.assemble(state_text(state), verdict_line(result)), console, indent=2)
    rows = [where_refused(result), what_ran(result), *fault_lines(result), *cost_lines(result)]
    for words in (each for each in rows if each):
        print_folded(Text(f"  {clean(words)}"), console, indent=4)
    if result.get("note"):
        print_folded(Text(f"  {word(result, 'note')}"), console, indent=4)
    if result.get("said"):
        print_folded(Text(f"  it said: {word(result, 'said')}"), console, indent=4)
    show_findings(result, console)
    effects = effect_rows(result)
    if effects:
        table = new_table()
        table.add_column("effect")
        table.add_column("mean", justify="right")
        table.add_column("95 % interval")
        table.add_column("")
        for row in effects:
            table.add_row(*row)
        print_table(table, console)
    print_hint(next_step(result), console)


def show_findings(result: Fields, console: Page) -> None:
    """Show what is clearly more, or fewer, with a trait."""
    for state, words in findings(result):
        shape = state_text(state).plain[0] if state else "○"
        style = "yellow" if state else ""
        print_folded(Text(f"  {shape} {clean(words)}", style=style), console, indent=4)


def show_trial_of(result: Fields, console: Page) -> None:
    """Show what the trial of a trait that came in has found, or that there was none."""
    if result.get("tried") is False:
        print_folded(Text("  ▲ came in without a trial", style="yellow"), console, indent=4)
    for words in fault_lines(result):
        print_folded(Text(f"  {clean(words)}"), console, indent=4)
    show_findings(result, console)


def show_cells(result: Fields, console: Page) -> None:
    """Show the trials and calls that run and wait."""
    cells = [(trial, f"trial of {trial_line(trial)}") for trial in rows_of(result, "trials")]
    cells += [(call, f"call of {call_line(call)}") for call in rows_of(result, "calls")]
    for cell, line in cells:
        state = "waiting" if cell.get("state") == "queued" else "running"
        print_folded(Text.assemble("  ", state_text(state), f"  {line}"), console, indent=4)
