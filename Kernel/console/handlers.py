"""What each console command does in a running kernel.

Owns: turning a request into acts of the kernel and facts for the answer. Does not own: the
command table (`commands.py`), sockets (`server.py`), looks (`render.py`).
A handler returns an `Asked`: a function that gives the result once it is there. Most give it at
once; pause, params, drill and wait give it when the thing has happened. What is a row of lines
(`kernel-events`, `logs`) comes as a `Reading`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from Kernel.config_changes import REFUSED
from Kernel.console.agent_commands import ANSWER_S as AGENTS_S
from Kernel.console.agent_commands import ZONE as AGENTS_ZONE
from Kernel.console.agent_commands import ask_agents
from Kernel.console.call_commands import begin_call
from Kernel.console.event_filter import first_position
from Kernel.console.facts import (
    WORLD_ZONE,
    cage_fields,
    param_fields,
    status_fields,
    wait_facts,
    zone_fields,
)
from Kernel.console.following import Reading
from Kernel.console.plans import PLANS
from Kernel.console.request import Request, told_arguments
from Kernel.console.trait_commands import (
    begin_addition,
    begin_quarantine,
    begin_release,
    begin_removal,
    begin_trial,
    list_fields,
    trial_result,
)
from Kernel.console.wait_expression import Fact
from Kernel.contract.arena import NEVER, State
from Kernel.contract.envelope import KERNEL
from Kernel.contract.errors import CodecError, MoltError, Refused, WaitTimeout
from Kernel.contract.event_filter import passes
from Kernel.contract.inputs import PAUSE, RESUME, SET_PARAM, STEP, Input
from Kernel.contract.settings import Effect, parse_table
from Kernel.contract.sources import WORLD
from Kernel.core.arena_keeper import ArenaKeeper
from Kernel.core.drill import (
    DrillFault,
    DrillWatch,
    RenewalWatch,
    begin_drill,
    begin_going_back,
    begin_renewal,
    begin_soft_restart,
)
from Kernel.core.event_ring import Event, LogLine
from Kernel.core.events import Recorder
from Kernel.core.inbox_writer import InboxWriter, Ticket
from Kernel.core.stopping import Stage
from Kernel.core.zone_table import ZoneTable
from Kernel.memory.contexts import memory_fields
from Kernel.ports.clock import Clock
from Kernel.ports.meters import Meters

ANSWER_S = 30.0
EVENTS_SHOWN = 50
"""How many events are told when nobody says how many."""
RENEWAL_S = 300.0
"""A new generation may have to be compiled first."""

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request under way.

    Args:
        result: gives the answer, or None while it is not there; may raise MoltError.
        until_s: monotonic seconds after which `late` is raised instead; None: no limit.
        patient: nobody minds if it is noticed some milliseconds late.
        give_up: called once when who asked has gone before the answer was there.
    """

    result: Callable[[], Result | None]
    until_s: float | None = None
    late: Callable[[], MoltError] | None = None
    patient: bool = False
    give_up: Callable[[], None] | None = None


