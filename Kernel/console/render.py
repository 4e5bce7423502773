"""Show the kernel's answers to people: shape, word and colour, units, numbers to the right.

Owns: how each command's result looks on a terminal. Does not own: what is in it (the kernel) nor
JSON output (`output.py`). Imported only when something is shown to a person, since rich costs half
of a one-shot's time. A key that is missing shows as a dash; text that came from a zone is stripped
of control characters, so that it cannot steer the terminal.
"""

import json
import sys
from collections.abc import Callable, Mapping
from typing import TextIO

from rich.text import Text

from Kernel.console.paint import (
    DOT,
    Page,
    facts_of,
    new_table,
    print_facts,
    print_folded,
    print_hint,
    print_table,
    state_text,
)
from Kernel.console.render_agents import show_agents, show_trigger
from Kernel.console.render_cage import show_cage
from Kernel.console.render_call import show_call
from Kernel.console.render_memory import show_memory
from Kernel.console.render_quarantine import show_quarantine, show_released
from Kernel.console.render_trial import show_cells, show_trial_of, show_verdict
from Kernel.console.render_update import show_rolled_back, show_update, update_facts
from Kernel.console.trait_words import guard_facts, trait_facts, trait_line
from Kernel.console.values import (
    MISSING,
    amount,
    clean,
    count,
    fields_of,
    mib,
    milliseconds,
    number,
    rows_of,
    span,
    whole,
    word,
)

Fields = Mapping[str, object]

_PIPE_WIDTH = 200
_WIDE = 100
"""From so many columns on, `ps` shows all it knows of a zone's processes."""
_EVENTS_SHOWN_AFTER_S = 2.0
"""The archive takes an event within some milliseconds."""
_DIFFERENCES_SHOWN = 3
_LASTS_S = 60.0
_PHASES_SHOWN = 4
_SIGNALS = {"kill": "SIGKILL", "stop": "SIGSTOP", "segfault": "SIGSEGV", "hang": "endless loop"}


def show(command: str, result: Fields, out: TextIO, pasteable: Callable[[str], str] = str) -> None:
    """Write the result of a command for a person; colour only where `out` is a terminal.

    NO_COLOR, FORCE_COLOR and TERM=dumb are honoured (by rich).

    Args:
        pasteable: turns a hint into the command line that works where the person is.
    """
    console = Page(file=out, highlight=False, markup=False, emoji=False)
    console.pasteable = pasteable
    if not console.is_terminal:
        # A pipe has no width; 80 would cut tables that a file or grep can take whole.
        console.width = _PIPE_WIDTH
    if "would" in result:
        _show_plan(result, console)
    else:
        SHOWN[command](result, console)


def _show_status(result: Fields, console: Page) -> None:
    kernel, world = fields_of(result, "kernel"), fields_of(result, "world")
    state = "safe mode" if kernel.get("safe_mode") is True else word(kernel, "state")
    rows = [("kernel", state_text(state), _kernel_facts(kernel))]
    if world:
        rows.append(("world", state_text(_world_state(world)), _world_facts(world)))
        phases = _phase_facts(world)
        rows += [("", Text(), phases)] if phases else []
        restored = _restored_facts(fields_of(world, "restored"))
        rows += [("", Text(), restored)] if restored else []
        traits = trait_facts(rows_of(world, "traits"))
        rows += [("", Text(), traits)] if traits else []
        guarded = guard_facts(rows_of(result, "guarded"))
        rows += [("", Text(), guarded)] if guarded else []
    update = fields_of(result, "update")
    coming = update_facts(update)
    rows += [("update", state_text(word(update, "stage")), coming)] if coming else []
    for zone in rows_of(result, "zones"):
        rows.append((word(zone, "name"), state_text(_zone_state(zone)), _zone_facts(zone)))
    print_facts(rows, console)
    show_cells(result, console)
    for fault in rows_of(result, "degraded"):
        since = f" (for {span(fault.get('for_s'))})" if _lasts(fault) else ""
        words = f"  {word(fault, 'what')}: {word(fault, 'why')}{since}"
        print_folded(Text.assemble("  ", state_text("degraded"), words), console, indent=4)
        print_hint(word(fault, "hint"), console)
    _show_differences(rows_of(result, "differs"), console)


def _lasts(fault: Fields) -> bool:
    """Tell whether something has not worked for long enough to say so."""
    return (number(fault.get("for_s")) or 0.0) >= _LASTS_S


