"""The kernel as a sender: nothing is lost, nothing waits, what has no room is told."""

from dataclasses import dataclass, field

import pytest

from Kernel.contract.ahead import HEADER_BYTES, pack_entry, pack_header, parse_ahead
from Kernel.contract.user_bus import Standing, Stored
from Kernel.core import log_sender
from Kernel.core.events import Recorder
from Kernel.core.log_sender import AWAY_S, RETRY_S, WRITE_AGAIN_S, LogSender
from tests.support.fakes import FakeClock, FakeEntropy, RecordingLog
from tests.support.paper_ledger import PaperAheadFiles, PaperLedger, PaperRoads


class PaperLoop:
    """Remembers what is watched for what; a test calls."""

    def __init__(self) -> None:
        self.watched: dict[int, tuple[object, int]] = {}

    def watch(self, source, callback, events=1) -> None:
        """Take a callback."""
        self.watched[source] = (callback, events)

    def unwatch(self, source) -> None:
        """Forget it."""
        self.watched.pop(source, None)


@dataclass
class Stage:
    """One life of a kernel that sends, with a ledger on paper."""

    files: PaperAheadFiles = field(default_factory=PaperAheadFiles)
    ledger: PaperLedger = field(default_factory=PaperLedger)
    clock: FakeClock = field(default_factory=FakeClock)
    epoch: bytes = b"first___"

    def __post_init__(self) -> None:
        self.log = RecordingLog()
        self.loop = PaperLoop()
        self.roads = PaperRoads()
        self.recorder = Recorder(self.log, self.clock, FakeEntropy())
        self.sender = LogSender(
            self.roads,
            self.files,
            self.clock,
            self.loop,
            self.epoch,
            self.recorder,  # type: ignore[arg-type]
        )
        self.recorder.send = self.sender.add
        self.sender.begin()

    def say(self, count: int = 1, kind: str = "config.read") -> None:
        """Have something happen."""
        for number in range(count):
            self.recorder.info(kind, **_PAYLOADS.get(kind, {"changed": number}))

    def turn(self, serve: bool = True) -> None:
        """One round: the archive answers, the loop calls, the kernel looks."""
        if self.roads.made and not self.roads.newest.closed:
            road = self.roads.newest
            if serve:
                self.ledger.serve(road)
            self.call()
        self.sender.look()

    def call(self) -> None:
        """Call what is ready, as the loop does."""
        road = self.roads.newest
        if road.fd in self.loop.watched:
            callback, wanted = self.loop.watched[road.fd]
            ready = wanted & (road.readable * 1 | road.writable * 2)
            if ready:
                callback(ready)  # type: ignore[operator]

    def settle(self) -> None:
        """Some rounds with an archive that is well."""
        for _ in range(8):
            self.turn()

    def told(self) -> list[int]:
        """Return the numbers that the stored events tell."""
        return [each.payload_fields()["changed"] for each in self.ledger.events()]


_PAYLOADS = {
    "zone.starved": {"zone": "a", "pid": 7, "deadline_s": 0.25},
    "kernel.stopping": {},
}


def test_what_happens_is_stored_once_in_order():
    """Said before there is an archive and after: each once, in order; then nothing is kept."""
    stage = Stage()
    stage.say(5)
    assert stage.sender.waiting().count == 5
    stage.settle()
    assert stage.told() == [0, 1, 2, 3, 4]
    assert stage.sender.waiting().count == 0 and stage.files.size == HEADER_BYTES
    stage.say(2)
    stage.settle()
    assert stage.told() == [0, 1, 2, 3, 4, 0, 1]


def test_an_archive_that_stalls_holds_nobody_up():
    """Nobody answers: the road fills, the kernel goes on, and sends the rest when there is room."""
    stage = Stage()
    stage.roads.room = 3
    stage.turn()
    stage.turn()
    for _ in range(20):
        stage.say()
        stage.turn(serve=False)
    road = stage.roads.newest
    assert len(road.said) == 3 and stage.sender.waiting().count == 20
    assert stage.loop.watched[road.fd][1] == 3, "it waits for room"
    stage.settle()
    assert len(stage.told()) == 20 and stage.loop.watched[road.fd][1] == 1