@dataclass(slots=True)
class Handlers:
    """All command handlers of one kernel."""

    zones: ZoneTable
    clock: Clock
    meters: Meters
    began_s: float
    request_stop: Callable[[bytes], None]
    reload: Callable[[bool, bool, bytes], Result]
    request_safe_mode: Callable[[str, bytes], None]
    recorder: Recorder
    _facts: dict[str, Fact] | None = None
    _one_moment: bool = False

    def handle(self, request: Request) -> Asked | Reading[Event] | Reading[LogLine]:
        """Start what is asked for, or say what would be done.

        Raises:
            MoltError: it cannot be done; nothing was changed.
        """
        act = request.acts or request.command in PLANS
        if act and self.zones.stop is not None and request.command != "shutdown":
            said = f"cannot do '{request.command}': the kernel is being stopped"
            raise Refused(said, "molt status")
        if request.command in PLANS and request.flag("dry_run"):
            return self._now(PLANS[request.command](self.zones, request))
        handler: Callable[[Request], Asked | Reading[Event] | Reading[LogLine]] = getattr(
            self, "_" + request.command.replace("-", "_").replace(" ", "_")
        )
        return handler(request)

    def record(self, request: Request, peer_pid: int) -> bytes:
        """Keep as an event that something was asked for which acts; who only looks leaves none.

        Args:
            peer_pid: who asked; it may be gone and its id reused.

        Returns:
            The event's id, b"" where there is none.
        """
        if not request.acts:
            return b""
        told = told_arguments(request)
        return self.recorder.note(
            "command.taken", command=request.command, by_pid=peer_pid, args=told
        )

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """Gather the facts of `wait` once for all that are asked inside: nothing may happen."""
        self._facts, self._one_moment = None, True
        try:
            yield
        finally:
            self._facts, self._one_moment = None, False

    def _wait_facts(self) -> dict[str, Fact]:
        if not self._one_moment:
            return wait_facts(self.zones)
        if self._facts is None:
            self._facts = wait_facts(self.zones)
        return self._facts

    def _now(self, result: Result) -> Asked:
        return Asked(lambda: result)

    def _world(self) -> tuple[ArenaKeeper, InboxWriter]:
        keeper = self.zones.keeper(WORLD_ZONE)
        if not isinstance(keeper, ArenaKeeper) or keeper.inbox is None:
            raise Refused(f"cannot reach the world: zone {WORLD_ZONE} is {keeper.state_word()}")
        return keeper, keeper.inbox

    def _status(self, _request: Request) -> Asked:
        return self._now(status_fields(self.zones, self.clock.now_s() - self.began_s, self.meters))

    def _memory(self, _request: Request) -> Asked:
        return self._now(memory_fields(self.zones.memory, self.clock.now_s()))

    def _doctor_cage(self, _request: Request) -> Asked:
        return self._now(cage_fields(self.zones))

    def _ps(self, _request: Request) -> Asked:
        zones = [zone_fields(keeper, self.meters) for keeper in self.zones.keepers()]
        trials, calls = self.zones.trials.fields(), self.zones.calls.fields()
        return self._now({"zones": zones, "trials": trials, "calls": calls})

    def _wait(self, request: Request) -> Asked:
        expression = request.expression("for")
        timeout_s = request.number("timeout_s")
        assert expression is not None and timeout_s is not None, "the table requires both"
        for zone in expression.zones:
            self.zones.keeper(zone)  # refuses an unknown one: it would never be anything

        def result() -> Result | None:
            facts = self._wait_facts()
            if not expression.holds(facts):
                return None
            world = self.zones.arenas.get(WORLD_ZONE)
            return {
                "tick": facts.get("tick"),
                "hash": world.held_hash() if world is not None else None,
                "for": expression.text,
            }

        return Asked(
            result,
            self.clock.now_s() + timeout_s,
            lambda: WaitTimeout(
                f"cannot wait longer for {expression.text}: {timeout_s:g} s are over", "molt status"
            ),
            patient=True,
        )

    def _kernel_events(self, request: Request) -> Reading[Event]:
        ring, since, last = self.recorder.events, request.since("since"), request.integer("last")
        filters = request.filters("filters")
        if last is None and since is None:
            last = EVENTS_SHOWN
        first = first_position(ring, filters, since, last, self.clock.now_s())
        until = None if request.flag("follow") else ring.newest
        return Reading(
            ring, first, lambda event: passes(event, filters), until, lost_kind="events.lost"
        )

    def _logs(self, request: Request) -> Reading[LogLine]:
        ring, zone, last = self.recorder.lines, request.text("zone"), request.integer("last")
        assert last is not None, "the table has a default"
        if zone is not None and zone != KERNEL:
            self.zones.keeper(zone)  # refuses an unknown one

        def is_wanted(line: LogLine) -> bool:
            return zone in (None, line.source if zone == KERNEL else line.zone)

        fitting = [line.position for line in ring.read(ring.oldest) if is_wanted(line)]
        newest = fitting[-last:] if last else []
        first = newest[0] if newest else ring.newest + 1
        until = None if request.flag("follow") else ring.newest
        return Reading(ring, first, is_wanted, until, lost_kind="logs.lost")

    def _pause(self, request: Request) -> Asked:
        world, inbox = self._world()
        at_tick = request.integer("at_tick") or 0
        later = at_tick > world.tick() + 1
        if world.is_holding() and not later and not inbox.awaits(RESUME, STEP):
            return Asked(lambda: self._held(world))
        ticket = inbox.post(Input(PAUSE, at_tick=at_tick, cause=request.cause))
        if later and world.is_holding():
            held = self._held(world) or {}
            return self._now(held | {"pending": True, "at_tick": at_tick, "paused": True})
        return Asked(lambda: self._held_since(world, inbox, ticket))

    def _held_since(self, world: ArenaKeeper, inbox: InboxWriter, ticket: Ticket) -> Result | None:
        """Return the held world once the input is applied, or that another let it go on."""
        applied = _applied_at(world, inbox, ticket)
        if applied is None:
            return None
        if not world.is_holding():
            return {"tick": applied, "hash": None, "paused": False}
        return self._held(world)

    def _held(self, world: ArenaKeeper) -> Result | None:
        digest = world.held_hash()
        return None if digest is None else {"tick": world.tick(), "hash": digest, "paused": True}

    def _resume(self, request: Request) -> Asked:
        world, inbox = self._world()
        free = world.state_value(State.HOLD_AFTER) == NEVER
        if free and not inbox.awaits(PAUSE, STEP):
            return self._now({"tick": world.tick(), "hash": None, "paused": False})
        ticket = inbox.post(Input(RESUME, cause=request.cause))

        def result() -> Result | None:
            if _applied_at(world, inbox, ticket) is None:
                return None
            return {"tick": world.tick(), "hash": None, "paused": world.is_holding()}

        return Asked(result, self.clock.now_s() + ANSWER_S, _no_answer(WORLD_ZONE))

    def _step(self, request: Request) -> Asked:
        world, inbox = self._world()
        if not world.is_holding() and not inbox.awaits(PAUSE):
            raise Refused("cannot step: the world is running", "molt pause")
        steps = request.integer("steps") or 1
        ticket = inbox.post(Input(STEP, steps=steps, cause=request.cause))

        def result() -> Result | None:
            applied = _applied_at(world, inbox, ticket)
            if applied is None:
                return None
            last = applied + steps - 1
            if world.tick() < last and world.state_value(State.HOLD_AFTER) != last:
                raise Refused(f"cannot finish {steps} steps: another command came in between")
            return None if world.tick() < last else self._held_since(world, inbox, ticket)

        return Asked(result)

    def _params(self, request: Request) -> Asked:
        world, inbox = self._world()
        key = request.text("key")
        if key is None:
            return self._now(
                {"params": [param_fields(world, each) for each in world.parameters.values()]}
            )
        parameter = world.parameters.get(key)
        if parameter is None:
            raise _no_parameter(key, world, request.number("value"))
        value = request.number("value")
        if value is None:
            return self._now(param_fields(world, parameter))
        parameter.check(value)
        at_tick = request.integer("at_tick") or 0
        given = Input(SET_PARAM, at_tick=at_tick, param=key, value=value, cause=request.cause)
        ticket = inbox.post(given)
        world.by_hand.add(key)

        def result() -> Result | None:
            applied = _applied_at(world, inbox, ticket)
            if world.arena is None:
                return None
            if applied is not None:
                return param_fields(world, parameter) | {"applied_at_tick": applied}
            if world.is_holding() or at_tick > world.tick() + 1:
                pending = {"value": value, "at_tick": max(at_tick, world.tick() + 1)}
                fields = param_fields(world, parameter)
                return fields | {"pending": pending, "paused": world.is_holding()}
            return None

        return Asked(result, self.clock.now_s() + ANSWER_S, _no_answer(WORLD_ZONE))

    def _try(self, request: Request) -> Asked:
        world, _inbox = self._world()
        trial = begin_trial(self.zones.trials, world, request)
        return Asked(lambda: trial_result(trial), patient=True, give_up=trial.give_up)

    def _run(self, request: Request) -> Asked:
        world, _inbox = self._world()
        call = begin_call(self.zones.calls, world, request)
        return Asked(call.result, give_up=lambda: self.zones.calls.give_up(call))

    def _trait_add(self, request: Request) -> Asked:
        world, _inbox = self._world()
        return Asked(begin_addition(self.zones.traits, world, request))

    def _trait_remove(self, request: Request) -> Asked:
        world, _inbox = self._world()
        return Asked(begin_removal(self.zones.traits, world, request))

    def _trait_list(self, _request: Request) -> Asked:
        world, _inbox = self._world()
        return self._now(list_fields(world, self.zones.traits))

    def _agents(self, _request: Request) -> Asked:
        return self._of_agents("agents", {})

    def _trigger(self, request: Request) -> Asked:
        reason, cause = request.text("reason") or "", request.cause.hex()
        return self._of_agents("trigger", {"reason": reason, "cause": cause})

    def _of_agents(self, name: str, args: Result) -> Asked:
        answer = ask_agents(self.zones, name, args)
        return Asked(answer, self.clock.now_s() + AGENTS_S, _no_answer(AGENTS_ZONE, AGENTS_S))

    def _quarantine(self, request: Request) -> Asked:
        world, _inbox = self._world()
        guard = self.zones.guards[world.config.name]
        return Asked(begin_quarantine(self.zones.traits, guard, world, request))

    def _release(self, request: Request) -> Asked:
        world, _inbox = self._world()
        return Asked(begin_release(self.zones.traits, world, request))

    def _update_commit(self, request: Request) -> Asked:
        result = self.zones.updates.commit(request.cause)
        until_s = self.clock.now_s() + self.zones.leaving.config.update.ready_s + ANSWER_S
        return Asked(result, until_s, _not_yet, patient=True)

    def _update_rollback(self, request: Request) -> Asked:
        return Asked(self.zones.updates.roll_back(request.cause), patient=True)

    def _drill(self, request: Request) -> Asked:
        kind, name = request.text("kind"), request.text("zone")
        assert kind is not None and name is not None, "the table requires both"
        keeper = self.zones.keeper(name)
        watch = begin_drill(keeper, DrillFault(kind), self.clock.now_ns(), request.cause)
        self.zones.drills.add(watch, kind)
        return self._drilled(watch, kind)

    def _drilled(
        self, watch: DrillWatch | RenewalWatch, kind: str, answer_s: float = ANSWER_S
    ) -> Asked:
        zone = watch.zone if isinstance(watch, DrillWatch) else watch.drill.zone

        def result() -> Result | None:
            story = watch.story(self.clock.now_ns())
            return None if story is None else {"zone": zone, "kind": kind} | story

        return Asked(result, self.clock.now_s() + answer_s, _no_answer(zone, answer_s))

    def _soft_restart(self, request: Request) -> Asked:
        keeper = self.zones.keeper(request.text("zone") or WORLD_ZONE)
        now_ns = self.clock.now_ns()
        if not request.flag("fresh"):
            return self._drilled(begin_soft_restart(keeper, now_ns, request.cause), "soft-restart")
        # Its settings, too, are those of the files as they are now.
        self.reload(False, False, request.cause)
        return self._drilled(begin_renewal(keeper, now_ns, request.cause), "renewal", RENEWAL_S)

    def _go_back(self, request: Request) -> Asked:
        keeper = self.zones.keeper(request.text("zone") or WORLD_ZONE)
        watch = begin_going_back(keeper, self.clock.now_ns(), request.cause)
        return self._drilled(watch, "go-back")

    def _reload(self, request: Request) -> Asked:
        return self._now(self.reload(request.flag("dry_run"), request.flag("all"), request.cause))

    def _shutdown(self, request: Request) -> Asked:
        self.request_stop(request.cause)

        def result() -> Result | None:
            if self.zones.stop is None or self.zones.stop.stage is Stage.WORLDS:
                return None  # the world is still at its last tick
            world = self.zones.arenas.get(WORLD_ZONE)
            return {"stopping": True, "tick": world.tick() if world is not None else None}

        return Asked(result)

    def _safe_mode_status(self, _request: Request) -> Asked:
        return self._now({"safe_mode": False, "hint": "molt status"})

    def _safe_mode_leave(self, _request: Request) -> Asked:
        raise Refused("cannot leave safe mode: the kernel runs normally", "molt status")

    def _safe_mode_enter(self, request: Request) -> Asked:
        self.request_safe_mode("asked for by molt safe-mode enter", request.cause)
        return self._now({"entering": True})


