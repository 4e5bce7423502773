"""A bus keeper over real private-bus sockets, with processes that exist on paper only."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import zmq

from Kernel.config import ZoneConfig
from Kernel.contract.errors import Refused
from Kernel.contract.messages import (
    Ask,
    Degraded,
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
from Kernel.contract.zygote_protocol import Fork
from Kernel.core import supervisor as sup
from Kernel.core.bus_keeper import REPLIES_KEPT, BusKeeper
from Kernel.core.drill import DrillFault, begin_drill
from Kernel.core.event_bus import PrivateBus
from tests.support.fakes import FakeMachine
from tests.support.wait import wait_until

DEADLINE_S = 0.25


class Stage:
    """One bus keeper with a peer that speaks as its process would."""

    def __init__(
        self, machine: FakeMachine, bus_fd: int, context: zmq.Context, broker: bool = False
    ) -> None:
        self.machine = machine
        self.bus = PrivateBus(bus_fd)
        self.bus_fd = bus_fd
        self.context = context
        self.peers: list[zmq.Socket] = []
        self.arena: dict[str, int] | None = {"arena.stable": bus_fd}
        self.keeper = BusKeeper(
            ZoneConfig(
                "archive",
                "zones.ledger",
                sup.Policy(sup.Kind.BUS),
                reads=("stable",),
                deadline_s=DEADLINE_S,
                broker=broker,
            ),
            machine.parts(),
            self.bus,
            bus_fd,
            lambda _zone: self.arena,
            listeners={"listen.kernel": bus_fd},
        )

    def round(self, count: int = 3) -> None:
        """Some rounds of the kernel."""
        for _ in range(count):
            self.machine.loop.turn()
            for exit_ in self.machine.processes.reap():
                self.keeper.on_exit(exit_)
            self.keeper.look()

    def fork(self, hello_pid: int | None = None) -> tuple[int, zmq.Socket]:
        """Have a process forked and connected; return its pid and its end of the road."""
        pid = self.machine.processes.new_pid()
        peer = self.connect(self.machine.zygote.fork(pid))
        self.say(peer, Hello(hello_pid or pid, "archive"))
        return pid, peer

    def connect(self, request: Fork) -> zmq.Socket:
        """Return the other end of the road that a process is forked for."""
        peer = self.context.socket(zmq.PAIR)
        peer.setsockopt(zmq.LINGER, 0)
        peer.setsockopt(zmq.RCVTIMEO, 5000)
        peer.connect(f"ipc:///proc/self/fd/{self.bus_fd}/{request.facts['endpoint']}")
        self.peers.append(peer)
        return peer

    def say(self, peer: zmq.Socket, *messages: Message) -> None:
        """Send as the process."""
        for message in messages:
            peer.send(pack_message(message))

    def serve(self) -> tuple[int, zmq.Socket]:
        """Bring the zone up."""
        self.round()
        self.machine.zygote.prepare({})
        self.round()
        pid, peer = self.fork()
        self.say(peer, Ready({"kept": 3}))
        wait_until("the zone to serve", self.is_served)
        return pid, peer

    def is_served(self) -> bool:
        """Turn once and tell whether somebody serves."""
        self.round(1)
        return self.keeper.active is not None

    def close(self) -> None:
        """Close every socket."""
        for peer in self.peers:
            peer.close()
        self.bus.close_all()


@pytest.fixture
def stage(machine: FakeMachine, tmp_path: Path) -> Iterator[Stage]:
    """Give a keeper at its beginning."""
    fd = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    context = zmq.Context()
    stage = Stage(machine, fd, context)
    yield stage
    stage.close()
    context.term()
    os.close(fd)


def test_it_serves_once_it_is_ready(stage):
    """Prepared, forked, hello, ready: the process serves, and its facts are known."""
    pid, _ = stage.serve()
    assert stage.keeper.active.pid == pid and stage.keeper.ready_facts == {"kept": 3}
    assert stage.keeper.state_word() == "ready" and not stage.machine.zygote.is_asked()


@contextmanager
def stage_of(machine: FakeMachine, folder: Path, broker: bool) -> Iterator[Stage]:
    """A stage whose zone may be the broker."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    context = zmq.Context()
    stage = Stage(machine, fd, context, broker=broker)
    try:
        yield stage
    finally:
        stage.close()
        context.term()
        os.close(fd)


