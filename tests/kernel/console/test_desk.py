"""The desk: requests in over a real socket, answers out when the thing has happened."""

import json
import os
import socket
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.console import handlers
from Kernel.console.desk import BUSY_PACE_S, PATIENT_PACE_S, Desk
from Kernel.console.following import FOLLOWERS_MAX
from Kernel.console.handlers import Handlers
from Kernel.console.server import ConsoleServer
from Kernel.core.events import EVENTS_MAX, Recorder
from Kernel.ports.meters import Meters
from tests.support.fakes import FakeClock, FakeEntropy, FakeMachine, RecordingLog
from tests.support.paper_kernel import PaperKernel


class Office:
    """A desk over a kernel on paper, and people who ask."""

    def __init__(self, kernel: PaperKernel, folder: Path) -> None:
        self.kernel = kernel
        self.folder = folder
        machine = kernel.machine
        self.recorder = Recorder(RecordingLog(), machine.clock, FakeEntropy())
        self.handlers = Handlers(
            kernel.zones,
            machine.clock,
            Meters(),
            0.0,
            lambda _cause: None,
            lambda _dry_run, _all, _cause: {},
            lambda _reason, _cause: None,
            self.recorder,
        )
        self.server = ConsoleServer(folder)
        self.desk = Desk(self.server, self.handlers, machine.loop, machine.clock)
        self.peers: list[socket.socket] = []

    def ask(self, command: str, **args: object) -> socket.socket:
        """Connect and send one request."""
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(str(self.folder / "console.sock"))
        peer.setblocking(False)
        peer.sendall(json.dumps({"command": command, "args": args}).encode() + b"\n")
        self.peers.append(peer)
        self.turn()
        return peer

    def turn(self) -> None:
        """Some rounds of the kernel."""
        for _ in range(4):
            self.kernel.machine.loop.turn()
            self.desk.look()

    def answer(self, peer: socket.socket) -> dict | None:
        """Return the answer if it is there."""
        self.turn()
        try:
            return json.loads(peer.recv(65536))
        except BlockingIOError:
            return None

    def lines(self, peer: socket.socket) -> list[dict]:
        """Return all lines that have come."""
        data = b""
        for _ in range(400):
            self.turn()
            try:
                got = peer.recv(1 << 20)
            except BlockingIOError:
                break
            if not got:
                break
            data += got
        return [json.loads(line) for line in data.splitlines()]

    def connections(self) -> list:
        """Return what the server holds for each connection."""
        return list(self.server._connections.values())

    def close(self) -> None:
        """Close the desk and every peer."""
        for peer in self.peers:
            peer.close()
        self.desk.close()


def test_a_descriptor_that_is_used_again_is_left_to_its_new_owner(office):
    """A connection ends, and its number is given to a zygote's road in the same round.

    Nobody was told of the zygote's words after that: its generation was never made ready.
    """
    loop, watched = office.kernel.machine.loop, set(office.desk._watched)
    reader, writer = os.pipe()
    peer = office.ask("status")
    (fd,) = set(office.desk._watched) - watched
    peer.close()
    loop.turn()  # the server closes its end; the desk has not looked yet
    os.dup2(reader, fd)
    heard = []
    loop.watch(fd, lambda _events: heard.append(os.read(fd, 1)))
    office.desk.look()
    os.write(writer, b"!")
    loop.turn(1)
    assert heard == [b"!"]
    loop.unwatch(fd)
    for each in (reader, writer, fd):
        os.close(each)


@pytest.fixture
def office(home: Path) -> Iterator[Office]:
    """Give a desk over a kernel whose world ticks."""
    machine = FakeMachine()
    kernel = PaperKernel(machine, home)
    kernel.start()
    office = Office(kernel, home)
    yield office
    office.close()
    machine.processes.close()
    kernel.close()


def test_an_answer_due_at_once_comes_at_once(office):
    """What is known is told in the same round; nothing stays owed."""
    peer = office.ask("ps")
    assert "stable" in json.dumps(office.answer(peer)) and not office.desk.busy()