def _not_yet() -> MoltError:
    """Return what to say of a version that waits for zones to be calm for long."""
    return Refused(
        "cannot tell how it ended: not all zones run it yet; it goes on", "molt update status"
    )


def _applied_at(world: ArenaKeeper, inbox: InboxWriter, ticket: Ticket) -> int | None:
    """Return the tick at which an input was applied; None while it is not, or the world moves.

    Raises:
        Refused: the world has moved: what the inbox it was sent to held is not known there.
    """
    if world.inbox is None:
        return None
    if world.inbox is not inbox:
        raise Refused(
            "cannot tell how it ended: the world has moved to another arena", "molt status"
        )
    return inbox.applied_at(ticket)


def _no_parameter(key: str, world: ArenaKeeper, value: float | None) -> Refused:
    """Return the error for what is no parameter; a setting of the world says when it counts."""
    effect = _effect_of(key, world)
    if effect in REFUSED:
        why, hint = REFUSED[effect]
        to = "VALUE" if value is None else f"{value:g}"
        boot = "python manifest.py" if effect is Effect.BOOT else hint
        then = f"{hint}, then: " if effect is Effect.BOOT else ""
        return Refused(
            f"cannot set '{key}': it {why.partition(':')[0]}",
            f"{then}{boot} --set {world.config.settings_file or WORLD}.{key}={to}",
        )
    close = get_close_matches(key, world.parameters, n=1)
    mean = f"; did you mean '{close[0]}'?" if close else ""
    return Refused(
        f"cannot find parameter '{key}': the world has none of that name{mean}", "molt params"
    )


def _effect_of(key: str, world: ArenaKeeper) -> Effect | None:
    """Return when a setting that the world's zygote tells of counts; None: it tells of none."""
    try:
        table = parse_table(world.facts.get("settings", []))
    except CodecError:
        return None
    return next((row.effect for row in table if row.name == key), None)


def _no_answer(zone: str, answer_s: float = ANSWER_S) -> Callable[[], MoltError]:
    """Return what to say when a zone did not do in time what was asked of it."""
    return lambda: Refused(
        f"cannot tell how it ended: zone {zone} did not answer in {answer_s:g} s", "molt status"
    )
