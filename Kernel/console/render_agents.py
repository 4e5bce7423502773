"""Show the agents to people: who thinks, what each does, where the mission is.

Owns: how these look on a terminal. Does not own: what is in them (`zones/agents/report.py`).
"""

from rich.text import Text

from Kernel.console.paint import (
    Page,
    new_table,
    print_facts,
    print_folded,
    print_hint,
    print_table,
    state_text,
)
from Kernel.console.values import Fields, clean, count, fields_of, rows_of, span, whole, word

_FAILURES_SHOWN = 4


def show_agents(result: Fields, console: Page) -> None:
    """Show the author, a row for each agent, the mission, what was spent."""
    author, spent = fields_of(result, "author"), fields_of(result, "spent")
    name, model = word(author, "name"), author.get("model")
    who = f"{name}, {clean(str(model))}" if model else name
    state = "ready" if name != "none" else "degraded"
    rows = [("author", state_text(state), [who, word(author, "why")])]
    rows.append(("mission", *_mission_facts(result)))
    facts = [count(spent, "thoughts", "thought"), count(spent, "tokens", "token")]
    facts.append(span(spent.get("seconds")))
    rows.append(("spent", Text(), facts))
    rows.append(("so far", Text(), _count_facts(fields_of(result, "counts"))))
    print_facts(rows, console)
    print_hint(str(author.get("hint") or ""), console)
    table = new_table()
    for title in ("agent", "doing", "for"):
        table.add_column(title)
    for row in rows_of(result, "agents"):
        for_s = row.get("for_s")
        table.add_row(word(row, "name"), word(row, "doing"), span(for_s) if for_s else "")
    print_table(table, console)
    _show_failures(rows_of(fields_of(result, "mission"), "failures"), console)


def _show_failures(failures: list[Fields], console: Page) -> None:
    """Show what came to nothing in this mission, the newest last, the same one once."""
    times: dict[str, int] = {}
    for failure in failures:
        told = "{}, {}: {}".format(*(word(failure, key) for key in ("what", "stage", "reason")))
        times[told] = times.pop(told, 0) + 1
    if times:
        console.print(Text("  failed in this mission:"))
    for told, count_ in list(times.items())[-_FAILURES_SHOWN:]:
        often = f" ({count_} times)" if count_ > 1 else ""
        print_folded(Text(f"    {told}{often}"), console, indent=6)


def _mission_facts(result: Fields) -> tuple[Text, list[str]]:
    mission = fields_of(result, "mission")
    queue = result.get("queue")
    waiting = len(queue) if isinstance(queue, list) else 0
    waits = [f"{waiting} more wait"] if waiting else []
    if not mission:
        watched = "the Watcher is off" if result.get("evolution") is False else "none"
        return Text(), [watched, *waits]
    tries = f"plan {word(mission, 'plans')}, draft {word(mission, 'drafts')}"
    told = [word(mission, "name"), word(mission, "stage"), tries, word(mission, "description")]
    return state_text("running"), [*told, *waits]


def _count_facts(counts: Fields) -> list[str]:
    names = ("proposed", "applied", "kept", "failed", "rolled_back")
    told = [f"{whole(counts, name)} {name.replace('_', ' ')}" for name in names]
    return [count(counts, "missions", "mission"), *told]


def show_trigger(result: Fields, console: Page) -> None:
    """Show which mission was begun."""
    begun = "begins" if result.get("begun") is True else "waits for the one under way"
    console.print(Text(f"  mission {word(result, 'trigger_id')} {begun}"), soft_wrap=True)
    print_hint("molt agents", console)
