"""The archive's end of the user bus: what is stored, dropped, refused, and what is answered."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.envelope import pack_envelope
from Kernel.contract.errors import LedgerError
from Kernel.contract.messages import Request
from Kernel.contract.user_bus import (
    PROTOCOL,
    Follow,
    Hello,
    Put,
    Records,
    Rejected,
    Standing,
    Stored,
    Welcome,
    pack_message,
)
from tests.zones.ledger.bus_bench import BusBench, Peer, event
from zones.ledger import archive, bus_server

EPOCH = b"epoch001"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BusBench]:
    """Give an archive whose loop the test turns."""
    bench = BusBench(tmp_path)
    bench.start()
    yield bench
    bench.close()


def hello(number: int = 1, zone: str = "sandbox", epoch: bytes = EPOCH) -> Hello:
    """Return a hello."""
    return Hello(PROTOCOL, zone, epoch, number)


def put(first: int, *texts: int, zone: str = "sandbox") -> Put:
    """Return events that say their numbers."""
    return Put(first, [pack_envelope(event(text, zone)) for text in texts])


def welcome(peer: Peer, number: int = 1) -> None:
    """Say hello and be answered."""
    peer.say(hello(number))
    assert isinstance(peer.heard()[0], Welcome)


def ask(bench: BusBench, zones: object) -> dict[str, Any]:
    """Ask as the kernel does to hold zones, and return the answer."""
    bench.control.messages.append(Request(1, archive.HOLD, {"zones": zones}, 5.0))
    assert bench.archive is not None
    bench.archive._hear(0)
    return bench.control.replies.pop()


def test_events_are_acknowledged_when_they_are_stored(bench: BusBench) -> None:
    """Welcome, then one answer for each batch, with number and position of its last event."""
    peer = bench.peer()
    peer.say(hello())
    peer.say(put(1, 1, 2, 3))
    peer.say(put(4, 4))
    assert peer.heard() == [Welcome(0, 0), Stored(3, 3), Stored(4, 4)]
    assert bench.messages() == ["1", "2", "3", "4"]
    assert bench.log.appends == [4], "what came in together is one transaction"
    assert bench.log.sender_stored("sandbox", EPOCH) == 4


def test_a_single_event_is_stored_at_once(bench: BusBench) -> None:
    """Nobody waits for a group: one event in the queue is one transaction."""
    peer = bench.peer()
    welcome(peer)
    for number in (1, 2, 3):
        peer.say(put(number, number))
        assert peer.heard() == [Stored(number, number)]
    assert bench.log.appends == [1, 1, 1]


def test_who_is_held_is_read_more_slowly_and_loses_nothing(bench: BusBench) -> None:
    """So many events a second, at first one second's; all come in the end, others at once."""
    held, other = bench.peer(), bench.peer("kernel")
    welcome(held)
    other.say(hello(zone="kernel"))
    other.heard()
    assert ask(bench, {"sandbox": 2}) == {}
    for number in range(1, 7):
        held.say(put(number, number))
    other.say(put(1, 99, zone="kernel"))
    bench.turn(5)
    assert sorted(bench.messages()) == ["1", "2", "99"]
    bench.bus_now_s += 1.0
    bench.turn(5)
    assert sorted(bench.messages()) == ["1", "2", "3", "4", "99"]
    ask(bench, {})
    bench.turn(5)
    assert sorted(bench.messages()) == ["1", "2", "3", "4", "5", "6", "99"]
    assert bench.bus.facts()["held"] == {}


def test_who_is_held_and_hangs_up_is_heard_to_its_end(bench: BusBench) -> None:
    """What it has said is stored; a descriptor that is broken must not keep the loop awake."""
    held = bench.peer()
    welcome(held)
    bench.bus.hold({"sandbox": 1})
    for number in (1, 2, 3):
        held.say(put(number, number))
    assert held.heard() == [Stored(1, 1)] and bench.messages() == ["1"]
    held.close()
    bench.turn(5)
    assert bench.messages() == ["1", "2", "3"] and bench.bus.facts()["connections"] == 0


@pytest.mark.parametrize("zones", [None, 3, {"sandbox": 0}, {"sandbox": -1}, {"sandbox": "1"}])
def test_what_is_no_rate_is_refused(bench: BusBench, zones: object) -> None:
    """And nobody is held by it."""
    assert "error" in ask(bench, zones) and bench.bus.facts()["held"] == {}


