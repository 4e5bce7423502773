"""The kinds of events the kernel sends: boot, zones, succession, drills, refusals, verdicts.

Owns: the rows. Does not own: when each is said (`Kernel/core`, `Kernel/console`), its sentence for
people (`Kernel/core/log_lines.py`). "zone" and "cause" of a log call are the envelope's and stand
in no row, but for the zone an event is about, which is kept in the payload, too.
"""

from typing import Any, Final

from Kernel.contract.envelope import Level
from Kernel.contract.kind_table import ANY, Kind

_WARNING, _ERROR = Level.WARNING, Level.ERROR
_ABOUT: Final = {"zone?": str}
_PHASE: Final = {"phase": str, "at": str, "took_s?": float}
_UPDATE: Final = {"version": str, "version_id": str, "counter": int}
_STORY: Final = {
    "noticed_ms?": float,
    "served_ms?": float,
    "tick_before?": int,
    "tick_after?": int,
    "missed_ticks?": int,
    "epoch?": int,
    "moved?": bool,
}
"""Of a comeback, as the answer to the command tells it."""


def _of_zone(name: str, payload: dict[str, Any], level: Level = Level.INFO) -> Kind:
    return Kind(name, _ABOUT | payload, level)


KERNEL_KINDS: Final = (
    Kind("kernel.lost", {"pid": int, "why": str}, _WARNING),  # told by the next one
    Kind("kernel.started", {"pid": int, "home": str, "version?": str}),
    Kind("kernel.ready", {"boot_s": float, "degraded?": ANY}),
    Kind("kernel.stopping", {}),
    Kind("kernel.stopped", {"text?": str, "tick?": int}),
    Kind("kernel.killed", {"text?": str, "tick?": int}, _WARNING),
    Kind("kernel.safe_mode_begun", {"why": str, "detail?": str, "stay": bool}, _ERROR),
    Kind("kernel.events_dropped", {"count": int, "kinds": dict[str, int], "why": str}, _ERROR),
    Kind("kernel.ahead_cut", {"bytes": int, "why": str}, _WARNING),
    Kind("kernel.feed_ended", {"why": str}, _WARNING),
    Kind("kernel.degraded", {"what": str, "why": str, "hint?": str}, _WARNING),
    Kind("kernel.mended", {"what": str}),
    Kind("kernel.stacks", {"path": str}),
    Kind("kernel.stacks_not_kept", {"why": str, "hint?": str}, _WARNING),
    Kind("kernel.misfit", {"told": str, "why": str, "values": str}, _ERROR),
    Kind("command.taken", {"command": str, "by_pid": int, "args": dict[str, Any]}),
    Kind("command.refused", {"command": str, "why": str}, _WARNING),
    Kind(
        "request.refused",  # by whoever may not, on any road; the archive tells of the scribe's
        _ABOUT | {"road": str, "who": str, "request": str, "why": str, "count": int},
        _WARNING,
    ),
    Kind(
        "call.begun",
        {
            "name": str,
            "job": str,
            "bytes": int,
            "code_hash": str,
            "timeout_s": float,
            "kept?": bool,  # what its file compiles to was kept, and was not compiled again
        },
    ),
    Kind(
        "call.ended",
        {
            "name": str,
            "outcome": str,
            "why": str,
            "pid?": int,
            "took_s?": float,
            "begun?": str,  # id of its begin, where that is not its cause: it died with a kernel
        },
    ),
    Kind("call.refused", {"name": str, "why": str}, _WARNING),
    Kind("console.bug", {"command": str, "why": str, "stack": str}, _ERROR),
    Kind(
        "config.changed",
        {
            "key": str,
            "effect": str,
            "old?": ANY,
            "new?": ANY,
            "why?": str,
            "hint?": str,
            "zone?": str,
        },
    ),
    Kind("config.differs", _ABOUT | {"text": str, "hint?": str}),
    Kind("config.ignored", {"key": str, "why": str, "hint?": str}, _WARNING),
    Kind("config.read", {"changed": int}),
    Kind("config.refused", {"why": str, "hint?": str}, _ERROR),
    Kind("memory.recalled", {"entries": dict[str, int]}),
    Kind("memory.refused", {"why": str, "bytes": int, "path": str}, _WARNING),
    Kind("note.not_written", {"what": str, "why": str, "hint?": str}, _WARNING),
    Kind("slot.damaged", {"why": str, "hint?": str}, _WARNING),
    Kind("slot.filled", {"slot": str}),
    Kind("slot.not_filled", {"why": str, "hint?": str}, _WARNING),
    Kind("scenario.founded", {"scenario": str}),
    Kind("scenario.not_founded", {"scenario": str, "tick": int, "why": str}, _WARNING),
    Kind("arena.set_aside", _ABOUT | {"path": str, "why?": str, "hint?": str}),
    _of_zone("arena.founded", {"told": ANY}),
    _of_zone("arena.moving", {"path": str, "tick": int}),
    _of_zone("generation.begun", {"source": str}),
    _of_zone("generation.promoted", {"source": str, "generation": ANY, "why": str}),
    _of_zone("generation.retired", {"source": str, "generation": ANY, "why": str}),
    _of_zone(
        "zone.budget_resumed",
        {"failures": int, "failures_max": int, "why": str},
        _WARNING,
    ),
    Kind("update.begun", _UPDATE | {"attempt": int}),
    Kind("update.guarded", _UPDATE | {"until_tick": int}),
    Kind("update.kept", _UPDATE),
    Kind("update.rolled_back", _UPDATE | {"why": str}, _WARNING),
    Kind("update.gone_back", _UPDATE | {"to": str, "why": str}, _WARNING),
    Kind("update.not_done", {"why": str, "hint?": str}, _WARNING),
    _of_zone("zone.restart_due", {"why": str, "mutations": int, "hours": float}),
    _of_zone(  # without a zone: the whole machine
        "governor.stepped",
        {
            "step": str,
            "before": str,
            "what": str,
            "value": float,
            "limit": float,
            "why": str,
        },
    ),
    _of_zone("snapshot.taken", {"tick": int}),
    _of_zone("snapshot.not_taken", {"why": str}, _WARNING),
    _of_zone("boot.phase", _PHASE),
    _of_zone("stop.phase", _PHASE),
    _of_zone("stop.held_up", {"doing": str, "left_s": float, "then": str}, _WARNING),
    _of_zone(
        "trait.validated",
        {
            "name": str,
            "version": int,
            "code_hash": str,
            "tier": str,
            "state": str,
            "memory": int,
            "why?": str,
            "tried?": bool,
        },
    ),
    _of_zone(
        "trait.refused",
        {"name?": str, "code_hash": str, "rule": str, "line": int, "reason": str},
        _WARNING,
    ),
    _of_zone("trait.resumed", {"name": str, "version": int, "code_hash": str}),
    _of_zone("trait.removed", {"name": str, "version": int, "code_hash": str}),
    _of_zone(
        "trait.quarantined",
        {"slot": int, "why": str, "name?": str, "version?": int, "code_hash?": str},
        _ERROR,
    ),
    _of_zone(
        "trial.begun",
        {
            "code_hash": str,
            "by": str,
            "ticks": int,
            "seeds": int,
            "scale": int,
            "population": int,
            "waited_s": float,
            "add": bool,
            "unchecked": bool,
            "what?": str,  # where it is no source
        },
    ),
    _of_zone(
        "trial.ended",
        {
            "code_hash": str,
            "what?": str,  # as above
            "accepted": bool,
            "how": str,
            "reason": str,
            "seconds?": float,
            "begun?": str,  # as above
            "name?": str,
            "stage?": str,
            "rule?": str,
            "line?": int,
            "tier?": str,
            "ticks?": int,
            "seeds?": int,
            "calls?": int,
            "faults?": dict[str, int],
            "effect?": list[dict[str, Any]],
        },
    ),
    _of_zone("trial.refused", {"code_hash": str, "by": str, "why": str, "what?": str}, _WARNING),
    _of_zone("trial.skipped", {"code_hash": str, "by": str, "why": str}, _WARNING),
    _of_zone("drill.begun", {"fault": str, "pid": int}),
    _of_zone("drill.ended", {"fault": str, "over": bool, **_STORY}),
    _of_zone("zone.asked", {"name": str, "request_id": int}),
    _of_zone("zone.drained", {"pid": int, "why": str}),
    _of_zone("zone.served", {"pid": int, "generation": str, "build": str}),
    _of_zone("zone.ready", {"took_s": float, "found?": ANY, "pid?": int}),
    _of_zone("zone.degraded", {"why": str, "hint?": str}, _WARNING),
    _of_zone(
        "zone.died",
        {"role": str, "pid": int, "how": str, "counts": bool, "failures": int},
        _WARNING,
    ),
    _of_zone(
        "zone.taken_over",
        {
            "pid": int,
            "epoch": int,
            "tick_found": int,
            "generation": str,
            "build": str,
            "found_owner": int,
            "found_flight": int,
            "first?": bool,
        },
    ),
    _of_zone(
        "zone.evidence", {"tick": int, "place": str, "how": str, "times": int, "verdict": str}
    ),
    _of_zone("zone.given_up", {"why": str}, _ERROR),
    _of_zone("zone.hung", {"pid": int, "why": str}, _WARNING),
    _of_zone("zone.starved", {"pid": int, "deadline_s": float}, _WARNING),
    _of_zone("zone.impostor", {"pid": int}, _ERROR),
    _of_zone("zone.killed", {"pid": int, "why": str}, _WARNING),
    _of_zone(
        "zone.limit_reached",
        {"pid": int, "what": str, "value": float, "limit": float, "by": str, "why": str},
        _WARNING,
    ),
    _of_zone("zone.not_started", {"why": str}, _WARNING),
    _of_zone("zygote.not_forked", {"why": str}),
    _of_zone("zone.stack", {"pid": int, "why": str, "file": str, "top": ANY}),
    _of_zone("zone.stopped", {"took_s": float, "killed": bool}),
    _of_zone("zone.unprepared", {"source": str, "why": str, "hint?": str}, _ERROR),
)
