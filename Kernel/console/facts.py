"""What the console tells about a running kernel, as plain data.

Owns: the fields of `status`, `ps`, `params` and the facts `wait` compares. Does not own: how they
look (`render.py`), where they come from (keepers and arena words).
"""

import os
from typing import Any

from Kernel.console.trait_commands import degraded_guards, degraded_traits
from Kernel.contract.arena import SURVEY_TICKS, Header, State
from Kernel.contract.inputs import SET_PARAM
from Kernel.contract.parameters import Parameter
from Kernel.contract.policy import Road
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.bus_keeper import BusKeeper
from Kernel.core.cage_report import UNKNOWN
from Kernel.core.keeper import Keeper
from Kernel.core.zone_table import ZoneTable
from Kernel.memory.contexts import DEGRADED
from Kernel.ports.arena_file import ArenaFiles, ArenaHandle
from Kernel.ports.meters import Meters

WORLD_ZONE = "stable"
"""The zone whose arena is the world people mean."""
COUNT_MAX = 2**53 - 1
"""A world can write anything into its words; this is the most that every reader of JSON keeps."""


def status_fields(zones: ZoneTable, uptime_s: float, meters: Meters) -> dict[str, Any]:
    """Return the answer to `status`."""
    memory_mb, cpu_percent = meters.measure(os.getpid())
    state = "stopping" if zones.stop else "running" if zones.is_up() else "starting"
    world, cage = zones.arenas.get(WORLD_ZONE), zones.cage()
    return {
        "kernel": {
            "pid": os.getpid(),
            "state": state,
            "grade": cage.grade if cage is not None else UNKNOWN,
            "safe_mode": False,
            "uptime_s": round(uptime_s, 3),
            "memory_mb": round(memory_mb, 1),
            "cpu_percent": cpu_percent,
            "events": _events_fields(zones),
            "function_cache": zones.calls.cache.fields(),
            "refused": refused_fields(zones),
        },
        "zones": [zone_fields(keeper, meters) for keeper in zones.keepers()],
        "world": world_fields(world) if world is not None and world.arena is not None else None,
        "guarded": [row for guard in zones.guards.values() for row in guard.fields()],
        "trials": zones.trials.fields(),
        "calls": zones.calls.fields(),
        "governor": zones.governor.fields(),
        "update": zones.updates.fields(),
        "degraded": _with_ages(zones, degraded_fields(zones)),
        "differs": differs_fields(zones),
    }


def _events_fields(zones: ZoneTable) -> dict[str, Any] | None:
    """Return how the kernel's own events stand; None: no zone stores any."""
    waiting = zones.events_waiting()
    if waiting is None:
        return None
    return {
        "waiting": waiting.count,
        "waits_s": round(waiting.waits_s, 3),
        "lost": waiting.dropped,
    }


def refused_fields(zones: ZoneTable) -> dict[str, Any]:
    """Return how many requests of whoever may not make them were refused, on each road.

    Of those at the scribe's socket the archive tells the number; who it was is in the ledger.
    """
    rows = zones.refusals.fields()
    on = {road: sum(row["count"] for row in rows if row["road"] == road) for road in Road}
    brokers = (each for each in zones.services.values() if each.config.broker)
    on[Road.SCRIBE] += min(COUNT_MAX, sum(each.turned_away for each in brokers))  # a zone's word
    return {**{road.value: count for road, count in on.items()}, "by": rows}


def zone_fields(keeper: Keeper, meters: Meters) -> dict[str, Any]:
    """Return one zone as `status` and `ps` tell of it."""
    state, active = keeper.state, keeper.active
    pid = active.pid if active else None
    memory_mb, cpu_percent = meters.measure(pid) if pid else (0.0, 0.0)
    former = keeper.lines.get(keeper.ladder.former)
    fields: dict[str, Any] = {
        "name": keeper.config.name,
        "state": keeper.state_word(),
        "pid": pid,
        "heir_pid": state.heir.pid if state.heir and state.heir.ready else None,
        "zygote_pid": state.zygote.pid if state.zygote else None,
        "restarts": keeper.restarts,
        "failures": state.patience.failures,
        "memory_mb": round(memory_mb, 1),
        "memory_max_mb": keeper.limits.budget().memory_mb or None,
        "cpu_percent": cpu_percent,
        "why": state.why,
        "generation": keeper.facts.get("generation", ""),
        "source": keeper.line.source.name if keeper.line is not None else "",
        "former": former.facts.get("generation", "") if former is not None else None,
        "step": keeper.limits.governor.step.word,
    }
    if isinstance(keeper, ArenaKeeper) and keeper.arena is not None:
        words = keeper.arena.words
        fields["epoch"] = words.get(Header.EPOCH)
        fields["arena"] = str(keeper.arena.path)
        fields["doing"] = f"tick {keeper.tick()}" + (", paused" if keeper.is_holding() else "")
    elif isinstance(keeper, BusKeeper):
        fields["epoch"] = keeper.restarts
        fields["doing"] = "reading " + ", ".join(keeper.config.reads) if keeper.config.reads else ""
    return fields


