"""Decide what a zone needs next: a zygote, a process, an heir, patience.

Owns: the life of one zone as data, restart budgets, back-off. Does not own: doing any of it
(`Kernel/core/keeper.py`), who may write the arena (`succession.py`), hangs (`watchdog.py`).
Pure: no clock, no process, no bus. Two functions: `learn` takes what happened into the state,
`decide` says what is to be done now. Model: Erlang/OTP `lib/stdlib/src/supervisor.erl`, with
level-triggered reconciliation instead of restart strategies.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

FORK_S = 3.0
"""A prepared zygote forks in some milliseconds; one that does not is stopped or hung."""
LEAVE_S = 2.0
"""A process that has given the right to write back must be gone within this."""


class Kind(StrEnum):
    """How a zone's processes speak: by memory only, or by the private bus."""

    ARENA = "arena"
    BUS = "bus"


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient the kernel is with one zone. Seconds.

    Args:
        heir: keep a warm heir beside the active process (arena zones).
        free_failures: failures in a row before any delay.
        backoff_base_s, backoff_cap_s: first delay and the largest one; it doubles in between.
        healthy_after_s: health this long forgets all failures.
        failures_max: failures in a row that spend the budget of one generation.
        prepare_timeout_s: a zygote must be prepared, and an arena founded, within this.
        ready_timeout_s: a process must be ready within this.
    """

    kind: Kind
    heir: bool = False
    free_failures: int = 3
    backoff_base_s: float = 0.1
    backoff_cap_s: float = 5.0
    healthy_after_s: float = 10.0
    failures_max: int = 8
    prepare_timeout_s: float = 180.0
    ready_timeout_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a zone as the kernel knows it."""

    pid: int
    born_s: float
    ready: bool = False


@dataclass(frozen=True, slots=True)
class Patience:
    """Failures in a row and when the next try may be made."""

    failures: int = 0
    retry_at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Zone:
    """All the kernel needs to know of a zone to decide about it.

    Args:
        zygote: the zygote; `ready` means prepared.
        founded: the arena is there and mapped (bus zones: all arenas they read are).
        founder: the process making the arena, if one is at work.
        asked_s: since when a Fork is unanswered, None when none is.
        active: the process that serves (for arenas: that holds the right to write).
        heir: the process that stands by.
        leaving: processes that no longer serve and are expected to end; born_s: since when.
        patience: failures of this generation's processes.
        zygote_patience: failures of the zygote itself.
        healthy_s: since when an active process has served without a failure, the zygote's
            included; None if not.
        served: a process has served since boot.
        restarts: processes that took the place of one that had served.
        why: the last reason something went wrong, for people.
    """

    name: str
    zygote: Process | None = None
    founded: bool = False
    founder: Process | None = None
    asked_s: float | None = None
    active: Process | None = None
    heir: Process | None = None
    leaving: tuple[Process, ...] = ()
    patience: Patience = Patience()
    zygote_patience: Patience = Patience()
    healthy_s: float | None = None
    served: bool = False
    restarts: int = 0
    stopping: bool = False
    why: str = ""


# What can happen.


@dataclass(frozen=True, slots=True)
class ZygoteStarted:
    """A zygote process was started."""

    pid: int


@dataclass(frozen=True, slots=True)
class NotStarted:
    """The machine could not start a zygote."""

    why: str


@dataclass(frozen=True, slots=True)
class ZygotePrepared:
    """The zygote has imported and warmed its generation."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A Fork was sent to the zygote."""


@dataclass(frozen=True, slots=True)
class Forked:
    """The zygote has forked: a founder, or a process that will become active or heir."""

    pid: int
    founder: bool = False


@dataclass(frozen=True, slots=True)
class Founded:
    """The arena is there and mapped."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A process says that it is ready."""

    pid: int


@dataclass(frozen=True, slots=True)
class TookOver:
    """A process holds the right to write now."""

    pid: int


