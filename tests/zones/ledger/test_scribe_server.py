"""The scribe's socket: lines in, answers out when they are stored, limits for who writes much."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.codec import unpack
from Kernel.contract.envelope import pack_envelope, parse_id
from Kernel.contract.policy import Party, Road, is_allowed
from Kernel.contract.refusals import TOLD_AGAIN_S, TOLD_AT_ONCE
from Kernel.contract.user_bus import PROTOCOL, Hello, Put, Stored
from tests.support.logs import QuietLog
from tests.zones.ledger.bus_bench import NOW_NS, BusBench, event
from zones.ledger.own_events import OwnEvents
from zones.ledger.scribe_door import ScribeDoor
from zones.ledger.scribe_numbers import ScribeNumbers
from zones.ledger.scribe_server import DEAF_S, GIVES_WAY_S, ScribeLimits, ScribeServer
from zones.runtime.peers import Peer

EPOCH = "0123456789abcdef"


class ScribeBench(BusBench):
    """An archive on paper with a scribe's socket, on a clock the test moves."""

    limits = ScribeLimits(4, 10.0, 20.0, 50.0, 1000)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path = folder / "scribe.sock"
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(self.path))
        self.listener.listen(16)
        self.now_s = 0.0
        self.who = Peer(1234, Party.USER)
        self.told: list[int] = []
        self.programs: list[Program] = []

    def start(self):
        """Put an archive together with this socket."""
        archive = super().start()
        own = OwnEvents("archive", lambda: NOW_NS, lambda: b"0123456789")
        self.scribe = ScribeServer(
            self.listener.fileno(),
            self.poller,
            self.limits,
            ScribeNumbers(self.log.sender_stored),
            own,
            lambda: self.now_s,
            lambda: NOW_NS,
            lambda: b"9876543210",
            QuietLog(),  # type: ignore[arg-type]  # only what is called is there
            ScribeDoor(own, lambda: self.now_s, self.told.append, lambda _sock: self.who),
        )
        archive._others = {"scribe": self.scribe}
        return archive

    def program(self) -> "Program":
        """Return a program that has connected."""
        self.programs.append(Program(self))
        return self.programs[-1]

    def close(self) -> None:
        """Close everything."""
        for each in self.programs:
            each.socket.close()
        if self.archive is not None:
            self.scribe.close()
        self.listener.close()
        super().close()


class Program:
    """A program at the socket."""

    def __init__(self, bench: ScribeBench) -> None:
        self.bench = bench
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(str(bench.path))
        self.socket.setblocking(False)

    def write(self, **fields: Any) -> None:
        """Write a line."""
        self.socket.send(json.dumps({"kind": "build.done", **fields}).encode() + b"\n")

    def heard(self, turns: int = 4) -> list[dict[str, Any]]:
        """Turn the archive and return the answers there are."""
        self.bench.turn(turns)
        data = b""
        try:
            while more := self.socket.recv(65536):
                data += more
        except BlockingIOError:
            pass
        except ConnectionResetError:
            return [{"gone": True}]
        else:
            return [*(json.loads(line) for line in data.splitlines()), {"gone": True}]
        return [json.loads(line) for line in data.splitlines()]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[ScribeBench]:
    """Give an archive whose loop the test turns."""
    bench = ScribeBench(tmp_path)
    bench.start()
    yield bench
    bench.close()


def test_a_line_is_answered_when_it_is_stored(bench: ScribeBench) -> None:
    """Id and position are those in the log; one connection says many."""
    program = bench.program()
    program.write(payload={"n": 1})
    program.write(payload={"n": 2})
    answers = program.heard()
    assert [(a["ok"], a["position"]) for a in answers] == [(True, 1), (True, 2)]
    events = bench.log.envelopes()
    assert [parse_id(a["id"]) for a in answers] == [e.id for e in events]
    assert [e.payload_fields() for e in events] == [{"n": 1}, {"n": 2}]
    assert {(e.zone, e.kind) for e in events} == {("scribe", "build.done")}


