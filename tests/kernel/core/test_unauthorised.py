"""Every (zone, request) pair of the table over real private-bus sockets: done, or refused.

The zones are those of the shipped kernel.yaml. Who may what is written down here once more, so that
neither the table nor the configuration gives a zone more without a change of this file.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from Kernel.config import ZoneConfig, load_config
from Kernel.contract.messages import (
    Answer,
    Ask,
    Drain,
    Heartbeat,
    Hello,
    Message,
    Ready,
    Reply,
    Request,
    pack_message,
    parse_message,
)
from Kernel.contract.policy import RULES, UNKNOWN, Road
from Kernel.contract.refusals import MALFORMED, TOLD_AT_ONCE
from Kernel.core.bus_keeper import ASKS_PER_S, BusKeeper
from Kernel.core.event_bus import Endpoint, PrivateBus
from Kernel.core.supervisor import Kind
from tests.bench.report import ROOT
from tests.support.fakes import FakeMachine
from tests.support.paper_kernel import PaperKernel
from tests.support.wait import wait_until

ZONES = {
    zone.name: zone
    for zone in load_config(ROOT / "config", (), environment={}).zones
    if zone.policy.kind is Kind.BUS
}
MAY = {
    "chronos": {"hello", "ready", "heartbeat", "reply"},
    "archive": {"hello", "ready", "heartbeat", "reply"},
    "sandbox": {
        "hello", "ready", "heartbeat", "reply", "ask.trial", "ask.apply", "ask.take_back",
    },
}  # fmt: skip
MADE_UP = ("ask.shutdown", "ask.update", "ask.cache")
# An ask is one of its names; bare "ask" is said by each of them.
REQUESTS = [rule.request for rule in RULES if rule.road is Road.BUS and rule.request != "ask"]
PAIRS = [(zone, request) for zone in ZONES for request in (*REQUESTS, *MADE_UP)]


def message_of(request: str, zone: str, pid: int) -> Message:
    """Return a sound message that makes a request."""
    plain: dict[str, Message] = {
        "hello": Hello(pid, zone),
        "ready": Ready({}),
        "heartbeat": Heartbeat(1, 1),
        "reply": Reply(1, True),
        "drain": Drain(1.0),
        "request": Request(1, "shutdown", {}, 1.0),
        "answer": Answer(1, True),
    }
    if request.startswith("ask."):
        return Ask(1, request.removeprefix("ask."), {})
    return plain[request]


class Stage:
    """The keeper of one zone, and a peer at the endpoint of its first process."""

    def __init__(self, machine: FakeMachine, config: ZoneConfig, folder: Path) -> None:
        self.machine = machine
        self.parts = machine.parts()
        self.bus_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self.bus = PrivateBus(self.bus_fd)
        self.keeper = BusKeeper(config, self.parts, self.bus, self.bus_fd, self.arenas)
        self.asked: list[str] = []
        self.keeper.on_ask = lambda _keeper, _serial, ask: self.asked.append(ask.name)
        self.context = zmq.Context()
        self.round()
        machine.zygote.prepare({})
        self.round()
        self.pid = machine.processes.new_pid()
        fork = machine.zygote.fork(self.pid)
        self.peer = self.context.socket(zmq.PAIR)
        self.peer.setsockopt(zmq.LINGER, 0)
        self.peer.setsockopt(zmq.RCVTIMEO, 5000)
        self.peer.connect(f"ipc:///proc/self/fd/{self.bus_fd}/{fork.facts['endpoint']}")

    def arenas(self, zone: str) -> dict[str, int]:
        """Return the descriptors of an arena that it reads."""
        return {f"arena.{zone}": self.bus_fd}

    @property
    def endpoint(self) -> Endpoint:
        """Return the kernel's end of the road."""
        return next(iter(self.keeper._endpoints.values()))

    def round(self) -> None:
        """Some rounds of the kernel."""
        for _ in range(3):
            self.machine.loop.turn()
            self.keeper.look()

    def say(self, message: Message) -> None:
        """Send as the zone's process, and wait until the kernel has it."""
        heard = self.heard()
        self.peer.send(pack_message(message))
        wait_until("the kernel to hear", lambda: (self.round(), self.heard() > heard)[1])

    def heard(self) -> int:
        """Return how many messages have come, whatever became of them."""
        return self.endpoint.counters.received + len(self.refused())

    def refused(self) -> list[dict]:
        """Return the events about refusals."""
        return self.machine.log.of("request.refused")

    def close(self) -> None:
        """Close every socket."""
        self.peer.close()
        self.bus.close_all()
        self.context.term()
        os.close(self.bus_fd)