@pytest.mark.parametrize("broker", [False, True])
def test_the_broker_is_given_the_listening_sockets(machine, tmp_path, broker):
    """Each process of the broker gets them, and no process of any other zone."""
    with stage_of(machine, tmp_path, broker) as stage:
        stage.serve()
        assert ("listen.kernel" in machine.zygote.descriptors[1]) is broker
        assert {"bus", "stack", "arena.stable"} <= set(machine.zygote.descriptors[1])


def test_the_broker_serves_before_there_is_an_arena(machine, tmp_path):
    """What happens in a boot is stored from the start; with the arenas a next process gets them."""
    with stage_of(machine, tmp_path, broker=True) as stage:
        stage.arena = None
        pid, peer = stage.serve()
        assert not any(each.startswith("arena.") for each in machine.zygote.descriptors[1])
        assert not stage.keeper.has_its_arenas
        stage.arena = {"arena.stable": stage.bus_fd}
        stage.round()
        assert isinstance(parse_message(peer.recv()), Drain)
        machine.processes.end(pid, code=0)
        stage.round()
        _, peer = stage.fork()
        stage.say(peer, Ready({}))
        wait_until("the zone to serve", stage.is_served)
        assert stage.keeper.has_its_arenas
        assert "arena.stable" in machine.zygote.descriptors[2]


def test_it_waits_for_the_arenas_it_reads(stage):
    """Nothing is forked before every arena of `reads` is there."""
    stage.arena = None
    stage.round()
    stage.machine.zygote.prepare({})
    stage.round()
    assert not stage.machine.zygote.is_asked()
    stage.arena = {"arena.stable": stage.bus_fd}
    stage.round()
    assert stage.machine.zygote.is_asked()


@pytest.mark.parametrize("broker", [True, False])
def test_only_who_stores_events_can_write_a_side_page(stage, broker):
    """A word on it has a world hang for good: who only reads an arena is not given it."""
    stage.keeper.config = replace(stage.keeper.config, broker=broker)
    stage.arena = {"arena.stable": stage.bus_fd, "side.stable": stage.bus_fd}
    stage.serve()
    (given,) = stage.machine.zygote.descriptors.values()
    assert "arena.stable" in given and ("side.stable" in given) is broker


def test_ready_may_come_before_the_news_of_birth(stage):
    """Ready over the bus and Forked over the road have no order; both together make it serve."""
    stage.round()
    stage.machine.zygote.prepare({})
    stage.round()
    pid, peer = stage.fork()
    stage.say(peer, Ready())
    serial = 1
    wait_until(
        "ready to arrive", lambda: (stage.round(1), stage.keeper.line.berths[serial].was_ready)[1]
    )
    assert stage.is_served() and stage.keeper.active.pid == pid


def test_heartbeats_keep_it_alive_and_silence_kills(stage):
    """A heartbeat within the deadline is life; without one the process is killed and it counts."""
    pid, peer = stage.serve()
    for count in range(3):
        stage.machine.clock.pass_time(DEADLINE_S * 0.9, stage.round)
        stage.say(peer, Heartbeat(count, 0))
        beats = stage.keeper.progress()
        wait_until("a beat", lambda: (stage.round(1), stage.keeper.progress() != beats)[1])  # noqa: B023 - used at once
        stage.round()
    assert not stage.machine.processes.killed()
    stage.machine.clock.pass_time(DEADLINE_S * 1.1, stage.round)
    stage.round()
    assert stage.machine.processes.killed() == [pid]
    assert stage.keeper.state.patience.failures == 1 and stage.keeper.active is None