def test_what_is_wrong_is_answered_and_does_no_harm(bench: ScribeBench) -> None:
    """A refusal comes in its turn; empty lines are nothing; the next line is read."""
    program = bench.program()
    program.socket.send(b"nonsense\n\n  \n")
    program.write(kind="zone.died")
    program.write()
    first, second, third = program.heard()
    assert not first["ok"] and "JSON" in first["why"]
    assert not second["ok"] and "molt's own" in second["why"]
    assert third["ok"] and third["position"] == 1


def test_the_same_line_again_is_stored_once(bench: ScribeBench) -> None:
    """By epoch and number: in the same batch, later, and after the archive is another one."""
    program = bench.program()
    for number in (1, 1, 2):
        program.write(epoch=EPOCH, number=number)
    first, again, second = program.heard()
    assert first["position"] == 1 and again == {"ok": True, "id": first["id"], "position": None}
    assert second["position"] == 2
    bench.scribe.close()
    bench.stop()
    bench.start()
    other = bench.program()
    other.write(epoch=EPOCH, number=2)
    assert other.heard() == [{"ok": True, "id": second["id"], "position": None}]
    assert len(bench.log.records) == 2


def test_a_last_line_without_an_end(bench: ScribeBench) -> None:
    """What `printf | nc -U` sends is taken, answered, and the connection ends."""
    program = bench.program()
    program.socket.send(b'{"kind": "build.done"}')
    program.socket.shutdown(socket.SHUT_WR)
    answer, gone = program.heard(8)
    assert answer["ok"] and gone == {"gone": True} and bench.scribe.facts()["connections"] == 0


def test_a_line_without_end(bench: ScribeBench) -> None:
    """More than a line may have is refused, and its sender hung up on."""
    for data in (b"x" * 1500, b"x" * 1500 + b"\n"):
        program = bench.program()
        program.socket.send(data)
        answer, gone = program.heard()
        assert "more than 1000 bytes" in answer["why"] and gone == {"gone": True}
    assert bench.scribe.counts["thrown_out"] == 2


def test_one_connection_too_many_is_told_so(bench: ScribeBench) -> None:
    """It hears why; when one has gone there is room again."""
    programs = [bench.program() for _ in range(5)]
    answer, gone = programs[4].heard()
    assert answer["again"] and "more than 4 programs" in answer["why"] and gone == {"gone": True}
    programs[0].socket.close()
    bench.turn()
    late = bench.program()
    late.write()
    assert late.heard()[0]["ok"]


def test_a_flood_is_held_to_its_rate(bench: ScribeBench) -> None:
    """A burst goes through, then the rate; the rest waits in its own socket and is not lost."""
    program = bench.program()
    for number in range(60):
        program.write(payload={"n": number})
    assert len(program.heard(20)) == 20
    bench.now_s = 1.0
    assert len(program.heard(20)) == 10
    answers = []
    for second in range(2, 6):
        bench.now_s = second
        answers += program.heard(20)
    assert len(answers) == 30 and all(a["ok"] for a in answers)
    said = [e.payload_fields()["n"] for e in bench.log.envelopes() if e.zone == "scribe"]
    assert said == list(range(60))
    (told,) = [e for e in bench.log.envelopes() if e.kind == "archive.flood_limited"]
    assert told.payload_fields()["sender"].startswith("pid ")


def test_a_flood_delays_nobody_else(bench: ScribeBench) -> None:
    """While one is held, another program and a sender of the bus are stored in their next turn."""
    flood, quiet = bench.program(), bench.program()
    for _ in range(200):
        flood.write()
    bench.turn(20)
    peer = bench.peer()
    peer.say(Hello(PROTOCOL, "sandbox", b"epoch001", 1))
    peer.heard()
    for number in range(1, 11):
        bench.now_s += 0.01
        peer.say(Put(number, [pack_envelope(event(number))]))
        assert isinstance(peer.heard()[0], Stored)
        quiet.write(payload={"quiet": number})
        assert quiet.heard()[0]["ok"]


