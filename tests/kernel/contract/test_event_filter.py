"""The grammar of filters: fields, globs, ranges, what is negated, and paths into a payload."""

from types import SimpleNamespace

import pytest

from Kernel.contract.errors import UsageError
from Kernel.contract.event_filter import parse_filter, parse_since, passes

EVENT = SimpleNamespace(
    kind="input.applied", zone="stable", tick=150, position=7, cause=None, level="info",
    agent=None, role="coder", id="ab", trace=None, span=None, time="2026-11-27T20:15:00.000Z",
    payload={"input": {"kind": "pause", "n": 3}, "zone": "archive", "ok": True, "list": [1]},
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("kind=input.*", True),
        ("kind!=input.*", False),
        ("zone!=archive", True),
        ("payload.zone=archive", True),
        ("payload.input.kind=pause", True),
        ("input.kind=p*", True),
        ("input.kind.more=p*", False),
        ("payload.list.x=1", False),
        ("list=1", True),
        ("list=2", False),
        ("list=*1*", True),
        ("input=*", False),
        ("payload.input.n=3", True),
        ("ok=true", True),
        ("agent=*", False),
        ("agent!=*", True),
        ("role=coder", True),
        ("tick=100..200", True),
        ("tick=151..", False),
        ("tick=..150", True),
        ("tick!=..150", False),
        ("position=7..7", True),
        ("time=2026-11-27*", True),
        ("nothing!=x", True),
    ],
)
def test_filters(text: str, holds: bool) -> None:
    """Each of these is true or false of that event."""
    assert passes(EVENT, [parse_filter(text)]) is holds


def test_an_event_without_a_field_is_asked_by_its_payload() -> None:
    """The kernel's own events have no agent: one in their payload counts."""
    told = SimpleNamespace(kind="feed", payload={"agent": "coder-1"})
    assert passes(told, [parse_filter("agent=coder-*")])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tick=abc", "tick takes a number"),
        ("position=#7", "position takes a number"),
        ("tick=100..50", "end is not before"),
        ("level=warn", "level is one of info, warning, error"),
        ("payload.=1", "write FIELD=VALUE"),
        ("payload=1", "write payload.NAME"),
    ],
)
def test_what_can_fit_no_event(text: str, says: str) -> None:
    """A pattern that its field never has is refused, and what was meant is named."""
    with pytest.raises(UsageError, match=says):
        parse_filter(text)
    assert parse_filter("level=warn*") and parse_filter("tick=1*") and parse_filter("tick=5..")


@pytest.mark.parametrize("text", ["", "kind", "kind=", "kind!", "=x", "Kind=x", "a" * 70 + "=x"])
def test_what_is_no_filter(text: str) -> None:
    """Other forms are refused."""
    with pytest.raises(UsageError, match="cannot filter by"):
        parse_filter(text)


def test_points_in_time() -> None:
    """A duration, a tick, a position, a date with or without its zone."""
    assert parse_since("2m").ago_s == 120
    assert parse_since("7d").ago_s == 7 * 86_400
    assert parse_since("tick:184 500".replace(" ", "\u2009")).tick == 184_500
    assert parse_since("#17").position == 17
    assert parse_since("2026-11-27T20:15:00Z").time_s == 1795810500
    assert parse_since("2026-11-27").time_s is not None
    with pytest.raises(UsageError, match="cannot read since"):
        parse_since("2026-13-01")
