"""Keep one bus zone: its endpoint, its heartbeats, requests to it.

Owns: what is said over the private bus with the processes of one zone. Does not own: sockets
(`event_bus.py`), processes (`keeper.py`), decisions.
"""

import signal
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import zmq

from Kernel.config import ZoneConfig
from Kernel.contract.errors import CodecError, MoltError, Refused
from Kernel.contract.messages import (
    TEXT_CHARS_MAX,
    Answer,
    Ask,
    Degraded,
    Drain,
    Heartbeat,
    Message,
    Ready,
    Reply,
    Request,
)
from Kernel.contract.policy import Party, Road, ask_name, is_allowed
from Kernel.contract.zygote_protocol import Fork
from Kernel.core import supervisor as sup
from Kernel.core.berth import Berth, Death
from Kernel.core.event_bus import Endpoint, PrivateBus
from Kernel.core.generations import LEAVE_S
from Kernel.core.keeper import Keeper
from Kernel.core.ladder import Rules
from Kernel.core.left_over import LeftOver
from Kernel.core.line import Line
from Kernel.core.log_rate import LineBucket, take_lines
from Kernel.core.parts import Parts
from Kernel.core.zone_strains import Depth
from Kernel.ports.process import Exit

Descriptors = Callable[[str], dict[str, int] | None]
REPLIES_KEPT = 64
ASKS_PER_S = 100
"""Of one zone; one more is refused without a word in the log."""


