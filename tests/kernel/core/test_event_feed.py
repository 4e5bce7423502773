"""The feed of all events: whole, in order, at the pace of its reader, across archives."""

import json
from dataclasses import dataclass, field

import pytest

from Kernel.contract.envelope import pack_envelope
from Kernel.contract.kinds import Story, make_event
from Kernel.contract.user_bus import Records
from Kernel.core.event_feed import LINES_PER_TURN_MAX, RETRY_S, EventFeed
from tests.kernel.core.test_log_sender import PaperLoop
from tests.support.fakes import FakeClock, RecordingLog
from tests.support.paper_ledger import PaperLedger, PaperRoads


@dataclass
class PaperWriter:
    """A reader of lines that takes `room` bytes."""

    room: int = 10_000_000
    taken: bytes = b""
    gone: bool = False
    closed: bool = False

    def fileno(self) -> int:
        """Return a number."""
        return 77

    def write(self, data: bytes) -> int:
        """Take what fits."""
        assert not self.closed
        if self.gone:
            raise BrokenPipeError(32, "Broken pipe")
        count = min(len(data), self.room)
        self.room -= count
        self.taken += data[:count]
        return count

    def close(self) -> None:
        """End."""
        self.closed = True

    def positions(self) -> list[int]:
        """Return the positions of all whole lines."""
        whole = self.taken[: self.taken.rfind(b"\n") + 1]
        return [json.loads(line)["position"] for line in whole.splitlines()]


@dataclass
class Stage:
    """A feed between a ledger on paper and a reader."""

    ledger: PaperLedger = field(default_factory=PaperLedger)
    writer: PaperWriter = field(default_factory=PaperWriter)

    def __post_init__(self) -> None:
        self.newest: int | None = 0
        self.clock, self.loop, self.log = FakeClock(), PaperLoop(), RecordingLog(strict=True)
        self.roads = PaperRoads()
        self.feed = EventFeed(
            self.roads,
            self.writer,
            lambda: self.newest,
            self.clock,
            self.loop,
            self.log,  # type: ignore[arg-type]
        )

    def store(self, count: int) -> None:
        """Have so many events stored."""
        for _ in range(count):
            story = Story("kernel", 1_700_000_000 * 10**9)
            event = make_event("config.read", {"changed": len(self.ledger.rows)}, story, bytes(10))
            self.ledger.rows.append(pack_envelope(event))

    def turn(self, rounds: int = 20) -> None:
        """Let everything happen that can."""
        for _ in range(rounds):
            self.feed.look()
            if self.roads.made and not self.roads.newest.closed:
                road = self.roads.newest
                self.ledger.serve(road)
                if road.readable and road.fd in self.loop.watched:
                    self.loop.watched[road.fd][0](1)  # type: ignore[operator]
            if self.writer.room and 77 in self.loop.watched:
                self.loop.watched[77][0](2)  # type: ignore[operator]


def test_it_begins_with_this_boot():
    """What was in the ledger before is not told; what comes is, in order, and once."""
    stage = Stage()
    stage.store(5)
    stage.newest = None
    stage.turn()
    assert not stage.roads.made, "the archive has not said where this boot begins"
    stage.newest = 5
    stage.turn()
    stage.store(300)
    stage.turn()
    assert stage.writer.positions() == list(range(6, 306))
    line = json.loads(stage.writer.taken.splitlines()[0])
    assert line["kind"] == "config.read" and line["payload"] == {"changed": 5}


def test_a_slow_reader_is_waited_for():
    """While it takes nothing the archive is asked for nothing; it gets all of it in the end."""
    stage = Stage()
    stage.writer.room = 1000
    stage.turn()
    stage.store(2000)
    stage.turn()
    road = stage.roads.newest
    assert road.fd not in stage.loop.watched and 77 in stage.loop.watched
    assert not stage.feed.has_more, "nothing spins"
    assert len(stage.feed._records) <= 100, "no more is kept than one message brings"
    while stage.writer.positions()[-1:] != [2000]:
        stage.writer.room += 50_000
        stage.turn()
    assert stage.writer.positions() == list(range(1, 2001))
    assert 77 not in stage.loop.watched and road.fd in stage.loop.watched


def test_each_round_does_a_bounded_part():
    """A long message is turned into lines bit by bit, and the loop is told that there is more."""
    stage = Stage()
    stage.turn()
    stage.store(200)
    road = stage.roads.newest
    road.answer(Records(1, stage.ledger.rows))
    stage.loop.watched[road.fd][0](1)
    assert len(stage.writer.positions()) == LINES_PER_TURN_MAX and stage.feed.has_more
    stage.feed.look()
    assert len(stage.writer.positions()) == 2 * LINES_PER_TURN_MAX
    stage.turn()
    assert stage.writer.positions() == list(range(1, 201)) and not stage.feed.has_more


def test_it_goes_on_with_the_next_archive():
    """A connection lost in the middle: it asks from where it is, and nothing is told twice."""
    stage = Stage()
    stage.store(150)
    stage.turn(2)
    stage.roads.newest.lost = True
    stage.turn()
    assert len(stage.roads.made) == 1, "not more than once in RETRY_S"
    stage.store(20)
    stage.clock.advance(RETRY_S)
    stage.turn()
    assert len(stage.roads.made) == 2
    assert stage.writer.positions() == list(range(1, 171))


def test_what_the_ledger_has_lost_is_passed_over():
    """A gap in the positions is seen by the reader; what was told before is not told again."""
    stage = Stage()
    stage.store(10)
    stage.turn()
    road = stage.roads.newest
    road.answer(Records(9, [stage.ledger.rows[0]] * 3))
    road.answer(Records(20, [stage.ledger.rows[0]]))
    stage.ledger.follows.clear()
    stage.turn()
    assert stage.writer.positions() == [*range(1, 12), 20]


def test_a_record_that_cannot_be_read_is_told_as_such():
    """It ends nothing."""
    stage = Stage()
    stage.ledger.rows.append(b"nonsense")
    stage.store(1)
    stage.turn()
    first, second = [json.loads(line) for line in stage.writer.taken.splitlines()]
    assert first["position"] == 1 and "cannot use" in first["unreadable"]
    assert second["position"] == 2


def test_a_reader_that_is_gone_ends_it_with_one_warning():
    """Nobody is asked for anything any more, and the kernel goes on."""
    stage = Stage()
    stage.turn()
    stage.writer.gone = True
    stage.store(300)
    stage.turn()
    assert stage.log.of("kernel.feed_ended") == [{"why": "Broken pipe"}]
    assert stage.writer.closed and stage.roads.newest.closed and not stage.loop.watched
    stage.feed.close()


@pytest.mark.parametrize("data", [b"", b"nonsense"])
def test_an_archive_that_speaks_nonsense_is_asked_again(data):
    """It is hung up on, and asked once more later."""
    stage = Stage()
    stage.turn(2)
    road = stage.roads.newest
    road.answers.append(data)
    stage.loop.watched[road.fd][0](1)
    assert road.closed
    stage.store(3)
    stage.clock.advance(RETRY_S)
    stage.turn()
    assert stage.writer.positions() == [1, 2, 3]


def test_no_connection_is_tried_again_later():
    """Out of descriptors: later."""
    stage = Stage()
    stage.roads.refused = True
    stage.turn()
    stage.roads.refused = False
    stage.clock.advance(RETRY_S)
    stage.store(1)
    stage.turn()
    assert stage.writer.positions() == [1]
