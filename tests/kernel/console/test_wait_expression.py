"""What can be waited for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.console.wait_expression import parse_wait
from Kernel.contract.errors import UsageError
from Kernel.contract.quantities import parse_duration, parse_whole

FACTS = {
    "tick": 100, "population": 412, "lineages": 7, "epoch": 3, "paused": False,
    "zone.stable": "ready",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("tick=100", True),
        ("tick=99", True),
        ("tick==101", False),
        ("tick!=100", False),
        ("tick>=100", True),
        ("tick > 100", False),
        ("tick<=1e3", True),
        ("population>400", True),
        ("population=400", False),
        ("population = 412", True),
        ("lineages<=7", True),
        ("lineages>7", False),
        ("paused=true", False),
        ("paused!=true", True),
        ("zone.stable=ready", True),
        ("zone.stable!=ready", False),
        ("zone.archive=ready", False),
        ("zone.archive!=ready", False),
        ("epoch>3", False),
        ("epoch<4 and population>400   and paused=false", True),
        ("epoch<4 and paused=true", False),
        ("tick>=1\u2009000", False),
    ],
)
def test_holds(text: str, holds: bool) -> None:
    """Each expression is true or false of these facts."""
    assert parse_wait(text).holds(FACTS) is holds


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "tick", "tick=", "=5", "tick=5 and", "and tick=5", "tick=5 or tick=6", "tick=abc",
        "tick=nan", "tick=inf", "tick=1=2", "paused=yes", "paused>true", "zone.=ready", "color=red",
        "zone.stable>ready", "tick=>5", "tick=5;paused=true", "x" * 600,
        " and ".join(["tick=5"] * 9),
    ],
)  # fmt: skip
def test_refuses(text: str) -> None:
    """What is no expression is refused, with a message of ours."""
    with pytest.raises(UsageError, match=r"^cannot "):
        parse_wait(text)


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    """No text leads to anything but an expression or a UsageError."""
    try:
        parse_wait(text).holds(FACTS)
    except UsageError as error:
        assert error.message.startswith("cannot ")


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_tick_means_reached(wanted: int, tick: int) -> None:
    """tick=N holds from tick N on, for ever."""
    assert parse_wait(f"tick={wanted}").holds({"tick": tick}) is (tick >= wanted)


@given(
    st.lists(
        st.sampled_from(["tick>50", "tick>500", "paused=false", "epoch=4"]), min_size=1, max_size=8
    )
)
def test_and_is_all(terms: list[str]) -> None:
    """A conjunction holds exactly when each of its terms holds by itself."""
    together = parse_wait(" and ".join(terms)).holds(FACTS)
    assert together is all(parse_wait(term).holds(FACTS) for term in terms)


@given(st.sampled_from(["tick>=0", "paused=false", "zone.stable!=gone", "population!=1"]))
def test_unknown_facts_never_hold(text: str) -> None:
    """What nobody knows yet is not true, whatever is asked about it."""
    assert parse_wait(text).holds({}) is False


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60s", 60), ("500ms", 0.5), ("2m", 120), ("1.5h", 5400), ("7", 7), (" 3 s ", 3)],
)
def test_durations(text: str, seconds: float) -> None:
    """A duration is a number and a unit, seconds when there is none."""
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "-1s", "1w", "1 2s", "inf", "nan", "1e3s", "9" * 40])
def test_no_durations(text: str) -> None:
    """Everything else is refused."""
    with pytest.raises(UsageError, match=r"^cannot read duration"):
        parse_duration(text)


@given(st.integers(-(10**18), 10**18))
def test_reads_the_numbers_that_molt_prints(number: int) -> None:
    """A number pasted back with its thin spaces is the same number."""
    assert parse_whole(f"{number:,}".replace(",", "\u2009")) == number
    assert parse_whole(f"{number:_}") == number
