"""How an event reads: a sentence for people, NAME=value for what has none.

Owns: the sentence of each known kind. Does not own: how a line looks on a terminal and in the
journal (`Kernel/core/log_lines.py`), tables of events (`zones/ledger/commands`).
Pure. Sentences are for people: no code reads them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from Kernel.contract.step_words import DONE

THIN_SPACE = "\N{THIN SPACE}"
NOTHING = "\N{EN DASH}"
"""Stands for a value that is missing."""
ITEMS_TOLD_MAX = 8
"""So many items of a list stand in a line; of a list of rows the first one. The event has all."""
TRAITS_TOLD_MAX = 4
"""So many traits stand in a sentence; the event has all."""

SENTENCES: dict[str, str] = {
    "agent.author_chosen": "{author} writes: {why}",
    "agent.changed_state": "{agent} changed {target_resource}",
    "agent.decided": "{agent} decided: {rationale}",
    "agent.messaged": "{sender} to {recipient} about {subject}: {text}",
    "agent.signalled": "{agent} is {status}",
    "agent.snapshotted": "what agents have in mind is kept, up to event {position}",
    "archive.damaged": "event {position} of the ledger is damaged: {why}",
    "archive.derived_rebuilt": "{what} is made anew from the ledger: {why}",
    "archive.derived_waits": "{what} stays behind the ledger: {why}",
    "archive.flood_limited": "{sender} sends too much: held to {rate} a second, {held} waiting",
    "archive.gap": "events are missing from {first} on: {why}",
    "archive.opened": "the ledger is open, newest event {newest}, {verified} verified",
    "archive.refused": "an event was refused: {why}",
    "archive.salvaged": "{kept} events were saved from a damaged ledger, {lost} are lost: {why}",
    "archive.segment_closed": "events {first} to {last} moved to {file}",
    "archive.tail_cut": "the end of the ledger was torn, {first} to {last} cut: {why}",
    "arena.founded": "{told}",
    "arena.moving": "the world moves to an arena of other columns, at tick {tick}",
    "arena.set_aside": "an arena was set aside as {path}: {why}",
    "boot.phase": "phase {phase} {turn}",
    "boot.progress": "{phase}: {what}, {done} of {total}",
    "call.begun": "a call of {name} begins, {bytes} bytes",
    "call.ended": "the call of {name} ended, {outcome}{because}",
    "call.refused": "a call was refused: {why}",
    "command.refused": "'{command}' was refused: {why}",
    "command.taken": "'{command}'{said} was asked for by pid {by_pid}",
    "config.changed": "{key} changed",
    "config.differs": "{text}",
    "config.ignored": "{key} {why}",
    "config.read": "the configuration was read, {changed} values changed",
    "config.refused": "the configuration was refused: {why}",
    "console.bug": "a bug of ours in the answer to '{command}': {why}",
    "drill.begun": "a drill: {fault} of {zone}, pid {pid}",
    "drill.ended": "the drill {fault} of {zone} {ended}",
    "event.rejected": "the ledger does not take event {number}: {why}",
    "evolution.force": "evolution was asked for: {reason}",
    "evolution.plan": "plan {plan_id}: {description}",
    "evolution.trigger": "{problem_type}, {affected_entities} molbots, severity {severity}",
    "feed": "{agent}: {message}",
    "generation.begun": "a new generation is made ready, of {source}",
    "generation.promoted": "generation {which}of {source} serves now{because}",
    "generation.retired": "generation {which}of {source} was let go{because}",
    "governor.stepped": "{who} is {done}: {why}",
    "guard.begun": "{trait_name} version {version} is watched for {ticks} ticks",
    "guard.ended": "{trait_name} version {version} is watched no more: {why}",
    "guard.resumed": "{trait_name} version {version} is watched again, for {ticks_left} ticks more",
    "guard.tripped": "{trait_name} version {version} is taken back: {reason} (rule {rule})",
    "input.applied": "applied: {given}",
    "input.refused": "an input was refused: {reason}",
    "kernel.ahead_cut": "{bytes} bytes of an earlier kernel's events are lost: {why}",
    "kernel.degraded": "degraded, {what}: {why}",
    "kernel.events_dropped": "{count} events of the kernel are lost: {why}",
    "kernel.feed_ended": "events are no longer written to the descriptor: {why}",
    "kernel.killed": "{text}",
    "kernel.mended": "works again: {what}",
    "kernel.misfit": "a bug of ours: the event {told} is none, {why}",
    "kernel.ready": "up in {boot_s:.1f} s",
    "kernel.safe_mode_begun": "safe mode: {why}",
    "kernel.stacks": "the stacks of all threads are in {path}",
    "kernel.stacks_not_kept": "cannot keep the stacks: {why}",
    "kernel.lost": "the kernel before, pid {pid}, {why}",
    "kernel.started": "molt {version}, pid {pid}, home {home}",
    "kernel.stopped": "{text}",
    "kernel.stopping": "stopping",
    "lesson.learned": "{situation}: {action}; {result}",
    "mission.ended": "mission {mission} ended: {outcome}",
    "mission.started": "mission {mission}: {description}",
    "memory.recalled": "what the kernel before knew is remembered",
    "memory.refused": "what the kernel before knew cannot be used: {why}",
    "mutation.applied": "mutation {mutation_id}, {trait_name} version {version}, was applied",
    "mutation.failed": "mutation {mutation_id} failed in {stage}: {error}",
    "mutation.kept": "mutation {mutation_id}, {trait_name} version {version}, is kept",
    "mutation.measured": "mutation {mutation_id}, {trait_name} version {version}: {affected}",
    "mutation.proposed": "{author} proposes {trait_name} as {mutation_id}",
    "mutation.ready": "mutation {mutation_id} of {trait_name}, version {version}, is written",
    "note.not_written": "cannot write down {what}: {why}",
    "request.refused": "{who} was refused ({road}, {request}; {count} in all): {why}",
    "scenario.founded": "the world was founded by scenario {scenario}",
    "scenario.not_founded": "scenario {scenario} was not founded: {why}",
    "slot.damaged": "{why}",
    "slot.filled": "the slot {slot} holds a proven copy of this version now",
    "slot.not_filled": "there is no slot fallback to fall back to: {why}",
    "snapshot.not_taken": "no snapshot was taken: {why}",
    "snapshot.taken": "snapshot of tick {tick}",
    "stop.held_up": "holds the stop up: {doing}, {left_s:.0f} s until {then}",
    "stop.phase": "stop, phase {phase} {turn}",
    "telemetry": "{entity_count} molbots in {lineages} lineages, mean energy {avg_energy:.1f}",
    "trait.quarantined": "the trait in slot {slot} is in quarantine: {why}",
    "trait.refused": "a trait was refused: {at_line}{reason} (rule {rule})",
    "trait.released": "trait {name} version {version} is no longer in quarantine",
    "trait.removed": "trait {name} version {version} was removed",
    "trait.resumed": "trait {name} version {version} is taken up again: its code is there",
    "trait.validated": "trait {name} version {version} is accepted: {tier}, state {state}{because}",
    "trial.begun": (
        "a trial of {candidate} began: {ticks} ticks, {seeds} seeds, {population} molbots"
    ),
    "trial.ended": "the trial of {candidate} ended{lived}: {how}{reasoned}",
    "trial.refused": "a trial of {candidate} was refused to {by}: {why}",
    "trial.skipped": "{candidate} comes in without a trial: {why}",
    "update.begun": "module version {version} is given to the zones, attempt {attempt}",
    "update.gone_back": "module version {version} was taken back for {to}: {why}",
    "update.guarded": "all zones run module version {version}; it is watched until {until_tick}",
    "update.kept": "module version {version} is kept",
    "update.not_done": "{why}",
    "update.rolled_back": "module version {version} is taken back: {why}",
    "world.check_failed": "the check {name} failed: {value}, at most {limit}",
    "world.lineage": "{born_count} born, {died_count} died",
    "world.migrated": "the world goes on in columns {to_schema}, with {to_capacity} slots",
    "world.params_changed": "{param_name} went from {old_value} to {new_value}",
    "world.restored": (
        "the world of tick {from_tick} was restored and brought to tick {tick}, the log knows "
        "{known_tick}{because}"
    ),
    "world.ticking": "tick {tick}, {ticks_per_s:.1f}/s, {population} molbots, {missed_ticks} late",
    "world.traits": "{carried}",
    "zone.budget_resumed": "{failures} failures of {failures_max} are remembered: {why}",
    "zone.asked": "asks the kernel for: {name}",
    "zone.degraded": "{why}",
    "zone.died": "{role} with pid {pid} ended: {how}",
    "zone.drained": "pid {pid} is to leave: {why}",
    "zone.evidence": "{how}{where}, tick {tick}; blamed: {verdict}",
    "zone.given_up": "no version can be kept alive: {why}",
    "zone.hung": "pid {pid} hangs: {why}",
    "zone.impostor": "somebody else took its endpoint: pid {pid}",
    "zone.killed": "killed pid {pid}: {why}",
    "zone.lines_dropped": "{count} lines of {zone} were dropped: it may log {limit} a second",
    "zone.limit_reached": "a limit is reached, {what}: {why}",
    "zone.restart_due": "a generation is started anew: {why}",
    "zone.not_started": "cannot start: {why}",
    "zygote.not_forked": "a zygote is started anew, it could not be forked: {why}",
    "zone.ready": "ready in {took_s:.1f} s{found}",
    "zone.served": "serves, pid {pid}",
    "zone.stack": "pid {pid} hung: {why}{frame}; stacks: {file}",
    "zone.starved": "pid {pid} gets no processor: not hung, {deadline_s} s more",
    "zone.stderr": "{line}",
    "zone.stopped": "stopped after {took_s:.1f} s",
    "zone.taken_over": "its heir serves from tick {tick_found}, pid {pid}, epoch {epoch}",
    "zone.unprepared": "{why}",
}
_COUNTS = frozenset(
    ("tick", "tick_found", "from_tick", "known_tick", "population", "missed_ticks", "entity_count")
)
"""Values that are shown in groups of three digits; a pid is a name, not a count."""


def tell(event: str, values: Mapping[str, Any]) -> str:
    """Return an event in one line for people; nothing in it can move a terminal's cursor."""
    template = SENTENCES.get(event)
    shown = {key: _show(key, value) for key, value in values.items()}
    try:
        text = template.format_map({**shown, **_optional(values)}) if template else None
    except (
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
    ):  # an event that is told otherwise somewhere: as it is, then
        text = None
    if text is None:
        told = {key: shown[key] for key in sorted(shown) if key not in ("zone", "hint")}
        text = "  ".join((event, *pairs(told)))
    hint = values.get("hint")
    return printable(f"{text}   hint: {hint}" if hint else text)