def _show_differences(rows: list[Fields], console: Page) -> None:
    """Show in what the world is not as its file has it: no fault, and not to be overlooked."""
    for row in rows[:_DIFFERENCES_SHOWN]:
        values = (_config_value(row, key) for key in ("file", "world"))
        words = "  ○ {}: the file says {}, the world has {}".format(word(row, "key"), *values)
        console.print(Text(words), soft_wrap=True)
    if len(rows) > _DIFFERENCES_SHOWN:
        console.print(Text(f"  ○ and {len(rows) - _DIFFERENCES_SHOWN} more"), soft_wrap=True)
    if rows:
        print_hint("molt reload", console)


def _world_state(world: Fields) -> str:
    if world.get("standing") is True:
        return "stands still"
    return "paused" if world.get("paused") is True else "ticking"


def _kernel_facts(kernel: Fields) -> list[str]:
    return facts_of(
        ("up ", span(kernel.get("uptime_s")), ""),
        ("", mib(kernel, "memory_mb"), ""),
        ("grade ", word(kernel, "grade"), ""),
        ("pid ", word(kernel, "pid"), ""),
        ("", _events_that_wait(fields_of(kernel, "events")), ""),
        ("", _code_kept(fields_of(kernel, "function_cache")), ""),
        ("", _refused(fields_of(kernel, "refused")), ""),
    )


def _refused(refused: Fields) -> str:
    """Return how many requests were refused, by road, once one was."""
    roads = [road for road in refused if number(refused[road])]
    told = ", ".join(f"{whole(refused, road)} on the {clean(road)}" for road in roads)
    return f"refused: {told}" if told else MISSING


def _code_kept(cache: Fields) -> str:
    """Return what is kept of compiled files, once something is."""
    if not cache.get("entries"):
        return MISSING
    kept = f"{count(cache, 'entries', 'compiled file')} kept, taken {whole(cache, 'hits')} times"
    harm = f", {whole(cache, 'damaged')} damaged" if cache.get("damaged") else ""
    return kept + harm


def _events_that_wait(events: Fields) -> str:
    """Return how many of the kernel's events are not stored yet, once that takes longer."""
    waits_s = events.get("waits_s")
    if not isinstance(waits_s, int | float) or waits_s < _EVENTS_SHOWN_AFTER_S:
        return MISSING
    return f"{count(events, 'waiting', 'event')} wait to be stored for {span(waits_s)}"


def _world_facts(world: Fields) -> list[str]:
    still = world.get("standing") is True
    return facts_of(
        ("", word(world, "standing_why") if still else MISSING, ""),
        ("tick ", whole(world, "tick"), ""),
        ("", _living(world), ""),
        ("", MISSING if still else amount(world, "ticks_per_s", 1), "/s"),
        ("p99 ", milliseconds(world, "p99_tick_ms"), ""),
        ("", whole(world, "missed_ticks"), " missed in all"),
        ("", count(world, "inputs_waiting", "input"), " waiting")
        if world.get("inputs_waiting")
        else ("", MISSING, ""),
        ("hash ", word(world, "hash"), ""),
    )


def _living(world: Fields) -> str:
    """Return who lives; lineages are counted now and then, and stay away when there are none."""
    molbots = count(world, "population", "molbot")
    if "lineages" in world and world["lineages"] is None:
        return f"{molbots}, {MISSING} lineages"
    return f"{molbots}, {count(world, 'lineages', 'lineage')}" if world.get("lineages") else molbots


def _phase_facts(world: Fields) -> list[str]:
    """Return the mean tick and its costliest phases, costliest first; nothing if none was timed."""
    timed = [(word(row, "name"), number(row.get("ms")) or 0.0) for row in rows_of(world, "phases")]
    costly = sorted((row for row in timed if row[1] > 0), key=lambda row: -row[1])
    if not costly:
        return []
    total_ms = sum(ms for _, ms in costly)
    digits = 1 if total_ms >= 1 else 2 if total_ms >= 0.1 else 3
    facts = [f"{name} {ms:.{digits}f}" for name, ms in costly[:_PHASES_SHOWN]]
    facts[0] = f"tick {total_ms:.{digits}f} ms: {facts[0]}"
    return facts + (["…"] if len(costly) > _PHASES_SHOWN else [])


def _restored_facts(restored: Fields) -> list[str]:
    """Return how this boot has brought a lost world back; nothing if it has not."""
    if not restored:
        return []
    said = [f"restored from the snapshot of tick {whole(restored, 'from_tick')}"]
    if number(restored.get("ticks")):
        said.append(
            f"{count(restored, 'inputs', 'input')} and {count(restored, 'ticks', 'tick')} replayed "
            f"to tick {whole(restored, 'tick')} in {amount(restored, 'seconds', 1)} s"
        )
    return said