def test_what_is_sent_again_is_dropped_and_acknowledged(bench: BusBench) -> None:
    """After a lost answer the same numbers come again, in part or whole, by any connection."""
    first = bench.peer()
    welcome(first)
    first.say(put(1, 1, 2))
    assert first.heard() == [Stored(2, 2)]
    first.say(put(1, 1, 2))
    first.say(put(2, 2, 3))
    assert first.heard() == [Stored(2, 0), Stored(3, 3)]
    second = bench.peer()
    second.say(hello())
    second.say(put(1, 1, 2, 3, 4))
    assert second.heard() == [Welcome(3, 3), Stored(4, 4)]
    assert bench.messages() == ["1", "2", "3", "4"]
    assert bench.bus.counts["duplicates"] == 6


def test_two_connections_of_one_life_in_one_turn(bench: BusBench) -> None:
    """A sender that has come again while its old connection was still read gives no doubles."""
    old, new = bench.peer(), bench.peer()
    old.say(hello())
    old.say(put(1, 1, 2))
    new.say(hello())
    new.say(put(1, 1, 2, 3))
    old.heard()
    new.heard()
    assert bench.messages() == ["1", "2", "3"]


def test_a_new_archive_knows_what_is_stored(bench: BusBench) -> None:
    """Numbers go on where the log ends, in another process too; another epoch begins anew."""
    peer = bench.peer()
    welcome(peer)
    peer.say(put(1, 1, 2))
    peer.heard()
    bench.stop()
    bench.start()
    again = bench.peer()
    again.say(hello(3))
    assert again.heard() == [Welcome(2, 2)]
    again.say(hello(1, epoch=b"epoch002"))
    again.say(put(1, 3))
    assert again.heard() == [Welcome(0, 2), Stored(1, 3)]


def test_numbers_that_are_missing_become_a_gap(bench: BusBench) -> None:
    """What a sender has settled and the log has not, and what it leaves out, is on record."""
    peer = bench.peer()
    peer.say(hello(5))
    peer.say(put(5, 5))
    peer.say(put(9, 9))
    assert peer.heard() == [Welcome(0, 0), Stored(5, 2), Stored(9, 4)]
    kinds = [(e.kind, e.zone) for e in bench.log.envelopes()]
    assert kinds == [
        ("archive.gap", "archive"), ("feed", "sandbox"),
        ("archive.gap", "archive"), ("feed", "sandbox"),
    ]  # fmt: skip
    told = [e.payload_fields() for e in bench.log.envelopes() if e.kind == "archive.gap"]
    assert [(t["first"], t["last"]) for t in told] == [(1, 4), (6, 8)]
    assert all(f"sandbox {EPOCH.hex()}" == t["of"] for t in told)


def test_what_can_never_be_stored_is_refused_in_its_place(bench: BusBench) -> None:
    """Another's name, the archive's kinds, unknown kinds, nonsense: the others are stored."""
    peer = bench.peer()
    welcome(peer)
    strange = event(2)
    bad = [
        pack_envelope(event(2, zone="kernel")),
        b"\xc1",
        bench.archive._own._own.record("archive.gap", {"first": 1, "why": "x"}),
        pack_envelope(type(strange)(**{**_fields(strange), "kind": "no.such"})),
        pack_envelope(type(strange)(**{**_fields(strange), "version": 0})),
    ]
    records = [pack_envelope(event(1)), *bad, pack_envelope(event(7))]
    peer.say(Put(1, records))
    *rejected, stored = peer.heard()
    assert [r.number for r in rejected if isinstance(r, Rejected)] == [2, 3, 4, 5, 6]
    assert all(r.why.startswith("cannot ") for r in rejected) and stored == Stored(7, 7)
    kinds = [e.kind for e in bench.log.envelopes()]
    assert kinds == ["feed", *["archive.refused"] * 5, "feed"]
    assert {e.payload_fields()["from"] for e in bench.log.envelopes()[1:6]} == {"sandbox"}


def _fields(envelope):
    return {name: getattr(envelope, name) for name in envelope.__struct_fields__}


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\xc1", b"{}", b"x" * 200_000,
        pack_message(put(1, 1)),
        pack_message(hello(zone="kernel")),
        pack_message(Hello(PROTOCOL + 1, "sandbox", EPOCH, 1)),
        pack_message(Follow(PROTOCOL + 1, 1)),
        pack_message(Welcome(0, 0)),
    ],
)  # fmt: skip
def test_who_speaks_nonsense_is_dropped_and_counted(bench: BusBench, nonsense: bytes) -> None:
    """The connection ends, the archive goes on, and an honest one is served."""
    peer = bench.peer()
    peer.say(nonsense)
    with pytest.raises(EOFError):
        peer.heard()
    assert bench.bus.counts["thrown_out"] == 1
    assert "archive.sender_dropped" in bench.said.events
    honest = bench.peer()
    honest.say(hello())
    honest.say(put(1, 1))
    assert honest.heard() == [Welcome(0, 0), Stored(1, 1)]


