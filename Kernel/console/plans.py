"""What a destructive command would do, told instead of done: the answer to --dry-run.

Owns: one plan for each destructive command. Does not own: doing it (`handlers.py`). Looks only;
refuses what the command itself would refuse. Each plan returns {"dry_run": true, "would": [...]}
with whole sentences, and the processes and zones they are about as fields.
"""

import os
from collections.abc import Callable
from typing import Any

from Kernel.console.request import Request
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.drill import check_drill, check_going_back
from Kernel.core.guard_notes import NONE
from Kernel.core.keeper import Keeper
from Kernel.core.quarantine import find_carried
from Kernel.core.zone_table import ZoneTable

Plan = dict[str, Any]

_FAULTS = {
    "kill": "send SIGKILL to pid {pid}",
    "stop": "send SIGSTOP to pid {pid}",
    "segfault": "send SIGSEGV to pid {pid}",
    "hang": "have pid {pid} run an endless loop",
}


def plan_drill(zones: ZoneTable, request: Request) -> Plan:
    """Return what `drill` would do.

    Raises:
        Refused: there is no such zone, or it could not be drilled now.
    """
    kind, name = request.text("kind"), request.text("zone")
    assert kind is not None and name is not None, "the table requires both"
    keeper = zones.keeper(name)
    check_drill(keeper)
    active, heir = keeper.active, keeper.state.heir
    assert active is not None, "only a zone that serves is drilled"
    would = [f"{_FAULTS[kind].format(pid=active.pid)}, which serves in zone {name}"]
    if kind in ("stop", "hang"):
        deadline_ms = keeper.config.deadline_s * 1000
        would.append(f"end it by SIGKILL when it has not moved for {deadline_ms:g} ms")
    would.append(_comeback(keeper, heir.pid if heir is not None else None))
    return {
        "dry_run": True,
        "zone": name,
        "kind": kind,
        "pid": active.pid,
        "heir_pid": heir.pid if heir is not None else None,
        "would": would,
    }


def plan_go_back(zones: ZoneTable, request: Request) -> Plan:
    """Return what `go-back` would do.

    Raises:
        Refused: there is no such zone, or no generation to go back to.
    """
    name = request.text("zone")
    assert name is not None, "the table has a default"
    keeper = zones.keeper(name)
    former = keeper.lines[check_going_back(keeper)]
    active, heir = keeper.active, former.state.heir
    assert active is not None, "only where somebody serves is there a way back"
    now, before = keeper.facts.get("generation", ""), former.facts.get("generation", "")
    # The same code and settings, made ready twice, have one id.
    which = (
        f"the generation before, of the same id {before},"
        if now == before
        else (f"generation {before}")
    )
    would = [
        f"send SIGKILL to pid {active.pid}, which serves in zone {name} (generation {now})",
        f"let {which} serve again, by "
        + (f"its heir, pid {heir.pid}" if heir is not None else "a new process of its zygote"),
    ]
    return {
        "dry_run": True,
        "zone": name,
        "pid": active.pid,
        "generation": before,
        "would": would,
    }


def plan_shutdown(zones: ZoneTable, _request: Request) -> Plan:
    """Return what `shutdown` would do."""
    would = []
    for name, arena in zones.arenas.items():
        would.append(f"hold the world of zone {name} after a tick, at {arena.tick()} or later")
    pids = [pid for keeper in zones.keepers() for pid in keeper.pids()]
    names = ", ".join(keeper.config.name for keeper in zones.keepers())
    would.append(f"end the zones {names}: processes {', '.join(map(str, pids)) or 'none'}")
    would.append(f"end the kernel, pid {os.getpid()}, with exit code 0")
    would += [_leaving(name, arena) for name, arena in zones.arenas.items()]
    return {"dry_run": True, "pid": os.getpid(), "pids": pids, "would": would}


def plan_safe_mode(zones: ZoneTable, _request: Request) -> Plan:
    """Return what `safe-mode enter` would do."""
    pids = [pid for keeper in zones.keepers() for pid in keeper.pids()]
    names = ", ".join(keeper.config.name for keeper in zones.keepers())
    would = [
        *(
            f"hold the world of zone {name} after a tick, at {arena.tick()} or later"
            for name, arena in zones.arenas.items()
        ),
        f"end the zones {names}: processes {', '.join(map(str, pids)) or 'none'}",
        f"go on as safe mode in pid {os.getpid()}, with core physics, until told to leave",
    ]
    return {"dry_run": True, "pid": os.getpid(), "pids": pids, "would": would}


def _leaving(name: str, keeper: ArenaKeeper) -> str:
    arena = keeper.arena
    if arena is not None and keeper.parts.arenas.is_deleted(arena):
        return (
            f"lose the arena of zone {name}: its file has no name any more; "
            "the next start restores the newest snapshot"
        )
    return "leave the arena in shared memory; the next start goes on from its tick"


def _comeback(keeper: Keeper, heir_pid: int | None) -> str:
    if isinstance(keeper, ArenaKeeper) and heir_pid is not None:
        return f"let its heir, pid {heir_pid}, take over from tick {keeper.tick()} or later"
    return "start a new process in its place"


def plan_quarantine(zones: ZoneTable, request: Request) -> Plan:
    """Return what `quarantine` would do.

    Raises:
        Refused: the world carries no trait of that name.
    """
    name = request.text("name")
    if name is None:
        return {"dry_run": True, "would": ["list what is in quarantine"]}
    zone, world = next(iter(zones.arenas.items()))
    row = find_carried(world, name)
    back = zones.guards[zone].before(row)
    to = "nothing: there is no version before" if back == NONE else back
    would = [
        f"switch trait {row.name} version {row.version} off for good, in everybody who carries it",
        f"let its carriers go back to {to}",
    ]
    return {"dry_run": True, "name": row.name, "version": row.version, "would": would}


def plan_update_rollback(zones: ZoneTable, _request: Request) -> Plan:
    """Return what `update rollback` would do.

    Raises:
        Refused: the factory version runs, and nothing is on its way.
    """
    gone, serves = zones.updates.check_rollback()
    names = ", ".join(keeper.config.name for keeper in zones.keepers())
    would = [f"take module version {gone} back", f"let the zones {names} run {serves}"]
    return {"dry_run": True, "version": gone, "serves": serves, "would": would}


PLANS: dict[str, Callable[[ZoneTable, Request], Plan]] = {
    "drill": plan_drill,
    "go-back": plan_go_back,
    "quarantine": plan_quarantine,
    "safe-mode enter": plan_safe_mode,
    "shutdown": plan_shutdown,
    "update rollback": plan_update_rollback,
}
