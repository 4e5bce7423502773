"""Every refusal is counted; of many some are told, with the count; rows are bounded."""

from Kernel.contract.policy import UNKNOWN, Road
from Kernel.contract.refusals import (
    MALFORMED,
    OTHERS,
    ROWS_MAX,
    TOLD_AGAIN_S,
    TOLD_AT_ONCE,
    WHY_CHARS_MAX,
    Refusals,
)


def test_the_first_are_told_and_then_one_a_minute() -> None:
    """Each has the count so far, so nothing is lost in silence."""
    refusals = Refusals()
    told = [refusals.note(Road.BUS, "sandbox", "drain", "no", 0.0) for _ in range(100)]
    assert [each["count"] for each in told if each] == list(range(1, TOLD_AT_ONCE + 1))
    assert not refusals.note(Road.BUS, "sandbox", "drain", "no", TOLD_AGAIN_S - 0.1)
    later = refusals.note(Road.BUS, "sandbox", "drain", "no", TOLD_AGAIN_S)
    assert later == {
        "road": "bus", "who": "sandbox", "request": "drain", "why": "no", "count": 102,
    }  # fmt: skip
    assert refusals.total == 102


def test_others_are_told_meanwhile() -> None:
    """A flood of one hides nobody else, nor another request of the same zone."""
    refusals = Refusals()
    for _ in range(50):
        refusals.note(Road.BUS, "sandbox", "drain", "no", 0.0)
    assert refusals.note(Road.BUS, "chronos", "drain", "no", 0.0)["who"] == "chronos"
    assert refusals.note(Road.BUS, "sandbox", "request", "no", 0.0)["request"] == "request"
    assert refusals.note(Road.CONSOLE, "own", "command", "no", 0.0)["road"] == "console"
    assert [row["count"] for row in refusals.fields()] == [50, 1, 1, 1]


def test_names_that_are_made_up_take_one_row() -> None:
    """What cannot be read at all has its own."""
    refusals = Refusals()
    for number in range(1000):
        refusals.note(Road.BUS, "sandbox", f"ask.{number}", "no", 0.0)
    refusals.note(Road.BUS, "sandbox", MALFORMED, "no", 0.0)
    assert [(row["request"], row["count"]) for row in refusals.fields()] == [
        (UNKNOWN, 1000),
        (MALFORMED, 1),
    ]


def test_rows_and_words_are_bounded() -> None:
    """Whoever made up names for itself, too, would be counted with the others."""
    refusals = Refusals()
    for number in range(3 * ROWS_MAX):
        refusals.note(Road.BUS, f"zone{number}", "drain", "x" * 10_000, 0.0)
    rows = refusals.fields()
    assert len(rows) == ROWS_MAX + 1 and refusals.total == 3 * ROWS_MAX
    assert (rows[0]["who"], rows[0]["count"]) == (OTHERS, 2 * ROWS_MAX)
    assert max(len(row["why"]) for row in rows) == WHY_CHARS_MAX