def test_what_it_lacks_is_told(stage):
    """The degraded entries of the newest heartbeat are kept."""
    _, peer = stage.serve()
    entry = Degraded("journal", "cannot write: disk full", "df")
    stage.say(peer, Heartbeat(1, 0, (entry,)))
    wait_until("a beat", lambda: (stage.round(1), stage.keeper.degraded == (entry,))[1])


def test_a_request_is_answered_once(stage):
    """A reply is handed out once, under the number of its request."""
    _, peer = stage.serve()
    number = stage.keeper.request("snapshot", {"zone": "stable"}, 1.0)
    asked = parse_message(peer.recv())
    assert asked == Request(number, "snapshot", {"zone": "stable"}, 1.0)
    stage.say(peer, Reply(number, True, {"tick": 7}))
    found = []
    wait_until(
        "the reply",
        lambda: (stage.round(1), found.append(stage.keeper.take_reply(number)), found[-1])[2],
    )
    assert found[-1].result == {"tick": 7} and stage.keeper.take_reply(number) is None


def test_replies_nobody_takes_do_not_crowd_out_new_ones(stage):
    """Old replies that nobody asked for make room: the newest REPLIES_KEPT are kept."""
    _, peer = stage.serve()
    last = REPLIES_KEPT + 5
    stage.say(peer, *(Reply(number, True) for number in range(1, last + 1)))
    wait_until("the newest", lambda: (stage.round(1), stage.keeper.take_reply(last))[1])
    assert stage.keeper.take_reply(1) is None and stage.keeper.take_reply(last - 1) is not None


def test_nobody_is_there_to_ask(stage):
    """A request to a zone nobody serves is refused in words."""
    with pytest.raises(Refused, match="cannot ask zone archive: it is starting") as caught:
        stage.keeper.request("snapshot", {}, 1.0)
    assert caught.value.hint == "molt wait --for zone.archive=ready"
    assert stage.keeper.drain(1.0) is False


def test_drain_reaches_the_serving_process(stage):
    """A drain goes to who serves."""
    _, peer = stage.serve()
    assert stage.keeper.drain(2.0)
    assert parse_message(peer.recv()) == Drain(2.0)


def test_the_dead_leave_no_endpoint(stage):
    """When a process is gone its endpoint is closed, and the next one gets another name."""
    pid, _ = stage.serve()
    stage.machine.processes.end(pid, number=9)
    stage.round()
    assert stage.keeper.state.patience.failures == 0, "it had served: an outside kill"
    next_pid, peer = stage.fork()
    stage.say(peer, Ready())
    wait_until("the next one", stage.is_served)
    assert stage.keeper.active.pid == next_pid and stage.keeper.restarts == 1
    assert len(stage.keeper._endpoints) == 1


def test_a_drilled_hang_does_not_count(stage):
    """A bus process is asked to hang; the watchdog ends it, and nobody is blamed."""
    pid, peer = stage.serve()
    begin_drill(stage.keeper, DrillFault.HANG, 0)
    assert parse_message(peer.recv()).name == "drill.hang"
    stage.round()
    stage.machine.clock.pass_time(DEADLINE_S * 1.1, stage.round)
    stage.round()
    assert stage.machine.processes.killed() == [pid]
    assert stage.keeper.state.patience.failures == 0


def test_what_it_may_not_say_is_told_to_people(stage):
    """A refused message shows in the log with its reason, and changes nothing else."""
    _, peer = stage.serve()
    peer.send(b"nonsense")
    wait_until("the refusal", lambda: (stage.round(1), stage.machine.log.of("request.refused"))[1])
    assert stage.keeper.active is not None


