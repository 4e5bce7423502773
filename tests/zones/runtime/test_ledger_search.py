"""Searching finds by the index exactly what a plain reading of the log finds."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from Kernel.contract.envelope import Envelope, Level, Role, id_text, parse_envelope
from Kernel.contract.errors import LedgerDamaged
from Kernel.contract.event_filter import parse_filter, parse_since
from tests.zones.ledger.paper_ledger import START_NS, event_id, make
from tests.zones.ledger.real_ledger import index, search, store
from zones.runtime import ledger_search
from zones.runtime.ledger_event import LedgerEvent
from zones.runtime.ledger_file import LedgerReader
from zones.runtime.ledger_index import FILE, open_index
from zones.runtime.ledger_search import Query, Search

KINDS = ("telemetry", "zone.died", "zone.ready", "world.lineage", "world", "worldly.wise")
ZONES = ("stable", "kernel", "sandbox")
AGENTS = ("", "coder-1", "coder-2")


def random_event(number: int) -> Envelope:
    """Return an event with some of everything, decided by its number."""
    return make(
        number,
        KINDS[number * 7 % 11 % len(KINDS)],
        zone=ZONES[number * 5 % 7 % 3],
        agent=AGENTS[number * 3 % 5 % 3],
        level=Level(number * 11 % 13 % 3),
        role=Role(number * 13 % 17 % 9),
        tick=None if number % 4 == 0 else number // 3,
        time_ns=START_NS + (number * 37 % 50) * 1_000_000_000,
        cause=(number * 5 // 7 or 1) if number % 3 == 0 else b"",
        trace=bytes([number % 3 + 1]) * 16 if number % 5 == 0 else b"",
        payload={
            "pid": number % 6,
            "zone": ZONES[number % 2 * 2],
            "why": "full disk" if number % 8 == 0 else "calm",
        },
    )


EVENTS = 300
INDEXED = 240


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as place:
        path = Path(place)
        events = [random_event(number) for number in range(1, EVENTS + 1)]
        store(path, events[:INDEXED])
        index(path)
        store(path, events[INDEXED:])
        yield path


def plain(folder: Path, query: Query) -> list[int]:
    """Return the positions that fit, by looking at every record."""
    events = (LedgerEvent(n, parse_envelope(record)) for n, record in LedgerReader(folder).read(1))
    return [event.position for event in events if query.fits(event)]


FILTERS = st.sampled_from(
    [
        "kind=telemetry", "kind=zone.*", "kind!=zone.died", "kind=w*", "kind=nothing",
        "zone=kernel", "zone!=kernel", "zone=s*", "agent=coder-1", "agent=*", "agent!=*",
        "level=error", "level=w*", "role=coder", "role=*", "role!=patcher", "tick=10..40",
        "tick=33", "tick=..20", "tick!=5", "position=200..260", "position=7",
        f"cause={id_text(event_id(5))}", "cause=*", f"id={id_text(event_id(17))}",
        f"id={id_text(event_id(290))}", "id=zz", "pid=3", "payload.why=*disk",
        "trace=" + "01" * 16, "time=*",
    ]
)  # fmt: skip
QUERIES = st.builds(
    Query,
    filters=st.lists(FILTERS.map(parse_filter), max_size=3).map(tuple),
    kinds=st.sampled_from([None, None, ("world",), ("telemetry", "zone"), ()]),
    first=st.sampled_from([1, 1, 30, 250, 1000]),
    last=st.sampled_from([10**9, 10**9, 120, 260]),
    tick_from=st.none() | st.integers(0, 100),
    tick_to=st.none() | st.integers(0, 100),
    time_from_ns=st.none() | st.integers(0, 50).map(lambda s: START_NS + s * 10**9),
    time_to_ns=st.none() | st.integers(0, 50).map(lambda s: START_NS + s * 10**9),
)


@given(QUERIES, st.booleans(), st.sampled_from([32, 64, 2048]))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_index_changes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, query: Query, indexed: bool, chunk: int
) -> None:
    """Forwards and backwards, with the index and without, the same events are found, in order."""
    monkeypatch.setattr(ledger_search, "CHUNK", chunk)
    wanted = plain(folder, query)
    found = search(folder, indexed)
    assert (found.index is not None) is indexed
    assert [event.position for event in found.forwards(query)] == wanted
    assert [event.position for event in found.backwards(query)] == wanted[::-1]
    assert [event.position for event in found.newest(query, 5)] == wanted[-5:]
    assert found.newest(query, 0) == []


def test_points_in_time(folder: Path) -> None:
    """A duration counts back from now, a date is a date, a tick needs a tick."""
    now_ns = START_NS + 40 * 10**9
    events = {
        text: [event.envelope for event in search(folder).forwards(query)]
        for text in ("10s", "2027-01-15T08:00:45Z", "tick:90", "#299")
        for query in [Query().since(parse_since(text), now_ns)]
    }
    assert {event.time_ns >= now_ns - 10**10 for event in events["10s"]} == {True}
    assert {event.time_ns for event in events["2027-01-15T08:00:45Z"]} == {
        START_NS + second * 10**9 for second in range(45, 50)
    }
    assert all(event.tick is not None and event.tick >= 90 for event in events["tick:90"])
    assert len(events["#299"]) == 2
    assert Query().since(None, now_ns) == Query()


@pytest.mark.parametrize("at", [40, 4096 * 3 + 100, -5000])
def test_a_damaged_index_is_let_go(tmp_path: Path, at: int) -> None:
    """Garbage in the index's file costs time only: the log is read instead."""
    store(tmp_path, [random_event(number) for number in range(1, EVENTS + 1)])
    index(tmp_path)
    path = tmp_path / FILE
    data = bytearray(path.read_bytes())
    place = at % len(data)
    data[place : place + 3000] = b"\xa5" * len(data[place : place + 3000])
    path.write_bytes(data)
    query = Query((parse_filter("kind=zone.*"), parse_filter("agent=coder-1")))
    try:
        found = [event.position for event in search(tmp_path).forwards(query)]
        back = [event.position for event in search(tmp_path).backwards(query)]
    finally:
        path.unlink()
    assert found == plain(tmp_path, query) == back[::-1]


def test_an_index_of_another_past_is_not_believed(tmp_path: Path) -> None:
    """When the event at the index's end is another one, or gone, the index is left alone."""
    store(tmp_path / "one", [make(number) for number in range(1, 11)])
    index(tmp_path / "one")
    for name, count in (("two", 10), ("three", 5)):
        store(tmp_path / name, [make(number + 100) for number in range(1, count + 1)])
        (tmp_path / name / FILE).write_bytes((tmp_path / "one" / FILE).read_bytes())
        assert open_index(tmp_path / name, LedgerReader(tmp_path / name)) is None
    assert open_index(tmp_path / "one", LedgerReader(tmp_path / "one")) is not None


def test_a_record_that_is_no_event(tmp_path: Path) -> None:
    """It is raised, or told and gone past."""
    store(tmp_path, [make(1), b"\xc1garbage telemetry", make(3)])
    told: list[int] = []
    reader = LedgerReader(tmp_path)
    with pytest.raises(LedgerDamaged, match="event 2"):
        list(Search(reader, None).forwards(Query()))
    found = Search(reader, None, lambda damage: told.append(damage.position))
    assert [event.position for event in found.forwards(Query())] == [1, 3]
    assert [event.position for event in found.backwards(Query())] == [3, 1]
    assert told == [2, 2]
    assert found.at(2) is None