def test_an_answer_waits_for_the_thing_to_happen(office):
    """A pause is answered when the world holds; until then the kernel is busy."""
    peer = office.ask("pause")
    assert office.answer(peer) is None and office.desk.busy()
    tick = office.kernel.tick()
    assert f'"tick": {tick}' in json.dumps(office.answer(peer)) and not office.desk.busy()


def test_a_refusal_comes_with_code_and_hint(office):
    """What a handler refuses is told with its exit code, and nothing stays owed."""
    peer = office.ask("step")
    said = json.dumps(office.answer(peer))
    assert "cannot step: the world is running" in said and "molt pause" in said
    assert not office.desk.busy()


def test_a_wait_that_is_over_is_refused(office):
    """After its time a wait is answered with a refusal."""
    peer = office.ask("wait", **{"for": "tick>=100000", "timeout_s": 5})
    office.kernel.machine.clock.advance(4.9)
    assert office.answer(peer) is None
    office.kernel.machine.clock.advance(0.2)
    assert "cannot wait longer" in json.dumps(office.answer(peer)) and not office.desk.busy()


def test_who_has_gone_is_owed_nothing(office):
    """A request whose asker hangs up is dropped: it must not keep the kernel busy."""
    peer = office.ask("wait", **{"for": "tick>=100000", "timeout_s": 3600})
    assert office.desk.busy()
    peer.close()
    office.turn()
    assert not office.desk.busy()


def test_many_wait_side_by_side(office):
    """Each connection gets its own answer, in its own time."""
    goals = [office.kernel.world.tick() + steps for steps in (1, 2, 3)]
    peers = [office.ask("wait", **{"for": f"tick>={goal}", "timeout_s": 9}) for goal in goals]
    for place, peer in enumerate(peers):
        assert office.answer(peer) is None
        office.kernel.tick()
        assert f'"tick": {goals[place]}' in json.dumps(office.answer(peer))


def test_events_come_as_lines_and_end(office):
    """Without following: one line for each event, then how many there were; the line stays open."""
    for pid in range(3):
        office.recorder.info("zone.served", zone="stable", pid=pid)
    peer = office.ask("kernel-events")
    *events, end = office.lines(peer)
    assert [line["result"]["payload"]["pid"] for line in events] == [0, 1, 2]
    assert all(line["more"] is True for line in events)
    assert end == {"ok": True, "result": {"count": 3, "lost": 0}}
    assert not office.desk.busy() and office.desk.pace_s() is None
    peer.sendall(b'{"command": "ps"}\n')
    assert "zones" in office.lines(peer)[0]["result"]


def test_who_follows_gets_what_comes_and_owes_nobody_haste(office):
    """A follower is told in the round an event comes in, and does not keep the kernel awake."""
    peer = office.ask("kernel-events", follow=True)
    assert office.lines(peer) == []
    assert not office.desk.busy() and office.desk.pace_s() is None
    office.recorder.info("zone.died", zone="stable")
    (line,) = office.lines(peer)
    assert line["result"]["kind"] == "zone.died"
    peer.close()
    office.turn()
    assert office.desk._readings == {}


def test_so_many_may_follow_and_no_more(office):
    """The one too many is refused with the limit; who goes makes room."""
    peers = [office.ask("kernel-events", follow=True) for _ in range(FOLLOWERS_MAX)]
    refused = office.answer(office.ask("logs", follow=True))
    assert refused["error"]["code"] == 5 and f"limit {FOLLOWERS_MAX}" in refused["error"]["message"]
    assert office.lines(office.ask("kernel-events"))[-1]["result"]["count"] == 0, (
        "looking is no following"
    )
    peers[0].close()
    office.turn()
    office.recorder.info("zone.died")
    late = office.ask("kernel-events", follow=True)
    assert office.lines(late)[0]["result"]["kind"] == "zone.died"