def whose(event: str, values: Mapping[str, Any]) -> str:
    """Return the zone an event is about, or the part of the kernel that tells it."""
    return str(values.get("zone") or event.partition(".")[0])


def pairs(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield NAME=value for each value as people read it; what holds others gives way to them."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from pairs(value)
        elif isinstance(value, list | tuple):
            yield f"{key}={_listed(value) or NOTHING}"
        else:
            yield f"{key}={_plain(value)}"


def _listed(items: Sequence[Any]) -> str:
    """Return a list in short: what does not fit in a line is counted, never cut in the middle."""
    rows = any(isinstance(each, Mapping | list | tuple) for each in items)
    most = 1 if rows else ITEMS_TOLD_MAX
    told = ",".join(map(_plain, items[:most]))
    return told + (f" and {len(items) - most} more" if len(items) > most else "")


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({' '.join(pairs(value))})"
    if isinstance(value, list | tuple):
        return f"({_listed(value)})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(round(value, 4) if abs(value) >= 0.001 else value)
    return NOTHING if value is None or value == "" else str(value)


def grouped(value: int) -> str:
    """Return a count with thin spaces between groups of three digits."""
    return f"{value:,}".replace(",", THIN_SPACE)


def printable(text: str) -> str:
    """Return text without line ends and control characters: a zone may write anything."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each == THIN_SPACE else repr(each)[1:-1] for each in text
    )


def _show(key: str, value: Any) -> Any:
    if key in _COUNTS and type(value) is int:
        return grouped(value)
    return value


def _optional(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the parts of a sentence that are left out where their value is missing."""
    took_s, found = values.get("took_s"), values.get("found")
    args, given, seconds = values.get("args"), values.get("input"), values.get("seconds")
    return {
        "said": " with " + " ".join(pairs(args)) if args and isinstance(args, Mapping) else "",
        "ended": "is over" if values.get("over") else "has not come to an end",
        "given": " ".join(pairs(given)) if isinstance(given, Mapping) else NOTHING,
        "born_count": _count(values.get("born")),
        "died_count": _count(values.get("died")),
        "carried": _carried(values.get("traits")),
        "turn": f"is over after {took_s:.1f} s" if isinstance(took_s, float) else "begins",
        "lived": f" after {seconds:.1f} s" if isinstance(seconds, float) else "",
        "found": f": {found}" if found else "",
        "who": str(values.get("zone") or "the machine"),
        "done": DONE.get(str(values.get("step")), NOTHING),
        "because": f": {values['why']}" if values.get("why") else "",
        "which": f"{values['generation']} " if values.get("generation") else "",
        "at_line": _at_line(values),
        "affected": _affected(values),
        "where": _where(values.get("place")),
        "candidate": _candidate(values),
        "reasoned": f": {_at_line(values)}{values['reason']}" if values.get("reason") else "",
        "frame": f"; {values['top']}" if values.get("top") else "",
    }


def _at_line(values: Mapping[str, Any]) -> str:
    return f"line {values['line']}: " if values.get("line") else ""


def _affected(values: Mapping[str, Any]) -> str:
    """Return what something does to the metric it promised, with it minus without it."""
    rows = values.get("effect")
    for row in rows if isinstance(rows, list | tuple) else ():
        if isinstance(row, Mapping) and row.get("metric") == values.get("metric"):
            figures = [row.get(key) for key in ("mean", "low", "high")]
            if all(isinstance(each, int | float) for each in figures):
                mean, low, high = figures
                return f"{row['metric']} {mean:+.4g} [{low:+.4g}, {high:+.4g}]"
    return "its effect is measured"


def _where(place: Any) -> str:
    """Return where a process ended: in a phase of the tick, or between two ticks."""
    if not place:
        return ""
    return f" {place}" if str(place).startswith("between ") else f" in {place}"


def _candidate(values: Mapping[str, Any]) -> str:
    """Return what is tried: what it says, else the name of its class, or how its hash begins."""
    name, code_hash = values.get("what") or values.get("name"), values.get("code_hash")
    return str(name) if name else f"source {str(code_hash)[:12]}"


def _carried(traits: Any) -> str:
    """Return how many carry each trait that is active, and in how many of them it is off."""
    told = []
    for row in traits if isinstance(traits, list | tuple) else ():
        if not isinstance(row, Mapping) or row.get("status") != "active":
            continue
        off = row.get("deactivated")
        told.append(
            f"{row.get('name')} v{row.get('version')} in {_show('population', row.get('carriers'))}"
            + (f" (off in {_show('population', off)})" if off else "")
        )
    if not told:
        return "no trait is active"
    return ", ".join(told[:TRAITS_TOLD_MAX]) + (", …" if len(told) > TRAITS_TOLD_MAX else "")


def _count(crowd: Any) -> str:
    """Return how many a column of ids has."""
    ids = crowd.get("ids") if isinstance(crowd, Mapping) else None
    return grouped(len(ids)) if isinstance(ids, list | tuple) else NOTHING
