"""From an outbox into the log on a toy world: nothing lost, nothing twice, hostile bytes told."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.contract.arena import ArenaWords, Header, Side, State, check_arena
from Kernel.contract.envelope import Envelope, arena_event_id, id_text
from Kernel.contract.errors import LedgerError
from tests.support.logs import QuietLog
from tests.zones.ledger.paper_log import PaperLog
from tests.zones.runtime.small_arena import advance, small_arena
from zones.ledger.arena_feed import ArenaFeed, lift_cause
from zones.ledger.batch import Batch
from zones.ledger.outbox_reader import Place
from zones.ledger.own_events import OwnEvents

TELEMETRY = {"kind": "telemetry"}
NOW_NS = 1_800_000_000_000_000_000
CAUSE = bytes(range(16))


class Bench:
    """A world, its side page, a log, and the archives that come and go."""

    def __init__(self) -> None:
        self.words = small_arena()
        self.side = memoryview(bytearray(Side.BYTES))
        self.log = PaperLog()
        self.said = QuietLog()
        self.batch: Batch | None = None
        self.start()

    def start(self) -> None:
        """Start an archive, as after a fork: only the log and the mappings are left."""
        words = ArenaWords(self.words.memory)
        check_arena(words, "test")
        self.batch = None
        self.feed = ArenaFeed(
            "stable",
            words,
            self.side,
            self._stored,
            OwnEvents("archive", lambda: NOW_NS, lambda: b"0123456789"),
            lambda: NOW_NS,
            self.said,  # type: ignore[arg-type]  # only what is called is there
        )

    def _stored(self, arena: bytes) -> Place | None:
        mark = self.log.arena_stored(arena)
        return Place(mark.sequence, mark.offset) if mark else None

    def reboot(self) -> None:
        """Lose the side page and the archive."""
        self.side = memoryview(bytearray(Side.BYTES))
        self.start()

    def store(self, *, answer: bool = True) -> None:
        """Take all there is and store it; without an answer the archive died in between."""
        more = True
        while more:
            batch = Batch()
            more = self.feed.take(batch)
            first = self.log.append(batch.records, batch.marks())
            if answer:
                batch.settle(first)

    @property
    def arena(self) -> bytes:
        """The arena's id."""
        return self.words.get_bytes(Header.ARENA_ID, 16)

    def sequences(self) -> list[int]:
        """Return the sequence of every event by its id, -1 for one of the archive's own."""
        known = {arena_event_id(self.arena, n): n for n in range(self.committed()[0] + 1)}
        return [known.get(event.id, -1) for event in self.log.envelopes()]

    def acknowledged(self) -> tuple[int, int]:
        """Return what the side page says: sequence and offset."""
        side = self.side.cast("Q")
        return side[Side.OUTBOX_ACKED >> 3], side[Side.OUTBOX_ACKED_OFFSET >> 3]

    def committed(self) -> tuple[int, int]:
        """Return sequence and offset behind the newest committed event."""
        tick = self.words.get(Header.COMMIT)
        return (
            self.words.state(tick, State.OUTBOX_NEXT),
            self.words.state(tick, State.OUTBOX_HEAD),
        )


@pytest.fixture
def bench() -> Bench:
    """Give a bench."""
    return Bench()


def applied(**more: Any) -> dict[str, Any]:
    """Return the event of an input."""
    given_ = {"kind": "world.pause", "at_tick": 1, **more}
    return {"kind": "input.applied", "sequence": 0, "input": given_}