def test_a_follower_that_never_reads_is_dropped_and_counted(office):
    """It takes no memory while it sleeps, and is given up when events it has not seen are gone."""
    peer = office.ask("kernel-events", follow=True)
    rounds = 0
    while office.server.counts.closed_slow == 0:
        for _ in range(512):
            office.recorder.info("zone.died", zone="stable", why="x" * 100)
        office.turn()
        assert all(len(c.conversation.output) < 64 * 1024 for c in office.connections())
        rounds += 1
        assert rounds < 40, "it is never given up"
    assert office.server.counts.lines_lost > 0
    assert office.answer(office.ask("ps"))["ok"] is True, "others are served"
    told = office.lines(peer)
    assert told and len(told) < rounds * 512


def test_a_burst_is_told_as_a_loss(office):
    """Who reads, but is overtaken by more than is kept at all, is told how many it missed."""
    peer = office.ask("kernel-events", follow=True)
    for number in range(EVENTS_MAX + 7):
        office.recorder.info("zone.died", number=number)
    lines = [line["result"] for line in office.lines(peer)]
    assert (lines[0]["kind"], lines[0]["payload"]["count"]) == ("events.lost", 7)
    assert [line["payload"]["number"] for line in lines[1:]] == list(range(7, EVENTS_MAX + 7))


def test_a_stream_ends_with_the_desk(office):
    """When the kernel leaves in order, who follows gets a last line and not only a hang-up."""
    peer = office.ask("kernel-events", follow=True)
    office.desk.close()
    assert json.loads(peer.recv(4096)) == {"ok": True, "result": {"count": 0, "lost": 0}}
    office.desk = Desk(
        ConsoleServer(office.folder), office.handlers, office.kernel.machine.loop, FakeClock()
    )


def test_the_last_events_are_told_before_the_end(office):
    """What happened in the last round, such as the stop itself, still reaches who follows."""
    peer = office.ask("kernel-events", follow=True)
    office.recorder.note("kernel.stopped", text="Nothing lost.")
    office.desk.close()
    told, end = (json.loads(line) for line in peer.recv(4096).splitlines())
    assert told["result"]["kind"] == "kernel.stopped" and end["result"] == {"count": 1, "lost": 0}
    office.desk = Desk(
        ConsoleServer(office.folder), office.handlers, office.kernel.machine.loop, FakeClock()
    )


def test_waits_share_their_facts(office, monkeypatch):
    """However many wait, the facts are gathered once a round; and nobody hurries for them."""
    for goal in range(20):
        office.ask("wait", **{"for": f"tick>={100_000 + goal}", "timeout_s": 3600})
    gathered = []
    real = handlers.wait_facts
    monkeypatch.setattr(handlers, "wait_facts", lambda zones: gathered.append(1) or real(zones))
    office.desk.look()
    assert len(gathered) == 1
    office.desk.look()
    assert len(gathered) == 2
    assert office.desk.pace_s() == PATIENT_PACE_S
    office.ask("pause")
    assert office.desk.pace_s() == BUSY_PACE_S


def test_what_acts_is_an_event_and_what_looks_is_none(office):
    """Who asked for what is kept, before it is done; a look and a dry run leave nothing behind."""
    for command, args in (
        ("status", {}),
        ("params", {}),
        ("kernel-events", {}),
        ("shutdown", {"dry_run": True}),
        ("safe-mode status", {}),
    ):
        office.ask(command, **args)
    assert office.recorder.events.newest == 0
    office.ask("params", key="friction", value=0.5)
    office.ask("pause")
    taken = [event.payload for event in office.recorder.events.read(1)]
    assert taken == [
        {
            "command": "params",
            "by_pid": os.getpid(),
            "args": {"key": "friction", "value": 0.5},
        },
        {"command": "pause", "by_pid": os.getpid(), "args": {}},
    ]


def test_what_was_refused_says_so_after_what_was_asked(office):
    """The record comes before the act, so that a crash shows its cause; a refusal names it."""
    office.ask("step")
    taken, refused = list(office.recorder.events.read(1))
    assert (taken.kind, taken.payload["command"]) == ("command.taken", "step")
    assert (refused.kind, refused.cause) == ("command.refused", taken.id)
    assert refused.payload["why"] == "cannot step: the world is running"