def _zone_facts(zone: Fields) -> list[str]:
    return facts_of(
        ("pid ", word(zone, "pid"), ""),
        ("", "heir ready" if isinstance(zone.get("heir_pid"), int) else MISSING, ""),
        ("", mib(zone, "memory_mb"), ""),
        ("", amount(zone, "cpu_percent", 0), " % cpu"),
        ("", count(zone, "restarts", "restart") if zone.get("restarts") else MISSING, ""),
        ("", word(zone, "why"), ""),
    )


def _show_ps(result: Fields, console: Page) -> None:
    wide = console.width >= _WIDE
    table = new_table()
    table.add_column("zone")
    table.add_column("state")
    for name in ("pid", "heir", "zygote", "restarts", "epoch") if wide else ("pid", "restarts"):
        table.add_column(name, justify="right")
    for name in ("cpu", "memory"):
        table.add_column(name, justify="right")
    table.add_column("doing", no_wrap=False, overflow="fold")
    for zone in rows_of(result, "zones"):
        cpu = amount(zone, "cpu_percent", 0)
        doing = word(zone, "doing")
        keys = ("pid", "heir_pid", "zygote_pid") if wide else ("pid",)
        counts = ("restarts", "epoch") if wide else ("restarts",)
        table.add_row(
            word(zone, "name"), state_text(_zone_state(zone)),
            *(word(zone, key) for key in keys), *(whole(zone, key) for key in counts),
            cpu if cpu == MISSING else f"{cpu} %", _memory_of(zone),
            doing if doing != MISSING else word(zone, "why"),
        )  # fmt: skip
    print_table(table, console)
    show_cells(result, console)


def _zone_state(zone: Fields) -> str:
    """Return how a zone is: one that serves and is held back is not simply ready."""
    state = word(zone, "state")
    return "throttled" if state == "ready" and zone.get("step") == "throttle" else state


def _memory_of(zone: Fields) -> str:
    """Return what the process that serves takes, and what its zone may take."""
    taken, most = mib(zone, "memory_mb"), mib(zone, "memory_max_mb")
    return taken if MISSING in (taken, most) else f"{taken.removesuffix(' MB')} / {most}"


def _show_params(result: Fields, console: Page) -> None:
    if "params" not in result:
        _show_param(result, console)
        return
    table = new_table()
    table.add_column("parameter")
    table.add_column("value", justify="right")
    table.add_column("unit")
    table.add_column("from", justify="right")
    table.add_column("to", justify="right")
    table.add_column("")
    for row in rows_of(result, "params"):
        table.add_row(
            word(row, "key"), amount(row, "value"), word(row, "unit") if row.get("unit") else "",
            amount(row, "min"), amount(row, "max"), _pending(row),
        )  # fmt: skip
    print_table(table, console)
    print_hint("molt params KEY VALUE", console)


def _show_param(result: Fields, console: Page) -> None:
    unit = word(result, "unit")
    words = f"{word(result, 'key')} = {amount(result, 'value')}"
    words += "" if unit in (MISSING, "") else f" {unit}"
    bounds = f"  ({amount(result, 'min')} to {amount(result, 'max')})"
    line = Text(words, style="bold").append(bounds, style="not bold dim")
    if result.get("pending"):
        line.append("  ").append_text(_pending(result))
    elif "applied_at_tick" in result:
        line.append(f"  applied at tick {whole(result, 'applied_at_tick')}", style="not bold")
    console.print(line, soft_wrap=True)
    if result.get("pending") and result.get("paused") is True:
        print_hint("molt resume", console)


def _pending(param: Fields) -> Text:
    """Return the change of a parameter that waits for its tick, empty when none does."""
    change = fields_of(param, "pending")
    if not change:
        return Text()
    text = f" {amount(change, 'value')} at tick {whole(change, 'at_tick')}"
    return state_text("pending").append(text, style="not bold")


def _tick_line(state: str) -> Callable[[Fields, Page], None]:
    def show_tick(result: Fields, console: Page) -> None:
        line = Text.assemble(state_text(state), f" at tick {whole(result, 'tick')}")
        if result.get("hash"):
            line.append(f"  hash {word(result, 'hash')}", style="dim")
        console.print(line, soft_wrap=True)

    return show_tick


def _show_run(result: Fields, console: Page) -> None:
    show_call(result, console.file, sys.stderr)