def test_events_are_stored_then_acknowledged(bench: Bench) -> None:
    """Each event is one record, in order, and the world is told what is stored and no more."""
    advance(bench.words, (applied(), TELEMETRY))
    advance(bench.words)
    advance(bench.words, ({**TELEMETRY, "light": 0.5},))
    bench.store(answer=False)
    assert bench.acknowledged() == (0, 0)
    bench.start()
    bench.store()
    assert bench.acknowledged() == bench.committed()
    events = bench.log.envelopes()
    assert bench.sequences() == [0, 1, 2]
    assert [(e.kind, e.tick, e.zone, e.time_ns) for e in events] == [
        ("input.applied", 1, "stable", NOW_NS),
        ("telemetry", 1, "stable", NOW_NS),
        ("telemetry", 3, "stable", NOW_NS),
    ]
    assert events[2].payload_fields() == {"tick": 3, "light": 0.5}
    assert events[0].version == 1 and events[0].cause == b""
    assert {event.agent for event in events} == {bench.arena.hex()}, "which arena it was"
    bench.store()
    assert len(bench.log.records) == 3


@pytest.mark.parametrize("form", [CAUSE, id_text(CAUSE)])
def test_the_cause_of_an_input_is_the_events(bench: Bench, form: bytes | str) -> None:
    """It stands in the envelope and not in the input, which stays one that can be given again."""
    advance(bench.words, (applied(cause=form),))
    bench.store()
    (event,) = bench.log.envelopes()
    assert event.cause == CAUSE
    fields = event.payload_fields()
    assert fields["input"] == {"kind": "world.pause", "at_tick": 1} and "kind" not in fields


@pytest.mark.parametrize("cause", [b"short", "no id", 7, None, [1]])
def test_a_cause_that_is_none(cause: Any) -> None:
    """A world that writes nonsense as a cause has an event without one."""
    given_ = {"kind": "world.pause", "cause": cause}
    assert lift_cause({"kind": "x", "input": given_}) == ({"input": {"kind": "world.pause"}}, b"")


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.integers(0, 4).map(lambda count: ("tick", count)),
            st.sampled_from([("store", 0), ("killed", 0), ("kill", 0), ("reboot", 0)]),
        ),
        max_size=25,
    )
)
def test_killed_at_any_moment_each_event_is_stored_once(acts: list[tuple[str, int]]) -> None:
    """Archives that are killed before, in and after a batch, and rebooted: every event, once."""
    bench = Bench()
    for act, number in acts:
        if act == "tick":
            advance(bench.words, (TELEMETRY,) * number)
        elif act == "store":
            bench.store()
        elif act == "killed":  # after it was stored and before it was acknowledged
            bench.store(answer=False)
            bench.start()
        elif act == "kill":
            bench.start()
        else:
            bench.reboot()
    bench.store()
    assert bench.sequences() == list(range(bench.committed()[0]))
    assert bench.acknowledged() == bench.committed()
    assert "archive.events_lost" not in bench.said.events


def test_after_a_boot_the_world_gets_room_at_once(bench: Bench) -> None:
    """What the log holds is acknowledged when the outbox is first looked at."""
    advance(bench.words, (TELEMETRY,))
    bench.store()
    before = bench.acknowledged()
    bench.reboot()
    assert bench.acknowledged() == (0, 0)
    assert not bench.feed.take(Batch())
    assert bench.acknowledged() == before


def test_ring_goes_round_many_times(bench: Bench) -> None:
    """Events are read over the end of the ring, whatever their sizes."""
    for number in range(400):
        advance(bench.words, ({**TELEMETRY, "pad": b"\0" * (number * 37 % 20_000)},))
        if number % 7 == 0:
            bench.store()
    bench.store()
    assert bench.committed()[1] > 2 * len(bench.words.outbox())
    assert bench.sequences() == list(range(400))


@pytest.mark.parametrize(
    "hostile",
    [
        b"\xc1garbage",
        {"kind": "zone.died"},
        {"kind": "archive.gap"},
        {"kind": "never.heard_of"},
        {"kind": "telemetry", "pad": b"x" * 70_000},
    ],
)
def test_hostile_entries_are_told_of(bench: Bench, hostile: Any) -> None:
    """What is no event of a world is kept as refused, and the events around it are stored."""
    advance(bench.words, (TELEMETRY, hostile, TELEMETRY))
    bench.store()
    events = bench.log.envelopes()
    assert [event.kind for event in events] == ["telemetry", "archive.refused", "telemetry"]
    told = events[1].payload_fields()
    assert told["from"] == "stable" and told["why"].startswith("cannot ")
    assert events[1].zone == "archive" and bench.sequences() == [0, 1, 2]
    assert "archive.events_refused" in bench.said.events
    assert bench.acknowledged() == bench.committed()


