"""What safe mode answers on the console: the same forms as the kernel's, as far as it knows.

Owns: the fields of status, ps, safe-mode and help. Does not own: the wire (`console_socket.py`),
doing what is asked (`steward.py`). Pure: facts in, fields out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fallback.arena_glance import WorldWords
from fallback.last_words import place_of

COMMANDS = {
    "status": "molt status [--check]: what is broken, what runs, what is done about it",
    "ps": "molt ps: the one process there is",
    "safe-mode status": "molt safe-mode status: why safe mode, and when normal running is tried",
    "safe-mode leave": "molt safe-mode leave: try normal running now",
    "shutdown": "molt shutdown: stop the world at a tick boundary and leave",
    "help": "molt help",
}
MODE = "safe mode"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is told.

    Args:
        reason: why safe mode was entered, one sentence.
        detail: the captured error with file and line, or "".
        world: the arena's words, None: `no_world` says why.
        version: what runs the world, "" nothing.
        ticking: whether it has taken the world over.
        why_still: why nothing runs the world, or "".
        still_hint: what helps against that, or "".
        probe_why, probe_hint: what the last probe said, or "".
        next_probe_s: seconds until the next one, 0 while one is under way; None: when it is asked
            for.
    """

    pid: int
    uptime_s: float
    reason: str
    detail: str
    zone: str
    world: WorldWords | None
    no_world: str
    world_pid: int | None
    version: str
    ticking: bool
    failures: int
    why_still: str
    still_hint: str
    ticks_per_s: float
    damaged: Sequence[tuple[str, str]]
    probes: int
    probe_why: str
    probe_hint: str
    next_probe_s: float | None
    stopping: bool


def status_fields(facts: Facts) -> dict[str, object]:
    """Return the answer to `status`."""
    return {
        "kernel": {
            "pid": facts.pid,
            "state": "stopping" if facts.stopping else MODE,
            "safe_mode": True,
            "uptime_s": round(facts.uptime_s, 3),
        },
        "zones": [zone_fields(facts)],
        "world": world_fields(facts),
        "degraded": degraded_fields(facts),
    }


def world_fields(facts: Facts) -> dict[str, object] | None:
    """Return the world as `status` tells of it, as far as its header says."""
    world = facts.world
    if world is None:
        return None
    return {
        "tick": world.tick,
        "population": world.population,
        "lineages": world.lineages,
        "births": world.births,
        "paused": world.paused,
        "standing": not facts.ticking,
        "standing_why": _why_standing(facts),
        "ticks_per_s": round(facts.ticks_per_s, 2),
        "p99_tick_ms": world.p99_tick_ms,
        "missed_ticks": world.missed_ticks,
        "period_ms": world.period_ms,
        "seed": world.seed,
        "max_entities": world.max_entities,
    }


def _why_standing(facts: Facts) -> str:
    """Return why the world stands still although nobody paused it, "" when it does not."""
    if facts.ticking:
        return ""
    return "its process is starting" if facts.world_pid else "nothing runs it"


def zone_fields(facts: Facts) -> dict[str, object]:
    """Return the one zone there is."""
    state = "ready" if facts.ticking else "starting" if facts.world_pid else "backoff"
    doing = f"core physics by {facts.version}" if facts.version else facts.why_still
    if facts.world and facts.version:
        is_held = facts.ticking and facts.world.paused
        doing = (
            f"paused at tick {facts.world.tick}, by {facts.version}"
            if is_held
            else f"tick {facts.world.tick}, {doing}"
        )
    return {
        "name": facts.zone,
        "state": state,
        "pid": facts.world_pid,
        "heir_pid": None,
        "zygote_pid": None,
        "restarts": facts.failures,
        "epoch": facts.world.epoch if facts.world else None,
        "why": facts.why_still,
        "doing": doing,
    }


def degraded_fields(facts: Facts) -> list[dict[str, str]]:
    """Return what is wrong, each with what helps; the reason of safe mode first."""
    why = facts.reason + (f": {facts.detail}" if facts.detail else "")
    place = place_of(facts.detail)
    mend = f"edit {place}" if place else "mend it"
    hint = f"{mend}, or: git stash" if facts.detail else "molt safe-mode leave"
    found = [{"what": "kernel", "why": why[:2000], "hint": hint}]
    if facts.probe_why and facts.probe_why not in why:
        hint = facts.probe_hint or "molt safe-mode leave"
        found.append({"what": "normal running", "why": facts.probe_why[:2000], "hint": hint})
    still = facts.why_still or facts.no_world
    if not facts.ticking and still:
        still = f"the world stands still: {still}"[:2000]
        hint = facts.still_hint or "molt safe-mode leave"
        found.append({"what": facts.zone, "why": still, "hint": hint})
    elif facts.ticking and facts.why_still and not facts.why_still.startswith(facts.version):
        still = f"the world is run by {facts.version}; {facts.why_still}"[:2000]
        hint = facts.still_hint or "git diff zones"
        found.append({"what": facts.zone, "why": still, "hint": hint})
    found += [{"what": "slot", "why": why, "hint": hint} for why, hint in facts.damaged]
    found.append({"what": "safe mode", "why": next_try(facts), "hint": "molt safe-mode leave"})
    return found


def next_try(facts: Facts) -> str:
    """Return when normal running is tried again, in words."""
    if facts.stopping:
        return "it is being left"
    if facts.next_probe_s is None:
        return "it was asked for, and stays until it is left"
    if facts.next_probe_s <= 0:
        return "normal running is being tried now"
    return f"normal running is tried again in {facts.next_probe_s:.0f} s, or when a file changes"


def safe_mode_fields(facts: Facts) -> dict[str, object]:
    """Return the answer to `safe-mode status`."""
    return {
        "safe_mode": True,
        "reason": facts.reason,
        "detail": facts.detail,
        "since_s": round(facts.uptime_s, 3),
        "tick": facts.world.tick if facts.world else None,
        "runs": facts.version,
        "ticking": facts.ticking,
        "paused": facts.ticking and facts.world is not None and facts.world.paused,
        "world_why": "" if facts.ticking else facts.why_still or facts.no_world,
        "probes": facts.probes,
        "probe_why": facts.probe_why,
        "next_probe_s": None if facts.next_probe_s is None else round(facts.next_probe_s, 1),
        "next_try": next_try(facts),
        "hint": "molt safe-mode leave",
    }


def help_fields(_arguments: Mapping[str, object]) -> dict[str, object]:
    """Return the answer to `help`: what can be done here."""
    return {"commands": [{"name": name, "help": text} for name, text in COMMANDS.items()]}