def cage_fields(zones: ZoneTable) -> dict[str, Any]:
    """Return the answer to `doctor cage`: what holds on this machine, and what each zone takes."""
    cage, groups = zones.cage(), zones.groups
    return {
        "grade": UNKNOWN,
        "means": "no version of the world is ready to tell it",
        "layers": [],
        "not_held": {},
        "applied": {},
        **(cage.fields() if cage is not None else {}),
        "uncaged": zones.leaving.config.uncaged,
        "groups": {
            "version": groups.version or None,
            "folders": list(groups.folders),
            "missing": [
                {"what": name, "why": each.why, "hint": each.hint}
                for name, each in groups.missing.items()
            ],
        },
        "zones": [
            {"name": keeper.config.name, **keeper.limits.fields()} for keeper in zones.keepers()
        ],
        "pool": zones.governor.pool_fields(),
    }


def world_fields(world: ArenaKeeper) -> dict[str, Any]:
    """Return the world as `status` tells of it."""
    assert world.arena is not None
    words = world.arena.words
    times_us = world.tick_times_us()
    place = min(len(times_us) - 1, int(len(times_us) * 0.99))
    return {
        "tick": world.tick(),
        "population": _count(world, State.POPULATION),
        "lineages": _count(world, State.LINEAGES) if world.tick() >= SURVEY_TICKS else None,
        "births": _count(world, State.BIRTHS),
        "deaths": {
            "starvation": _count(world, State.DEATH_STARVATION),
            "age": _count(world, State.DEATH_AGE),
            "collision": _count(world, State.DEATH_COLLISION),
        },
        "checks_failed": _count(world, State.CHECKS_FAILED),
        "paused": world.is_holding(),
        "inputs_waiting": _inputs_waiting(world),
        "events_waiting_bytes": world.inbox.unstored_bytes() if world.inbox else 0,
        "events_thinned": _count(world, State.EVENTS_THINNED),
        "hash": world.held_hash(),
        "ticks_per_s": round(world.ticks_per_s(), 2),
        "p99_tick_ms": times_us[place] / 1000 if times_us else None,
        "phases": [{"name": name, "ms": ns / 1e6} for name, ns in world.phase_times_ns()],
        "missed_ticks": words.get(Header.MISSED_TICKS),
        "period_ms": words.get(Header.PERIOD_NS) / 1e6,
        "seed": words.get(Header.SEED),
        "max_entities": words.get(Header.CAPACITY),
        "restored": restored_fields(world),
        "traits": [row.fields() for row in world.traits.counted_rows()],
    }


def restored_fields(world: ArenaKeeper) -> dict[str, Any] | None:
    """Return how this boot has brought a lost world back; None: it was there, or is new."""
    report = world.restored
    if report is None or report.replayed is None:
        return None
    replayed = report.replayed
    return {
        "from_tick": replayed.from_tick,
        "tick": report.tick,
        "ticks": report.tick - replayed.from_tick,
        "inputs": replayed.inputs,
        "seconds": replayed.seconds,
    }


def degraded_fields(zones: ZoneTable) -> list[dict[str, str]]:
    """Return everything that does not work as it should, with what helps."""
    found: list[dict[str, str]] = []
    limits = f"cat /proc/{os.getpid()}/limits"
    for keeper in zones.keepers():
        name = keeper.config.name
        if keeper.active is None and zones.stop is None:
            why = keeper.unprepared.message if keeper.unprepared else keeper.state.why
            hint = keeper.unprepared.hint if keeper.unprepared else "molt ps"
            found.append({"what": name, "why": why or f"zone {name} is starting", "hint": hint})
        elif keeper.state.machine_patience.failures:
            found.append({"what": name, "why": keeper.state.why, "hint": limits})
        found.extend(keeper.notes)
        if isinstance(keeper, ArenaKeeper) and keeper.arena is not None:
            found.extend(_lost_arena(name, keeper.parts.arenas, keeper.arena))
            found.extend(_full_outbox(name, keeper))
            found.extend(degraded_traits(name, keeper))
            found.extend(degraded_guards(name, zones.guards[name]))
        if isinstance(keeper, BusKeeper):
            found.extend(
                {**each.fields(), "what": f"{name}: {each.what}"} for each in keeper.degraded
            )
    if zones.memory.unsaved_why:
        why = f"cannot write what the next kernel is to remember: {zones.memory.unsaved_why}"
        found.append({"what": "memory", "why": why, "hint": "molt doctor"})
    found.extend(zones.governor.notes())
    problem = zones.updates.problem
    if problem is not None:
        found.append({"what": "module updates", "why": problem.message, "hint": problem.hint})
    found.extend(zones.event_notes())
    found.extend(zones.cage_notes())
    world = zones.arenas.get(WORLD_ZONE)
    failed = 0 if world is None else _count(world, State.CHECKS_FAILED)
    if failed:
        checks = "1 check" if failed == 1 else f"{failed} checks"
        why = f"{checks} of the world's invariants failed"
        found.append({"what": "world", "why": why, "hint": "molt doctor world"})
    untold = 0 if world is None else _count(world, State.LIVES_UNTOLD)
    if untold:
        why = f"{untold} births and deaths are in no event: nobody read the world's outbox for long"
        found.append({"what": "world", "why": why, "hint": "molt ps"})
    return found