def test_a_new_archive_gets_what_the_old_one_had_not_stored():
    """A connection lost with messages under way: they are sent again, and known ones dropped."""
    stage = Stage()
    stage.turn()
    stage.turn()
    stage.say(3)
    stage.turn(serve=False)  # sent
    stage.ledger.serve(stage.roads.newest)  # stored, and the answer is lost
    stage.roads.newest.answers.clear()
    stage.say(2)
    stage.roads.newest.lost = True
    stage.clock.advance(RETRY_S)
    stage.settle()
    assert len(stage.roads.made) == 2 and len(stage.told()) == 5
    assert stage.told() == [0, 1, 2, 0, 1]


def test_a_connection_of_no_use_is_not_made_again_and_again():
    """An archive that hangs up at once is asked once in RETRY_S."""
    stage = Stage()
    for _ in range(50):
        stage.sender.look()
        stage.roads.newest.lost = True
        stage.call()
    assert len(stage.roads.made) == 1
    stage.clock.advance(RETRY_S)
    stage.sender.look()
    assert len(stage.roads.made) == 2
    stage.roads.refused = True
    stage.roads.newest.lost = True
    stage.call()
    stage.clock.advance(RETRY_S)
    stage.sender.look()
    assert len(stage.roads.made) == 2


def test_what_an_earlier_kernel_left_is_sent_first():
    """Killed before it was stored: the next kernel sends it under the old epoch, then its own."""
    ledger, files = PaperLedger(), PaperAheadFiles()
    first = Stage(files, ledger)
    first.say(3)
    second = Stage(files, ledger, epoch=b"second__")
    second.say(2)
    third = Stage(files, ledger, epoch=b"third___")
    third.say(1)
    third.settle()
    assert third.told() == [0, 1, 2, 0, 1, 0]
    assert ledger.stored == {b"first___": 3, b"second__": 2, b"third___": 1}
    assert list(files.files) == ["now"] and third.sender.waiting().count == 0


def test_what_was_stored_before_the_kill_is_not_stored_again():
    """The answer never came: the next kernel sends it again, the ledger knows it."""
    ledger, files = PaperLedger(), PaperAheadFiles()
    first = Stage(files, ledger)
    first.turn()
    first.turn()
    first.say(3)
    first.turn(serve=False)
    ledger.serve(first.roads.newest)
    second = Stage(files, ledger, epoch=b"second__")
    second.settle()
    assert second.told() == [0, 1, 2]


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_torn_end_is_cut_and_said(cut):
    """Whole events before it are sent; that something was cut is an event."""
    files = PaperAheadFiles()
    first = Stage(files)
    first.say(5)
    files.files["now"] = files.files["now"][:-cut]
    whole = len(parse_ahead(files.files["now"]).entries)
    second = Stage(files, epoch=b"second__")
    second.settle()
    assert second.ledger.kinds() == ["config.read"] * whole + ["kernel.ahead_cut"]
    assert 2 <= whole <= 4


def test_numbers_that_are_missing_in_a_file_are_passed_over():
    """A disk that was full for a while: what is there is sent, each run by itself."""
    files = PaperAheadFiles()
    maker = Stage()
    maker.say(9)
    records = dict(maker.sender._own.kept())
    entries = [pack_entry(number, records[number]) for number in (1, 2, 2, 5, 6, 9)]
    files.files["1"] = pack_header(b"old_____") + b"".join(entries)
    stage = Stage(files)
    stage.settle()
    assert stage.told() == [0, 1, 4, 5, 8]


@pytest.mark.parametrize("content", [b"", b"MOLT", b"nonsense" * 100, pack_header(b"old_____")])
def test_a_file_without_events_is_deleted(content):
    """Whatever lies there, the kernel starts and sends its own."""
    files = PaperAheadFiles({"1": content})
    stage = Stage(files)
    stage.say(1)
    stage.settle()
    assert "config.read" in stage.ledger.kinds()
    assert list(files.files) == ["now"]


def test_a_disk_that_is_full_costs_only_the_file():
    """Events are kept in memory and it is told; when there is room the file has them all again."""
    stage = Stage()
    stage.say(1)
    stage.files.full = True
    stage.say(2)
    (told,) = stage.sender.degraded(None)
    assert told["what"] == "events ahead" and "No space left" in told["why"]
    stage.files.full = False
    stage.sender.look()
    assert stage.sender.degraded(None), "not tried at each round"
    stage.clock.advance(WRITE_AGAIN_S)
    stage.sender.look()
    assert stage.sender.degraded(None) == []
    assert [number for number, _ in parse_ahead(stage.files.files["now"]).entries] == [1, 2, 3]


