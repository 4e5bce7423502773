"""Decide what one generation of a zone needs next: a zygote, a process, an heir, patience.

Owns: the life of one generation as data, restart budgets, back-off. Does not own: doing any of it
(`Kernel/core/line.py`), which generation serves (`ladder.py`), who may write the arena
(`succession.py`), hangs (`watchdog.py`).
Pure: no clock, no process, no bus. Two functions: `learn` takes what happened into the state,
`decide` says what is to be done now. Model: Erlang/OTP `lib/stdlib/src/supervisor.erl`, with
level-triggered reconciliation instead of restart strategies.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from fallback.back_off import BackOff

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
class Generation:
    """All the kernel needs to know of one generation of a zone to decide about it.

    Args:
        name: the zone's.
        zygote: the zygote; `ready` means prepared.
        founded: the arena is there and mapped (bus zones: all arenas they read are).
        founder: the process making the arena, if one is at work.
        asked_s: since when a Fork is unanswered, None when none is.
        active: the process that serves (for arenas: that holds the right to write).
        heir: the process that stands by.
        leaving: processes that no longer serve and are expected to end; born_s: since when.
        patience: failures of this generation's processes.
        zygote_patience: failures of the zygote itself.
        machine_patience: times the machine had no room for a process, or somebody killed the
            zygote; no fault of the generation.
        healthy_s: since when an active process has served without a failure, the zygote's
            included; None if not.
        served: a process of the zone has served since boot.
        restarts: processes that took the place of one that had served.
        held: it may prepare itself, and not fork: another generation has yet to leave.
        condemned: why nothing more is to be expected of this generation, "" while there is hope.
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
    machine_patience: Patience = Patience()
    healthy_s: float | None = None
    served: bool = False
    restarts: int = 0
    stopping: bool = False
    held: bool = False
    condemned: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Spent:
    """What of a budget was used up under the kernel before.

    Args:
        failures, zygote_failures: in a row.
        why: the last of them.
    """

    failures: int
    zygote_failures: int
    why: str


# What can happen.


@dataclass(frozen=True, slots=True)
class ZygoteStarted:
    """A zygote process was started."""

    pid: int


@dataclass(frozen=True, slots=True)
class NotStarted:
    """The machine had no room: no process, descriptor or memory was left."""

    why: str


@dataclass(frozen=True, slots=True)
class ZygotePrepared:
    """The zygote has imported and warmed its generation."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A Fork was sent to the zygote."""


@dataclass(frozen=True, slots=True)
class Unforked:
    """The zygote could not fork for want of room; it may be asked again."""


@dataclass(frozen=True, slots=True)
class Forked:
    """The zygote has forked: a founder, or a process that will become active or heir."""

    pid: int
    founder: bool = False


@dataclass(frozen=True, slots=True)
class Founded:
    """The arena is there and mapped."""