class BusKeeper(Keeper):
    """One bus zone.

    Args:
        bus_dir_fd: descriptor of the bus directory, sent to each process.
        arena_descriptors: gives the descriptors of an arena this zone reads, None until it is.
        listeners: the listening sockets of the user bus by name, given to each process if this
            zone is the broker.
    """

    def __init__(
        self,
        config: ZoneConfig,
        parts: Parts,
        bus: PrivateBus,
        bus_dir_fd: int,
        arena_descriptors: Descriptors,
        rules: Rules = Rules(),  # noqa: B008 - frozen
        listeners: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        super().__init__(config, parts, rules)
        self.degraded: tuple[Degraded, ...] = ()
        self.ready_facts: dict[str, Any] = {}
        self._bus = bus
        self._bus_dir_fd = bus_dir_fd
        self._arena_descriptors = arena_descriptors
        self._listeners = listeners if config.broker else {}
        self._endpoints: dict[int, Endpoint] = {}
        self._line_of: dict[int, Line] = {}
        self._given: dict[int, dict[str, int]] = {}
        self._beats = 0
        self._events_waiting = 0
        self._told_pid = 0
        self._exchanges = 0
        self._request_id = 0
        self._replies: dict[int, Reply] = {}
        self._asks = LineBucket()
        self._left_over = LeftOver(self)
        self._turned_away: dict[int, int] = {}
        self._turned_away_before = 0
        self.on_ask: Callable[[BusKeeper, int, Ask], None] = _nobody_does
        """Takes what a process of it may ask for, with the serial of the process."""
        self.parameters_of: Callable[[str], list[dict[str, Any]]] = lambda _zone: []
        """Tells the parameters of a world that it reads, as plain data."""

    def before_deciding(self) -> None:
        """It can start once every arena it reads is there, and nobody of another generation is.

        The broker starts without: what happens in a boot is to be stored from its first moment on.
        """
        self._end_impostors()
        self._left_over.look()
        there = all(map(self._arena_descriptors, self.config.reads))
        may_serve = there or self.config.broker
        for line in self.lines.values():
            if may_serve and not line.state.founded:
                line.learn(sup.Founded())
            active = line.state.active
            berth = line.berth_of(active.pid) if active is not None else None
            if there and berth is not None and self._given.get(berth.serial) != self._named():
                self._exchange(line, berth)
            # While a world moves there is nothing to read.
            held = not may_serve or line.number != self.ladder.current or self._others_serve(line)
            if line.state.held is not held:
                line.learn(sup.Held(held))

    def after_deciding(self) -> None:
        """Tell who serves now, when it is somebody else than before."""
        active = self.active
        line = next((each for each in self.lines.values() if each.state.active), None)
        if active is None or line is None or active.pid == self._told_pid:
            return
        self._told_pid = active.pid
        self.last_service = self.parts.log.info(
            "zone.served", zone=self.config.name, pid=active.pid, cause=self.last_end,
            **self.service_facts(line),
        )  # fmt: skip

    @property
    def is_service_untold(self) -> bool:
        """Whether it is yet to be told who serves now."""
        active = self.active
        return active is not None and active.pid != self._told_pid

    @property
    def restarts(self) -> int:
        """Return how often a process came in the place of one that had served, and was not sent."""
        return super().restarts - self._exchanges

    def _exchange(self, line: Line, berth: Berth) -> None:
        """Let the next process have arenas that have come, or moved, since this one was forked."""
        if berth.excused:
            return
        self._exchanges += 1
        why = "the next one is given the arenas as they are now"
        told = self.parts.log.note(
            "zone.drained",
            zone=self.config.name,
            pid=berth.pid,
            why=why,
            cause=self.generations.promoted,
        )
        self._expect_leaving(line)
        berth.cause = told

    @property
    def has_its_arenas(self) -> bool:
        """Whether a process serves that was given every arena it reads, as they are now."""
        active = self.active
        berth = self.berth_of(active.pid) if active is not None else None
        there = all(map(self._arena_descriptors, self.config.reads))
        return there and berth is not None and self._given.get(berth.serial) == self._named()

    def _named(self) -> dict[str, int]:
        """Return the descriptors of every arena it reads, by name.

        The side pages, which who has them can write, are for who stores what worlds tell.
        """
        named: dict[str, int] = {}
        for zone in self.config.reads:
            named |= self._arena_descriptors(zone) or {}
        if self.config.broker:
            return named
        return {name: fd for name, fd in named.items() if not name.startswith("side.")}

    def _others_serve(self, line: Line) -> bool:
        return any(other.berths for other in self.lines.values() if other is not line)

    def is_ready(self, line: Line) -> bool:
        """Tell whether its zygote is warm: two processes of a bus zone never serve together."""
        return line.state.zygote is not None and line.state.zygote.ready

    def hand_over(self, line: Line, before: Line | None) -> None:
        """Have the process that serves leave in order; its place is taken when it is gone."""
        if before is not None and before.state.active is not None:
            self._expect_leaving(before)

    def _expect_leaving(self, line: Line) -> None:
        active = line.state.active
        berth = line.berth_of(active.pid) if active is not None else None
        endpoint = self._endpoints.get(berth.serial) if berth is not None else None
        if active is None or berth is None:
            return
        if berth.excused:
            return
        berth.excused, berth.cause = True, self.generations.promoted
        self.limits.governor.let_go()
        if endpoint is None or not self._bus.send(endpoint, Drain(LEAVE_S)):
            self.parts.processes.send_signal(active.pid, signal.SIGKILL)

    def fork_message(self, line: Line, serial: int, role: str) -> tuple[Fork, list[int]]:
        """Return the Fork for a process with an endpoint of its own.

        Raises:
            MoltError: no endpoint can be made.
        """
        try:
            endpoint = self._bus.open_endpoint(self.config.name, serial)
        except zmq.ZMQError as error:
            raise MoltError(f"cannot open an endpoint for {self.config.name}: {error}") from error
        self._endpoints[serial] = endpoint
        self._line_of[serial] = line
        if line.state.zygote is not None:
            self._left_over.note_zygote(line.state.zygote.pid)
        self.parts.loop.watch(endpoint.socket, lambda _events: self._read(serial))
        named = {"bus": self._bus_dir_fd, **self._named(), **self._listeners}
        self._given[serial] = self._named()
        told = {zone: self.parameters_of(zone) for zone in self.config.reads}
        facts = {"endpoint": endpoint.name, "nice": self.config.nice, "parameters": told}
        return Fork(serial, role, list(named), facts), list(named.values())

    def on_process_exit(self, line: Line, berth: Berth, exit_: Exit, death: Death) -> None:
        """See to what it has left behind, besides."""
        super().on_process_exit(line, berth, exit_, death)
        self._left_over.note_end(death.event_id)

    def forget(self, berth: Berth) -> None:
        """Close the endpoint of a process that is gone."""
        endpoint = self._endpoints.pop(berth.serial, None)
        self._line_of.pop(berth.serial, None)
        self._given.pop(berth.serial, None)
        self._turned_away_before += self._turned_away.pop(berth.serial, 0)
        if endpoint is not None:
            self.parts.loop.unwatch(endpoint.socket)
            self._bus.close(endpoint)

    def _read(self, serial: int) -> None:
        endpoint = self._endpoints.get(serial)
        if endpoint is None:
            return
        for message in self._bus.receive(endpoint):
            self._take(serial, message)
        for refusal in endpoint.refusals:
            self._tell_refused(refusal.request, refusal.reason)
        endpoint.refusals.clear()

    def _take(self, serial: int, message: Message) -> None:
        match message:
            case Ready(facts):
                berth = self._line_of[serial].berths.get(serial)
                if berth and berth.pid and self._endpoints[serial].is_taken_from(berth.pid):
                    return
                self.ready_facts = facts
                self._line_of[serial].on_ready(serial)
                self.generations.served = True
            case Heartbeat(_, _, degraded, turned_away, waiting):
                self._beats += 1
                self.degraded = degraded
                self._turned_away[serial] = max(turned_away, self._turned_away.get(serial, 0))
                self._events_waiting = waiting
            case Reply(request_id):
                self._replies[request_id] = message
                if len(self._replies) > REPLIES_KEPT:  # the oldest: whoever asked is gone
                    del self._replies[next(iter(self._replies))]
            case Ask():
                self._take_ask(serial, message)
            case _:
                pass  # hello: the bus has checked it

    def _take_ask(self, serial: int, ask: Ask) -> None:
        """Pass on what this zone may ask for; what it may not is counted, told and answered."""
        zone = self.config.name
        asked = ask_name(ask.name)
        if not is_allowed(Road.BUS, asked, Party.ZONE, self.config.may):
            self._endpoints[serial].counters.forbidden += 1
            why = f"cannot do {ask.name!r}: zone {zone} may not ask for it"
            self._tell_refused(asked, why)
            self.refuse_ask(serial, ask, why, f"kernel.zones.{zone}.may")
            return
        self._asks, allowed = take_lines(self._asks, 1, ASKS_PER_S, self.parts.clock.now_s())
        if not allowed:  # each of the others is an event in the log, whatever is asked
            why = f"cannot do {ask.name!r}: zone {zone} asks more than {ASKS_PER_S} times a second"
            self.refuse_ask(serial, ask, why, "")
            return
        self.on_ask(self, serial, ask)

    def _tell_refused(self, request: str, why: str) -> None:
        """Count what this zone was refused; of a flood only some are told."""
        zone, now_s = self.config.name, self.parts.clock.now_s()
        told = self.parts.refusals.note(Road.BUS, zone, request, why, now_s)
        if told:
            self.parts.log.warning("request.refused", zone=zone, **told)

    @property
    def turned_away(self) -> int:
        """Return how many requests of others its processes have refused, since boot."""
        return self._turned_away_before + sum(self._turned_away.values())

    def can_hear(self, serial: int) -> bool:
        """Tell whether the process of a serial can still be told anything."""
        return serial in self._endpoints

    def answer_ask(self, serial: int, ask: Ask, result: dict[str, Any]) -> None:
        """Tell a process what became of what it asked for; who does not listen loses it."""
        endpoint = self._endpoints.get(serial)
        if endpoint is None:
            return
        try:
            self._bus.send(endpoint, Answer(ask.request_id, True, result))
        except CodecError as error:
            self.refuse_ask(serial, ask, error.message, "")

    def refuse_ask(self, serial: int, ask: Ask, why: str, hint: str) -> None:
        """Tell a process why it does not get what it asked for."""
        endpoint = self._endpoints.get(serial)
        if endpoint is not None:
            why, hint = why[:TEXT_CHARS_MAX], hint[:TEXT_CHARS_MAX]
            self._bus.send(endpoint, Answer(ask.request_id, False, {}, why, hint))

    def _end_impostors(self) -> None:
        """End whose endpoint somebody else has taken: it would wait there until it is overdue."""
        for berth in self.berths():
            endpoint = self._endpoints.get(berth.serial)
            if endpoint is None or not berth.pid or berth.killed_as:
                continue
            if endpoint.is_taken_from(berth.pid):
                pid = endpoint.hello.pid if endpoint.hello is not None else 0
                told = self.parts.log.warning("zone.impostor", zone=self.config.name, pid=pid)
                self.kill(berth.pid, "somebody else took its endpoint", told)

    def request(self, name: str, args: dict[str, Any], deadline_s: float) -> int:
        """Ask the active process for something and return the number of the request.

        Raises:
            Refused: nobody is there, or it does not take messages.
        """
        endpoint = self._active_endpoint() if not self.is_stopped else None
        self._request_id += 1
        request = Request(self._request_id, name, args, deadline_s)
        if endpoint is None or not self._bus.send(endpoint, request):
            name = self.config.name
            raise Refused(
                f"cannot ask zone {name}: it is {self.state_word()}",
                f"molt wait --for zone.{name}=ready",
            )
        return self._request_id

    def take_reply(self, request_id: int) -> Reply | None:
        """Return the reply to a request once, None while there is none."""
        return self._replies.pop(request_id, None)

    def drain(self, deadline_s: float) -> bool:
        """Ask the active process to leave in order; False when nobody could be told."""
        self.limits.governor.let_go()
        endpoint = self._active_endpoint()
        return endpoint is not None and self._bus.send(endpoint, Drain(deadline_s))

    def send_off(self) -> None:
        """Ask the active process to leave; one that cannot be told is ended."""
        if not self.drain(LEAVE_S):
            active = self.active
            assert active is not None, "asked only while somebody serves"
            self.parts.processes.send_signal(active.pid, signal.SIGKILL)

    def can_be_followed(self) -> bool:
        """Tell whether its zygote is warm: the next process follows when this one has left."""
        return self.line is not None and self.line.can_fork

    def depth(self) -> Depth:
        """Return how many of its events wait to be stored, as its last heartbeat said."""
        return Depth(self._events_waiting, self.config.events)

    def _active_endpoint(self) -> Endpoint | None:
        active = self.active
        if active is None:
            return None
        berth = self.berth_of(active.pid)
        return self._endpoints.get(berth.serial) if berth else None

    def on_founder_exit(self, line: Line, code: int | None) -> bool:
        """A bus zone has no founder."""
        raise AssertionError("the supervisor founds only arenas")

    def has_progressed(self, berth: Berth) -> bool:
        """Having become ready is work done."""
        return berth.was_ready

    def progress(self) -> tuple[int, ...] | None:
        """Return the count of heartbeats while a process serves."""
        return (self._beats,) if self.active else None

    def watched_pid(self) -> int:
        """Return the serving process."""
        active = self.active
        return active.pid if active is not None else 0


def _nobody_does(keeper: BusKeeper, serial: int, ask: Ask) -> None:
    """Answer where nobody carries out what zones ask for."""
    keeper.refuse_ask(serial, ask, f"cannot do {ask.name!r}: nobody does it", "")