def test_no_socket_left_is_met_with_patience(stage, monkeypatch):
    """An endpoint that cannot be bound costs the generation nothing; it is tried again later."""

    def refuse(_zone: str, _serial: int) -> None:
        raise zmq.ZMQError(24)

    stage.round()
    with monkeypatch.context() as patched:
        patched.setattr(stage.bus, "open_endpoint", refuse)
        stage.machine.zygote.prepare({})
        stage.round(20)
        state = stage.keeper.state
        assert not stage.machine.processes.killed() and not stage.keeper.berths()
        assert 1 <= state.machine_patience.failures <= stage.keeper.config.policy.free_failures + 1
        assert state.patience.failures == state.zygote_patience.failures == 0
    stage.machine.clock.advance(stage.keeper.config.policy.backoff_cap_s)
    stage.round()
    assert stage.machine.zygote.is_asked()


def test_somebody_else_at_the_endpoint_is_not_the_zone(stage):
    """Who says hello with another pid than was forked never makes the zone ready."""
    stage.round()
    stage.machine.zygote.prepare({})
    stage.round()
    pid, peer = stage.fork(hello_pid=4242)
    stage.say(peer, Ready())
    wait_until("the kill", lambda: (stage.round(1), stage.machine.processes.killed())[1])
    assert stage.machine.processes.killed() == [pid]
    assert not stage.is_served()


@pytest.mark.parametrize("said", [Hello(4242, "archive"), Hello(4242, "stable"), Ask(1, "x", {})])
def test_who_only_sits_at_the_endpoint_is_found(stage, said):
    """The process waits behind somebody else who says no more: it is ended before it is overdue."""
    stage.round()
    stage.machine.zygote.prepare({})
    stage.round()
    pid = stage.machine.processes.new_pid()
    stage.say(stage.connect(stage.machine.zygote.fork(pid)), said)
    wait_until("the kill", lambda: (stage.round(1), stage.machine.processes.killed())[1])
    stage.round()
    assert stage.machine.processes.killed() == [pid]
    assert len(stage.machine.log.of("zone.impostor")) == 1


def test_what_it_has_forked_ends_with_it(stage):
    """What a process leaves behind is handed to the kernel, and would hold its locks for ever."""
    pid, _ = stage.serve()
    zygote, kernel = stage.machine.zygote.pid, os.getpid()
    stage.machine.processes.relations = {
        zygote: (kernel, zygote),
        5000: (kernel, zygote),  # its child, now the kernel's
        5001: (5000, zygote),
        5002: (zygote, zygote),  # is between a fork and the next one
        5003: (kernel, 5003),  # a zygote of another zone
        5004: (1, 1),
    }
    stage.round()
    assert not stage.machine.processes.killed()
    stage.machine.processes.end(pid, number=11)
    stage.round()
    assert stage.machine.processes.killed() == [5000, 5001]
    log = stage.machine.log
    told = [log.why(each) for each, kind in log.named.items() if kind == "zone.killed"]
    assert told == [["zone.killed", "zone.died"]] * 2


def test_what_it_leaves_behind_waits_for_a_descriptor(stage, monkeypatch):
    """A kernel that can open nothing lives on, and looks for it once it can."""
    pid, _ = stage.serve()
    processes, kernel = stage.machine.processes, os.getpid()
    processes.relations = {5000: (kernel, stage.machine.zygote.pid)}

    def none_free() -> dict[int, tuple[int, int]]:
        raise OSError(errno.EMFILE, "too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(processes, "kin", none_free)
        processes.end(pid, number=9)
        stage.round()
        assert not processes.killed()
    stage.round()
    if stage.machine.zygote.is_asked():  # while somebody is being born, nobody is looked for
        stage.machine.zygote.fork(processes.new_pid())
        stage.round()
    assert processes.killed() == [5000]


def test_nobody_is_forked_while_a_world_moves(stage):
    """With the arena it reads gone for a moment, the next process waits for the new one."""
    pid, _peer = stage.serve()
    stage.arena = None
    stage.machine.processes.end(pid, number=9)
    stage.round()
    assert not stage.machine.zygote.is_asked()
    stage.arena = {"arena.stable": stage.bus_fd}
    stage.round()
    assert stage.machine.zygote.is_asked()