def test_one_endpoint_cannot_take_all_connections(bench: BusBench) -> None:
    """Beyond its share it is hung up on; others still get in."""
    peers = [bench.peer() for _ in range(6)]
    bench.turn()
    for peer in peers[:4]:
        peer.say(hello())
        assert isinstance(peer.heard()[0], Welcome)
    for peer in peers[4:]:
        with pytest.raises(EOFError):
            peer.heard()
    assert bench.bus.counts["turned_away"] == 2
    other = bench.peer("kernel")
    other.say(hello(zone="kernel"))
    assert isinstance(other.heard()[0], Welcome)


def test_a_flood_leaves_the_others_their_turn(bench: BusBench) -> None:
    """While one has a full socket, an event of another is stored in the very next turn."""
    flood, quiet = bench.peer(), bench.peer("kernel")
    welcome(flood)
    quiet.say(hello(zone="kernel"))
    quiet.heard()
    number = 1
    records = [pack_envelope(event(1, pad="x" * 500))] * 100
    for turn in range(20):
        try:
            while True:
                flood.say(Put(number, records))
                number += 100
        except BlockingIOError:
            pass
        quiet.say(put(turn + 1, turn, zone="kernel"))
        bench.turn(1)
        stored = [e for e in bench.log.envelopes() if e.zone == "kernel"]
        assert len(stored) == turn + 1
    assert len(bench.log.records) > 2000
    flood.heard()


def test_a_disk_that_refuses_makes_senders_wait(bench: BusBench) -> None:
    """They are told why, nothing is read or lost meanwhile, and all is stored when it can be."""
    peer = bench.peer()
    welcome(peer)
    bench.log.refuses = "cannot store 1 events: the disk is full"
    peer.say(put(1, 1))
    bench.turn(2)
    peer.say(put(2, 2))
    assert peer.heard() == [Standing("cannot store 1 events: the disk is full", "df -h")]
    (trouble,) = bench.control.degraded
    assert (trouble.what, trouble.hint) == ("archive.ledger", "df -h")
    late = bench.peer()
    assert late.heard() == [Standing("cannot store 1 events: the disk is full", "df -h")]
    bench.log.refuses = ""
    answers = []
    for _ in range(2000):
        answers += peer.heard()
        if Stored(2, 2) in answers:
            break
    assert answers == [Stored(1, 1), Standing(""), Stored(2, 2)]
    assert bench.messages() == ["1", "2"] and bench.control.degraded == ()


def positions(messages) -> list[int]:
    """Return the positions in records that were sent, which must be without a hole."""
    found: list[int] = []
    for message in messages:
        assert isinstance(message, Records)
        found += range(message.first_position, message.first_position + len(message.records))
    return found


def test_who_follows_gets_all_in_order(bench: BusBench) -> None:
    """From the log, from memory and live, each position once; from anywhere."""
    peer = bench.peer()
    welcome(peer)
    peer.say(put(1, *range(1, 301)))
    peer.heard()
    bench.stop()
    bench.start()  # what was stored before is not in its memory
    follower, late = bench.peer(), bench.peer()
    follower.say(Follow(PROTOCOL, 0))
    late.say(Follow(PROTOCOL, 290))
    again = bench.peer()
    again.say(hello(301))
    again.say(put(301, 301, 302))
    again.heard()
    found: list[int] = []
    for _ in range(50):
        found += positions(follower.heard())
        if found[-1:] == [302]:
            break
    assert found == list(range(1, 303))
    assert positions(late.heard()) == list(range(290, 303))
    again.say(put(303, 303))
    assert positions(follower.heard()) == [303]


