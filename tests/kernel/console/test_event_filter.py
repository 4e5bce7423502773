"""Which events are meant: filters and points in time, read and applied."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.console.event_filter import first_position, includes
from Kernel.contract.errors import UsageError
from Kernel.contract.event_filter import parse_filter, parse_since, passes
from Kernel.core.events import Event, Ring


def event(position: int = 1, **more: object) -> Event:
    """Return an event a second after the one before."""
    fields = {
        "id": f"b-{position}", "position": position, "at_s": float(position), "time_s": 0.0,
        "tick": position * 10, "zone": "stable", "kind": "zone.died", "level": "warning",
        "cause": "", "payload": {"pid": 12, "counts": False, "why": "a b"},
    }  # fmt: skip
    return Event(**(fields | more))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("kind=zone.*", True),
        ("kind=zone", False),
        ("zone=stable", True),
        ("zone=st?ble", True),
        ("level=warning", True),
        ("pid=12", True),
        ("pid=1", False),
        ("counts=false", True),
        ("why=a b", True),
        ("nothing=*", False),
        ("cause=", None),
        ("position=1", True),
        ("Zone=stable", None),
        ("zone", None),
        ("=x", None),
        ("zone=" + "x" * 200, None),
    ],
)
def test_filters(text, holds):
    """FIELD=VALUE with wildcards; a field an event lacks never passes; other forms are refused."""
    if holds is None:
        with pytest.raises(UsageError, match="cannot filter by"):
            parse_filter(text)
    else:
        assert parse_filter(text).passes(event()) is holds


def test_all_filters_must_pass():
    """Several filters are joined by and."""
    filters = [parse_filter("zone=stable"), parse_filter("pid=12")]
    assert passes(event(), filters)
    assert not passes(event(zone="archive"), filters)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("3s", [7, 8, 9, 10]), ("tick:90", [9, 10]), ("#8", [8, 9, 10]), ("1h", range(1, 11))],
)
def test_since(text, wanted):
    """An age, a tick or a position; none before it."""
    since = parse_since(text)
    assert [n for n in range(1, 11) if includes(since, event(n), now_s=10.0)] == list(wanted)
    assert not includes(parse_since("tick:0"), event(tick=None), 10.0)


@pytest.mark.parametrize("text", ["", "yesterday", "tick:", "tick:x", "#", "-5m", "5 weeks"])
def test_since_refuses(text):
    """What is no point in time is refused with the forms there are."""
    with pytest.raises(UsageError, match="write 5m"):
        parse_since(text)


@given(st.lists(st.sampled_from(["zone.a", "zone.b"]), max_size=30), st.none() | st.integers(0, 9))
def test_the_last_so_many_that_pass(kinds, last):
    """Against a list: reading on from there gives the last so many that pass, and no other."""
    ring = Ring(100, 10_000)
    for position, kind in enumerate(kinds, start=1):
        ring.add(event(position, kind=kind), 1)
    filters = [parse_filter("kind=zone.a")]
    first = first_position(ring, filters, None, last, 0.0)
    got = [each.position for each in ring.read(first) if passes(each, filters)]
    wanted = [place for place, kind in enumerate(kinds, start=1) if kind == "zone.a"]
    assert got == (wanted if last is None else wanted[-last:] if last else [])
