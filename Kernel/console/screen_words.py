"""The words of a boot and a stop: one line each, for the screen, the log and the service manager.

Owns: what is said of a zone that comes up, of a running world, of a stop and how it ended. Does not
own: where a line goes (`screen.py`, `herald.py`), sentences of log events
(`Kernel/core/log_lines.py`). Reads keepers, changes nothing.
"""

from collections.abc import Sequence
from typing import Any

from Kernel.console.facts import WORLD_ZONE, world_fields
from Kernel.contract.event_words import grouped, printable
from Kernel.contract.places import SHARED_MEMORY
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.bus_keeper import BusKeeper
from Kernel.core.keeper import Keeper
from Kernel.core.stopping import HoldUp, Outcome
from Kernel.core.zone_table import ZoneTable

WHAT_CHARS_MAX = 40
_STEPS = {
    "prepare": "preparing",
    "inspect": "looking at its arena",
    "found": "founding",
    "start": "starting",
    "": "ready",
}


def duration(seconds: float) -> str:
    """Return a span as people say it: 0.8 s, 4 min 5 s, 2 h 14 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest_s = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest_s} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def boot_phase(keeper: Keeper) -> str:
    """Return what a zone that does not serve yet is at, "" once it serves."""
    if keeper.active is not None:
        return ""
    if not keeper.facts:
        return "prepare"
    if isinstance(keeper, ArenaKeeper) and keeper.arena is None:
        return "inspect" if keeper.inspects else "found"
    return "start"


def _has_no_arena(keeper: Keeper) -> bool:
    return isinstance(keeper, ArenaKeeper) and keeper.arena is None


def boot_step(keeper: Keeper) -> str:
    """Return the same for people, with how far it is where its zygote tells."""
    phase = boot_phase(keeper)
    note = keeper.progress_note
    if phase != "prepare" or note is None:
        return _STEPS[phase]
    what = printable(note.what[:WHAT_CHARS_MAX])
    count = f" ({note.done + 1} of {note.total})" if note.total > 0 else ""
    return f"preparing {what}{count}"


def booting(keepers: Sequence[Keeper], passed_s: float | None = None) -> str:
    """Return the line of a boot: what each zone that is not ready does, how many are."""
    unmade = {each.config.name for each in keepers if _has_no_arena(each)}
    parts = []
    for keeper in keepers:
        missing = sorted(unmade.intersection(keeper.config.reads))
        if keeper.active is None:
            step = f"waits for {', '.join(missing)}" if missing else boot_step(keeper)
            parts.append(f"{keeper.config.name} {step}")
    if passed_s is not None:
        parts.append(f"{passed_s:.0f} s")
    return " · ".join(parts) or "all zones are up"


def found(keeper: Keeper) -> str:
    """Return what a zone that has come up found: its world, its snapshots."""
    if isinstance(keeper, ArenaKeeper) and keeper.arena is not None:
        fields = world_fields(keeper)
        begins = "founded ·" if keeper.resumed_tick is None else "goes on at"
        said = f"{begins} tick {grouped(fields['tick'])} · {grouped(fields['population'])} molbots"
        return " · ".join([said, *restored(fields["restored"])])
    if isinstance(keeper, BusKeeper):
        return " · ".join(_counts(keeper.ready_facts))
    return ""


def restored(fields: dict[str, Any] | None) -> list[str]:
    """Return how a lost world was brought back, nothing where none was."""
    if fields is None:
        return []
    said = f"restored from the snapshot of tick {grouped(fields['from_tick'])}"
    ticks, inputs = fields["ticks"], fields["inputs"]
    if ticks:
        said += (
            f", {grouped(inputs)} input{'' if inputs == 1 else 's'} and {grouped(ticks)} "
            f"tick{'' if ticks == 1 else 's'} replayed to tick {grouped(fields['tick'])} "
            f"in {fields['seconds']:.1f} s"
        )
    return [said]


def _counts(facts: dict[str, Any]) -> list[str]:
    """Return what chronos says of its snapshots, the archive of its events; others say nothing."""
    arenas = facts.get("arenas")
    kept = [each for each in arenas.values() if type(each) is dict] if type(arenas) is dict else []
    counts = [each["snapshots"] for each in kept if type(each.get("snapshots")) is int]
    kept_now = sum(counts)
    said = [f"{grouped(kept_now)} snapshot{'' if kept_now == 1 else 's'}"] if counts else []
    if type(facts.get("events")) is int:
        events = facts["events"]
        said.append(f"{grouped(events)} event{'' if events == 1 else 's'}")
    return said


def zone_line(name: str, state: str, took_s: float, found_: str) -> str:
    """Return one row of the table of a boot or a stop."""
    return f"    {name:<10} {state:<8} {took_s:6.1f} s   {found_}".rstrip()


def ticking(zones: ZoneTable) -> str:
    """Return how the world is, "" while there is none."""
    world = zones.arenas.get(WORLD_ZONE)
    if world is None or world.arena is None:
        return ""
    fields = world_fields(world)
    pace = "paused" if fields["paused"] else f"{fields['ticks_per_s']:.1f}/s"
    return f"tick {grouped(fields['tick'])} · {pace} · {grouped(fields['population'])} molbots"


def held_up(holders: Sequence[HoldUp]) -> str:
    """Return who holds a stop up, what they are doing, and how long they may."""
    if not holders:
        return "nobody is waited for"
    first = holders[0]
    return f"waiting for {leaving(holders)}, {first.left_s:.0f} s until {first.then}"


def leaving(holders: Sequence[HoldUp]) -> str:
    """Return the same without the time: it changes only when the stop gets on."""
    return f"{', '.join(each.zone for each in holders)}: {holders[0].doing}" if holders else ""


def end(zones: ZoneTable, outcome: Outcome, ran_s: float) -> list[str]:
    """Return the last lines of an orderly stop: where the world is, what is not saved."""
    world = zones.arenas.get(WORLD_ZONE)
    if world is None or world.arena is None:
        return ["Stopped before the world was up; it is as it was."]
    tick = world.tick()
    text = f"Stopped at tick {grouped(tick)} after {duration(ran_s)}."
    if outcome.snapshots.get(WORLD_ZONE) == tick and not _was_killed(outcome):
        return [f"{text} Nothing lost."]
    return [text, *_unsaved(world, outcome, tick)]


def killed(zones: ZoneTable, outcome: Outcome) -> list[str]:
    """Return the last lines after the second Ctrl-C."""
    world = zones.arenas.get(WORLD_ZONE)
    if world is None or world.arena is None:
        return ["Killed before the world was up; it is as it was."]
    return ["Killed.", _place(world, world.tick()), *_saved(world, outcome)]


def _was_killed(outcome: Outcome) -> bool:
    return bool(outcome.killed_worlds or outcome.killed_services)


def _unsaved(world: ArenaKeeper, outcome: Outcome, tick: int) -> list[str]:
    said = []
    if outcome.killed_worlds:
        names = ", ".join(outcome.killed_worlds)
        said.append(f"{names} had to be killed: the tick it was in is computed at the next boot.")
    if outcome.killed_services:
        names = ", ".join(outcome.killed_services)
        said.append(f"{names} had to be killed: events it had not stored wait in the arena.")
    return [*said, _place(world, tick), *_saved(world, outcome)]


def _place(world: ArenaKeeper, tick: int) -> str:
    assert world.arena is not None
    where = "shared memory" if _is_volatile(world) else str(world.arena.path)
    return f"Tick {grouped(tick)} is in {where}; the next boot goes on there."


def _saved(world: ArenaKeeper, outcome: Outcome) -> list[str]:
    taken = outcome.snapshots.get(WORLD_ZONE)
    if taken is not None:
        return [f"The last snapshot is of tick {grouped(taken)}."]
    why = f": {outcome.why_none}" if outcome.why_none else ""
    said = [f"No last snapshot was taken{why}."]
    if _is_volatile(world):
        said.append("A reboot of the machine would go back to the newest there is.")
    return said


def _is_volatile(world: ArenaKeeper) -> bool:
    assert world.arena is not None
    return world.arena.path.is_relative_to(SHARED_MEMORY)


def service_status(zones: ZoneTable, degraded: Sequence[dict[str, str]]) -> str:
    """Return the one line that `systemctl status` shows of a kernel that is up."""
    parts = [ticking(zones) or "no world"]
    parts += [f"degraded: {printable(degraded[0]['why'])}"] if degraded else []
    parts += [f"and {len(degraded) - 1} more, see molt status"] if len(degraded) > 1 else []
    return " · ".join(parts)