def test_a_slow_follower_costs_the_writer_nothing(bench: BusBench) -> None:
    """It reads nothing for long, is served from the log later, and misses nothing."""
    bench.recent_bytes = 50_000
    bench.stop()
    bench.start()
    follower, peer = bench.peer(), bench.peer()
    follower.say(Follow(PROTOCOL, 1))
    welcome(peer)
    number = 1
    for _ in range(60):
        peer.say(Put(number, [pack_envelope(event(number, pad="x" * 900))] * 60))
        number += 60
        peer.heard()
    assert len(bench.log.records) == number - 1, "the writer has waited for nobody"
    found: list[int] = []
    for _ in range(3000):
        found += positions(follower.heard())
        if found[-1:] == [number - 1]:
            break
    assert found == list(range(1, number))


def test_drain_takes_what_is_still_in_the_sockets(bench: BusBench) -> None:
    """Whoever has left before has said it all: it is stored before the archive goes."""
    peer = bench.peer()
    peer.say(hello())
    for number in range(1, 40):
        peer.say(put(number, number))
    peer.close()
    assert bench.archive is not None
    bench.archive._leave()
    bench.poller.close()
    bench.archive = None
    assert bench.messages() == [str(number) for number in range(1, 40)]


def test_upkeep_that_fails_is_a_state_and_is_logged_once(
    bench: BusBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can wait is tried again several times a second: it must not fill the log."""
    tries = 0

    def fail() -> bool:
        nonlocal tries
        tries += 1
        raise LedgerError("cannot keep a segment", "df -h")

    monkeypatch.setattr(bench.followers, "catch_up", fail)
    monkeypatch.setattr(archive, "OVERDUE_S", 0.01)
    until_s = time.monotonic() + 5
    while tries < 3 and time.monotonic() < until_s:
        bench.turn()
    bench.turn(60)
    assert tries >= 3
    assert [each.what for each in bench.control.degraded] == ["archive.upkeep"]
    assert bench.said.events.count("archive.chore_failed") == 1


def test_followers_keep_no_sender_out(bench: BusBench) -> None:
    """They have a share of their own; one too many of them is hung up on."""
    followers = [bench.peer() for _ in range(4)]
    for each in followers:
        each.say(Follow(PROTOCOL, 1))
        each.heard()
    more = bench.peer()
    more.say(Follow(PROTOCOL, 1))
    with pytest.raises(EOFError):
        more.heard()
    for _ in range(4):
        welcome(bench.peer())
    with pytest.raises(EOFError):
        bench.peer().heard()
    followers[0].say(Follow(PROTOCOL, 1))
    followers[0].heard()
    assert len(bench.followers) == 4 and bench.bus.counts["turned_away"] == 2


def test_who_says_nothing_gives_way(bench: BusBench) -> None:
    """The oldest of its endpoint, when it had time enough; never one that has spoken."""
    speaking, *silent = [bench.peer() for _ in range(4)]
    welcome(speaking)
    bench.bus_now_s = bus_server.SILENT_S
    welcome(bench.peer())
    with pytest.raises(EOFError):
        silent[0].heard()
    welcome(bench.peer("sandbox"))
    assert bench.bus.counts["gave_way"] == 2
    speaking.say(put(1, 1))
    assert speaking.heard()


def test_who_leaves_out_numbers_all_the_time_is_slowed_down(bench: BusBench) -> None:
    """Each jump taken is told; beyond a burst it has to come again, and nothing is settled."""
    burst = bus_server.JUMPS_BURST
    peer = bench.peer()
    welcome(peer)
    for number in range(2, 2 * burst + 1, 2):
        peer.say(put(number, number))
        assert isinstance(peer.heard()[0], Stored)
    refused = 2 * burst + 2
    peer.say(put(refused, refused))
    with pytest.raises(EOFError):
        peer.heard()
    again = bench.peer()
    again.say(hello(refused))
    with pytest.raises(EOFError):
        again.heard()
    other = bench.peer("kernel")
    other.say(hello(5, zone="kernel"))
    assert isinstance(other.heard()[0], Welcome), "each endpoint has its own"
    gaps = [e for e in bench.log.envelopes() if e.kind == "archive.gap"]
    assert len(gaps) == burst + 1 == bench.said.events.count("archive.events_lost")
    assert bench.log.sender_stored("sandbox", EPOCH) == 2 * burst
    bench.bus_now_s += 1 / bus_server.JUMPS_RATE
    later = bench.peer()
    later.say(hello(refused))
    (welcomed,) = later.heard()
    assert isinstance(welcomed, Welcome) and welcomed.stored == 2 * burst
    later.say(put(refused, refused))
    later.heard()
    assert bench.log.sender_stored("sandbox", EPOCH) == refused
    assert bench.bus.counts["jumps_refused"] == 2