def test_noise_makes_room_for_verdicts(monkeypatch):
    """While the archive is away what repeats itself takes half; the rest is for what counts."""
    monkeypatch.setattr(log_sender, "COUNT_MAX", 20)
    stage = Stage()
    stage.say(30, "zone.starved")
    stage.say(9, "kernel.stopping")
    assert stage.sender.waiting().count == 19 and stage.sender.waiting().dropped == 20
    stage.say(5, "kernel.stopping")
    assert stage.sender.waiting().count == 20
    (told,) = stage.sender.degraded(None)
    assert "24 events of the kernel found no room" in told["why"]
    stage.settle()
    kinds = stage.ledger.kinds()
    assert kinds == ["zone.starved"] * 10 + ["kernel.stopping"] * 10 + ["kernel.events_dropped"]
    lost = stage.ledger.events()[-1].payload_fields()
    assert lost["count"] == 24 and lost["kinds"] == {"zone.starved": 20, "kernel.stopping": 4}


def test_a_rejected_event_is_logged_and_settled():
    """Never stored, never sent again, in the log; no event, or it might be rejected itself."""
    stage = Stage()
    stage.say(3)
    stage.ledger.bad = {stage.sender._own.kept()[1][1], stage.sender._own.kept()[2][1]}
    stage.settle()
    assert stage.told() == [0] and stage.sender.waiting().count == 0
    assert [each["number"] for each in stage.log.of("event.rejected")] == [2, 3]
    assert stage.recorder.events.newest == 3


def test_an_archive_that_is_away_is_a_degraded_state():
    """After AWAY_S, with the reason it gives; gone when it has stored."""
    stage = Stage()
    stage.settle()
    stage.say(2)
    stage.turn(serve=False)
    stage.roads.newest.answer(Standing("the disk is full"))
    stage.turn(serve=False)
    stage.clock.advance(AWAY_S - 0.1)
    assert stage.sender.degraded(None) == []
    stage.clock.advance(0.2)
    (told,) = stage.sender.degraded(None)
    assert told["why"].startswith("no event of the kernel was stored since 2023-")
    assert told["why"].endswith(": the disk is full")
    assert stage.sender.waiting().waits_s == pytest.approx(AWAY_S + 0.1)
    stage.settle()
    assert stage.sender.degraded(None) == [] and stage.sender.waiting().waits_s == 0.0


def test_a_boot_is_no_degraded_state():
    """Before anybody has answered, only the time since the archive's process serves counts."""
    stage = Stage()
    stage.say(1)
    stage.clock.advance(60)
    assert stage.sender.degraded(None) == []
    now_s = stage.clock.now_s()
    assert stage.sender.degraded(now_s - 1) == []
    assert stage.sender.degraded(now_s - AWAY_S - 1) != []


@pytest.mark.parametrize("data", [b"nonsense", b"\x91\xa5hello", b"\x92\xa6stored\x01"])
def test_an_archive_that_speaks_nonsense_is_hung_up_on(data):
    """It is told in the log, and asked again later."""
    stage = Stage()
    stage.turn()
    stage.roads.newest.answers.append(data)
    stage.call()
    assert stage.roads.newest.closed and stage.log.of("event.rejected")
    stage.clock.advance(RETRY_S)
    stage.say(1)
    stage.settle()
    assert stage.told() == [0]


def test_an_answer_before_the_welcome_settles_nothing():
    """What is acknowledged is of the epoch that was welcomed."""
    stage = Stage()
    stage.say(2)
    stage.turn(serve=False)
    stage.roads.newest.answer(Stored(2, 2))
    stage.call()
    assert stage.sender.waiting().count == 2


def test_the_file_does_not_grow_with_what_is_settled(monkeypatch):
    """Never wholly settled, for long: the file is made anew."""
    monkeypatch.setattr(log_sender, "FILE_SLACK_BYTES", 2000)
    stage = Stage()
    for _ in range(200):
        stage.say(1)
        stage.turn()
        stage.say(1)
        assert stage.files.size < 6000
    kept = [number for number, _ in parse_ahead(stage.files.files["now"]).entries]
    assert [number for number, _ in stage.sender._own.kept()] == kept[-len(stage.sender._own) :]