def test_what_ends_us_was_recorded_before(office, monkeypatch):
    """A command that brings the kernel down is the newest event."""

    def end(_request: object) -> None:
        raise SystemExit

    monkeypatch.setattr(Handlers, "_shutdown", lambda _self, request: end(request))
    with pytest.raises(SystemExit):
        office.ask("shutdown")
    (taken,) = office.recorder.events.read(1)
    assert taken.payload["command"] == "shutdown"


@pytest.mark.parametrize("when", ["at once", "later"])
def test_a_bug_in_one_answer_is_told_to_who_asked_and_the_desk_goes_on(office, monkeypatch, when):
    """Code 1, the words of the bug, its stack as an event; the next request is answered."""

    def fail(*_args: object) -> None:
        raise KeyError("nobody thought of it")

    asked = fail if when == "at once" else lambda *_args: handlers.Asked(fail)
    with monkeypatch.context() as patched:
        patched.setattr(Handlers, "_status", asked)
        error = office.answer(office.ask("status"))["error"]
    assert error["code"] == 1 and "molt kernel-events kind=console.bug" in error["hint"]
    assert error["message"].startswith("cannot answer 'status': this is a bug of ours: KeyError")
    (event,) = office.recorder.events.read(1)
    assert (event.kind, event.level) == ("console.bug", "error")
    assert "in fail" in event.payload["stack"]
    assert office.answer(office.ask("status"))["ok"] and not office.desk.busy()


def test_a_bug_in_a_reading_ends_that_reading(office, monkeypatch):
    """Who follows events is told, too, and asked for nothing more."""
    peer = office.ask("kernel-events", follow=True)

    def fail(*_args: object) -> None:
        raise ValueError("no")

    with monkeypatch.context() as patched:
        patched.setattr(office.server, "push", fail)
        office.recorder.info("zone.died", number=1)
        (error,) = office.lines(peer)
    assert error["error"]["code"] == 1
    office.recorder.info("zone.died", number=2)
    assert office.answer(office.ask("status"))["ok"]


def test_who_still_waits_when_the_kernel_leaves_is_told(office):
    """Not a hang-up: code 69, the reason and what starts a kernel; what is due is answered."""
    waits = office.ask("wait", **{"for": "tick>=1000000", "timeout_s": 3600})
    pauses = office.ask("pause")
    office.kernel.tick()
    office.desk.close("molt status")
    error = json.loads(waits.recv(4096))["error"]
    assert (error["code"], error["hint"]) == (69, "molt status")
    assert error["message"] == "cannot tell how it ended: the kernel is being stopped"
    assert json.loads(pauses.recv(4096))["result"]["paused"] is True
    office.desk = Desk(
        ConsoleServer(office.folder), office.handlers, office.kernel.machine.loop, FakeClock()
    )


class TestTrials:
    def test_who_has_gone_wants_no_trial(self, office):
        """The connection ends: what waits never begins, what runs is ended, and it is told."""
        office.kernel.world.line.facts = {**office.kernel.world.facts, "cells": ["trial"]}
        source = b64encode(b"class Forager(Trait): ...").decode()
        peers = [office.ask("try", source=source) for _ in range(3)]
        office.kernel.round()
        pids = [office.kernel.machine.processes.new_pid() for _ in range(2)]
        for pid in pids:
            office.kernel.zygote().fork(pid)
            office.kernel.round()
        trials = office.kernel.zones.trials
        assert [each["state"] for each in trials.fields()] == ["running", "running", "queued"]
        for peer in peers[1:]:
            peer.close()
        office.turn()
        office.kernel.round()
        assert [each["state"] for each in trials.fields()] == ["running"]
        assert office.kernel.machine.processes.killed() == pids[1:]
        ended = office.kernel.machine.log.of("trial.ended")
        assert {each["how"] for each in ended} == {"given up"} and len(ended) == 2

    def test_a_question_sent_by_one_that_has_closed_its_half_is_answered(self, office):
        """Who sends all it has to say and listens still is not gone."""
        office.kernel.world.line.facts = {**office.kernel.world.facts, "cells": ["trial"]}
        peer = office.ask("try", source=b64encode(b"pass").decode())
        peer.shutdown(socket.SHUT_WR)
        office.turn()
        office.kernel.round()
        assert len(office.kernel.zones.trials.fields()) == 1