@pytest.fixture
def stage(machine: FakeMachine, tmp_path: Path, request) -> Iterator[Stage]:
    """Give the keeper of the zone that a test is about."""
    zone = request.node.callspec.params.get("zone", "archive")
    stage = Stage(machine, ZONES[zone], tmp_path)
    yield stage
    stage.close()
    machine.processes.close()


def test_every_bus_zone_has_its_row() -> None:
    """Who adds a zone says here what it may."""
    assert MAY.keys() == ZONES.keys()


@pytest.mark.parametrize(("zone", "request_"), PAIRS)
def test_a_pair_is_done_or_refused(stage: Stage, zone: str, request_: str) -> None:
    """What the table allows is taken; all else is refused, counted, and on record."""
    if request_ != "hello":
        stage.say(Hello(stage.pid, zone))
    stage.say(message_of(request_, zone, stage.pid))
    counters, told = stage.endpoint.counters, stage.refused()
    if request_ in MAY[zone]:
        assert counters.forbidden == 0 and told == [] and stage.parts.refusals.total == 0
        asked = [request_.removeprefix("ask.")] if request_.startswith("ask.") else []
        assert stage.asked == asked
        return
    assert counters.forbidden == 1 and stage.asked == []
    counted = UNKNOWN if request_ in MADE_UP else request_
    assert [(each["road"], each["who"], each["request"]) for each in told] == [
        ("bus", zone, counted)
    ]
    assert [row["count"] for row in stage.parts.refusals.fields()] == [1]
    if request_.startswith("ask."):
        answer = parse_message(stage.peer.recv())
        assert isinstance(answer, Answer) and not answer.ok
        assert answer.hint == f"kernel.zones.{zone}.may"


@pytest.mark.parametrize("zone", ["sandbox"])
def test_nothing_is_heard_before_hello(stage: Stage, zone: str) -> None:
    """Who has not said who it is may ask for nothing, whatever its zone may."""
    stage.say(Ask(1, "trial", {}))
    assert stage.asked == [] and stage.refused()[0]["request"] == "ask"
    stage.say(Hello(stage.pid, "archive"))
    assert "claims to be zone 'archive'" in stage.refused()[-1]["why"]


@pytest.mark.parametrize("zone", ["archive"])
def test_a_babbling_zone_fills_no_log(stage: Stage, zone: str) -> None:
    """Each refusal is counted, the first are told; garbage and forbidden asks alike."""
    stage.say(Hello(stage.pid, zone))
    many = 2 * ASKS_PER_S
    for number in range(many):
        stage.peer.send(pack_message(Ask(number, f"made up {number}", {})))
        stage.peer.send(b"garbage")
    wait_until("all to be refused", lambda: (stage.round(), _total(stage) == 2 * many)[1])
    rows = {row["request"]: row["count"] for row in stage.parts.refusals.fields()}
    assert rows == {UNKNOWN: many, MALFORMED: many}
    assert len(stage.refused()) == 2 * TOLD_AT_ONCE and stage.asked == []


def _total(stage: Stage) -> int:
    return stage.parts.refusals.total


@pytest.mark.parametrize("zone", ["archive"])
def test_what_a_zone_has_turned_away_outlives_its_processes(stage: Stage, zone: str) -> None:
    """It comes with the heartbeats, never less than before, and is added up over processes."""
    stage.say(Hello(stage.pid, zone))
    for count in (3, 5, 4):
        stage.say(Heartbeat(1, 1, (), count))
    assert stage.keeper.turned_away == 5
    (berth,) = (each for line in stage.keeper.lines.values() for each in line.berths.values())
    stage.keeper.forget(berth)
    assert stage.keeper.turned_away == 5


def test_an_arena_zone_has_no_road_to_ask_by(machine: FakeMachine, tmp_path: Path) -> None:
    """Founder and heirs are given no endpoint and no folder of any."""
    kernel = PaperKernel(machine, tmp_path)
    kernel.start()
    given = kernel.zygote().descriptors.values()
    assert given and all("bus" not in named for named in given)
    kernel.close()
    machine.processes.close()