@dataclass(frozen=True, slots=True)
class Died:
    """A process ended.

    Args:
        failure: it counts against its generation (a fault, an exit code, a hang, or a death
            before it had done anything); an outside kill of a serving process does not.
    """

    pid: int
    failure: bool
    why: str


@dataclass(frozen=True, slots=True)
class StopAsked:
    """Nothing new is to be started."""


Event = (
    ZygoteStarted
    | NotStarted
    | ZygotePrepared
    | Asked
    | Forked
    | Founded
    | Ready
    | TookOver
    | Died
    | StopAsked
)


# What can be asked for.


@dataclass(frozen=True, slots=True)
class StartZygote:
    """Start a zygote."""


@dataclass(frozen=True, slots=True)
class ForkFounder:
    """Have the zygote fork a founder for the arena."""


@dataclass(frozen=True, slots=True)
class ForkProcess:
    """Have the zygote fork a process: the future active or the heir."""


@dataclass(frozen=True, slots=True)
class Kill:
    """End a process at once."""

    pid: int
    why: str


Action = StartZygote | ForkFounder | ForkProcess | Kill


def backoff_s(policy: Policy, failures: int) -> float:
    """Return how long to wait after this many failures in a row: capped, never for good."""
    late = failures - policy.free_failures
    if late <= 0:
        return 0.0
    return min(policy.backoff_cap_s, policy.backoff_base_s * 2.0 ** min(late - 1, 60))


def fail(patience: Patience, policy: Policy, now_s: float) -> Patience:
    """Return the patience after one more failure."""
    failures = patience.failures + 1
    return Patience(failures, now_s + backoff_s(policy, failures))


def learn(zone: Zone, event: Event, policy: Policy, now_s: float) -> Zone:
    """Return the zone after `event`. Events about unknown processes change nothing."""
    match event:
        case ZygoteStarted(pid):
            return replace(zone, zygote=Process(pid, now_s), asked_s=None)
        case NotStarted(why):
            return _learn_zygote_failed(zone, why, policy, now_s)
        case ZygotePrepared():
            if zone.zygote is None:
                return zone
            return replace(zone, zygote=replace(zone.zygote, ready=True))
        case Asked():
            return replace(zone, asked_s=now_s)
        case Forked(pid, founder):
            return _learn_forked(zone, Process(pid, now_s), founder)
        case Founded():
            return replace(zone, founded=True)
        case Ready(pid):
            return _learn_ready(zone, pid, policy, now_s)
        case TookOver(pid):
            return _learn_took_over(zone, pid, now_s)
        case Died():
            return _learn_died(zone, event, policy, now_s)
        case StopAsked():
            return replace(zone, stopping=True)
        case _:
            assert_never(event)


def _learn_forked(zone: Zone, process: Process, founder: bool) -> Zone:
    if founder:
        return replace(zone, founder=process, asked_s=None)
    return replace(zone, heir=process, asked_s=None)


def _learn_ready(zone: Zone, pid: int, policy: Policy, now_s: float) -> Zone:
    """A bus process serves as soon as it is ready; an arena process then stands by."""
    if zone.heir is None or zone.heir.pid != pid:
        return zone
    process = replace(zone.heir, ready=True)
    if policy.kind is Kind.BUS:
        return replace(_count_service(zone), active=process, heir=None, healthy_s=now_s)
    return replace(zone, heir=process)


def _learn_took_over(zone: Zone, pid: int, now_s: float) -> Zone:
    if zone.heir is None or zone.heir.pid != pid:
        return zone
    leaving = zone.leaving
    if zone.active is not None:
        leaving = (*leaving, Process(zone.active.pid, now_s))
    healthy = zone.healthy_s if zone.healthy_s is not None else now_s
    return replace(
        _count_service(zone),
        active=replace(zone.heir, ready=True),
        heir=None,
        leaving=leaving,
        healthy_s=healthy,
    )


def _count_service(zone: Zone) -> Zone:
    return replace(zone, served=True, restarts=zone.restarts + zone.served)