def _show_trait(result: Fields, console: Page) -> None:
    """Show a trait that came in, or waits for its tick."""
    line = trait_line(result)
    if result.get("pending"):
        console.print(Text.assemble(state_text("pending"), line), soft_wrap=True)
    else:
        console.print(Text.assemble(state_text("active"), line), soft_wrap=True)
    if result.get("why"):
        # What is told of one in the first tier is no reason for its tier.
        reason = "interpreted: " if result.get("tier") == "interpreted" else ""
        print_folded(Text(f"  {reason}{word(result, 'why')}"), console, indent=2)
    show_trial_of(result, console)
    if result.get("paused") is True:
        print_hint("molt resume", console)


def _show_removed(result: Fields, console: Page) -> None:
    if result.get("pending"):
        line = f"  the removal of{trait_line(result).replace('  ', ' ', 1)}"
        console.print(Text.assemble(state_text("pending"), line), soft_wrap=True)
        if result.get("paused") is True:
            print_hint("molt resume", console)
        return
    tick = whole(result, "applied_at_tick")
    name, version = word(result, "name"), word(result, "version")
    console.print(Text(f"○ removed  {name} v{version} at tick {tick}"), soft_wrap=True)


def _show_traits(result: Fields, console: Page) -> None:
    traits = rows_of(result, "traits")
    if traits:
        table = new_table()
        for name in ("trait", "status"):
            table.add_column(name)
        for name in ("version", "slot", "since tick", "memory", "calls", "faults"):
            table.add_column(name, justify="right")
        for name in ("tier", "state"):
            table.add_column(name)
        for row in traits:
            table.add_row(
                word(row, "name"), state_text(word(row, "status")), word(row, "version"),
                word(row, "slot"), whole(row, "applied_at_tick"), whole(row, "memory"),
                whole(row, "calls"), whole(row, "faults"), word(row, "tier"), word(row, "state"),
            )  # fmt: skip
        print_table(table, console)
    else:
        console.print(Text("○ the world has no traits"), soft_wrap=True)
        print_hint("molt trait add FILE", console)
    for row in rows_of(result, "waiting"):
        what = f"{word(row, 'act')} {word(row, 'name')} v{word(row, 'version')}"
        line = Text.assemble(state_text("pending"), f"  {what} at tick {whole(row, 'at_tick')}")
        console.print(line, soft_wrap=True)
    if result.get("under_way"):
        console.print(
            Text.assemble(state_text("pending"), f"  one more: {word(result, 'under_way')}")
        )


def _show_drill(result: Fields, console: Page) -> None:
    zone, kind = word(result, "zone"), word(result, "kind")
    # Only the zone that holds an arena tells of ticks: its heir was there all the time.
    has_arena = "tick_before" in result
    story = (
        ("0.00 ms", f"{zone}: {kind} ({_SIGNALS.get(kind, kind)})"),
        (milliseconds(result, "noticed_ms"), "heir has taken over" if has_arena else "noticed"),
        (milliseconds(result, "served_ms"), "first new tick" if has_arena else "ready again"),
    )
    for moment, event in story:
        console.print(Text(f"  {moment:>9}  {event}"), soft_wrap=True)
    if not has_arena:
        return
    missed = Text(f"{whole(result, 'missed_ticks')} missed")
    missed.stylize("green" if result.get("missed_ticks") == 0 else "yellow")
    line = Text.assemble(
        f"  tick {whole(result, 'tick_before')} → {whole(result, 'tick_after')} · ",
        missed,
        f" · epoch {whole(result, 'epoch')}",
    )
    console.print(line, soft_wrap=True)


def _show_soft_restart(result: Fields, console: Page) -> None:
    facts = facts_of(
        ("after ", milliseconds(result, "served_ms"), ""),
        ("tick ", whole(result, "tick_after"), ""),
        ("", whole(result, "missed_ticks"), " missed"),
        ("epoch ", whole(result, "epoch"), ""),
    )
    who = "its heir" if "tick_before" in result else "a new process"
    who = {"renewal": "a new generation", "go-back": "the generation before"}.get(
        word(result, "kind"), who
    )
    line = Text.assemble(state_text("ready"), f" {word(result, 'zone')}: {who} goes on  ")
    console.print(line.append(DOT.join(facts)), soft_wrap=True)


def _show_reload(result: Fields, console: Page) -> None:
    changes = rows_of(result, "changes")
    if not changes:
        console.print(Text("○ nothing has changed"), soft_wrap=True)
    if changes and result.get("dry_run") is True:
        console.print(Text("○ not done, this would follow:"), soft_wrap=True)
    for change in changes:
        effect = word(change, "effect")
        line = Text.assemble(state_text(effect), f"  {word(change, 'key')}: ")
        old, new = _config_value(change, "old"), _config_value(change, "new")
        line.append(f"{old}, the file says {new}" if effect == "kept" else f"{old} → {new}")
        line.append(f"  {word(change, 'why')}" if change.get("why") else "")
        print_folded(line, console, indent=4)
        print_hint(word(change, "hint"), console)