def _with_ages(zones: ZoneTable, rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Return what is degraded, and for how many seconds that is known, over kernels, too."""
    now_s = zones.now_s()
    known = zones.memory.entries(DEGRADED, now_s)
    return [
        {
            **row,
            "for_s": round(now_s - known[row["what"]].first_s, 1) if row["what"] in known else 0.0,
        }
        for row in rows
    ]


def differs_fields(zones: ZoneTable) -> list[dict[str, Any]]:
    """Return the parameters in which a world is not as its file has it, and nobody set them."""
    return [
        {"key": f"{world.config.settings_file}.{each.name}", "file": each.said, "world": each.held}
        for world in zones.arenas.values()
        for each in world.differences(world.config.settings)
        if world.config.settings_file and each.name not in world.by_hand
    ]


def _full_outbox(zone: str, world: ArenaKeeper) -> list[dict[str, str]]:
    """Say that a world's events wait for the archive so long that it takes no inputs any more."""
    if world.inbox is None or not world.inbox.is_archive_behind():
        return []
    thinned = _count(world, State.EVENTS_THINNED)
    why = (
        f"cannot take inputs: {world.inbox.unstored_bytes() // 1024} KiB of events wait for the "
        f"archive; it ticks on, {thinned} events of telemetry were left out so far"
    )
    return [{"what": f"{zone}: outbox", "why": why, "hint": "molt logs archive"}]


def _lost_arena(zone: str, files: ArenaFiles, arena: ArenaHandle) -> list[dict[str, str]]:
    if not files.is_deleted(arena):
        return []
    why = (
        f"cannot find {arena.path}: it was deleted while the world lives in it; "
        "the next boot restores the newest snapshot, and an orderly stop takes one"
    )
    return [{"what": f"{zone}: arena", "why": why, "hint": "molt shutdown"}]


def _count(world: ArenaKeeper, offset: int) -> int:
    """Return a count of the committed state block (`State`), at most COUNT_MAX."""
    return min(world.state_value(offset), COUNT_MAX)


def param_fields(world: ArenaKeeper, parameter: Parameter) -> dict[str, Any]:
    """Return one parameter with its present value."""
    assert world.arena is not None
    return {
        "key": parameter.name,
        "value": world.arena.words.parameter(world.tick(), parameter.index),
        "unit": parameter.unit,
        "min": parameter.low,
        "max": parameter.high,
        "default": parameter.default,
        "pending": _pending(world, parameter),
    }


def _pending(world: ArenaKeeper, parameter: Parameter) -> dict[str, Any] | None:
    """Return the change of a parameter that comes next, None when none waits."""
    if world.inbox is None:
        return None
    for each in world.inbox.waiting():
        if each.kind == SET_PARAM and each.param == parameter.name:
            return {"value": each.value, "at_tick": max(each.at_tick, world.tick() + 1)}
    return None


def _inputs_waiting(world: ArenaKeeper) -> int:
    """Return how many inputs wait for another tick than the very next of a world that goes on."""
    if world.inbox is None:
        return 0
    waiting, next_tick = world.inbox.waiting(), world.tick() + 1
    return len([each for each in waiting if world.is_holding() or each.at_tick > next_tick])


def wait_facts(zones: ZoneTable) -> dict[str, int | float | bool | str]:
    """Return the facts that `wait --for` compares."""
    facts: dict[str, int | float | bool | str] = {
        f"zone.{keeper.config.name}": keeper.state_word() for keeper in zones.keepers()
    }
    world = zones.arenas.get(WORLD_ZONE)
    if world is not None and world.arena is not None:
        facts["tick"] = world.tick()
        facts["population"] = _count(world, State.POPULATION)
        facts["lineages"] = _count(world, State.LINEAGES)
        facts["epoch"] = world.arena.words.get(Header.EPOCH)
        facts["paused"] = world.held_hash() is not None
    return facts