def _learn_died(zone: Zone, event: Died, policy: Policy, now_s: float) -> Zone:
    pid = event.pid
    if zone.zygote is not None and zone.zygote.pid == pid:
        return _learn_zygote_failed(
            replace(zone, zygote=None, asked_s=None), event.why, policy, now_s
        )
    if zone.active is not None and zone.active.pid == pid:
        zone = replace(zone, active=None)
    elif zone.heir is not None and zone.heir.pid == pid:
        zone = replace(zone, heir=None)
    elif zone.founder is not None and zone.founder.pid == pid:
        zone = replace(zone, founder=None)
    elif all(process.pid != pid for process in zone.leaving):
        return zone
    zone = replace(zone, leaving=tuple(each for each in zone.leaving if each.pid != pid))
    if event.failure:
        zone = replace(
            zone, patience=fail(zone.patience, policy, now_s), healthy_s=None, why=event.why
        )
    return zone


def _learn_zygote_failed(zone: Zone, why: str, policy: Policy, now_s: float) -> Zone:
    patience = fail(zone.zygote_patience, policy, now_s)
    return replace(zone, zygote_patience=patience, healthy_s=None, why=f"zygote: {why}")


def heal(zone: Zone, policy: Policy, now_s: float) -> Zone:
    """Forget failures once the zone has served without one for long enough."""
    if zone.active is None:
        return zone
    since = zone.healthy_s
    if since is None:
        return replace(zone, healthy_s=now_s)
    if now_s - since < policy.healthy_after_s:
        return zone
    if not zone.patience.failures and not zone.zygote_patience.failures:
        return zone
    return replace(zone, patience=Patience(), zygote_patience=Patience(), why="")


def decide(zone: Zone, policy: Policy, now_s: float) -> tuple[Action, ...]:
    """Return what is to be done now; the same state asks for the same again until it is done."""
    overdue = _overdue(zone, policy, now_s)
    if overdue or zone.stopping:
        return overdue
    if zone.zygote is None:
        return (StartZygote(),) if now_s >= zone.zygote_patience.retry_at_s else ()
    if not zone.zygote.ready or zone.asked_s is not None or now_s < zone.patience.retry_at_s:
        return ()
    if not zone.founded:
        return (ForkFounder(),) if policy.kind is Kind.ARENA and not zone.founder else ()
    wants_heir = zone.active is None or policy.heir
    return (ForkProcess(),) if wants_heir and zone.heir is None else ()


def _overdue(zone: Zone, policy: Policy, now_s: float) -> tuple[Action, ...]:
    """Whoever has been getting ready for too long is ended."""
    late: list[Action] = []
    zygote = zone.zygote
    if zygote is not None:
        if not zygote.ready and now_s - zygote.born_s > policy.prepare_timeout_s:
            late.append(Kill(zygote.pid, f"not prepared in {policy.prepare_timeout_s:g} s"))
        elif zone.asked_s is not None and now_s - zone.asked_s > FORK_S:
            late.append(Kill(zygote.pid, f"did not fork in {FORK_S:g} s"))
    for left in zone.leaving:
        if now_s - left.born_s > LEAVE_S:
            late.append(Kill(left.pid, f"did not leave in {LEAVE_S:g} s"))
    founder = zone.founder
    if founder is not None and now_s - founder.born_s > policy.prepare_timeout_s:
        late.append(Kill(founder.pid, f"did not found in {policy.prepare_timeout_s:g} s"))
    heir = zone.heir
    if heir is not None and not heir.ready and now_s - heir.born_s > policy.ready_timeout_s:
        late.append(Kill(heir.pid, f"not ready in {policy.ready_timeout_s:g} s"))
    return tuple(late)


def state_word(zone: Zone, policy: Policy, now_s: float) -> str:
    """Return one word for people: ready, starting, restarting, waiting or stopped."""
    if zone.active is not None:
        return "ready"
    if zone.stopping:
        return "stopped"
    if now_s < max(zone.patience.retry_at_s, zone.zygote_patience.retry_at_s):
        return "waiting"
    return "restarting" if zone.served or zone.patience.failures else "starting"