def _config_value(change: Fields, key: str) -> str:
    return MISSING if change.get(key) is None else clean(json.dumps(change[key]))


def _show_shutdown(result: Fields, console: Page) -> None:
    line = Text("○ stopped")
    if "tick" in result:
        line.append(f" at tick {whole(result, 'tick')}")
    console.print(line, soft_wrap=True)
    print_hint("python manifest.py", console)


def _show_safe_mode(result: Fields, console: Page) -> None:
    if result.get("safe_mode") is not True:
        console.print(Text.assemble(state_text("running"), " normally: not in safe mode"))
        return
    console.print(Text.assemble(state_text("safe mode"), f"  {word(result, 'reason')}"))
    rows = (
        ("because of", word(result, "detail")),
        ("world", _lone_world(result)),
        ("last try", word(result, "probe_why") if result.get("probe_why") else MISSING),
        ("way back", word(result, "next_try")),
    )
    for name, text in rows:
        if text not in (MISSING, ""):
            print_folded(Text(f"  {name:<10}  {text}"), console, indent=14)
    print_hint(word(result, "hint"), console)


def _lone_world(result: Fields) -> str:
    if result.get("paused") is True:
        return f"paused at tick {whole(result, 'tick')}, by {word(result, 'runs')}"
    if result.get("ticking") is True:
        return f"ticking at {whole(result, 'tick')}, core physics by {word(result, 'runs')}"
    return f"stands still at tick {whole(result, 'tick')}: {word(result, 'world_why')}"


def _show_leave(result: Fields, console: Page) -> None:
    tick = whole(result, "tick")
    console.print(Text.assemble(state_text("starting"), f" normal running at tick {tick}"))
    print_hint("molt status", console)


def _show_enter(_result: Fields, console: Page) -> None:
    console.print(Text.assemble(state_text("stopping"), " every zone, to go on in safe mode"))
    print_hint("molt safe-mode status", console)


def _show_doctor(result: Fields, console: Page) -> None:
    layer = ""
    for finding in rows_of(result, "findings"):
        if word(finding, "layer") != layer:
            layer = word(finding, "layer")
            console.print(Text(f"  {layer}", style="dim"), soft_wrap=True)
        facts = [word(finding, "value")]
        if finding.get("verdict") != "ok" and finding.get("limit"):
            facts.append(f"limit {word(finding, 'limit')}")
        state = state_text(word(finding, "verdict"))
        line = Text.assemble("    ", state, " " * (7 - len(state)), f"{word(finding, 'what')}: ")
        print_folded(line.append(DOT.join(facts)), console, indent=13)
        if finding.get("verdict") != "ok":
            print_hint(word(finding, "hint"), console, indent=13)
    counts = [f"{whole(result, key)} {key}" for key in ("ok", "warn", "fail")]
    console.print(Text("  " + DOT.join(counts)), soft_wrap=True)


def _show_plan(result: Fields, console: Page) -> None:
    console.print(Text("would, and does nothing now:", style="bold"), soft_wrap=True)
    steps = result.get("would")
    for place, step in enumerate(steps if isinstance(steps, list) else (), start=1):
        print_folded(Text(f"  {place}. {clean(str(step))}"), console, indent=5)


SHOWN: dict[str, Callable[[Fields, Page], None]] = {
    "status": _show_status,
    "ps": _show_ps,
    "memory": show_memory,
    "params": _show_params,
    "pause": _tick_line("paused"),
    "resume": _tick_line("running"),
    "step": _tick_line("paused"),
    "wait": _tick_line("reached"),
    "drill": _show_drill,
    "soft-restart": _show_soft_restart,
    "go-back": _show_soft_restart,
    "reload": _show_reload,
    "shutdown": _show_shutdown,
    "safe-mode status": _show_safe_mode,
    "safe-mode leave": _show_leave,
    "safe-mode enter": _show_enter,
    "doctor": _show_doctor,
    "doctor cage": show_cage,
    "try": show_verdict,
    "run": _show_run,
    "trait add": _show_trait,
    "trait remove": _show_removed,
    "trait list": _show_traits,
    "agents": show_agents,
    "trigger": show_trigger,
    "quarantine": show_quarantine,
    "release": show_released,
    "update commit": show_update,
    "update rollback": show_rolled_back,
}