def test_all_together_have_a_limit(bench: ScribeBench) -> None:
    """Many programs share one rate, and each gets its turn."""
    programs = [bench.program() for _ in range(4)]
    for program in programs:
        for _ in range(20):
            program.write()
    bench.turn(20)
    counts = [len(program.heard(1)) for program in programs]
    assert sum(counts) == 50 and min(counts) > 0
    for second in (1.0, 2.0):
        bench.now_s = second
        bench.turn(20)
    assert sum(len(program.heard(1)) for program in programs) == 30


def test_who_reads_no_answers_is_not_read_and_hung_up_on(
    bench: ScribeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers are kept up to a limit, then it is not read; after a while it is given up."""
    monkeypatch.setattr("zones.ledger.scribe_server.ANSWER_BYTES_MAX", 100)
    program = bench.program()
    program.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    bench.turn()
    (writer,) = bench.scribe._writers.values()
    writer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    sent = 0
    for second in range(200):
        bench.now_s = second * 0.5
        try:
            for _ in range(5):
                program.write(payload={"pad": "x" * 500})
                sent += 1
        except BlockingIOError:
            break
        bench.turn(2)
    assert writer.deaf_since_s is not None and len(bench.log.records) < sent
    bench.now_s += DEAF_S + 1
    bench.turn(4)
    assert bench.scribe.counts["hung_up"] == 1 and not bench.scribe._writers


def test_the_longest_silent_program_gives_way(bench: ScribeBench) -> None:
    """Programs that only connect must not keep out who has something to say."""
    programs = [bench.program() for _ in range(4)]
    bench.turn()
    for second, program in enumerate((programs[1], programs[0], programs[3]), 1):
        bench.now_s = second
        program.write()
        assert program.heard()[0]["ok"]
    bench.now_s = GIVES_WAY_S
    late = bench.program()
    late.write()
    assert late.heard()[0]["ok"] and programs[2].heard() == [{"gone": True}]
    other = bench.program()
    assert "more than 4" in other.heard()[0]["why"], "the others have said something just now"
    bench.now_s = GIVES_WAY_S + 1.0
    assert bench.program().heard() == [] and programs[1].heard() == [{"gone": True}]
    assert bench.scribe.counts["gave_way"] == 2


@pytest.mark.parametrize("party", [Party.USER, Party.OWN, Party.STRANGER])
def test_the_table_says_who_may_write(bench: ScribeBench, party: Party) -> None:
    """Others are told why and hung up on; it is counted, told to the kernel, and on record."""
    bench.who = Peer(77, party)
    program = bench.program()
    if is_allowed(Road.SCRIBE, "event", party):
        program.write()
        assert program.heard()[0]["ok"] and bench.told == []
        return
    answers = program.heard()
    assert not answers[0]["ok"] and "process 77" in answers[0]["why"] and answers[-1]["gone"]
    assert bench.scribe.counts["unauthorised"] == 1 and bench.told == [1]
    (refused,) = [each for each in bench.log.envelopes() if each.kind == "request.refused"]
    assert unpack(refused.payload) == {
        "road": "scribe", "who": party.value, "request": "event", "why": answers[0]["why"],
        "count": 1,
    }  # fmt: skip
    assert not [each for each in bench.log.envelopes() if each.kind == "build.done"]


def test_a_flood_of_whom_may_not_fills_no_log(bench: ScribeBench) -> None:
    """All are counted; the first are events, then one a minute with the count."""
    bench.who = Peer(77, Party.OWN)

    def flood(count: int) -> list[int]:
        for _ in range(count):
            bench.program().heard(1)
        events = [each for each in bench.log.envelopes() if each.kind == "request.refused"]
        return [unpack(each.payload)["count"] for each in events]

    assert flood(10) == list(range(1, TOLD_AT_ONCE + 1))
    bench.now_s = TOLD_AGAIN_S
    assert flood(2) == [*range(1, TOLD_AT_ONCE + 1), 11]
    assert bench.scribe.counts["unauthorised"] == 12 and bench.told[-1] == 12