def test_damaged_ring_becomes_a_gap(bench: Bench) -> None:
    """Where the ring cannot be read the log says what is missing, and goes on behind it."""
    advance(bench.words, (TELEMETRY, TELEMETRY))
    bench.words.outbox()[20] ^= 1
    bench.store()
    advance(bench.words, (TELEMETRY,))
    bench.store()
    gap, after = bench.log.envelopes()
    told = gap.payload_fields()
    assert (gap.kind, gap.zone) == ("archive.gap", "archive")
    assert (told["first"], told["last"]) == (0, 1) and bench.arena.hex() in told["of"]
    assert after.kind == "telemetry" and bench.sequences() == [-1, 2]
    assert "archive.events_lost" in bench.said.events
    bench.start()
    bench.store()
    assert len(bench.log.records) == 2


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([State.OUTBOX_HEAD, State.OUTBOX_NEXT, State.TICK]),
            st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 2_000_000)),
        ),
        max_size=6,
    )
)
def test_hostile_words_never_end_the_archive(changes: list[tuple[int, int]]) -> None:
    """Whatever a world writes into its own words, storing goes on or says what is lost."""
    bench = Bench()
    for place, value in changes:
        tick = advance(bench.words)
        bench.words.put_state(tick, place, value)
        with suppress(LedgerError):  # told as degraded by whoever asked for it
            bench.store()
        if place != State.TICK:
            bench.words.put_state(tick, State.OUTBOX_HEAD, 0)
    kinds: set[str] = {event.kind for event in bench.log.envelopes()}
    assert kinds <= {"archive.gap", "archive.refused"}


def test_restored_world_begins_anew(bench: Bench) -> None:
    """A world with another arena id is told from the one before it by id alone."""
    advance(bench.words, (TELEMETRY,) * 3)
    bench.store()
    old: list[Envelope] = bench.log.envelopes()
    bench.words = small_arena()
    bench.reboot()
    advance(bench.words, (TELEMETRY,) * 2)
    bench.store()
    assert bench.sequences() == [-1, -1, -1, 0, 1]
    assert bench.acknowledged() == bench.committed()
    assert len({event.id for event in bench.log.envelopes()}) == len(old) + 2


@pytest.mark.parametrize("word", [State.OUTBOX_NEXT, State.OUTBOX_HEAD, State.TICK])
@pytest.mark.parametrize("value", [2**62, 2**63, 2**64 - 2])
def test_words_that_no_record_could_hold(bench: Bench, word: int, value: int) -> None:
    """They are refused with the reason, nothing of them is stored, and honest ones are read on."""
    advance(bench.words, (applied(),))
    bench.store()
    stored, acknowledged = len(bench.log.envelopes()), bench.acknowledged()
    tick = bench.words.get(Header.COMMIT)
    honest = bench.words.state(tick, word)
    if word == State.TICK:
        bench.words.put(Header.COMMIT, value + tick % 2)  # the same buffer
    else:
        bench.words.put_state(tick, word, value)
    with pytest.raises(LedgerError, match="cannot read the outbox"):
        bench.store()
    assert (len(bench.log.envelopes()), bench.acknowledged()) == (stored, acknowledged)
    bench.words.put(Header.COMMIT, tick)
    if word != State.TICK:
        bench.words.put_state(tick, word, honest)
    advance(bench.words, (TELEMETRY,))
    bench.store()
    assert len(bench.log.envelopes()) == stored + 1