@dataclass(frozen=True, slots=True)
class Unfounded:
    """There is no arena any more that this generation could compute in."""


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
            before it had done anything); an outside kill of a serving process, or of a prepared
            zygote, does not.
    """

    pid: int
    failure: bool
    why: str


@dataclass(frozen=True, slots=True)
class Succeeded:
    """A process of another generation holds the right to write now."""


@dataclass(frozen=True, slots=True)
class Condemned:
    """It is proved that this generation cannot go on; trying again would end the same way."""

    why: str


@dataclass(frozen=True, slots=True)
class Held:
    """Another generation has yet to leave, or has left."""

    held: bool


@dataclass(frozen=True, slots=True)
class StopAsked:
    """Nothing new is to be started."""


Event = (
    ZygoteStarted
    | NotStarted
    | ZygotePrepared
    | Asked
    | Unforked
    | Forked
    | Founded
    | Unfounded
    | Ready
    | TookOver
    | Died
    | Succeeded
    | Condemned
    | Held
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
    return BackOff(policy.backoff_base_s, policy.backoff_cap_s).delay_s(late)


def fail(patience: Patience, policy: Policy, now_s: float) -> Patience:
    """Return the patience after one more failure."""
    failures = patience.failures + 1
    return Patience(failures, now_s + backoff_s(policy, failures))


def resume(life: Generation, spent: Spent) -> Generation:
    """Return a generation that goes on with a budget of which so much is used up.

    Its first try is made at once: nobody has been served since the kernel before has died.
    """
    return replace(
        life,
        patience=Patience(spent.failures),
        zygote_patience=Patience(spent.zygote_failures),
        why=spent.why,
    )


def learn(life: Generation, event: Event, policy: Policy, now_s: float) -> Generation:
    """Return the generation after `event`. Events about unknown processes change nothing."""
    match event:
        case ZygoteStarted(pid):
            return replace(life, zygote=Process(pid, now_s), asked_s=None)
        case NotStarted(why):
            patience = fail(life.machine_patience, policy, now_s)
            return replace(life, machine_patience=patience, why=why)
        case ZygotePrepared():
            if life.zygote is None:
                return life
            return replace(life, zygote=replace(life.zygote, ready=True))
        case Asked():
            return replace(life, asked_s=now_s)
        case Unforked():
            return replace(life, asked_s=None)
        case Forked(pid, founder):
            life = replace(life, machine_patience=Patience())
            return _learn_forked(life, Process(pid, now_s), founder)
        case Founded():
            return replace(life, founded=True)
        case Unfounded():
            return replace(life, founded=False)
        case Ready(pid):
            return _learn_ready(life, pid, policy, now_s)
        case TookOver(pid):
            return _learn_took_over(life, pid, now_s)
        case Died():
            return _learn_died(life, event, policy, now_s)
        case Succeeded():
            return _learn_succeeded(life, now_s)
        case Condemned(why):
            return replace(life, condemned=life.condemned or why, why=why)
        case Held(held):
            return replace(life, held=held)
        case StopAsked():
            return replace(life, stopping=True)
        case _:
            assert_never(event)


def _learn_forked(life: Generation, process: Process, founder: bool) -> Generation:
    if founder:
        return replace(life, founder=process, asked_s=None)
    return replace(life, heir=process, asked_s=None)


def _learn_ready(life: Generation, pid: int, policy: Policy, now_s: float) -> Generation:
    """A bus process serves as soon as it is ready; an arena process then stands by."""
    if life.heir is None or life.heir.pid != pid:
        return life
    process = replace(life.heir, ready=True)
    if policy.kind is Kind.BUS:
        return replace(_count_service(life), active=process, heir=None, healthy_s=now_s)
    return replace(life, heir=process)


def _learn_took_over(life: Generation, pid: int, now_s: float) -> Generation:
    if life.heir is None or life.heir.pid != pid:
        return life
    life = _learn_succeeded(life, now_s)
    assert life.heir is not None, "it was there a line above"
    healthy = life.healthy_s if life.healthy_s is not None else now_s
    active = replace(life.heir, ready=True)
    return replace(_count_service(life), active=active, heir=None, healthy_s=healthy)


def _learn_succeeded(life: Generation, now_s: float) -> Generation:
    if life.active is None:
        return life
    left = Process(life.active.pid, now_s)
    return replace(life, active=None, leaving=(*life.leaving, left))


def _count_service(life: Generation) -> Generation:
    return replace(life, served=True, restarts=life.restarts + life.served)


def _learn_died(life: Generation, event: Died, policy: Policy, now_s: float) -> Generation:
    pid = event.pid
    if life.zygote is not None and life.zygote.pid == pid:
        life = replace(life, zygote=None, asked_s=None)
        if event.failure:
            return _learn_zygote_failed(life, event.why, policy, now_s)
        patience = fail(life.machine_patience, policy, now_s)
        return replace(life, machine_patience=patience, why=f"zygote: {event.why}")
    if life.active is not None and life.active.pid == pid:
        life = replace(life, active=None)
    elif life.heir is not None and life.heir.pid == pid:
        life = replace(life, heir=None)
    elif life.founder is not None and life.founder.pid == pid:
        life = replace(life, founder=None)
    elif all(process.pid != pid for process in life.leaving):
        return life
    life = replace(life, leaving=tuple(each for each in life.leaving if each.pid != pid))
    if event.failure:
        life = replace(
            life, patience=fail(life.patience, policy, now_s), healthy_s=None, why=event.why
        )
    return life


def _learn_zygote_failed(life: Generation, why: str, policy: Policy, now_s: float) -> Generation:
    patience = fail(life.zygote_patience, policy, now_s)
    return replace(life, zygote_patience=patience, healthy_s=None, why=f"zygote: {why}")


def heal(life: Generation, policy: Policy, now_s: float) -> Generation:
    """Forget failures once the generation has served without one for long enough."""
    if life.active is None:
        return life
    life = _heal_machine(life, policy, now_s)
    since = life.healthy_s
    if since is None:
        return replace(life, healthy_s=now_s)
    if now_s - since < policy.healthy_after_s:
        return life
    if not life.patience.failures and not life.zygote_patience.failures:
        return life
    return replace(life, patience=Patience(), zygote_patience=Patience(), why="")


def _heal_machine(life: Generation, policy: Policy, now_s: float) -> Generation:
    """Forget that there was no room, or that zygotes were killed, once all has long been there.

    A new heir is forked only when one is needed, which may be never: that nothing is missing must
    be seen without one.
    """
    zygote, machine = life.zygote, life.machine_patience
    if not machine.failures or zygote is None or not zygote.ready:
        return life
    if policy.heir and (life.heir is None or not life.heir.ready):
        return life
    if now_s < max(machine.retry_at_s, zygote.born_s + policy.healthy_after_s):
        return life
    others = life.patience.failures or life.zygote_patience.failures
    return replace(life, machine_patience=Patience(), why=life.why if others else "")


def spent(life: Generation, policy: Policy) -> str:
    """Return why nothing more is to be expected of a generation, "" while it may be tried."""
    if life.condemned:
        return life.condemned
    failures = max(life.patience.failures, life.zygote_patience.failures)
    if failures < policy.failures_max:
        return ""
    return f"{failures} failures in a row, the last: {life.why}"


def decide(life: Generation, policy: Policy, now_s: float) -> tuple[Action, ...]:
    """Return what is to be done now; the same state asks for the same again until it is done."""
    overdue = _overdue(life, policy, now_s)
    if overdue or life.stopping or spent(life, policy):
        return overdue
    if now_s < life.machine_patience.retry_at_s:
        return ()
    if life.zygote is None:
        return (StartZygote(),) if now_s >= life.zygote_patience.retry_at_s else ()
    if not life.zygote.ready or life.asked_s is not None or now_s < life.patience.retry_at_s:
        return ()
    if life.held:
        return ()
    if not life.founded:
        return (ForkFounder(),) if policy.kind is Kind.ARENA and not life.founder else ()
    wants_heir = life.active is None or policy.heir
    return (ForkProcess(),) if wants_heir and life.heir is None else ()


def _overdue(life: Generation, policy: Policy, now_s: float) -> tuple[Action, ...]:
    """Whoever has been getting ready for too long is ended."""
    late: list[Action] = []
    zygote = life.zygote
    if zygote is not None:
        if not zygote.ready and now_s - zygote.born_s > policy.prepare_timeout_s:
            late.append(Kill(zygote.pid, f"not prepared in {policy.prepare_timeout_s:g} s"))
        elif life.asked_s is not None and now_s - life.asked_s > FORK_S:
            late.append(Kill(zygote.pid, f"did not fork in {FORK_S:g} s"))
    for left in life.leaving:
        if now_s - left.born_s > LEAVE_S:
            late.append(Kill(left.pid, f"did not leave in {LEAVE_S:g} s"))
    founder = life.founder
    if founder is not None and now_s - founder.born_s > policy.prepare_timeout_s:
        late.append(Kill(founder.pid, f"did not found in {policy.prepare_timeout_s:g} s"))
    heir = life.heir
    if heir is not None and not heir.ready and now_s - heir.born_s > policy.ready_timeout_s:
        late.append(Kill(heir.pid, f"not ready in {policy.ready_timeout_s:g} s"))
    return tuple(late)


def state_word(life: Generation, policy: Policy, now_s: float) -> str:
    """Return one word for people: ready, starting, restarting, waiting or stopped."""
    if life.active is not None:
        return "ready"
    if life.stopping:
        return "stopped"
    patiences = (life.patience, life.zygote_patience, life.machine_patience)
    if now_s < max(patience.retry_at_s for patience in patiences):
        return "waiting"
    return "restarting" if life.served or life.patience.failures else "starting"
